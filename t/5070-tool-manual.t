#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The manual page is well formed, and knows every command and option that zmm knows.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

page=$srcdir/doc/zmm.1

if command -v mandoc > /dev/null; then
	mandoc -T lint "$page" 2> /dev/null > "$tmp/lint"
	is "$(cat "$tmp/lint")" "" "mandoc -T lint finds nothing"
else
	skip 1 "mandoc is not installed (package mandoc)"
fi

"$ZMM" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' > "$tmp/commands"
ok "zmm lists its commands" test -s "$tmp/commands"
while read -r command; do
	ok "zmm $command is in the synopsis" grep -q "^\.Nm zmm Cm $command\b" "$page"
	ok "zmm $command has a section" grep -qx "\.Ss zmm $command" "$page"
	sed -n "/^\.Ss zmm $command\$/,/^\.S[hs] /p" "$page" > "$tmp/section"
	# Long options, as in the help; --help itself is told once for all, settings of workloads by
	# zmm generate --list.
	"$ZMM" "$command" --help | sed '/^Settings/,$d' |
		sed -n 's/^  *\(-[a-zA-Z], \)\{0,1\}--\([a-z-]*\).*/\2/p' | sed '/^help$/d' > "$tmp/options"
	missing=
	while read -r option; do
		grep -q -- "Fl -$option\b" "$tmp/section" || missing="$missing --$option"
	done < "$tmp/options"
	is "$missing" "" "and all of its options are told"
	wide=$("$ZMM" "$command" --help | perl -CSD -lne 'print if length > 80')
	is "$wide" "" "its help fits a terminal of 80 columns"
done < "$tmp/commands"
for variable in ZEND_MM_MODE ZEND_MM_MEM_TYPE ZEND_MM_SEG_SIZE ZEND_MM_COMPACT USE_ZEND_ALLOC \
	USE_TRACKED_ALLOC USE_ZEND_ALLOC_HUGE_PAGES ZEND_MM_DEBUG ZEND_MM_HARDENED ZEND_MM_FOREIGN \
	ZEND_MM_STATS ZEND_MM_CHECK; do
	ok "$variable is told" grep -qx "\.It Ev $variable" "$page"
done
done_testing
