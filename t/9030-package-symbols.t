#!/bin/sh
# SPDX-License-Identifier: MIT
# External names: the shared library exports what zend_alloc.h declares; the static one has nothing
# else that could collide with a program's names.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -z "$SANITIZER" || skip_all "a sanitizer adds names of its own"

# names FILE NM-OPTIONS...: the external names that it defines.
names()
{
	file=$1
	shift
	nm --defined-only "$@" "$file" 2> /dev/null |
		awk 'NF == 3 && $2 ~ /[A-Z]/ { print $3 }' | sort -u
}

# beyond NAMES KNOWN: those of the first file that the second does not have, in one line.
beyond() { comm -23 "$tmp/$1" "$tmp/$2" | tr '\n' ' '; }

flags=$(sed -n 's/^Cflags: -I[^ ]* *//p' "$builddir/zend_alloc.pc")
$CC $flags -E -DZEND_API=ZEND_API_MARK "$srcdir/zend_alloc.h" > "$tmp/header.i"
perl -0777 -ne 's/__attribute__\s*\(\(.*?\)\)//g;
	print "$1\n" while /ZEND_API_MARK[^();]*?(\w+)\s*[(;]/g' "$tmp/header.i" |
	sort -u > "$tmp/declared"

ok "zend_alloc.h declares functions" grep -qx _emalloc "$tmp/declared"

names "$builddir/libzend_alloc.a" -g > "$tmp/static"
# The compiler's own, for position-independent code on 32-bit x86, is hidden and may be doubled.
grep -vE '^zend_(mm|alloc)_|^__x86\.get_pc_thunk' "$tmp/static" > "$tmp/unprefixed"
is "$(beyond unprefixed declared)" "" \
	"static library: beyond zend_alloc.h, every external name begins with zend_mm_ or zend_alloc_"
is "$(beyond declared static)" "" "static library: everything declared is defined"

if windows; then
	skip 4 "no shared library on Windows"
else
	names "$builddir/libzend_alloc.so" -D > "$tmp/shared"
	is "$(beyond shared declared)" "" "shared library: nothing is exported but what is declared"
	is "$(beyond declared shared)" "" "shared library: everything declared is exported"
	is "$(objdump -p "$builddir/libzend_alloc.so" | awk '$1 == "SONAME" { print $2 }')" \
		libzend_alloc.so.1 "shared library: soname"
	unlike "$(objdump -p "$builddir/libzend_alloc.so")" "*TEXTREL*" \
		"shared library: position-independent"
fi

if test -e "$builddir/libzend_malloc.so"; then
	names "$builddir/libzend_malloc.so" -D > "$tmp/preload"
	is "$(comm -12 "$tmp/preload" "$tmp/declared" | tr '\n' ' ')" "" \
		"malloc replacement: no name of zend_alloc.h"
	is "$(comm -12 "$tmp/preload" "$tmp/static" | tr '\n' ' ')" "" \
		"malloc replacement: no name of the library"
fi

done_testing
