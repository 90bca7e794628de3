#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm compare with other tools' help: instructions counted by valgrind repeat, gperftools' CPU
# profiler profiles a replay.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

recordings || skip_all "the recordings are packed, and this build has no zstd"
test -z "$SANITIZER" || skip_all "sanitizers bring a malloc of their own"
trace=$TRACES/seed.trace$zst

# instructions OPTION...: the table "name instructions".
instructions()
{
	"$ZMM" compare --only legacy,modern,system -t -b 1 --instructions "$@" "$trace" |
		sed -n '/instructions per operation/,/^$/p' | sed '1d;/^$/d'
}

if command -v valgrind > /dev/null; then
	instructions > "$tmp/first"
	is "$(cut -d ' ' -f 1 "$tmp/first" | tr '\n' ' ')" "legacy modern system the " \
		"instructions are counted for each, and for the loop alone"
	is "$(awk '$2 < 1 || $2 > 10000' "$tmp/first" | grep -v '^the loop')" "" \
		"and come to what an operation may take"
	is "$(awk '/^the loop/ { loop = $4 } { with[$1] = $2; less[$1] = $3 }
		END { delete with["the"]
			for (who in with) if (with[who] - less[who] - loop > 0.011 ||
				with[who] - less[who] - loop < -0.011) print who }' "$tmp/first")" "" \
		"what is left without the loop is the rest"
	is "$(awk '/^the loop/ { print ($4 > 5 && $4 < 25) }' "$tmp/first")" 1 \
		"which takes some, and far fewer than allocators do"
	is "$(instructions --seed 5)" "$(cat "$tmp/first")" "they are the same each time"
else
	skip 5 "valgrind is not installed (Debian package valgrind)"
fi

run "$ZMM" compare --only modern -t -b 1 --cpu-profile "$tmp/profile" "$trace"
if test "$status" = 0; then
	ok "a CPU profile is written" test -s "$tmp/profile"
	if command -v google-pprof > /dev/null; then
		run google-pprof --text "$ZMM" "$tmp/profile"
		like "$out" "Total: *samples*" "which google-pprof reads"
	else
		skip 1 "google-pprof is not installed (Debian package google-perftools)"
	fi
else
	like "$err" "*libprofiler.so.0*Debian package libgoogle-perftools4*" \
		"without the profiler its package is named"
	skip 1 "there is no profile to read"
fi

done_testing
