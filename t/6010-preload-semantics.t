#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The malloc family does what the C library's manual says, in both modes and over all storages, and
# leaves sound heaps.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -e "$builddir/libzend_malloc.so" || skip_all "no malloc replacement in this build"

for mode in legacy modern; do
	for storage in mmap_anon malloc mmap_zero; do
		run "$ZMM" run --check --mode $mode --storage $storage "$builddir/t/preload/semantics"
		is "$status:$(grep -c '^ok' "$tmp/out"):$(tail -n 1 "$tmp/out" | cut -c 1-6)" \
			"0:$(grep -c '^ok' "$tmp/out"):# stil" "$mode over $storage" ||
			diag "$(grep -v '^ok' "$tmp/out")" "$err"
	done
done

is "$($CC -dM -E - < /dev/null | grep -c __linux__)" 1 "this is the C library's own system"
run "$ZMM" run --stats "$builddir/t/preload/semantics"
like "$err" \
	"zend_malloc: semantics (pid *): legacy heap over mmap_anon, *in use*segments*storage*" \
	"--stats says what the heaps did"
run "$ZMM" run --mode modern --stats "$builddir/t/preload/semantics"
like "$err" "*modern heap*chunks*from bins' lists*" "of a modern heap, too"

done_testing
