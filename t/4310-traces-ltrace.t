#!/bin/sh
# SPDX-License-Identifier: MIT
# Output of ltrace(1) as traces.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cd "$tmp" || exit 1

# converts NAME WHAT: the file NAME gives the trace in expected.
converts()
{
	run "$ZMM" convert "$1" "$1.trace"
	is "$status" 0 "$2: converted"
	is "$(cat "$1.trace")" "$(cat expected)" "$2: with every request"
}

cat > plain <<'END'
malloc(16)                                       = 0x55810010
strlen("malloc(5) = 0x1")                        = 15
calloc(3, 7)                                     = 0x55810030
hello, world
realloc(0x55810010, 100)                         = 0x55810050
realloc(nil, 8)                                  = 0x55810010
realloc(0x55810010, 9)                           = 0x55810010
reallocarray(0, 4, 5)                            = 0x55810070
aligned_alloc(64, 128, 0x2ed34, 5)               = 0x55810080
memalign(31, 10)                                 = 0x55810100
valloc(10)                                       = 0x55811000
pvalloc(4097)                                    = 0x55812000
malloc(-1)                                       = 0
realloc(0x55810050, 18446744073709551615)        = 0
realloc(0x55810010, 0)                           = nil
posix_memalign(0x7ffc1000, 64, 100, 0x7f00)      = 0
free(0x55820000)                                 = <void>
free(0)                                          = <void>
--- SIGCHLD (Child exited) ---
free(0x55810030)                                 = <void>
strdup("abc")                                    = 0x55810020
+++ exited (status 0) +++
END
cat > expected <<'END'
a 1 16
a 2 21
r 1 100
a 3 8
r 3 9
a 4 20
a 5 128 align=64
a 6 10 align=32
a 7 10 align=4096
a 8 8192 align=4096
f 3
f 2
END
converts plain 'plain output'
is "$err" "zmm: plain: 1 free of a block that was not seen allocated was left out; 2 requests that\
 had failed were left out; 1 call whose result the log does not show was left out; 1 line that is\
 no call of an allocator was left out" 'what was left out is told'
# Addresses of 64 bits have no multiple of 2^63 but one.
cat > vast <<'END'
malloc(16)                                       = 0x55810010
memalign(0x8000000000000000, 10)                 = 0x55810100
memalign(-16, 10)                                = 0x55810200
memalign(0x4000000000000000, 10)                 = 0x55810300
END
cat > expected <<'END'
a 1 16
a 2 10 align=4611686018427387904
END
converts vast 'vast alignments'
is "$err" 'zmm: vast: 2 requests that had failed were left out' 'and what cannot be is left out'
run "$ZMM" convert vast vast.zmt
run "$ZMM" convert vast.zmt vast.again
is "$status $(cat vast.again)" "0 $(cat expected)" 'what is written can be read'

run "$ZMM" info plain
like "$out" '*format*ltrace output*' 'the format is told by its content'

cat > threads <<'END'
[pid 101] malloc(16 <unfinished ...>
[pid 102] malloc(24 <unfinished ...>
[pid 101] <... malloc resumed> )                 = 0x1000
[pid 101] free(0x1000 <unfinished ...>
[pid 102] <... malloc resumed> )                 = 0x1000
[pid 101] <... free resumed> )                   = <void>
[pid 102] realloc(0x1000, 50 <unfinished ...>
[pid 101] malloc(17)                             = 0x1000
[pid 102] <... realloc resumed> )                = 0x2000
[pid 102] realloc(0x2000, -1 <unfinished ...>
[pid 102] <... realloc resumed> )                = 0
[pid 102] calloc(2, 10 <unfinished ...>
[pid 102] malloc@libc.so.6(20 <unfinished ...>
[pid 102] <... malloc resumed> )                 = 0x3000
[pid 102] <... calloc resumed> )                 = 0x3000
[pid 101] free(0x2000)                           = <void>
[pid 101] pthread_exit(0, 0 <unfinished ...>
[pid 101] free(0x3000 <no return ...>
[pid 101] +++ exited (status 0) +++
[pid 102] free(0x1000)                           = <void>
END
cat > expected <<'END'
t 101
a 1 16
f 1
t 102
a 2 24
t 101
a 3 17
t 102
r 2 50
a 4 20
t 101
f 2
f 4
t 102
f 3
END
converts threads 'several threads'

# The same with what options of ltrace put before and behind.
sed 's/^.pid \([0-9]*\)./\1/' threads > file
converts file 'with -f and -o'
sed 's/^.pid \([0-9]*\)./\1 12:34:56.123456/; s/$/ <0.000123>/' threads > times
converts times 'with -tt and -T'
sed 's/ malloc(/ prog->malloc(/; s/ free(/ libx.so.1->free(/' threads > names
converts names 'with libraries before the names'

cat > callers <<'END'
[0x401136] malloc(16)                            = 0x1000
[0x401140] malloc(17)                            = 0x2000
[0x401136] malloc(18)                            = 0x3000
END
printf 's 1 0x401136\na 1 16 site=1\ns 2 0x401140\na 2 17 site=2\na 3 18 site=1\n' > expected
converts callers 'with -i, callers become call sites'

# What this system's ltrace prints.
cat > program.c <<'END'
#include <stdlib.h>

int main(void)
{
	void *volatile blocks[20];

	for (int i = 0; i < 20; i++)
		blocks[i] = malloc(i * 10 + 1);
	for (int i = 0; i < 20; i += 2)
		blocks[i] = realloc(blocks[i], 5000 + i);
	for (int i = 0; i < 20; i++)
		free(blocks[i]);
	return 0;
}
END
if test -z "$SANITIZER" && command -v ltrace > /dev/null &&
	$CC -w -O0 -fno-builtin -no-pie program.c -o program 2> err.cc &&
	timeout 60 ltrace -f -i -o live.log ./program > out.run 2> err.run &&
	grep -q 'malloc(' live.log; then
	run "$ZMM" convert live.log live.trace
	is "$(cut -c 1 live.trace | grep '[arf]' | sort | uniq -c | tr -s ' \n' ' ')" \
		' 20 a 20 f 10 r ' \
		'output of the ltrace here is converted with every call'
else
	skip 1 'ltrace is not installed or cannot trace here'
fi

done_testing
