#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm compare and contenders that crash, hang, leave, refuse, or are none: each is named with what
# became of it, and the others go on. Whatever ends the comparison ends its processes. A file that
# cannot be written whole is not written.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -z "$SANITIZER" || skip_all "sanitizers bring a malloc of their own"
test -r /proc/self/smaps_rollup || skip_all "this system tells nothing about a process's memory"

awk 'BEGIN {
	for (i = 1; i <= 4000; i++) {
		print "a", i, 40 + i % 100
		if (i > 50) print "f", i - 50
	}
}' > "$tmp/t.trace"

# A malloc that does something else from a call on that no process reaches before its first
# operation.
library()
{
	cat > "$tmp/$1.c" <<END
#include <errno.h>
#include <stddef.h>
#include <unistd.h>
void *__libc_malloc(size_t size);
static int calls;
void *malloc(size_t size)
{
	if (++calls > 2500) {
		$2
	}
	return __libc_malloc(size);
}
END
	$CC -shared -fPIC -fno-builtin -o "$tmp/$1.so" "$tmp/$1.c" 2> "$tmp/log"
}
library crashes '*(volatile char *)8 = 0;' ||
	skip_all "no malloc can be put before this C library's"
library hangs 'for (;;) pause();'
library leaves '_exit(0);'
library refuses 'errno = ENOMEM; return NULL;'
echo 'int zmm_test_nothing;' > "$tmp/nothing.c"
$CC -shared -fPIC -o "$tmp/nothing.so" "$tmp/nothing.c"

run "$ZMM" compare -b 5 -d none --timeout 5 --only legacy,crashes,hangs,leaves,nothing,refuses \
	-a crashes="$tmp/crashes.so" -a hangs="$tmp/hangs.so" -a leaves="$tmp/leaves.so" \
	-a nothing="$tmp/nothing.so" -a refuses="$tmp/refuses.so" "$tmp/t.trace"
is "$status" 2 "the exit status tells the worst"
like "$err" "*t.trace: crashes: ended by signal 11 (*" "a crash is told"
like "$err" "*t.trace: hangs: was ended when it had not answered for 5 s (--timeout)*" \
	"so is one that hangs"
like "$err" "*t.trace: leaves: ended with status 0 before it had a result*" "and one that leaves"
like "$err" "*t.trace: nothing: *nothing.so is a library without a malloc of its own*" \
	"and a library that is no allocator"
is "$(printf '%s\n' "$err" | wc -l)" 4 "each in one line, once"
out=$(unfolded < "$tmp/out")
for who in crashes hangs leaves nothing; do
	is "$(printf '%s\n' "$out" | grep -c "^$who .* - .*failed\$")" 2 "$who: its cells are empty"
done
like "$out" "*
refuses * ns * refused requests
*" "one that refuses is marked"
like "$out" "*
legacy * ns *
*" "and the others are measured"

# ---- libraries that are not there ----

run "$ZMM" compare -t -b 1 -a ghost="$tmp/ghost.so" "$tmp/t.trace"
is "$status $err" "2 zmm: $tmp/ghost.so: cannot be preloaded: No such file or directory" \
	"a library that is not there"
mkdir "$tmp/a b"
cp "$tmp/refuses.so" "$tmp/a b/r.so"
run "$ZMM" compare -t -b 1 -a blank="$tmp/a b/r.so" "$tmp/t.trace"
like "$status $err" "2 zmm: $tmp/a b/r.so: *no path with blanks*another name*" \
	"a path that cannot be preloaded"
cd "$tmp"
run "$ZMM" compare -t -b 1 --only mine -a mine=refuses.so "$tmp/t.trace"
is "$status" 0 "a path from here is fine" || diag "$err"

# ---- processes ----

if test -e /proc/self/children || test -e /proc/self/task; then
	page=
	config HAVE_JANSSON && page="--html $tmp/page.html"
	"$ZMM" compare -d none --only hangs -a hangs="$tmp/hangs.so" $page "$tmp/t.trace" \
		> "$tmp/out" 2>&1 &
	parent=$!
	child=
	for i in $(seq 200); do
		child=$(sed 's/ .*//' "/proc/$parent/task/$parent/children" 2> /dev/null)
		test -z "$child" || break
		sleep 0.1
	done
	kill -9 $parent
	wait $parent 2> /dev/null
	gone=no
	for i in $(seq 200); do
		# ended is ended, even if nobody has asked for its status yet
		case $(sed 's/.*) //' "/proc/$child/stat" 2> /dev/null) in
		'' | Z*) gone=yes; break ;;
		esac
		sleep 0.1
	done
	is "${child:+one} $gone" "one yes" "a comparison that is killed leaves no process"
	is "$(ls "$tmp" | grep -c -e page -e '\.tmp$')" 0 "and no file"
else
	skip 2 "this system does not list children"
fi

cp "$ZMM" "$tmp/zmm"
"$tmp/zmm" compare -t -b 15 --only legacy "$tmp/t.trace" > "$tmp/out" 2> "$tmp/err" &
parent=$!
while kill -0 $parent 2> /dev/null && ! test -s "/proc/$parent/task/$parent/children" &&
	test -z "$(cat "/proc/$parent/task/$parent/children" 2> /dev/null)"; do
	sleep 0.02
done
rm "$tmp/zmm"
wait $parent
is "$? $(cat "$tmp/err")" "0 " "a program that is replaced meanwhile goes on"

# ---- full disks ----

if config HAVE_JANSSON; then
	echo "a 1 100" > "$tmp/short.trace"
	(trap '' XFSZ; ulimit -f 100; "$ZMM" compare -t -b 1 --only legacy --html "$tmp/page.html" \
		"$tmp/short.trace" > /dev/null 2> "$tmp/err")
	is "$?" 1 "a page that does not fit: exit status 1"
	like "$(cat "$tmp/err")" "zmm: $tmp/page.html: *" "and the file is named"
	is "$(ls "$tmp" | grep -c page)" 0 "and nothing of it is left"
else
	skip 3 "this build has no JSON (Debian package libjansson-dev)"
fi

done_testing
