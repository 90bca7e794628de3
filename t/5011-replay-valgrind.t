#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Recorded traces under valgrind's memcheck: no error, and placements as ever, although address
# space is scarce there.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

recordings || skip_all "the recordings are packed, and this build has no zstd"
windows && skip_all "valgrind runs no programs of Windows"
test -z "$SANITIZER" || skip_all "a sanitizer's program does not run under valgrind"
command -v valgrind > /dev/null || skip_all "valgrind is not installed (package valgrind)"
valgrind -q "$ZMM" --version > /dev/null 2>&1 ||
	skip_all "valgrind runs no programs of this build (32-bit ones need libc6-dbg:i386)"

clean()
{
	valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
		"$ZMM" replay "$@" > "$tmp/out" 2> "$tmp/said" && return 0
	head -40 "$tmp/said"
	return 1
}

small="seed corner-big-kept corner-no-segment corner-null-resize corner-sizes quirk-hidden"
large="bench fuzz-oom fuzz-limreq fuzz-edge fuzz-tiny"
short_run && small=seed large=fuzz-limreq
for mode in legacy modern; do
	for trace in $small $large; do
		ok "$mode: $trace" clean --mode $mode --check 1000 "$TRACES/$trace.trace$zst"
	done
	ok "$mode on mmap_anon, verified: fuzz-req" \
		clean --mode $mode --storage mmap_anon --verify "$TRACES/fuzz-req.trace$zst"
done
ok "placements of 144 segments" \
	clean --seg-size 64K --placements "$TRACES/fuzz-rest.trace$zst"
if ! plain_64; then
	skip 1 "blocks are larger in this build"
else
	unpacked "$TRACES/fuzz-rest.seg64k.legacy$zst" > "$tmp/expected"
	ok "are the recorded ones" cmp "$tmp/out" "$tmp/expected"
fi
done_testing
