#!/bin/sh
# SPDX-License-Identifier: MIT
# Guards of a program that is linked with the shared library: its leaks are named by the program's
# code, not by the library's that called the system for it.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

windows && skip_all "there is no shared library for Windows"
test -z "$SANITIZER" || skip_all "a sanitizer's runtime has to be in the program"

cat > "$tmp/leaking.c" <<'END'
#include "zend_alloc.h"

__attribute__((noinline)) void *leak_here(void)
{
	void *volatile leaked = ecalloc(3, 8);

	return leaked;
}

int main(void)
{
	zend_mm_set_heap(zend_mm_startup());
	leak_here();
	shutdown_memory_manager(0, 1);
	return 0;
}
END
# ZEND_DEBUG and ZTS as the library has them.
flags=$(grep '^ALL_CPPFLAGS' "$builddir/Makefile" |
	grep -o -e '-DZEND_DEBUG=1' -e '-DZTS=1' | tr '\n' ' ')
ok "a program is linked with the shared library" $CC -g -rdynamic $flags -I"$srcdir" \
	-o "$tmp/leaking" "$tmp/leaking.c" "$builddir/libzend_alloc.so.1" -Wl,-rpath,"$builddir"
for mode in legacy modern; do
	run env ZEND_MM_MODE=$mode ZEND_MM_DEBUG=sites=1 "$tmp/leaking"
	is $status 0 "$mode: it runs"
	case $flags in
	*ZEND_DEBUG*) like "$err" "*leaking.c(5)*24 bytes*" "$mode: the leak's line is named" ;;
	*) like "$err" "*leak_here+0x*24 bytes*" "$mode: the leak's function is named" ;;
	esac
	like "$err" "*Total 1 memory leaks*" "$mode: it is the only one"
done

done_testing
