#!/bin/sh
# SPDX-License-Identifier: MIT
# Logs of glibc's mtrace(3) as traces.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cd "$tmp" || exit 1
cat > log <<'END'
= Start
@ ./a program:[0x1136] + 0x5581000012a0 0xa
@ ./a program:[0x1140] - 0x558100000010
@ ./a program:[0x1136] + 0x5581000012c0 0
@ /lib/x86_64-linux-gnu/libc.so.6:(strdup+0x1a)[0x9e9aa] + 0x5581000012e0 0x7
@ ./a program:[0x1150] < 0x5581000012a0
@ ./a program:[0x1150] > 0x5581000014d0 0x186a0
@ ./a program:[0x1136] + 0x5581000012a0 0x10
@ ./a program:[0x1160] < 0x558100000020
@ ./a program:[0x1160] > 0x558100000030 0x20
@ ./a program:[0x1136] + (nil) 0xffffffffffffffff
@ ./a program:[0x1150] ! 0x5581000014d0 0xffffffffffffffff
@ ./a program:[0x1140] - 0x5581000014d0
- 0x5581000012c0
+ 0x5581000012c0 0x1
= End
END
cat > expected <<'END'
n 0x1136 ./a program:[0x1136]
s 1 0x1136
a 1 10 site=1
n 0x1140 ./a program:[0x1140]
s 2 0x1140
a 2 0 site=1
n 0x9e9aa /lib/x86_64-linux-gnu/libc.so.6:(strdup+0x1a)[0x9e9aa]
s 3 0x9e9aa
a 3 7 site=3
n 0x1150 ./a program:[0x1150]
s 4 0x1150
r 1 100000 site=4
a 4 16 site=1
n 0x1160 ./a program:[0x1160]
s 5 0x1160
a 5 32 site=5
f 1 site=2
f 2
a 6 1
END
run "$ZMM" convert log out.trace
is "$status" 0 'a log of mtrace is converted'
is "$(cat out.trace)" "$(cat expected)" 'addresses become numbers, callers become call sites'
is "$err" "zmm: log: 1 free of a block that was not seen allocated was left out; 1 resize\
 of a block that was not seen allocated was taken as an allocation; 2 requests that had failed\
 were left out" \
	'what was left out is told'
run "$ZMM" info log
like "$out" '*format*mtrace log*' 'the format is told by its content'
sed -n '2,3p' log > middle
run "$ZMM" convert middle -
is "$out" "$(sed -n '1,5p' expected)" 'a log needs neither its beginning nor its end'

# What this system's libc writes.
cat > program.c <<'END'
#include <mcheck.h>
#include <stdlib.h>

int main(void)
{
	void *volatile blocks[50];

	mtrace();
	for (int i = 0; i < 50; i++)
		blocks[i] = malloc(i * 10 + 1);
	for (int i = 0; i < 50; i += 2)
		blocks[i] = realloc(blocks[i], 5000 + i);
	for (int i = 0; i < 50; i++)
		free(blocks[i]);
	return 0;
}
END
if test -z "$SANITIZER" && $CC -w -O0 program.c -o program 2> err.cc &&
	MALLOC_TRACE=live.log LD_PRELOAD=libc_malloc_debug.so.0 ./program 2> err.run &&
	test -s live.log; then
	run "$ZMM" convert live.log live.trace
	is "$status" 0 'a log of this libc is converted'
	is "$(cut -c 1 live.trace | grep '[arf]' | sort | uniq -c | tr -s ' \n' ' ')" \
		' 50 a 50 f 25 r ' \
		'with every call'
	is "$(awk '/^a/ { sum += $3 } END { print sum }' live.trace)" 12300 'and every size'
else
	skip 3 'this system has no mtrace'
fi

done_testing
