#!/bin/sh
# SPDX-License-Identifier: MIT
# What is in the trace of a program whose requests are known.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/record.sh"

recorded known
is "$status" 0 "the program works as always"
as_text "$trace" > "$tmp/lines"

# has PATTERN DESCRIPTION: exactly one line of the trace matches.
has() { is "$(grep -cE "$1" "$tmp/lines")" 1 "$2"; }

has '^# zmm record: process [0-9]+: .*requests known$' "it says of whom it is"
has '^a [0-9]+ 70001$' "malloc before main"
id=$(awk '/^a [0-9]+ 70011$/ { print $2 }' "$tmp/lines")
has "^r $id 70012\$" "realloc in place"
has "^r $id 7000123\$" "realloc that moves: the block is the same"
has "^f $id\$" "free"
has '^a [0-9]+ 70021$' "calloc"
has '^a [0-9]+ 70013 align=256$' "posix_memalign"
has '^a [0-9]+ 70014 align=4096$' "aligned_alloc"
has '^a [0-9]+ 70015 align=64$' "memalign"
has '^a [0-9]+ 70016$' "realloc of nothing"
has '^a [0-9]+ 70017$' "reallocarray"
id=$(awk '/^a [0-9]+ 70018$/ { print $2 }' "$tmp/lines")
has "^f $id\$" "realloc to nothing"
is "$(tail -n 1 "$tmp/lines")" "f $(awk '/ 70001$/ { print $2 }' "$tmp/lines")" "in their order"
like "$(cat "$tmp/remarks")" "*1 request that had failed was left out" "a refused request"
is "$(awk '/^a/ { n++ } /^f/ { n-- } END { print n }' "$tmp/lines")" 0 "nothing is alive at the end"
replays "known requests" "$trace"

recorded plain 200000
one=$(operations "$trace")
recorded plain 200000
is "$(operations "$trace")" "$one" "the same program gives the same trace"
is "$(cat "$tmp/remarks")" "" "without anything to remark"
replays "many requests" "$trace"

# A library that is loaded with RTLD_DEEPBIND, as PHP loads its extensions, finds the C library's
# functions before any other's.
echo '#include <stdlib.h>
void give_back(void *p) { free(p); }' > "$tmp/deep.c"
echo '#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
int main(void)
{
	void *library = dlopen("libdeep.so", RTLD_NOW | RTLD_DEEPBIND);
	void (*give_back)(void *) = library ? dlsym(library, "give_back") : NULL;
	if (!give_back)
		return 1;
	give_back(malloc(70031));
	return 0;
}' > "$tmp/main.c"
if $CC -shared -fPIC -fno-builtin -o "$tmp/libdeep.so" "$tmp/deep.c" 2> /dev/null &&
	$CC -fno-builtin -o "$tmp/main" "$tmp/main.c" -Wl,-rpath,"$tmp" 2> /dev/null; then
	run "$ZMM" record -q -o "$tmp/deep.zmt" "$tmp/main"
	is "$status" 0 "the program works"
	as_text "$tmp/deep.zmt" > "$tmp/lines"
	id=$(awk '/^a [0-9]+ 70031$/ { print $2 }' "$tmp/lines")
	has "^f ${id:-none}\$" "what such a library frees is in the trace"
else
	skip 2 "$CC makes no shared libraries"
fi

done_testing
