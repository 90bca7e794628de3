#!/bin/sh
# SPDX-License-Identifier: MIT
# Guards, hardening and the interruption layer cost nothing while they are off: not one instruction
# of theirs is executed in a request (callgrind), on either heap. That they would be seen is tested.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

windows && skip_all "valgrind runs no programs of Windows"

command -v valgrind > /dev/null || skip_all "valgrind is not installed"
test -z "$SANITIZER" || skip_all "valgrind does not run programs with a sanitizer"

# profile COMMAND...: the functions that were called in requests(), one a line, in $tmp/functions.
profile()
{
	ok "$* runs" valgrind -q --tool=callgrind --toggle-collect=requests --compress-strings=no \
		--callgrind-out-file="$tmp/profile" "$@"
	sed -n 's/^c*fn=//p' "$tmp/profile" | sort -u > "$tmp/functions"
}

count()
{
	grep -c 'zend_mm_guard\|guarded_\|hardened\|blocked_\|link_checked' "$tmp/functions" || :
}

export ZEND_MM_MODE ZEND_MM_DEBUG ZEND_MM_HARDENED
for ZEND_MM_MODE in legacy modern; do
	ZEND_MM_DEBUG= ZEND_MM_HARDENED=
	profile "$builddir/t/cost/requests" 5000
	is "$(count)" 0 "$ZEND_MM_MODE: no instruction of a layer"
	ok "and the requests were seen" grep -q _emalloc "$tmp/functions"
	ZEND_MM_DEBUG=padding=16
	profile "$builddir/t/cost/requests" 5000
	isnt_zero=$(count)
	ok "$ZEND_MM_MODE: guards that are on would be seen ($isnt_zero)" test "$isnt_zero" -gt 0
done
done_testing
