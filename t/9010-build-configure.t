#!/bin/sh
# SPDX-License-Identifier: MIT
# configure: each option is one macro, bad ones are refused, what is missing is named.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -x "$srcdir/configure" || skip_all "no configure in $srcdir"

# configure_in DIRECTORY ARGUMENTS...: results as with run.
configure_in()
{
	mkdir -p "$tmp/$1"
	cd "$tmp/$1" || exit
	shift
	run "$srcdir/configure" -q CC="$CC" "$@"
	cd "$tmp" || exit
}

macros="ZEND_MM_HEAP_PROTECTION ZEND_MM_COOKIES ZEND_MM_CACHE_STATISTICS ZEND_MM_ZTS
	HAVE_ZSTD HAVE_JANSSON HAVE_UNWIND HAVE_TCMALLOC HAVE_VALGRIND"
values() { for m in $macros; do sed -n "s/^#define $m //p" "$tmp/$1/config.h"; done | tr -d '\n'; }

configure_in none --without-zstd --without-jansson --without-unwind \
	ac_cv_header_valgrind_memcheck_h=no
is "$status" 0 "configures without any option or library"
is "$(values none)" 000000000 "every macro is defined, as 0"
like "$out" "*missing     valgrind (Debian package valgrind)*" "the summary names the package"
unlike "$out" "*missing     zstd*" "what was declined is not missing"
unlike "$(cat "$tmp/none/Makefile" "$tmp/none/zend_alloc.pc")" "*-DZEND_DEBUG*" "release build"

configure_in all --enable-debug --enable-zts --enable-heap-protection --enable-cookies \
	--enable-cache-statistics --with-zstd=auto --with-jansson=auto \
	ac_cv_header_zstd_h=no ac_cv_header_jansson_h=no
is "$(values all | cut -c 1-6)" 111100 "every switch is one macro, as 1"
like "$out" "*missing     zstd (Debian package libzstd-dev)*jansson (*libjansson-dev)*" \
	"missing libraries and their packages"
like "$(cat "$tmp/all/zend_alloc.pc")" "*Cflags:*-DZEND_DEBUG=1 -DZTS=1*" \
	"pkg-config passes on what the header depends on"
like "$(cat "$tmp/all/Makefile")" "*-Og -g*" "a debug build is compiled for debugging"

configure_in required --with-zstd ac_cv_header_zstd_h=no
is "$status" 1 "a library that was asked for has to be there"
like "$err" "*--with-zstd*libzstd-dev*" "and its package is named"

for bad in --enable-cookies=3 --enable-debug=maybe --enable-zts=2 --with-zstd=/usr \
	--enable-sanitizer --enable-sanitizer=nonsense --enable-coverage=x; do
	configure_in bad $bad
	is "$status" 1 "refuses $bad"
	like "$err" "*configure: error: *" "and says why"
done

done_testing
