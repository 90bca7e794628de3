#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm sweep: every combination once, with the values that replays of the same settings have.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

recordings || skip_all "the recordings are packed, and this build has no zstd"
test -z "$SANITIZER" || skip_all "sanitizers bring a malloc of their own"
test -r /proc/self/smaps_rollup || skip_all "this system tells nothing about a process's memory"
trace=$TRACES/fuzz-mixed.trace$zst

# real_peak OPTION...: the most bytes held in a replay.
real_peak() { "$ZMM" replay "$@" "$trace" | sed -n 's/^real peak usage.*(\([0-9]*\) bytes)/\1/p'; }

run "$ZMM" sweep -S 64K,256K,1M --measure peak_held --csv "$trace"
is "$status" 0 "a grid of segment sizes" || diag "$err"
is "$out" "mode,seg-size,peak_held
legacy,64K,$(real_peak -S 64K)
legacy,256K,$(real_peak -S 256K)
legacy,1M,$(real_peak -S 1M)
modern,,$(real_peak -m modern)" "has what replays report, and modern once"

run "$ZMM" sweep -m legacy -s malloc,mmap_anon -S 64K,256K --measure peak_regions "$trace"
is "$(echo "$out" | grep -c '^legacy')" 4 "two axes of two values are four cells"
like "$out" "*█*" "with bars"

run "$ZMM" sweep -m legacy -c 0,256K --measure failures --csv "$trace"
is "$status" 0 "caches of other sizes" || diag "$err"
is "$(echo "$out" | wc -l)" 3 "are measured"

run "$ZMM" sweep -m modern -w phases -x live=1M,2M -x ops=5000 --seed 3 --measure overhead --csv
is "$status" 0 "settings of a workload" || diag "$err"
is "$(echo "$out" | cut -d , -f 1-3)" "mode,live,ops
modern,1M,5000
modern,2M,5000" "are axes as well"
is "$("$ZMM" sweep -m modern -w phases -x live=1M,2M -x ops=5000 --seed 3 \
	--measure overhead --csv)" \
	"$out" "and the same each time"

if config HAVE_JANSSON; then
	run "$ZMM" sweep -m legacy,system --measure ns -n 1 --json "$trace"
	is "$status" 0 "as JSON"
	like "$out" "*\"cells\": *\"mode\": \"legacy\"*\"value\": *\"mode\": \"system\"*" \
		"it has the cells"
	unlike "$out" "*█*" "without bars"
else
	skip 3 "this build has no JSON (Debian package libjansson-dev)"
fi

bad()
{
	pattern=$1
	shift
	run "$ZMM" sweep "$@"
	is "$status" 2 "$*: exit status 2"
	like "$err" "$pattern" "$*: says what is wrong"
	is "$out" "" "$*: prints nothing else"
}
bad "*what to measure*" "$trace"
bad "*there is no measure 'beauty'*" --measure beauty "$trace"
bad "*name one trace*" --measure ns
bad "*name one trace*" --measure ns -w phases "$trace"
bad "*there is no mode 'nosuch'*" --measure ns -m legacy,nosuch "$trace"
bad "*'big' of seg-size*" --measure ns -S big "$trace"
bad "*power of two*" --measure ns -S 3000 "$trace"
bad "*there is no storage 'nosuch'*" --measure ns -s nosuch "$trace"
bad "*--set needs a --workload*" --measure ns -x live=1M "$trace"
bad "*takes no spacing=5*" --measure ns -w phases -x spacing=5
bad "*no workload has a setting 'size-of-it'*" --measure ns -w phases -x size-of-it=5
bad "*there is no workload 'nosuch'*" --measure ns -w nosuch

done_testing
