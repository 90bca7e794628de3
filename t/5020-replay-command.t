#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What zmm replay prints, in which environment, and what it says to bad usage.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cat > "$tmp/small.trace" <<END
# a block that grows, one that is freed, one too many
a 1 100
a 2 5000
r 1 7000
f 2
u
l 262144
a 3 300000
END

# The storages of segments and of chunks that are taken unless another one is asked for, one more,
# and the first of the list.
segments=malloc chunks=mmap_anon another=mmap_zero first=malloc
windows && segments=win32 chunks=win32 another=malloc first=win32

# fact LABEL: what the last run printed behind it.
fact() { printf '%s\n' "$out" | sed -n "s/^$1   *//p"; }
# member KEY: the value in JSON.
member() { printf '%s\n' "$out" | sed -n "s/^ *\"$1\": \(.*[^,]\),*\$/\1/p"; }

run "$ZMM" replay "$tmp/small.trace"
is "$status" 0 "a replay succeeds"
is "$err" "" "and has nothing to remark"
is "$(fact trace)" "$tmp/small.trace" "it names the trace"
is "$(fact mode)" legacy "the mode is legacy"
is "$(fact storage)" $segments "the storage is $segments"
is "$(fact 'segment size')" "256.0 KiB (262144 bytes)" "segments are of 256 KiB"
is "$(fact operations)" 7 "it counts operations"
is "$(fact 'failed requests')" 1 "and failures"
like "$(fact 'time per operation')" "*[0-9] *s" "it tells the time"
if windows; then
	skip 1 "clocks of Windows do not see a loop of seven operations"
else
	like "$(fact "the loop's own of it")" "*[0-9] *s" "and the loop's own"
fi
is "$(fact 'real usage')" "256.0 KiB (262144 bytes)" "real usage"
is "$(fact 'real peak usage')" "256.0 KiB (262144 bytes)" "real peak usage"
like "$(fact usage)" "* bytes)" "usage"
like "$(fact 'peak usage')" "* bytes)" "peak usage"
is "$(fact segments)" 1 "segments held"
is "$(fact 'storage allocations')" 1 "storage calls"

if recordings; then
	run "$ZMM" replay --mode legacy "$TRACES/seed.trace$zst"
	is "$(fact 'storage allocations')/$(fact 'storage resizes')/$(fact 'storage frees')" 1/0/0 \
		"the recorded script asks storage for memory exactly once"
else
	skip 1 "no zstd"
fi

run "$ZMM" replay --mode modern "$tmp/small.trace"
is "$(fact mode) $(fact 'real usage')" "modern 2.00 MiB (2097152 bytes)" \
	"the modern heap on request"
is "$(fact storage)" $chunks "which takes its chunks straight from the system"
run env ZEND_MM_MODE=modern ZEND_MM_MEM_TYPE=$another "$ZMM" replay "$tmp/small.trace"
is "$(fact mode) $(fact storage)" "modern $another" "the environment chooses mode and storage"
run env ZEND_MM_MODE=modern ZEND_MM_SEG_SIZE=64K "$ZMM" replay --mode legacy "$tmp/small.trace"
is "$(fact mode)" legacy "options come before the environment"
run env ZEND_MM_SEG_SIZE=64K "$ZMM" replay "$tmp/small.trace"
is "$(fact 'segment size')" "64.0 KiB (65536 bytes)" "and it chooses the segment size"
for size in 1M 1m 1024K 1048576; do
	run "$ZMM" replay --seg-size $size "$tmp/small.trace"
	is "$(fact 'segment size')" "1.00 MiB (1048576 bytes)" "--seg-size $size"
done
run "$ZMM" replay -m legacy -s spaced -S 64k -c 1 -v "$tmp/small.trace"
is "$status $(fact storage)" "0 spaced" "short options"

run "$ZMM" replay --placements "$tmp/small.trace"
is "$(printf '%s\n' "$out" | sed -n '5p')" \
	"7 ! Allowed memory size of 262144 bytes exhausted (tried to allocate 300000 bytes)" \
	"placements tell a failure"
like "$out" "*
end ops=7 digest=* failures=1" "and end with the totals"

if config HAVE_JANSSON; then
	run "$ZMM" replay --json "$tmp/small.trace"
	is "$status $(member operations) $(member failures) $(member real_size) $(member mode)" \
		'0 7 1 262144 "legacy"' "the same as JSON"
else
	run "$ZMM" replay --json "$tmp/small.trace"
	like "$status $err" "2 zmm: *libjansson-dev*" "JSON needs a package, which is named"
fi

# bad STATUS PATTERN OPTION...: one line on standard error, nothing on standard output.
bad()
{
	bad_status=$1 bad_pattern=$2
	shift 2
	run "$ZMM" replay "$@"
	like "$status $out $err" "$bad_status  $bad_pattern" "replay $*"
}
bad 2 "zmm replay: no trace was named; see zmm replay --help"
bad 2 "zmm replay: only one trace*" "$tmp/small.trace" "$tmp/small.trace"
bad 2 "zmm replay: there is no mode 'old'*" --mode old "$tmp/small.trace"
bad 2 "zmm: there is no storage 'tape'; this build has $first, *" --storage tape \
	"$tmp/small.trace"
bad 2 "zmm replay: '64Q' is no size*" --seg-size 64Q "$tmp/small.trace"
bad 2 "zmm replay: '' is no size*" --seg-size "" "$tmp/small.trace"
bad 2 "zmm replay: '99999999999G' is no size*" --seg-size 99999999999G "$tmp/small.trace"
bad 2 "zmm: segments of 100000 bytes*power of two*" --seg-size 100000 "$tmp/small.trace"
bad 2 "zmm: segments of 16 bytes*" --seg-size 16 "$tmp/small.trace"
bad 2 "zmm replay: '0' is no number of operations*" --check 0 "$tmp/small.trace"
bad 2 "zmm replay: 'x' is no number of operations*" --check x "$tmp/small.trace"
bad 2 "*placements are told over the storage spaced*" --placements --storage malloc \
	"$tmp/small.trace"
bad 2 "*leave out --json*" --placements --json "$tmp/small.trace"
bad 2 "zmm: $tmp/none: *" "$tmp/none"
bad 2 "zmm replay: there is no option --frobnicate; see zmm replay --help" --frobnicate
bad 2 "zmm replay: there is no option -Z; see zmm replay --help" -vZ "$tmp/small.trace"
bad 2 "zmm replay: --s could be --storage or --seg-size; see zmm replay --help" --s malloc
bad 2 "zmm replay: --mode wants a value; see zmm replay --help" "$tmp/small.trace" --mode
bad 2 "zmm replay: -m wants a value; see zmm replay --help" -m
bad 2 "zmm replay: --verify takes no value; see zmm replay --help" --verify=yes
printf 'a 1 5\nf 2\n' > "$tmp/bad.trace"
bad 2 "zmm: $tmp/bad.trace:2: *" "$tmp/bad.trace"
run env ZEND_MM_MODE=old "$ZMM" replay "$tmp/small.trace"
like "$status $err" "255 *'old'*" "a bad environment is told as by every program on the library"
run "$ZMM" replay --help
like "$status $out" "0 usage: zmm replay*--placements*" "--help"

# Placements that depend on more than the heap are no placements.
if test -z "$SANITIZER" && (ulimit -v 3000000) 2> /dev/null; then
	awk 'BEGIN { for (i = 1; i < 500; i++) print "a", i, 250000 }' > "$tmp/many.trace"
	run sh -c 'ulimit -v 3000000; exec "$0" "$@"' "$ZMM" replay --placements "$tmp/many.trace"
	like "$status $err" "1 zmm: $tmp/many.trace: the placements do not count: *ulimit -v*" \
		"running out of address space is told"
else
	skip 1 "address space cannot be limited here"
fi

done_testing
