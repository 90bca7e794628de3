#!/bin/sh
# SPDX-License-Identifier: MIT
# What changes is compiled again, and nothing else is.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -x "$srcdir/configure" || skip_all "no configure in $srcdir"

# A source tree of three files, so that it takes no time.
mkdir -p "$tmp/s/heap" "$tmp/s/t" "$tmp/s/m4" "$tmp/b"
cp "$srcdir/configure" "$srcdir/configure.ac" "$srcdir/config.h.in" "$srcdir/Makefile.in" \
	"$srcdir/zend_alloc.pc.in" "$tmp/s"
touch "$tmp/s/configure"
echo '#include "heap/one.h"' > "$tmp/s/heap/one.c"
echo 'int zend_mm_one(void); int zend_mm_one(void) { return 1; }' >> "$tmp/s/heap/one.c"
echo 'int zend_mm_two(void); int zend_mm_two(void) { return 2; }' > "$tmp/s/heap/two.c"
echo 'this is included somewhere and not compiled' > "$tmp/s/heap/part.inc.c"
touch "$tmp/s/heap/one.h"
echo 'int main(void) { return 0; }' > "$tmp/s/t/0001-a-b.c"
find "$tmp/s" -exec touch -d '1 hour ago' {} +
touch "$tmp/s/configure" "$tmp/s/config.h.in"
cd "$tmp/b" || exit
run ../s/configure -q CC="$CC" CFLAGS=-O1
is "$status" 0 "configures"

# built MAKE ARGUMENTS...: the objects and the like that this make made.
built()
{
	run make "$@"
	test "$status" = 0 || diag "$out$err"
	made=$(sed -n 's/^ *[A-Z][A-Z]  *//p' "$tmp/out" | sort | tr '\n' ' ')
}

built all tests
expected="libzend_alloc.a libzend_alloc.so.1.0.0 obj/heap/one.o obj/heap/two.o obj/t/0001-a-b.o"
is "$made" "$expected pic/heap/one.o pic/heap/two.o t/0001-a-b.t " \
	"everything is built at first, without NAME.inc.c"
built all tests
is "$made" "" "nothing the second time"
touch "$tmp/s/heap/one.h"
built libzend_alloc.a
is "$made" "libzend_alloc.a obj/heap/one.o " "a header: what includes it"
built libzend_alloc.a CFLAGS=-O2
is "$made" "libzend_alloc.a obj/heap/one.o obj/heap/two.o " "other flags: all of it"
built libzend_alloc.a CFLAGS=-O2
is "$made" "" "the same flags: nothing"
rm "$tmp/s/heap/one.h" && sed -i 1d "$tmp/s/heap/one.c"
built libzend_alloc.a CFLAGS=-O2
is "$made" "libzend_alloc.a obj/heap/one.o " "a removed header is no obstacle"
rm "$tmp/s/heap/two.c"
built libzend_alloc.a CFLAGS=-O2
is "$made" "libzend_alloc.a " "a removed source: the archive is made again"
is "$(ar t libzend_alloc.a)" "one.o" "without its object"
touch "$tmp/s/configure"
built libzend_alloc.a CFLAGS=-O2
is "$made" "" "configure ran again, with the same result: nothing"
like "$out" "*running*configure*" "and it did run"
built V=1 CFLAGS=-O3
like "$out" "*-O3*heap/one.c*" "V=1 shows the commands"
run make check T='t/5*'
is "$status" 2 "no test of that name"
like "$err" "*no test is called t/5*" "which is said"
run make clean
is "$(find . -type f | sort | tr '\n' ' ')" \
	"./Makefile ./config.h ./config.log ./config.status ./stamp-config ./zend_alloc.pc " \
	"make clean leaves what configure made"
run make distclean
is "$(find . -type f)" "" "make distclean leaves nothing"

done_testing
