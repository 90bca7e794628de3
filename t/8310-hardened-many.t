#!/bin/sh
# SPDX-License-Identifier: MIT
# Hardened legacy heaps look up in which segment a link leads and a block lies without walking the
# list of segments for each: a request costs about the same with thousands of them (callgrind).
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

windows && skip_all "valgrind runs no programs of Windows"
command -v valgrind > /dev/null || skip_all "valgrind is not installed"
test -z "$SANITIZER" || skip_all "valgrind does not run programs with a sanitizer"

# instructions SEGMENTS: of the requests.
instructions()
{
	valgrind -q --tool=callgrind --toggle-collect=requests --callgrind-out-file="$tmp/profile" \
		"$builddir/t/cost/segments" $1 > "$tmp/out" 2>&1 || diag "$(cat "$tmp/out")"
	sed -n 's/^summary: \([0-9]*\).*/\1/p' "$tmp/profile"
}

export ZEND_MM_MODE=legacy ZEND_MM_DEBUG= ZEND_MM_HARDENED
for ZEND_MM_HARDENED in lists frees all; do
	few=$(instructions 10) many=$(instructions 3000)
	ok "$ZEND_MM_HARDENED: $few instructions with 10 segments, $many with 3000" \
		test "${few:-0}" -gt 0 -a "${many:-0}" -lt $((few * 2))
done
done_testing
