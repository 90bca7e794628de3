#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The malloc replacement with guarded and with hardened heaps: whatever is switched on, programs
# find the same semantics.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -e "$builddir/libzend_malloc.so" || skip_all "no malloc replacement in this build"

# semantics VARIABLE=SETTING [ARGUMENT]: the program of 6010-preload-semantics.t with this setting.
semantics()
{
	setting=$1
	shift
	for mode in legacy modern; do
		run env "$setting" "$ZMM" run --check --mode $mode "$builddir/t/preload/semantics" "$@"
		is "$status:$(grep -c '^ok' "$tmp/out"):$(tail -n 1 "$tmp/out" | cut -c 1-6)" \
			"0:$(sed -n 's/^1\.\.//p' "$tmp/out"):# stil" "$mode, $setting" ||
			diag "$(grep -v '^ok' "$tmp/out")" "$err"
	done
}

semantics ZEND_MM_DEBUG=padding=1,poison_alloc=1,poison_free=2,check_every=9000,sites=1
semantics ZEND_MM_DEBUG=quarantine=10M,poison_free=0xee quarantine
# More blocks than the system has mappings.
semantics ZEND_MM_DEBUG=guard_pages=1
semantics ZEND_MM_HARDENED=all
export ZEND_MM_HARDENED=all
semantics ZEND_MM_DEBUG=padding=16

done_testing
