#!/bin/sh
# SPDX-License-Identifier: MIT
# zend_alloc.h is usable alone, from C and from C++, without a warning.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

warnings="-Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror"

cat > "$tmp/use.c" <<'END'
#include "zend_alloc.h"

int use(void);
int use(void)
{
	char *block = (char *) emalloc(100);
	char *constant = (char *) ecalloc(3, 5);

	block = (char *) safe_erealloc(block, 10, 20, 30);
	efree(block);
	efree_size(constant, 15);
	return zend_memory_usage(0) > zend_memory_peak_usage(1);
}
END
cp "$tmp/use.c" "$tmp/use.cc"

# compiles COMPILER LANGUAGE FILE STANDARD...
compiles()
{
	compiler=$1 language=$2 file=$3
	shift 3
	if ! command -v "$compiler" > /dev/null; then
		skip $#  "no $compiler here"
		return 0
	fi
	for standard in "$@"; do
		for switch in -DZEND_DEBUG=0 -DZEND_DEBUG=1; do
			$compiler -x "$language" -std="$standard" $switch $warnings -I"$srcdir" \
				-fsyntax-only "$tmp/$file" || return 1
		done 2> "$tmp/said"
		is "$(cat "$tmp/said")" "" "$compiler $standard"
	done
}

compiles gcc c use.c c11 c17 gnu2x
compiles clang c use.c c11 c17 gnu2x
compiles g++ c++ use.cc c++11 c++17 c++20
compiles clang++ c++ use.cc c++11 c++17 c++20

# A C++ program links against the C names.
if command -v g++ > /dev/null && test "$CC" = gcc && test -z "$SANITIZER"; then
	echo 'int main() { return use(); }' >> "$tmp/use.cc"
	flags=$(sed -n 's/^Cflags: -I[^ ]* *//p' "$builddir/zend_alloc.pc")
	libs=$(sed -n 's/^Libs.private: *//p' "$builddir/zend_alloc.pc")
	ok "a C++ program links" g++ $flags -I"$srcdir" -o "$tmp/use" "$tmp/use.cc" \
		"$builddir/libzend_alloc.a" $libs
	ok "and runs" "$tmp/use"
else
	skip 2 "no g++, or the library was compiled by another compiler than gcc"
fi

done_testing
