#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The programs of examples/ print what stands beside them in NAME.out; leak in a debug build, which
# is made here, what stands in leak.debug.out.

. "${srcdir:-.}/t/tap.sh"

# 64-bit release builds put blocks where the texts say.
exact=$(printf '%s\n' '#include <config.h>' \
	'#if !ZEND_MM_HEAP_PROTECTION && !ZEND_MM_COOKIES && !ZEND_DEBUG && __SIZEOF_POINTER__ == 8' \
	'exact' '#endif' | ${CC:-cc} -E -P -I"$builddir" \
	$(grep -o -- '-DZEND_DEBUG=1' "$builddir/zend_alloc.pc") -)
test "$exact" = exact || skip_all 'examples print sizes of 64-bit release builds'

# same FILE DESCRIPTION: what the last run printed is that file.
same()
{
	ok "$2" diff -u "$1" "$tmp/out"
}

programs=0
for source in "$srcdir"/examples/*.c; do
	name=$(basename "$source" .c)
	run env -u ZEND_MM_MODE -u ZEND_MM_SEG_SIZE "$builddir/examples/$name"
	is "$status$err" 0 "$name ends well"
	same "$srcdir/examples/$name.out" "$name prints what its text says"
	programs=$((programs + 1))
done
ok "there are examples" test "$programs" -ge 5
run "$builddir/examples/zval" 12
is "$status $err" "2 usage: zval [NUMBER]     a snippet, 1 to 11; all without it" \
	"zval refuses a snippet that there is not"

# The debug build: the library and one program.
mkdir "$tmp/debug" && cd "$tmp/debug" || exit
if "$srcdir/configure" --enable-debug CFLAGS=-O0 > log 2>&1 && make examples/leak >> log 2>&1; then
	for mode in legacy modern; do
		run env ZEND_MM_MODE=$mode examples/leak
		is "$status" 0 "leak ends well in a debug build, $mode"
		sed 's/^\[[^]]*\]/[DATE]/; s/0x[0-9A-F]*/0xADDRESS/; s|^/.*/examples/|examples/|' \
			"$tmp/err" >> "$tmp/out"
		same "$srcdir/examples/leak.debug.out" "and reports what its text says, $mode"
	done
else
	fail "a debug build can be made" || diag "$(tail -5 log)"
fi
cd /
done_testing
