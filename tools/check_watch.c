/* SPDX-License-Identifier: MIT */
/*
 * tools/check_watch.c - a debug register of a halted process, set from outside, so that the
 * instruction that writes to one byte is trapped.
 *
 * The process prints the report itself, in its handler of the trap (heap/guarded/witness.c), where
 * it can see its own stack.  Traps of writes that leave what belongs there are passed over: guards
 * are filled by such.
 */
#include "config.h"

#include "tools/check_run.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__i386__))
#include <dirent.h>
#include <errno.h>
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

static bool set_register(pid_t thread, int number, long value)
{
	return ptrace(PTRACE_POKEUSER, thread,
		offsetof(struct user, u_debugreg) + (size_t)number * sizeof(long), value) == 0;
}

/* The byte is the first of the word that was expected. */
static bool still_expected(pid_t pid, uint64_t address, uint64_t expected)
{
	unsigned char byte = 0;
	struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)address, 1 };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == 1 && byte == (unsigned char)expected;
}

/* Takes one thread, stops it and sets its registers.  It stays stopped. */
static bool take_thread(pid_t thread, uint64_t address)
{
	int status;

	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 ||
		ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
		waitpid(thread, &status, __WALL) != thread) {
		return false;
	}
	return set_register(thread, 0, (long)address) && set_register(thread, 7, trap_writes);
}

/* Takes all threads that the process has now; how many. */
static int take_threads(pid_t pid, uint64_t address, pid_t *threads, int most)
{
	char path[64];
	DIR *folder;
	struct dirent *found;
	int taken = 0;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	folder = opendir(path);
	while (folder && taken < most && (found = readdir(folder)) != NULL) {
		pid_t thread = (pid_t)atoi(found->d_name);

		if (thread > 0 && take_thread(thread, address)) {
			threads[taken++] = thread;
		}
	}
	if (folder) {
		closedir(folder);
	}
	return taken;
}

/* The signal to go on with: none for stops that are ptrace's own, and for harmless traps. */
static int signal_of(pid_t pid, int status, const struct zend_mm_witness *witness,
	uint64_t expected)
{
	int number = WSTOPSIG(status);

	if (status >> 16 != 0) {
		return 0;
	}
	return number == SIGTRAP && still_expected(pid, witness->watched, expected) ? 0 : number;
}

bool zmm_check_watch(pid_t pid, struct zend_mm_witness *witness, uint64_t expected)
{
	pid_t threads[64];
	int taken = take_threads(pid, witness->watched, threads, 64);
	pid_t thread;
	int status;

	__atomic_store_n(&witness->go, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < taken; i++) {
		ptrace(PTRACE_CONT, threads[i], NULL, NULL);
	}
	while (taken > 0 && (thread = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			ptrace(PTRACE_CONT, thread, NULL,
				(void *)(intptr_t)signal_of(pid, status, witness, expected));
		} else if (thread == pid) {
			break;
		}
	}
	return taken > 0;
}

#else

bool zmm_check_watch(pid_t pid, struct zend_mm_witness *witness, uint64_t expected)
{
	(void)pid;
	(void)expected;
	__atomic_store_n(&witness->go, 1, __ATOMIC_RELEASE);
	return false;
}
#endif
