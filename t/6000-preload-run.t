#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm run: its options, its exit status, what it hands to the command; and the names that the
# library defines.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -e "$builddir/libzend_malloc.so" || skip_all "no malloc replacement in this build"

run "$ZMM" run --help
is "$status:$err" "0:" "--help succeeds"
like "$out" "usage: zmm run *--mode*--storage*--stats*" "and lists the options"

# usage TEXT ARGUMENT...: bad usage, exit status 2, one line with TEXT.
usage()
{
	text=$1
	shift
	run "$ZMM" run "$@"
	is "$status:$out" "2:" "zmm run $*: exit status 2"
	like "$err" "$text" "zmm run $*: $text"
}

usage "*name a command to run; see zmm run --help"
usage "*--mode is legacy or modern, not 'old'*" --mode old true
usage "*there is no storage 'disk'*" --storage disk true
usage "*--foreign is report, ignore or abort, not 'x'*" --foreign x true
usage "zmm run: there is no option --what; see zmm run --help" --what true

run "$ZMM" run -- sh -c 'exit 7'
is "$status" 7 "the exit status is the command's"
run "$ZMM" run no-such-command
is "$status" 127 "127: there is no such command"
like "$err" "zmm run: cannot run no-such-command: *" "and a line says so"
mkdir -m 0 "$tmp/closed"
run env PATH="$tmp/closed:$PATH" "$ZMM" run no-such-command
is "$status" 127 "nor is there where nobody may look (but for root)"
rmdir "$tmp/closed"
run "$ZMM" run "$srcdir/t"
is "$status" 126 "126: it cannot be run"
echo 'int main(void) { return 0; }' > "$tmp/static.c"
if $CC -static -o "$tmp/static" "$tmp/static.c" 2> /dev/null; then
	run "$ZMM" run "$tmp/static"
	is "$status" 0 "what is linked statically runs"
	like "$err" "zmm run: $tmp/static is linked statically, *" "on its own malloc, as is said"
else
	skip 2 "no static program can be linked here"
fi
run "$ZMM" run --mode modern --storage malloc -- sh -c 'echo "$ZEND_MM_MODE $ZEND_MM_MEM_TYPE"'
is "$out" "modern malloc" "the options become variables for all that the command starts"
run env LD_PRELOAD=libc.so.6 "$ZMM" run sh -c 'echo "$LD_PRELOAD"'
like "$out" "*/libzend_malloc.so:libc.so.6" "what was preloaded before still is"
run "$ZMM" run sh -c 'true; true' --mode
is "$status" 0 "options after the command are the command's"

mkdir "$tmp/a b"
cp "$ZMM" "$builddir/libzend_malloc.so" "$tmp/a b"
run "$tmp/a b/zmm" run true
is "$status" 1 "a path that LD_PRELOAD cannot hold is refused"
like "$err" "*has a blank or a colon*" "and named"

# The whole family, C++'s operators, dlopen (see below) and nothing else: above all nothing of the
# emalloc interface.
nm -D --defined-only "$builddir/libzend_malloc.so" | sed 's/.* //' | sort > "$tmp/names"
tag=RKSt9nothrow_t align=St11align_val_t
{
	for name in "" $tag $align $align$tag; do
		printf '%s\n' _ZnwSIZE$name _ZnaSIZE$name _ZdlPv$name _ZdaPv$name
	done
	printf '%s\n' _ZdlPvSIZE _ZdaPvSIZE _ZdlPvSIZE$align _ZdaPvSIZE$align
} | sort > "$tmp/operators"
is "$(sed -n 's/^_Z\(n[wa]\|d[la]Pv\)[mj]/_Z\1SIZE/; /^_Z/p' "$tmp/names" | sort)" \
	"$(cat "$tmp/operators")" "the library defines all that C++ has of new and delete"
is "$(grep -v '^_Z' "$tmp/names" | tr '\n' ' ')" \
	"_Exit _exit aligned_alloc calloc cfree dlopen free free_aligned_sized free_sized mallinfo \
mallinfo2 malloc malloc_info malloc_stats malloc_trim malloc_usable_size mallopt memalign \
posix_memalign pvalloc realloc reallocarray sigaction signal sysv_signal valloc " \
	"the library defines the malloc family, dlopen, what checks stand on, and nothing else"
is "$(nm -D "$builddir/libzend_malloc.so" | grep -cE ' U (malloc|calloc|realloc|free|dlsym)$')" 0 \
	"and calls none of it by name"

# Every library that it needs would be in every process.
needed=$(readelf -d "$builddir/libzend_malloc.so" |
	sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | tr '\n' ' ')
like "$needed" "*libc.so.6 *" "it needs the C library"
is "$(echo "$needed" | sed 's/lib[cm].so.6 //g; s/libtcmalloc[^ ]* //; s/ld-linux[^ ]* //')" "" \
	"and no other"

# Thread-local storage that dlopen()ed programs have to find room for.
tls=$(readelf -lW "$builddir/libzend_malloc.so" | awk '$1 == "TLS" { print $6 }')
ok "it takes little static thread-local storage ($tls)" test "$((tls))" -le 128

# A library loaded with RTLD_DEEPBIND, by a path that only the program's own RUNPATH knows.
mkdir "$tmp/lib"
printf '%s\n' '#include <stdlib.h>' 'void give_back(void *p) { free(p); }' > "$tmp/deep.c"
printf '%s\n' '#define _GNU_SOURCE' '#include <dlfcn.h>' '#include <stdlib.h>' 'int main(void) {' \
	'void *library = dlopen("libdeep.so", RTLD_NOW | RTLD_DEEPBIND);' \
	'void (*give_back)(void *) = library ? dlsym(library, "give_back") : NULL;' \
	'if (!give_back) return 1; give_back(malloc(100)); free(malloc(100)); return 0; }' \
	> "$tmp/main.c"
ok "a program and its library compile" \
	sh -c '$1 -shared -fPIC -fno-builtin -o "$2/lib/libdeep.so" \
	"$2/deep.c" && $1 -fno-builtin -o "$2/main" "$2/main.c" -Wl,-rpath,"$2/lib"' sh "$CC" "$tmp"
run "$ZMM" run --check --foreign abort "$tmp/main"
is "$status:$err" 0: "libraries loaded with RTLD_DEEPBIND use the same malloc"

echo "int main(void) { return 0; }" > "$tmp/nothing.c"
$CC -o "$tmp/nothing" "$tmp/nothing.c"
for variable in ZEND_MM_STATS ZEND_MM_CHECK; do
	run env $variable=yes LD_PRELOAD="$builddir/libzend_malloc.so" "$tmp/nothing"
	is "$status:$err" "255:Wrong $variable: 'yes' is not 0 or 1" "a switch that is none is refused"
done
run env ZEND_MM_DEBG=all LD_PRELOAD="$builddir/libzend_malloc.so" "$tmp/nothing"
like "$status:$err" "0:zend_mm: ZEND_MM_DEBG in the environment is ignored: *" \
	"a misspelt variable is told of"
done_testing
