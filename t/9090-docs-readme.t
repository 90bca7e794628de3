#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The README: its program compiles and prints what the text says, its commands and files exist.

. "${srcdir:-.}/t/tap.sh"

readme=$srcdir/README.md

sed -n '/^```c$/,/^```$/p' "$readme" | sed '1d;$d' > "$tmp/program.c"
ok "the program is at most ten lines" test "$(grep -c '[a-z]' "$tmp/program.c")" -le 10
ok "the program compiles" \
	${CC:-cc} ${SANITIZER:+-fsanitize=$SANITIZER} -I"$srcdir" -o "$tmp/program" \
	"$tmp/program.c" "$builddir/libzend_alloc.a" \
	$(grep -o -- '-lpthread\|-lm' "$builddir/Makefile" | sort -u)
env -u ZEND_MM_MODE "$tmp/program" > "$tmp/out"
printed=$(tr '\n' ' ' < "$readme" | grep -o 'It prints `[^`]*`' |
	sed 's/^It prints `//; s/`$//; s/  */ /g')
is "$(cat "$tmp/out")" "$printed" "it prints what the README says"

for file in $(grep -o '](\([^)]*\))' "$readme" | sed 's/^](//; s/)$//'); do
	ok "$file is there" test -e "$srcdir/$file"
done
for command in $(grep -o 'build/zmm [a-z]*' "$readme" | sed 's/.* //' | sort -u); do
	ok "zmm $command is a command" "$ZMM" "$command" --help
done
ok "the demo is named" grep -q '^ *\./bootstrap demo$' "$readme"
ok "the check is named" grep -q '^ *\./bootstrap check$' "$readme"
done_testing
