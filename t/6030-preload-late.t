#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The malloc replacement works before main(), in destructors of threads and after them, in exit
# handlers, in handlers and children of fork().

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -e "$builddir/libzend_malloc.so" || skip_all "no malloc replacement in this build"

for mode in legacy modern; do
	for storage in mmap_anon malloc; do
		run timeout 60 "$ZMM" run --check --mode $mode --storage $storage \
			"$builddir/t/preload/late"
		is "$status:$out:$err" "0:made before main, dlsym works
made at the end of a thread
child 0
exit handlers:" "$mode over $storage"
	done
done

run env -i LD_PRELOAD="$builddir/libzend_malloc.so" "$builddir/t/preload/late"
is "$status" 0 "with next to no environment"
run env ZEND_MM_MODE=other LD_PRELOAD="$builddir/libzend_malloc.so" "$builddir/t/preload/late"
is "$status:$out" "255:" "an unknown mode ends the process before it does anything"
like "$err" "Wrong or unsupported zend_mm mode 'other'*" "with the library's message"

done_testing
