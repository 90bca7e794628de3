#!/bin/sh
# SPDX-License-Identifier: MIT
# zmm check --bisect of a command: the request before the damage, the one after it, and the
# instruction that wrote, with the function it is in; for programs of malloc and of the library.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -f "$builddir/libzend_malloc.so" || skip_all "there is no malloc replacement in this build"
needs_watching
TMPDIR=$tmp # what is left over is to be this test's, not another one's
export TMPDIR

cat > "$tmp/program.c" << 'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *names[300];
static char *volatile freed;

__attribute__((noinline)) void guilty_write(char *name, size_t length, char with)
{
	fflush(stdout);
	name[length] = with;
}

__attribute__((noinline)) char *make_name(int i, const char *input)
{
	char *name = malloc(strlen(input) + 10);

	snprintf(name, strlen(input) + 10, "%s%d", input, i);
	return name;
}

int main(int argc, char **argv)
{
	char input[64] = "none";

	if (scanf("%63s", input) != 1 || argc < 2) {
		return 3;
	}
	for (int i = 0; i < 300; i++) {
		names[i] = make_name(i, input);
		if (i == 170 && strcmp(argv[1], "overflow") == 0) {
			guilty_write(names[i], strlen(input) + 10, 'x');
		}
		if (i == 170 && strcmp(argv[1], "underflow") == 0) {
			guilty_write(names[i], (size_t)-1, 'x');
		}
		if (i == 170 && strncmp(argv[1], "freed", 5) == 0) {
			freed = names[i];
			free(names[i]);
			names[i] = NULL;
		}
		if (i == 201 && strcmp(argv[1], "freed-write") == 0) {
			guilty_write(freed, 3, 'x');
		}
		if (i == 201 && strcmp(argv[1], "freed-read") == 0) {
			putchar(freed[3]);
		}
		if (i == 201 && strcmp(argv[1], "freed-twice") == 0) {
			free(freed);
		}
		if (i == 201 && strcmp(argv[1], "random") == 0 && getenv("ONCE") &&
			remove(getenv("ONCE")) == 0) {
			guilty_write(names[i], strlen(input) + 10, 'x');
		}
	}
	for (int i = 0; i < 300; i++) {
		free(names[i]);
	}
	return strcmp(argv[1], "status") == 0 ? 7 : 0;
}
END
ok "the program compiles" $CC -g -O1 -rdynamic -o "$tmp/program" "$tmp/program.c"

# check WHAT...: with an input, which each run gets.
check()
{
	status=0
	echo name | "$ZMM" check "$@" > "$tmp/out" 2> "$tmp/err" || status=$?
	out=$(cat "$tmp/out") err=$(cat "$tmp/err")
}

for mode in legacy modern; do
	check -b -m $mode -- "$tmp/program" overflow
	is $status 1 "$mode: an overflow by one is found"
	like "$out" "program: a block was written past its end
  after   request 17?: allocate 14 bytes, called from make_name+*
  before  request 17?: allocate 14 bytes, called from make_name+*" "between two requests"
	like "$out" "*the write:*the program wrote behind a block's end*" "the write is seen"
	like "$out" "*allocated by make_name+*called from  guilty_write+*main+*" "and who it was"

	check -b -m $mode -- "$tmp/program" underflow
	like "$out" "*the program wrote before a block's beginning*called from  guilty_write+*" \
		"an underflow"

	check -b -m $mode -- "$tmp/program" freed-write
	like "$out" "*the program wrote to a block after it was freed*freed by*main+*guilty_write+*" \
		"a write after free, and who freed"

	check -b -m $mode -- "$tmp/program" freed-read
	is $status 1 "a read after free is found"
	like "$out" "program: the program touched a block after it was freed*called from*main+*" \
		"by guard pages"

	check -b -m $mode -- "$tmp/program" freed-twice
	like "$out" "program: a block was freed twice, in request *freed by*main+*called from*main+*" \
		"a block freed twice needs no search"

	check -b -m $mode -- "$tmp/program" status
	is "$status" 0 "$mode: a sound command"
	like "$out" "the command exited with status 7
no damage found in * requests of program" "how it ended is said"
done

check -- "$tmp/program" overflow
is $status 1 "without --bisect: found"
like "$out" "*written past its end, in request*zmm check --bisect finds out who wrote there" \
	"and how to go on"

echo name > "$tmp/input"
check -b -- sh -c "'$tmp/program' status < '$tmp/input'; '$tmp/program' overflow < '$tmp/input'"
like "$out" "program: a block was written past its end*called from  guilty_write+*" \
	"the one of several processes"

check -b -- "$builddir/t/crash/write-after-free-deep" large
like "$out" "*the program wrote to a block after it was freed*" "a program of the library's own"

touch "$tmp/once"
export ONCE="$tmp/once"
check -b -- "$tmp/program" random
is $status 3 "a program that does not do the same each time"
like "$out" "*not in the same way each time*" "is said to"

check -- "$tmp/nowhere"
is $status 127 "no such command"
like "$err" "zmm check: cannot run $tmp/nowhere: there is no such command" "says so"
check -s malloc -- "$tmp/program" status
like "$status:$err" "2:zmm check: --storage is for traces*" "options of traces are refused"
check -g padding=many -- "$tmp/program" status
like "$status:$err" "2:zmm check: --guards: 'padding' is not 'many'*" "bad guards are refused"
is "$(ls -d "$tmp"/zmm-check.* 2> /dev/null)" "" "no files are left over"

is_running() { grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2> /dev/null; }

# Ended from outside while the command runs, as a terminal's Ctrl-C does it.
waits_for_signals
for signal in INT TERM HUP; do
	rm -f "$tmp/pid"
	# a shell has what runs in its background ignore SIGINT, and nohup SIGHUP
	perl -e '$SIG{$_} = "DEFAULT" for qw(INT HUP); exec @ARGV' \
		"$ZMM" check -- "$tmp/waiting" "$tmp/pid" 600 \
		> "$tmp/out" 2> "$tmp/err" < /dev/null &
	while ! test -s "$tmp/pid"; do
		sleep 0.02
	done
	kill -$signal $!
	wait $!
	is "$(kill -l $?)" $signal "ended by SIG$signal"
	pid=$(cat "$tmp/pid")
	for i in 1 2 3 4 5 6 7 8 9; do
		is_running "$pid" || break
		sleep 0.$i
	done
	ok "the command, too" eval '! is_running $pid'
	is "$(ls -d "$tmp"/zmm-check.* 2> /dev/null)" "" "no files are left over"
done
done_testing
