#!/bin/sh
# SPDX-License-Identifier: MIT
# AddressSanitizer, in builds with it, and valgrind elsewhere report on blocks of both heaps as
# they do on malloc's: the access itself, and whose block it was.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

bugs=$builddir/t/sanitizer/bugs
unset ZEND_MM_DEBUG
# A segment from malloc has redzones of malloc's own.
export ZEND_MM_MODE ZEND_MM_MEM_TYPE=mmap_anon

# watched COMMAND...: runs it under what listens in this build; its report is in $err.
case $SANITIZER in
*address*)
	watched() { run env ASAN_OPTIONS=detect_leaks=1 "$@"; }
	overflowed=*AddressSanitizer*in\ overflow* underflowed=*AddressSanitizer*in\ underflow*
	written=*AddressSanitizer*in\ write_after_free* read=*AddressSanitizer*in\ read_after_free*
	whose='*memory behind*block*allocated by*' whose_freed='*after it was freed*freed by*'
	leaked='*Freeing 0x*=== Total 1 memory leaks detected ===*'
	quiet=
	;;
*)
	config HAVE_VALGRIND || skip_all "built without valgrind's headers"
	command -v valgrind > /dev/null || skip_all "valgrind is not installed"
	valgrind -q "$ZMM" --version > /dev/null 2>&1 ||
		skip_all "valgrind runs no programs of this build (32-bit ones need libc6-dbg:i386)"
	test -z "$SANITIZER" || skip_all "this sanitizer does not look at blocks"
	watched()
	{
		run valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite \
			--errors-for-leak-kinds=definite ${intercepts-} "$@"
	}
	overflowed=*'Invalid write of size 1'*'at 0x'*': overflow'*
	underflowed=*'Invalid write of size 1'*'at 0x'*': underflow'*
	written=*'Invalid write of size 1'*'at 0x'*': write_after_free'*
	read=*'Invalid read of size 1'*'at 0x'*': read_after_free'*
	whose='*after a block of size*client-defined*' whose_freed='*inside a block of size*free*'
	leaked='*definitely lost*: leak*'
	quiet=--leak-check=no
	;;
esac

look()
{
	watched "$bugs" "$1" overflow "$2"
	like "$err" "$overflowed" "$1, $2 bytes, $ZEND_MM_MODE: an overflow by one byte"
	like "$err" "$whose" "and whose block it was"
	test "$2" = 24 || return 0
	watched "$bugs" "$1" underflow "$2"
	like "$err" "$underflowed" "an underflow"
	watched "$bugs" "$1" write-after-free "$2"
	like "$err" "$written" "a write after free"
	watched "$bugs" "$1" read-after-free "$2"
	like "$err" "$read" "a read after free"
	like "$err" "$whose_freed" "and who freed it"
	watched "$bugs" "$1" none "$2"
	is "$status:$err" "0:" "nothing without a bug"
}

for ZEND_MM_MODE in legacy modern; do
	for size in 24 3000000; do
		look emalloc $size
	done
	watched "$bugs" emalloc leak 500
	like "$err" "$leaked" "$ZEND_MM_MODE: a leak"
	watched "$bugs" emalloc kept 500
	is "$status:$err" "0:" "a block of malloc that is known to a block of the heap is none"
	ZEND_MM_DEBUG= watched "$bugs" emalloc overflow 3
	unlike "$err" "$overflowed" "an empty ZEND_MM_DEBUG: blocks lie as ever, and are not told of"
done

# Valgrind has a malloc of its own for every program, unless it is told to leave it alone.
if test -n "$SANITIZER"; then
	skip 6 "a sanitizer brings its own malloc"
else
	export LD_PRELOAD
	intercepts=--soname-synonyms=somalloc=nouserintercepts
	for ZEND_MM_MODE in legacy modern; do
		LD_PRELOAD=$builddir/libzend_malloc.so
		watched "$bugs" malloc overflow 24
		like "$err" "$overflowed" "the malloc replacement, $ZEND_MM_MODE: an overflow"
		like "$err" "$whose" "and whose block it was"
		watched "$bugs" malloc leak 500
		LD_PRELOAD=
		like "$err" "$leaked" "$ZEND_MM_MODE: a leak"
	done
fi
done_testing
