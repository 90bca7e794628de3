#!/bin/sh
# SPDX-License-Identifier: MIT
# The catalogue of heap bugs: in small blocks, each is found when and how t/crash/expected says,
# with hardening, with padding and with guard pages.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -z "$SANITIZER" || skip_all "the sanitizer finds these bugs itself"
grep -q '^#define ZEND_MM_HEAP_PROTECTION 1\|^#define ZEND_MM_COOKIES 1' "$builddir/config.h" &&
	skip_all "blocks have other marks in this build"
case "${CC:-}" in *-m32*) skip_all "blocks lie elsewhere on 32 bits" ;; esac
if "$builddir/t/8000-debug-block-check.t" 2> /dev/null | grep -q '^ok'; then
	skip_all "a debug build finds some of them earlier"
fi

CRASH_SIZES=small "$srcdir/t/crash/run" "$builddir/t/crash" | grep -v '	release	' > "$tmp/got"
for source in "$srcdir"/t/crash/*.c; do
	name=$(basename "$source" .c)
	grep "^$name	" "$srcdir/t/crash/expected" > "$tmp/one.expected"
	grep "^$name	" "$tmp/got" > "$tmp/one.got"
	is "$(cat "$tmp/one.got")" "$(cat "$tmp/one.expected")" "$name"
done
done_testing
