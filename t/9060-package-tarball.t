#!/bin/sh
# SPDX-License-Identifier: MIT
# The tarball builds without autoconf, out of tree, leaves its source tree as it was, works, and
# makes the same tarball again.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -z "$SANITIZER" || skip_all "the tarball is tested in the plain build"
version=$(sed -n 's/^VERSION = //p' "$builddir/Makefile")
name=zend_alloc-$version

run make -C "$builddir" dist
is "$status" 0 "make dist" || diag "$err"
mkdir "$tmp/made" "$tmp/b" "$tmp/bin"
mv "$builddir/$name.tar.gz" "$tmp/made"
cd "$tmp" || exit
ok "the tarball unpacks" tar xzf "made/$name.tar.gz"
ok "it holds configure" test -x "$name/configure"
is "$(tar tzf "made/$name.tar.gz" | grep -v "^$name/")" "" "everything is below $name/"
is "$(tar tzf "made/$name.tar.gz" | grep -E '\.(o|a|so)$')" "" "it holds nothing compiled"
find "$name" | sort > before

# What must not be needed.
for tool in autoconf autoheader autom4te automake aclocal libtool m4 git; do
	printf '#!/bin/sh\necho "%s was called" >&2\nexit 1\n' "$tool" > "bin/$tool"
done
chmod +x bin/*
PATH=$tmp/bin:$PATH

cd b || exit
run "../$name/configure" -q CC="$CC" CFLAGS=-O0
is "$status" 0 "configures"
run make -j2
is "$status" 0 "builds" || diag "$(tail -n 20 "$tmp/err")"
is "$err" "" "without a word on standard error"
if config HAVE_ZSTD; then
	run ./zmm replay --placements "../$name/t/golden/seed.trace.zst"
	is "$status" 0 "zmm replays a trace" || diag "$err"
	zstd -dcq "../$name/t/golden/seed.legacy.zst" | head -n 100 > ../expected
	head -n 100 "$tmp/out" > ../got
	ok "with the recorded placements" cmp ../got ../expected
else
	skip 2 "traces are compressed, and this build has no zstd"
fi
run make dist
is "$status" 0 "make dist, from the tarball" || diag "$err"
is "$(tar tzf "$name.tar.gz" | sort)" "$(tar tzf "../made/$name.tar.gz" | sort)" \
	"holds the same files"
cd .. || exit
find "$name" | sort > after
ok "the source tree is untouched" cmp before after

# Inside the source tree it builds too, and cleans up after itself.
cd "$name" || exit
run ./configure -q CC="$CC" CFLAGS=-O0
is "$status" 0 "configures in the source tree"
run make -j2 examples
is "$status" 0 "builds the library and its examples there" || diag "$err"
run make distclean
cd .. || exit
find "$name" | sort > after
ok "distclean leaves the tree as it was" cmp before after

done_testing
