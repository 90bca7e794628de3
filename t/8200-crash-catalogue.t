#!/bin/sh
# SPDX-License-Identifier: MIT
# The catalogue of heap bugs: in small blocks, each is found when and how t/crash/expected says,
# with hardening, with padding and with guard pages; and in builds with all checks.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

windows && skip_all "the programs of the catalogue are started as those of Unix"

test -z "$SANITIZER" || skip_all "the sanitizer finds these bugs itself"
test "$(word_bytes)" = 8 || skip_all "blocks lie elsewhere on 32 bits"

export CRASH_COLUMN=
columns='hardened padding pages'
if ! plain_blocks; then
	config ZEND_MM_HEAP_PROTECTION && config ZEND_MM_COOKIES &&
		grep -q -e '-DZEND_DEBUG=1' "$builddir/Makefile" ||
		skip_all "blocks have some marks, and not all, in this build"
	CRASH_COLUMN=debug columns=debug
fi
for column in $columns; do
	grep "	$column	" "$srcdir/t/crash/expected"
done > "$tmp/expected"

CRASH_SIZES=small "$srcdir/t/crash/run" "$builddir/t/crash" | grep -v '	release	' > "$tmp/got"
for source in "$srcdir"/t/crash/*.c; do
	name=$(basename "$source" .c)
	grep "^$name	" "$tmp/expected" | sort > "$tmp/one.expected"
	grep "^$name	" "$tmp/got" | sort > "$tmp/one.got"
	is "$(cat "$tmp/one.got")" "$(cat "$tmp/one.expected")" "$name"
done
done_testing
