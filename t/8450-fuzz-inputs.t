#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The fuzz targets of t/fuzz/ run what fuzzing kept: the inputs that once failed, each by the name
# of what was wrong, and the corpora that reach whatever else is known.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

windows && skip_all "the fuzz targets are made for Unix"

folder=$srcdir/t/fuzz

# The last lines say which input it was and why.
handled() { ZMM_FUZZ_VERBOSE=1 "$builddir/t/fuzz/$target" "$@" > "$tmp/said" 2>&1 ||
	{ tail -n 40 "$tmp/said"; return 1; }; }

for source in "$folder"/*.c; do
	target=$(basename "$source" .c)
	for input in "$folder/found/$target"-*; do
		test ! -e "$input" || ok "$(basename "$input") is handled" handled "$input"
	done
	ok "$target: so are the inputs of its corpus" handled "$folder/$target.corpus"
done

done_testing
