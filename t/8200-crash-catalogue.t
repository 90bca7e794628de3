#!/bin/sh
# SPDX-License-Identifier: MIT
# The catalogue of heap bugs: in small blocks, each is found when and how t/crash/expected says,
# with hardening, with padding and with guard pages.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -z "$SANITIZER" || skip_all "the sanitizer finds these bugs itself"
plain_blocks || skip_all "blocks have other marks in this build"
test "$(word_bytes)" = 8 || skip_all "blocks lie elsewhere on 32 bits"

CRASH_SIZES=small "$srcdir/t/crash/run" "$builddir/t/crash" | grep -v '	release	' > "$tmp/got"
for source in "$srcdir"/t/crash/*.c; do
	name=$(basename "$source" .c)
	grep "^$name	" "$srcdir/t/crash/expected" > "$tmp/one.expected"
	grep "^$name	" "$tmp/got" > "$tmp/one.got"
	is "$(cat "$tmp/one.got")" "$(cat "$tmp/one.expected")" "$name"
done
done_testing
