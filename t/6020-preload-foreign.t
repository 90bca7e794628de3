#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Pointers that malloc() did not give are classified and reported in one line, and then ignored, or
# the process aborts.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -e "$builddir/libzend_malloc.so" || skip_all "no malloc replacement in this build"
foreign=$builddir/t/preload/foreign

# says WHAT TEXT: what is reported about such a pointer.
says()
{
	run "$ZMM" run --check --mode $mode "$foreign" "$1"
	is "$status:$out:$(wc -l < "$tmp/err")" "0:errno 1789
went on:1" "$mode, $1: one line, ignored, errno kept"
	like "$err" "zend_malloc: free(0x*): not a block of this library: $2; ignored" \
		"$mode, $1: the line says what it is"
}

for mode in legacy modern; do
	says stack "it is on the stack"
	says static "it is in static memory of $foreign"
	says system "it is in the heap of the system's malloc"
	says garbage "nothing is mapped there: *"
	says high "nothing is mapped there: *"
	says anonymous "it is in anonymous memory of something else: *"
	says inside "it points into a block, not at its beginning"

	run "$ZMM" run --mode $mode "$foreign" static realloc
	is "$status:$out" "0:(nil)
went on" "$mode: realloc() of such a pointer returns NULL"
	like "$err" "zend_malloc: realloc(*" "$mode: and is reported"
	run "$ZMM" run --mode $mode "$foreign" static usable
	is "$status:$out" "0:0
went on" "$mode: malloc_usable_size() of one is 0"
	like "$err" "zend_malloc: malloc_usable_size(*" "$mode: and is reported"
done

run "$ZMM" run --foreign ignore "$foreign" static
is "$status:$err" "0:" "--foreign ignore says nothing"
run sh -c 'ulimit -c 0; "$@"' sh "$ZMM" run --foreign abort "$foreign" static
is "$status" 134 "--foreign abort aborts"
like "$err" "*it is in static memory of *; aborting*" "and says why"

run env ZEND_MM_FOREIGN=what LD_PRELOAD="$builddir/libzend_malloc.so" "$foreign" static
is "$status" 255 "an unknown value of ZEND_MM_FOREIGN ends the process"
is "$err" "ZEND_MM_FOREIGN is 'what'; supported are:
    'report'
    'ignore'
    'abort'" "and says which there are"

done_testing
