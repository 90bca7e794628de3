/* SPDX-License-Identifier: MIT */
/*
 * tools/check_watch.c - a debug register of a halted process, set from outside, so that the
 * instruction that writes to one byte is trapped.
 *
 * The process prints the report itself, in its handler of the trap (heap/guarded/witness.c), where
 * it can see its own stack.  Traps of writes that leave what belongs there are passed over: guards
 * are filled by such.
 *
 * Threads and children that begin later are taken when they begin.  The kernel's own writes, for
 * system calls, trap nobody: the byte is looked at after each call, and where it has changed, the
 * trap is sent.
 */
#include "config.h"

#include <errno.h>

#include "tools/check_run.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__i386__))
#include <dirent.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

/* Register 0, for this thread, when one byte is written. */
static const long trap_writes = 1L | 1L << 16;

/* A stop before or after a system call is told from a signal by this bit. */
static const int of_system_call = 0x80;

enum { most_threads = 256 };

static const long follow = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
	PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;

/* The threads that are watched, each with its process. */
struct watch {
	struct zend_mm_witness *witness;
	uint64_t expected;                 /* its first byte is what belongs there */
	int threads;
	struct { pid_t thread, process; } of[most_threads];
	unsigned char byte[most_threads];  /* last seen there, at the place of the process's first */
};

/* {{{ The threads. */

static pid_t process_of(pid_t thread)
{
	char path[64], line[256];
	int process = thread;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file) && sscanf(line, "Tgid: %d", &process) != 1) {
	}
	if (file) {
		fclose(file);
	}
	return process;
}

/* Where a thread is in the table, or -1. */
static int place_of(const struct watch *watch, pid_t thread)
{
	for (int i = 0; i < watch->threads; i++) {
		if (watch->of[i].thread == thread) {
			return i;
		}
	}
	return -1;
}

/* The byte as its process has it; all threads of a process share one place for it. */
static unsigned char *byte_of(struct watch *watch, int place)
{
	int first = 0;

	while (watch->of[first].process != watch->of[place].process) {
		first++;
	}
	return &watch->byte[first];
}

static bool read_byte(const struct watch *watch, pid_t thread, unsigned char *byte)
{
	struct iovec here = { byte, 1 };
	struct iovec there = { (void *)(uintptr_t)watch->witness->watched, 1 };

	return process_vm_readv(thread, &here, 1, &there, 1, 0) == 1;
}

static bool set_register(pid_t thread, int number, long value)
{
	return ptrace(PTRACE_POKEUSER, thread,
		offsetof(struct user, u_debugreg) + (size_t)number * sizeof(long), value) == 0;
}

/* Enters a stopped thread and sets its registers.  False where the processor has none to set. */
static bool enter_thread(struct watch *watch, pid_t thread)
{
	int place = watch->threads;

	if (place < most_threads) {
		watch->of[place].thread = thread;
		watch->of[place].process = process_of(thread);
		watch->threads++;
		read_byte(watch, thread, byte_of(watch, place));
	}
	return set_register(thread, 0, (long)watch->witness->watched) &&
		set_register(thread, 7, trap_writes);
}

/* Takes one thread that runs already, and stops it. */
static bool take_thread(struct watch *watch, pid_t thread)
{
	int status;

	return ptrace(PTRACE_SEIZE, thread, NULL, (void *)follow) == 0 &&
		ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == 0 &&
		waitpid(thread, &status, __WALL) == thread && enter_thread(watch, thread);
}

/* Takes all threads that the process has now.  False, with errno set, where one could not be. */
static bool take_threads(struct watch *watch, pid_t pid)
{
	char path[64];
	DIR *folder;
	struct dirent *found;
	int error = 0;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	folder = opendir(path);
	while (folder && watch->threads < most_threads && (found = readdir(folder)) != NULL) {
		pid_t thread = (pid_t)atoi(found->d_name);

		if (thread > 0 && !take_thread(watch, thread) && errno != ESRCH) { /* not ended */
			error = errno;
		}
	}
	if (folder) {
		closedir(folder);
	} else {
		error = errno;
	}
	errno = error;
	return error == 0;
}

/* A thread has ended; the byte's place moves with the table. */
static void leave_thread(struct watch *watch, pid_t thread)
{
	int place = place_of(watch, thread);
	unsigned char byte;
	pid_t process;

	if (place < 0) {
		return;
	}
	process = watch->of[place].process;
	byte = *byte_of(watch, place);
	watch->threads--;
	for (int i = place; i < watch->threads; i++) {
		watch->of[i] = watch->of[i + 1];
		watch->byte[i] = watch->byte[i + 1];
	}
	for (int i = 0; i < watch->threads; i++) {
		if (watch->of[i].process == process) {
			*byte_of(watch, i) = byte;
		}
	}
}

/* }}} */
/* {{{ Stops. */

/* After a system call: whether it was the kernel that wrote, which gets the trap now. */
static int after_system_call(struct watch *watch, int place)
{
	unsigned char *byte = byte_of(watch, place), before = *byte;

	if (!read_byte(watch, watch->of[place].thread, byte)) {
		return 0;
	}
	return *byte != before && *byte != (unsigned char)watch->expected ? SIGTRAP : 0;
}

/* The signal to go on with: none for stops that are ptrace's own, and for harmless traps. */
static int signal_of(struct watch *watch, pid_t thread, int status)
{
	int number = WSTOPSIG(status), place = place_of(watch, thread);

	if (place < 0) { /* it has just begun */
		enter_thread(watch, thread);
		place = place_of(watch, thread);
	}
	if (status >> 16 != 0) {
		return 0;
	}
	if (number == (SIGTRAP | of_system_call)) {
		return place < 0 ? 0 : after_system_call(watch, place);
	}
	if (number == SIGTRAP && place >= 0) {
		unsigned char *byte = byte_of(watch, place);

		return read_byte(watch, thread, byte) && *byte == (unsigned char)watch->expected ? 0 :
			number;
	}
	return number;
}

/* Whether a process has found damage, and ended after that. */
static bool has_reported(const struct watch *watch)
{
	pid_t process = zmm_check_damaged(watch->witness);

	for (int i = 0; process && i < watch->threads; i++) {
		if (watch->of[i].process == process) {
			return false;
		}
	}
	return process != 0;
}

/* }}} */

bool zmm_check_watch(pid_t pid, struct zend_mm_witness *witness, uint64_t expected)
{
	struct watch watch = { .witness = witness, .expected = expected };
	pid_t thread;
	int status;

	if (!take_threads(&watch, pid)) {
		return false;
	}
	__atomic_store_n(&witness->go, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < watch.threads; i++) {
		ptrace(PTRACE_SYSCALL, watch.of[i].thread, NULL, NULL);
	}
	while (!has_reported(&watch) && (thread = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			int number = signal_of(&watch, thread, status);

			ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(intptr_t)number);
		} else {
			leave_thread(&watch, thread);
		}
	}
	return true;
}

#else

bool zmm_check_watch(pid_t pid, struct zend_mm_witness *witness, uint64_t expected)
{
	(void)pid;
	(void)witness;
	(void)expected;
	errno = ENOSYS;
	return false;
}
#endif
