#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that handle faults themselves, on guarded heaps: what touches a guard page is reported
# all the same; their own faults are theirs, with sigaction()'s and signal()'s meaning; and a
# process that ends by _exit(), or while its threads run, is looked at.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -f "$builddir/libzend_malloc.so" || skip_all "there is no malloc replacement in this build"

cat > "$tmp/program.c" << 'END'
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf way_out;
static volatile sig_atomic_t faults, blocked;

static void jump(int number)
{
	sigset_t mask;

	faults++;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	blocked = sigismember(&mask, SIGUSR1) && sigismember(&mask, number);
	siglongjmp(way_out, 1);
}

static void note(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (number == SIGSEGV && info->si_addr == (void *)16) {
		faults++;
	}
	siglongjmp(way_out, 1);
}

static void touch(char *address)
{
	if (sigsetjmp(way_out, 1) == 0) {
		*(volatile char *)address = 1;
	}
}

/* As many faults as were made, 0 if sigaction() does not say what was set. */
static int own_faults(void)
{
	struct sigaction action = { .sa_handler = jump }, before;

	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR1);
	if (sigaction(SIGSEGV, &action, &before) != 0 || before.sa_handler != SIG_DFL) {
		return 0;
	}
	touch((char *)16);
	touch((char *)16);
	if (!blocked) {
		return 0;
	}
	action.sa_sigaction = note;
	action.sa_flags = SA_SIGINFO | SA_RESETHAND;
	if (sigaction(SIGSEGV, &action, &before) != 0 || before.sa_handler != jump) {
		return 0;
	}
	touch((char *)16);
	if (signal(SIGSEGV, SIG_IGN) != SIG_DFL) {
		return 0;
	}
	kill(getpid(), SIGSEGV);
	if (signal(SIGSEGV, SIG_DFL) != SIG_IGN || signal(SIGUSR1, jump) != SIG_DFL) {
		return 0;
	}
	return signal(SIGUSR1, SIG_DFL) == jump && signal(999, jump) == SIG_ERR ? faults : 0;
}

static pthread_barrier_t written;

static void *write_and_stay(void *argument)
{
	volatile char *block = malloc(64);

	block[65] = 1;
	pthread_barrier_wait(&written);
	for (;;) {
		pause();
	}
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	const char *what = argc > 1 ? argv[1] : "";
	char *volatile block = malloc(64);

	if (strcmp(what, "own") == 0) {
		printf("%d\n", own_faults());
		return 0;
	}
	if (strcmp(what, "default") == 0) {
		*(volatile char *)16 = 1;
	}
	if (strcmp(what, "sent") == 0) {
		kill(getpid(), SIGSEGV);
	}
	if (strcmp(what, "thread") == 0) {
		pthread_barrier_init(&written, NULL, 2);
		pthread_create(&thread, NULL, write_and_stay, NULL);
		pthread_barrier_wait(&written);
		return 0;
	}
	if (strcmp(what, "exit") == 0) {
		if (fork() == 0) {
			((volatile char *)block)[65] = 1;
			_exit(0);
		}
		wait(NULL);
		return 0;
	}
	signal(SIGSEGV, jump);
	signal(SIGABRT, _exit);
	touch(block + 64);
	puts("went on");
	return 0;
}
END
ok "the program compiles" $CC -w -g -O1 -rdynamic -pthread -o "$tmp/program" "$tmp/program.c"

# guarded HOW WHAT
guarded()
{
	run env ZEND_MM_DEBUG=$1 ZEND_MM_MODE=$mode LD_PRELOAD="$builddir/libzend_malloc.so" \
		"$tmp/program" $2
}

for mode in legacy modern; do
	guarded guard_pages=1 touch
	unlike "$out" "went on" "$mode: a handler of faults does not hide what guards find"
	like "$err" "zend_mm_heap corrupted*touched memory behind a block's end*called from*main+*" \
		"which is reported"
	guarded guard_pages=1 own
	is "$status:$out$err" 0:3 "$mode: the program's own faults are its own"
	guarded guard_pages=1 default
	is "$status" 139 "without a handler they end it"
	guarded guard_pages=1 sent
	is "$status" 139 "as a signal that is sent does"
	guarded padding=16 exit
	like "$err" "zend_mm_heap corrupted*written past its end*main+*" \
		"$mode: a child that ends by _exit() is looked at"
	guarded padding=16 thread
	like "$err" "zend_mm_heap corrupted*written past its end*" \
		"so is the heap of a thread that runs when the process ends"
	guarded '' own
	is "$status:$out$err" 0:3 "$mode: without guards it is all the same"
done
done_testing
