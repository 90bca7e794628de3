#!/bin/sh
# SPDX-License-Identifier: MIT
# zmm check of commands that are not one process with one thread that ends by returning from main():
# the write is found in threads, in children before and after their first request, in constructors,
# in what the kernel writes and over the heap's own words; ends by _exit() are looked at, so are
# daemons; what could not be checked is said; interruptions end the command, and nothing is left.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -f "$builddir/libzend_malloc.so" || skip_all "there is no malloc replacement in this build"
needs_watching

cat > "$tmp/program.c" << 'END'
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *block;
static volatile sig_atomic_t asked_to_end;

__attribute__((noinline)) void guilty_write(int at)
{
	block[at] = 'x';
	__asm__ volatile("" ::: "memory");
}

/* Not to be left out by the compiler. */
__attribute__((noinline)) char *ask(size_t size)
{
	char *made = malloc(size);

	__asm__ volatile("" : "+r"(made) : : "memory");
	return made;
}

static void *thread(void *argument)
{
	guilty_write(41);
	return argument;
}

static void in_thread(void)
{
	pthread_t other;

	pthread_create(&other, NULL, thread, NULL);
	pthread_join(other, NULL);
}

static void in_child(int requests)
{
	pid_t child = fork();

	if (child == 0) {
		for (int i = 0; i < requests; i++) {
			free(ask(7));
		}
		guilty_write(41);
		free(ask(9));
		free(block);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

__attribute__((noinline)) void guilty_read(void)
{
	int fd = open("/dev/zero", O_RDONLY);

	if (read(fd, block, 44) != 44) {
		_exit(9);
	}
	close(fd);
}

static void note(int number)
{
	(void)number;
	asked_to_end = 1;
}

static void serve(const char *started)
{
	signal(SIGTERM, note);
	signal(SIGINT, SIG_DFL);
	close(open(started, O_CREAT | O_WRONLY, 0600));
	while (!asked_to_end) {
		usleep(10000);
	}
}

static void caught(int number)
{
	(void)number;
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char *next;

	block = ask(40);
	next = ask(40);
	memset(block, 'a', 40);
	free(ask(5));
	if (strcmp(what, "thread") == 0) {
		in_thread();
	} else if (strncmp(what, "child", 5) == 0) {
		in_child(atoi(what + 5));
	} else if (strcmp(what, "kernel") == 0) {
		guilty_read();
	} else if (strcmp(what, "header") == 0) {
		signal(SIGSEGV, caught);
		signal(SIGABRT, caught);
		signal(SIGTRAP, caught);
		for (int i = 48; i < 56; i++) {
			guilty_write(i);
		}
	} else if (strcmp(what, "exit") == 0) {
		guilty_write(41);
		_exit(0);
	} else if (strcmp(what, "quick_exit") == 0) {
		guilty_write(41);
		quick_exit(0);
	} else if (strcmp(what, "daemon") == 0) {
		if (daemon(0, 0) != 0) {
			return 9;
		}
		usleep(300000);
		guilty_write(41);
	} else if (strcmp(what, "serve") == 0) {
		guilty_write(atoi(argv[3]));
		serve(argv[2]);
	} else if (strcmp(what, "crash") == 0) {
		*(volatile int *)8 = 1;
	} else if (strcmp(what, "status") == 0) {
		return atoi(argv[2]);
	} else if (strcmp(what, "terminal") == 0) {
		return open("/dev/tty", O_RDWR) < 0 ? 4 : 5;
	}
	free(ask(6));
	free(next);
	free(block);
	return 0;
}
END
ok "the program compiles" $CC -w -g -O1 -rdynamic -pthread -o "$tmp/program" "$tmp/program.c"

export TMPDIR="$tmp"
# check WHAT...: without an input.
check()
{
	status=0
	"$ZMM" check "$@" > "$tmp/out" 2> "$tmp/err" < /dev/null || status=$?
	out=$(cat "$tmp/out") err=$(cat "$tmp/err")
}

# finds WHAT WHO: the write itself is seen, and whose it is.
finds()
{
	check -b -m $mode -- "$tmp/program" "$1"
	like "$status:$out" "1:*the write:*the program wrote behind a block's end*$2+*" "$mode: $1" ||
		diag "$err"
}

for mode in legacy modern; do
	finds thread guilty_write
	finds child0 guilty_write
	like "$out" "*, before the fork*" "$mode: which begins with the fork"
	finds child3 guilty_write
	finds kernel guilty_read
	finds exit guilty_write
	finds quick_exit guilty_write
	finds daemon guilty_write
done
if plain_64; then
	check -b -g quarantine=1M,sites=1 -- "$tmp/program" header
	like "$out" "*the write:*wrote over what the heap keeps between blocks*called from  \
guilty_write+*" "a header is overwritten, by a program that catches all signals"
else
	skip 1 "headers lie elsewhere in this build"
fi

# ---- what is said of commands without damage ----

check -- "$tmp/program" crash
like "$status:$out" "1:the command was ended by signal 11*program touched 0x8, in main+*" \
	"a crash: where it was"
check -- sh -c "'$tmp/program' crash"
like "$status:$out" "1:the command exited with status 139*program touched 0x8, in main+*" \
	"and in a shell's child"
for number in 129 200 255; do
	check -- "$tmp/program" status $number
	like "$status:$out" "0:the command exited with status $number
no damage found in * requests of program" "a status of $number is no crash"
done
check -- sh -c "'$tmp/program'; '$tmp/program'"
like "$status:$out" "0:*no damage found in * requests of * processes: *program (2)*" \
	"several processes: which ones"
unlike "$out" "*not checked*" "all were checked"
"$ZMM" run true 2> "$tmp/foreign"
if test -s "$tmp/foreign"; then
	skip 1 "the system's programs cannot load this build's malloc replacement"
else
	check -- env -i "$tmp/program" exit
	like "$status:$out" "0:*no damage found in * requests of env
env became another program, which was not checked*" "a cleared environment: what was not checked"
fi
check -- "$tmp/program" terminal
like "$out" "the command exited with status 4*" "it has no terminal"
check -g "" -- "$tmp/program"
like "$status:$err" "2:zmm check: --guards is empty, so nothing would be guarded*" "no guards"

# ---- what the system refuses, as containers do ----

cat > "$tmp/refuse.c" << 'END'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned call = strcmp(argv[1], "ptrace") == 0 ? SYS_ptrace : SYS_personality;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	struct sock_fprog filter = { 4, code };

	if (argc < 3 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
		return 77;
	}
	execvp(argv[2], argv + 2);
	return 78;
}
END
if $CC -o "$tmp/refuse" "$tmp/refuse.c" 2> "$tmp/why" && "$tmp/refuse" ptrace true; then
	run "$tmp/refuse" ptrace "$ZMM" check -b -- "$tmp/program" thread
	like "$status:$out" "1:program: a block was written past its end*after   request *
the write was not seen: this system does not let programs be watched
(ptrace: Operation not permitted;*" "without ptrace() the requests are found all the same"
	run "$tmp/refuse" personality "$ZMM" check -b -- "$tmp/program" thread
	like "$status:$out" "1:program: a block was written past its end*after   request *" \
		"without personality(), too"
	case $(word_bytes):$(cat /proc/sys/kernel/randomize_va_space) in
	*:0) skip 1 "addresses are the same each time anyway" ;;
	4:*) skip 1 "of 32 bits so few are random that addresses can be the same" ;;
	*) like "$out" "*
the write was not seen: this system starts programs at other addresses each time
(personality: Operation not permitted;*" "and why the write was not" ;;
	esac
else
	skip 3 "system calls cannot be refused here"
fi

# ---- interruption ----

# interrupted AT SIGNAL: sends it when the command serves.
interrupted()
{
	rm -f "$tmp/started"
	"$ZMM" check -b -- "$tmp/program" serve "$tmp/started" $1 > "$tmp/out" 2> "$tmp/err" \
		< /dev/null &
	checker=$!
	tries=0
	while ! test -e "$tmp/started" && test $tries -lt 300; do
		sleep 0.1
		tries=$((tries + 1))
	done
	kill -$2 $checker
	status=0
	wait $checker || status=$?
	out=$(cat "$tmp/out")
}

interrupted 39 TERM
like "$status:$out" "143:interrupted: guard pages*
the command exited with status 0
no damage found in * requests of program" "what is interrupted ends in its own way"
interrupted 41 TERM
like "$status:$out" "1:program: a block was written past its end, in request *" \
	"and is checked at its end"
interrupted 39 HUP
like "$status:$out" "129:*ended by signal 1 *no damage found in * requests of program" \
	"or is ended by the signal"

# The signal comes when the command runs, and zmm has not yet come back from fork().
comes_back_late_from_fork
waits_for_signals
rm -f "$tmp/started"
LD_PRELOAD="$tmp/late.so" "$ZMM" check -- "$tmp/waiting" "$tmp/started" 60 \
	> "$tmp/out" 2> "$tmp/err" < /dev/null &
checker=$!
while ! test -s "$tmp/started"; do
	sleep 0.05
done
kill -TERM $checker
status=0
wait $checker || status=$?
like "$status:$(cat "$tmp/out")" "143:*ended by signal 15 *" \
	"an interruption right after the start reaches the command"
is "$(ls -d "$tmp"/zmm-check.* 2> /dev/null)" "" "no files are left over"
done_testing
