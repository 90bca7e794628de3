#!/bin/sh
# SPDX-License-Identifier: MIT
# What is installed works and is removed again.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -z "$SANITIZER" || skip_all "a program would need the sanitizer too"
config_status=$(sed -n 's/^prefix = //p' "$builddir/Makefile")
dest=$tmp/dest
root=$dest$config_status

# in_build MAKE ARGUMENTS...
in_build() { run make -C "$builddir" DESTDIR="$dest" "$@"; }

in_build install
is "$status" 0 "make install" || diag "$err"
(cd "$root" && find . ! -type d | sort) > "$tmp/installed"
for file in include/zend_alloc.h lib/libzend_alloc.a lib/libzend_alloc.so lib/libzend_alloc.so.1 \
	lib/libzend_alloc.so.1.0.0 lib/pkgconfig/zend_alloc.pc bin/zmm; do
	ok "installs $file" grep -qx "./$file" "$tmp/installed"
done
for page in "$srcdir"/doc/*.[13]; do
	test -e "$page" || continue
	page=${page##*/}
	ok "installs the manual $page" grep -qx "./share/man/man${page##*.}/$page" "$tmp/installed"
done
is "$(readlink "$root/lib/libzend_alloc.so.1")" libzend_alloc.so.1.0.0 "the soname is a link"
is "$(find "$dest" ! -type d ! -path "$root/*")" "" "nothing lies outside the prefix"

cat > "$tmp/program.c" <<'END'
#include <stdio.h>
#include <zend_alloc.h>

int main(void)
{
	start_memory_manager();
	char *greeting = estrdup("hello");
	puts(greeting);
	efree(greeting);
	shutdown_memory_manager(0, 1);
	return 0;
}
END
if command -v pkg-config > /dev/null; then
	export PKG_CONFIG_LIBDIR="$root/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dest"
	ok "a program builds with pkg-config" $CC -o "$tmp/shared" "$tmp/program.c" \
		$(pkg-config --cflags --libs zend_alloc)
	run env LD_LIBRARY_PATH="$root/lib" "$tmp/shared"
	is "$status:$out:$err" "0:hello:" "and runs with the shared library"
	like "$(LD_LIBRARY_PATH="$root/lib" ldd "$tmp/shared")" "*libzend_alloc.so.1 =>*" \
		"which it names by its soname"
	rm "$root"/lib/libzend_alloc.so
	ok "links statically" $CC -o "$tmp/static" "$tmp/program.c" \
		$(pkg-config --cflags --static --libs zend_alloc)
	run "$tmp/static"
	is "$status:$out:$err" "0:hello:" "and runs alone"
	is "$(pkg-config --modversion zend_alloc)" "$(sed -n 's/^VERSION = //p' "$builddir/Makefile")" \
		"the version"
else
	skip 6 "no pkg-config"
fi

in_build uninstall
is "$status" 0 "make uninstall" || diag "$err"
is "$(find "$dest" ! -type d)" "" "leaves nothing behind"
in_build uninstall
is "$status" 0 "a second make uninstall finds nothing and does not mind"

in_build install prefix=/elsewhere
ok "make install prefix=/elsewhere" test -e "$dest/elsewhere/bin/zmm"

done_testing
