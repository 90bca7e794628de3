#!/bin/sh
# SPDX-License-Identifier: MIT
#
# leaks=1: at exit, the blocks that nothing leads to any more are named, and no others.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -e "$builddir/libzend_malloc.so" || skip_all "no malloc replacement in this build"

# leaks SETTING NAME: what is said about the program, without numbers that differ.
leaks()
{
	run env ZEND_MM_MODE=$mode "ZEND_MM_DEBUG=$1,leaks=1" LD_PRELOAD="$builddir/libzend_malloc.so" \
		"$builddir/t/preload/leaks" "$2"
	said=$(printf '%s\n' "$err" | sed -n 's/^zend_malloc: leaks (pid [0-9]*): //p
		s/^  lost  *\(.*\), the first at 0x[0-9a-f]*$/; \1/p' | tr -d '\n')
}

expect()
{
	leaks "$1" "$2"
	is "$status:$said" "0:$3" "$mode, $1: $2"
}

node=$(($(word_bytes) + 40))
for mode in legacy modern; do
	for setting in padding=16,sites=1 guard_pages=1,quarantine=1M; do
		for name in none variable inside no_bytes of_list thread_local large local locals \
			other_stack
		do
			expect $setting $name ""
		done
		expect $setting lost "100 bytes in 1 block lost; 100 bytes in 1 block"
		expect $setting lost_list "$node bytes in 1 block lost, and $((9 * node)) in 9 that only \
lost blocks lead to; $node bytes in 1 block"
		expect $setting circle "$node bytes in 1 block lost, and $((2 * node)) in 2 that only \
lost blocks lead to; $node bytes in 1 block"
		expect $setting many "128000 bytes in 2000 blocks lost; 128000 bytes in 2000 blocks"
		expect $setting behind "112 bytes in 1 block lost; 112 bytes in 1 block"
		expect $setting overwritten "100 bytes in 1 block lost; 100 bytes in 1 block"
		expect $setting failed_realloc "100 bytes in 1 block lost; 100 bytes in 1 block"
	done
	leaks sites=1 lost
	like "$err" "*  lost * 0x*
  allocated by *leaks+0x*" "$mode: with sites, who allocated them is named"
	leaks padding=16 lost
	is "$(printf '%s\n' "$err" | grep -c 'allocated by')" 0 "$mode: without, that is not known"
	run env ZEND_MM_MODE=$mode ZEND_MM_DEBUG=all LD_PRELOAD="$builddir/libzend_malloc.so" \
		"$builddir/t/preload/leaks" lost
	is "$status:$err" "0:" "$mode: nothing is said where it is not asked for"
done
done_testing
