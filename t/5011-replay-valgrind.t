#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Recorded traces under valgrind's memcheck: no error, and placements as ever, although address
# space is scarce there.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

config HAVE_ZSTD || skip_all "the traces are compressed, and this build has no zstd"
command -v valgrind > /dev/null || skip_all "valgrind is not installed (package valgrind)"
test -z "$SANITIZER" || skip_all "a sanitizer's program does not run under valgrind"

clean()
{
	valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
		"$ZMM" replay "$@" > "$tmp/out" 2> "$tmp/said" && return 0
	head -40 "$tmp/said"
	return 1
}

for mode in legacy modern; do
	for trace in seed corner-big-kept corner-no-segment corner-null-resize corner-sizes \
		quirk-hidden bench fuzz-oom fuzz-limreq fuzz-edge fuzz-tiny; do
		ok "$mode: $trace" clean --mode $mode --check 1000 "$TRACES/$trace.trace.zst"
	done
	ok "$mode on mmap_anon, verified: fuzz-req" \
		clean --mode $mode --storage mmap_anon --verify "$TRACES/fuzz-req.trace.zst"
done
ok "placements of 144 segments" \
	clean --seg-size 64K --placements "$TRACES/fuzz-rest.trace.zst"
if config ZEND_MM_HEAP_PROTECTION || config ZEND_MM_COOKIES; then
	skip 1 "blocks are larger in this build"
else
	zstd -dcq "$TRACES/fuzz-rest.seg64k.legacy.zst" > "$tmp/expected"
	ok "are the recorded ones" cmp "$tmp/out" "$tmp/expected"
fi
done_testing
