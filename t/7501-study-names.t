#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The library knows nothing of being studied: no name of it is there; and every external name of
# the two designs has a second one for heaps under study.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

command -v nm > /dev/null || skip_all "no nm here (Debian package binutils)"
test -f "$builddir/libzend_alloc.a" || skip_all "no static library in this build"
case $(cat "$builddir/Makefile") in
*-flto*) skip_all "names of a build with -flto" ;;
esac

# names FILE...: what they define, but for what gcc defines in every object for 32-bit Intel.
names()
{
	nm -g --defined-only "$@" 2> "$tmp/nm" | awk 'NF == 3 && !/__x86\./ { print $3 }' | sort -u
}

is "$(names "$builddir/libzend_alloc.a" | grep -i study)" "" "the library has no name of studying"
is "$(nm -g --undefined-only "$builddir/libzend_alloc.a" 2> "$tmp/nm" | grep -i study)" "" \
	"and calls none"
ok "but the program's archive has" sh -c 'nm "$1" 2> "$2" | grep -q zend_mm_study_startup' sh \
	"$builddir/libzmm_study.a" "$tmp/nm"

missing=
for name in $(names "$builddir"/obj/heap/legacy/*.o "$builddir"/obj/heap/modern/*.o); do
	grep -qw "#define $name" "$srcdir/heap/names.h" || missing="$missing $name"
done
is "$missing" "" "each external name of the designs is in heap/names.h"
unused=
names "$builddir"/obj/heap/legacy/*.o "$builddir"/obj/heap/modern/*.o > "$tmp/names"
for name in $(sed -n 's/^#define \(zend_mm_[a-z0-9_]*\).*/\1/p' "$srcdir/heap/names.h"); do
	grep -qx "$name" "$tmp/names" || unused="$unused $name"
done
is "$unused" "" "and nothing else is"
done_testing
