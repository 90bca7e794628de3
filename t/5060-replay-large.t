#!/bin/sh
# SPDX-License-Identifier: MIT
#
# 28 million operations, the recorded benchmark over and over: converted, told about, replayed in
# both modes and compared within 4 GB of memory. It takes minutes and runs only if asked to, by
# ZMM_TEST_LARGE=1; what it measured is shown.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -n "${ZMM_TEST_LARGE-}" || skip_all "takes minutes; ZMM_TEST_LARGE=1 runs it"
recordings || skip_all "the recordings are packed, and this build has no zstd"
test -z "$SANITIZER" || skip_all "a sanitizer takes memory of its own"

repeats=114
limit_kb=4000000

# Each repetition has identifiers of its own.
repeat_bench()
{
	unpacked "$TRACES/bench.trace$zst" > "$tmp/bench.trace"
	for i in $(seq $repeats); do
		awk -v base=$((i * 1000000)) '
			/^[afr]/ { $2 = base + $2 }
			!/^#/ { print }' "$tmp/bench.trace"
	done
}

# within TITLE COMMAND...: the command succeeds with at most 4 GB of memory for itself, and each of
# its children. Its output is in $tmp/out.
within()
{
	title=$1
	shift
	/usr/bin/time -f '%e s, at most %M KB resident' -o "$tmp/time" \
		sh -c 'ulimit -v '$((limit_kb * 4))'; exec "$0" "$@"' "$@" > "$tmp/out" 2> "$tmp/err"
	status=$?
	echo "$title: $(tail -1 "$tmp/time")" >> "$tmp/figures"
	grep -E '^time per operation|^the loop' "$tmp/out" >> "$tmp/figures"
	test $status = 0 || { cat "$tmp/err"; return 1; }
	test "$(sed -n 's/.*at most \([0-9]*\) KB.*/\1/p' "$tmp/time")" -le $limit_kb
}

command -v /usr/bin/time > /dev/null || skip_all "GNU time is not installed (package time)"

repeat_bench > "$tmp/large.trace"
note "$(wc -c < "$tmp/large.trace") bytes of text"
ok "converted" within convert "$ZMM" convert "$tmp/large.trace" "$tmp/large.zmt"
rm "$tmp/large.trace"
note "$(wc -c < "$tmp/large.zmt") bytes of binary"
ok "told about" within info "$ZMM" info "$tmp/large.zmt"
for mode in legacy modern; do
	ok "replayed, $mode" within "replay, $mode" "$ZMM" replay --mode $mode "$tmp/large.zmt"
	is "$(sed -n 's/^operations   *//p' "$tmp/out")" $((246034 * repeats)) "all of it"
done
ok "compared, memory and latencies as well" within compare "$ZMM" compare "$tmp/large.zmt"
diag "$(cat "$tmp/figures" "$tmp/out")"
done_testing
