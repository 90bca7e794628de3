#!/bin/sh
# SPDX-License-Identifier: MIT
# The catalogue of heap bugs: in small blocks, each is found when and how t/crash/expected says,
# with hardening, with padding and with guard pages; and in builds with all checks.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

windows && skip_all "the programs of the catalogue are started as those of Unix"

test -z "$SANITIZER" || skip_all "the sanitizer finds these bugs itself"

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

# The expected lines are those of 64 bits. With 32 a bug is found at the same time, but what it
# hits first may be another word, and the reason another; and between 100 bytes and the canary at
# the end of their slot are 8 bytes.
told='1-6'
if test "$(word_bytes)" = 4; then
	told='1-5'
	sed '/^overflow-8	small	modern	hardened/s/when freed/not found/' "$tmp/expected" \
		> "$tmp/narrow"
	mv "$tmp/narrow" "$tmp/expected"
fi

CRASH_SIZES=small "$srcdir/t/crash/run" "$builddir/t/crash" | grep -v '	release	' > "$tmp/got"
for source in "$srcdir"/t/crash/*.c; do
	name=$(basename "$source" .c)
	is "$(grep "^$name	" "$tmp/got" | cut -f $told | sort)" \
		"$(grep "^$name	" "$tmp/expected" | cut -f $told | sort)" "$name"
done
done_testing
