#!/bin/sh
# SPDX-License-Identifier: MIT
# The recordings that come with the project replay, on one thread and on several.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

recordings || skip_all "the recordings are packed, and this build has no zstd"

for name in sqlite3 git-grep; do
	trace=$TRACES/../traces/$name.zmt$zst
	ok "$name is small" test "$(wc -c < "$trace")" -lt 500000
	for mode in legacy modern; do
		ok "$name replays on the $mode heap" \
			"$ZMM" replay --mode $mode --check 1009 --verify "$trace"
	done
	ok "$name replays on threads" "$ZMM" replay --threads --verify "$trace"
	test -f "$builddir/libzend_malloc.so" || { skip 2 "no malloc replacement"; continue; }
	for mode in legacy modern; do
		ok "$name replays on threads with $mode heaps" \
			"$ZMM" replay --threads --mode $mode --check 1 --verify "$trace"
	done
done

done_testing
