#!/bin/sh
# SPDX-License-Identifier: MIT
# Misuses of malloc under the malloc replacement, on small blocks: each is caught, or comes to
# nothing, as t/attack/expected says, and what is caught gets one clear message.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -f "$builddir/libzend_malloc.so" || skip_all "there is no malloc replacement in this build"
plain_64 || skip_all "blocks lie elsewhere in this build"

unset ZEND_MM_DEBUG
expected=$srcdir/t/attack/expected
columns='legacy-hardened legacy-padding legacy-all modern-hardened modern-padding modern-all'
for column in $columns; do
	ATTACK_SIZES=small "$srcdir/t/attack/run" "$builddir" $column > "$tmp/got" 2> /dev/null
	is "$(cut -f 1-4 "$tmp/got")" "$(grep "	$column	" "$expected")" "$column: as expected"
	is "$(grep '	caught	' "$tmp/got" | grep '	-$\|signal [0-9]*$\|Aborted$\|fault$')" "" \
		"none without a word"
done
done_testing
