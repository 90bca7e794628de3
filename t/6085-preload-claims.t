#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What programs say about blocks that they give back - C23's sized frees, C++'s deletes - is
# believed by plain heaps, compared with what the block can have been by hardened ones, and with
# what was asked for by guarded ones, which also know who handed it out.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -e "$builddir/libzend_malloc.so" || skip_all "no malloc replacement in this build"

seed

# claims SETTING NAME...: the program in the mode; $said is the report's reason and what was said.
claims()
{
	setting=$1
	shift
	run env ZEND_MM_MODE=$mode $setting LD_PRELOAD="$builddir/libzend_malloc.so" \
		"$builddir/t/preload/claims" "$@"
	said=$out$(printf '%s\n' "$err" | sed -n '/^zend_mm_heap corrupted/{n;s/^ *//p;}
		s/^  \(size\|alignment\) */: \1 /p')
}

# expect SETTING NAME PATTERN: the report, or "went on".
expect()
{
	claims "$1" "$2"
	like "$said" "$3" "$mode, ${1#*_MM_}: $2"
}

size_cannot='a block cannot be of the size that it was freed with*: size '
size_is_not='a block is not of the size that it was freed with (sizes=0 allows it)*: size '
alignment_cannot='a block cannot be of the alignment that it was freed with*: alignment '
alignment_is_not='a block is not of the alignment that it was freed with (sizes=0 *: alignment '
off='(mismatch=0 allows it)'

for mode in legacy modern; do
	for setting in ZEND_MM_DEBUG= ZEND_MM_HARDENED=all ZEND_MM_HARDENED=sizes ZEND_MM_DEBUG=all \
		ZEND_MM_DEBUG=padding=16,mismatch=1; do
		claims $setting right $seed
		is "$status:$said:$err" "0:went on:" "$mode, ${setting#*_MM_}: what is so is believed"
	done

	guarded=ZEND_MM_DEBUG=padding=16
	expect $guarded less "${size_is_not}100 said, 1000 asked for"
	expect $guarded more "${size_is_not}10000 said, 1000 asked for"
	expect $guarded off_by_one "${size_is_not}999 said, 1000 asked for"
	expect $guarded zero "${size_is_not}0 said, 100 asked for"
	expect $guarded after_realloc "${size_is_not}1000 said, 100 asked for"
	expect $guarded of_calloc "${size_is_not}100 said, 1000 asked for"
	expect $guarded deleted_less "${size_is_not}16 said, 200 asked for"
	expect $guarded deleted_array "${size_is_not}16 said, 200 asked for"
	expect $guarded by_another "${size_is_not}16 said, 1000 asked for"
	expect $guarded aligned_size "${size_is_not}64 said, 640 asked for"
	expect $guarded misaligned "${alignment_is_not}1048576 said, 64 asked for"
	expect $guarded odd "${alignment_is_not}48 said, 64 asked for"
	expect $guarded not_aligned "${alignment_is_not}16 said, 256 asked for"
	expect $guarded aligned_new_deleted "${alignment_is_not}16 said, 128 asked for"
	expect $guarded freed_twice "a block was freed twice"
	expect $guarded inside "an address is inside a block, not its beginning"
	expect $guarded new_freed "went on"
	expect $guarded,sizes=0 off_by_one "went on"
	expect $guarded,sizes=0 not_aligned "went on"

	families=$guarded,mismatch=1
	expect $families new_freed "a block of new was freed by free $off"
	expect $families new_freed_sized "a block of new was freed by free $off"
	expect $families new_resized "a block of new was resized by realloc $off"
	expect $families new_deleted_array "a block of new was freed by delete\[] $off"
	expect $families new_array_deleted "a block of new\[] was freed by delete $off"
	expect $families malloc_deleted "a block of malloc was freed by delete $off"
	expect $families aligned_alloc_deleted \
		"a block of malloc was freed by delete $off"
	expect ZEND_MM_DEBUG=all new_freed "a block of new was freed by free $off"
	expect ZEND_MM_DEBUG=all,mismatch=0 new_freed "went on"

	hardened=ZEND_MM_HARDENED=all
	expect $hardened less "${size_cannot}100 said, at least [0-9]* asked for"
	expect $hardened more "${size_cannot}10000 said, at most 10[0-9]* asked for"
	expect $hardened zero "${size_cannot}0 said, at least [0-9]* asked for"
	expect $hardened greatest "${size_cannot}* said, at most 1[0-9]* asked for"
	expect $hardened after_realloc "${size_cannot}1000 said, at most 1[0-9]* asked for"
	expect $hardened of_calloc "${size_cannot}100 said, at least [0-9]* asked for"
	expect $hardened large "${size_cannot}40000 said, at most 20[0-9]* asked for"
	expect $hardened large_less "${size_cannot}4000 said, at least 1[0-9]* asked for"
	expect $hardened huge "${size_cannot}4000000 said, at most 300[0-9]* asked for"
	expect $hardened huge_less "${size_cannot}1000000 said, at least 29[0-9]* asked for"
	expect $hardened aligned_size "${size_cannot}64 said, at least [0-9]* asked for"
	expect $hardened deleted_less "${size_cannot}16 said, at least 1[0-9]* asked for"
	expect $hardened deleted_array "${size_cannot}16 said, at least 1[0-9]* asked for"
	expect $hardened by_another "${size_cannot}16 said, at least [0-9]* asked for"
	expect $hardened misaligned "${alignment_cannot}1048576 said, at most [0-9]* asked for"
	expect $hardened odd "${alignment_cannot}48 said, at most [0-9]* asked for"
	expect $hardened freed_twice "*freed*"
	expect $hardened inside "*begin*"
	expect $hardened new_freed "went on"

	# Heaps with marks of their own look, too: for them malloc's rounded request is known.
	if plain_blocks; then
		expect ZEND_MM_HARDENED=links,ends,frees less "went on"
		expect ZEND_MM_DEBUG= less "went on"
		expect ZEND_MM_DEBUG= misaligned "went on"
		expect ZEND_MM_DEBUG= new_freed "went on"
	else
		skip 4 "this build's heaps know what malloc asked for"
	fi
	expect ZEND_MM_DEBUG= on_stack "went on"
	like "$err" "zend_malloc: operator delete(0x*): not a block of this library: *; ignored" \
		"a foreign pointer is told with the operator's name"
	claims ZEND_MM_DEBUG=padding=16 on_stack
	like "$err" "zend_malloc: operator delete(0x*; aborting*an address is on the stack*" \
		"and judged by heaps that do that"
done
done_testing
