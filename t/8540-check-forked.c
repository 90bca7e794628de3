/* SPDX-License-Identifier: MIT */
/*
 * What watched processes leave in the witness's file: a child made by fork() that finds damage
 * before it asks for anything has an entry of its own, with the damage in it; and one that halts
 * where the watcher wants says what it is about to do, goes on when it may, and tells of the write
 * that a trap stopped.
 */
#include "heap/guarded/witness.h"
#include "storage/address.h"
#include "t/tap.h"
#include "zend_alloc.h"

#ifdef _WIN32
int main(void)
{
	skip_all("no process is watched on Windows");
}
#else
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>

/* What a debugger's trap is to the process: sent by no process. */
#if defined(__x86_64__) || defined(__i386__)
# define TRAP() __asm__ volatile("int3")
#else
# define TRAP() __builtin_trap()
#endif

static char path[] = "/tmp/zmm-witness.XXXXXX";

static struct zend_mm_witness *make_file(void)
{
	int fd = mkstemp(path);
	void *map;

	if (fd < 0 || ftruncate(fd, sizeof(struct zend_mm_witness)) != 0) {
		bail_out("no temporary file");
	}
	map = mmap(NULL, sizeof(struct zend_mm_witness), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map;
}

static char *damaged;

static void end_request(const char *argument)
{
	(void)argument;
	zend_mm_shutdown(zend_mm_get_heap(), 0, 1);
}

/* Asks twice, the second time where it is to halt; then comes what a debugger's trap would be. */
static void ask_twice(FILE *errors)
{
	void *volatile block = emalloc(56);

	dup2(fileno(errors), 2);
	efree(block);
	TRAP();
	_exit(9);
}

static void check_halting(struct zend_mm_witness *witness, const char *block, const char *what)
{
	struct zend_mm_witness_process *process = &witness->process[witness->entered];
	FILE *errors = tmpfile();
	char text[8192];
	int status = 0;
	pid_t pid;

	witness->target = witness->entered;
	witness->halt_at = witness->process[0].requests + 2;
	witness->watched = (uintptr_t)block + 101;
	if ((pid = fork()) == 0) {
		ask_twice(errors);
	}
	while (__atomic_load_n(&process->state, __ATOMIC_ACQUIRE) != ZEND_MM_WITNESS_HALTED &&
		waitpid(pid, &status, WNOHANG) == 0) {
		sched_yield();
	}
	is_int(process->state, ZEND_MM_WITNESS_HALTED, "a process halts at the request asked for");
	is_size((size_t)process->requests, (size_t)witness->halt_at, "with its number");
	contains(process->last[0], "allocate 56 bytes", "the request before is named");
	contains(process->last[1], "free 0x", "and the one that begins");
	contains(process->last[1], ", called from ", "with its place");
	__atomic_store_n(&witness->go, 1, __ATOMIC_RELEASE);
	waitpid(pid, &status, 0);
	ok(ZEND_DEBUG ? WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV :
		WIFEXITED(status) && WEXITSTATUS(status) == 1, "it goes on and ends as corrupted");
	tap_take(errors, text, sizeof text);
	contains(text, what, "the trap says what it was");
	contains(text, tap_format(ZEND_MM_ADDRESS, (uintptr_t)(block + 101)), "and where");
	is_int(process->state, ZEND_MM_WITNESS_DAMAGED, "which is its state at last");
	witness->go = 0;
}

static void damage_and_ask(const char *block)
{
	(void)block;
	damaged[101] ^= 1;
	emalloc(56);
}

/* It does not come to a halt where all is not sound. */
static void check_not_halting(struct zend_mm_witness *witness)
{
	const struct zend_mm_witness_process *process = &witness->process[witness->entered];
	struct tap_child child;

	witness->target = witness->entered;
	witness->halt_at = witness->process[0].requests + 1;
	child = run_child(damage_and_ask, NULL);
	contains(child.err, "a block was written past its end", "damage is found before a halt");
	is_int(process->state, ZEND_MM_WITNESS_DAMAGED, "and told");
	witness->halt_at = 0;
}

int main(void)
{
	struct zend_mm_witness *witness;
	zend_mm_options options;
	struct tap_child child;
	char *block;

	if (getenv("SANITIZER") && *getenv("SANITIZER")) {
		skip_all("a sanitizer finds the damage first");
	}
	witness = make_file();
	set_environment("ZEND_MM_WITNESS", path);
	zend_mm_default_options(&options);
	options.mode = ZEND_MM_LEGACY;
	options.debug = "padding=16,quarantine=1M,sites=1";
	zend_mm_set_heap(zend_mm_startup_with(&options));
	block = emalloc(101);
	is_size(witness->entered, 1, "a process with a guarded heap enters itself");
	is_size((size_t)witness->process[0].requests, 1, "and counts its requests");
	block[101] ^= 1;
	child = run_child(end_request, NULL);
	contains(child.err, "a block was written past its end", "its child finds damage");
	is_size(witness->entered, 2, "and has entered itself");
	ok(witness->process[1].pid != witness->process[0].pid && witness->process[0].pid ==
		(uint32_t)getpid(), "as a process of its own");
	is_size((size_t)witness->process[1].requests, 1, "which goes on counting");
	is_int(witness->process[1].state, ZEND_MM_WITNESS_DAMAGED, "its state says so");
	is_str(witness->process[1].reason, "a block was written past its end", "with the reason");
	is_int(witness->process[0].state, ZEND_MM_WITNESS_RUNNING, "nothing is said of the parent");
	block[101] ^= 1;
	check_halting(witness, block, "the program wrote behind a block's end");
	damaged = block;
	check_not_halting(witness);
	efree(block);
	check_halting(witness, block - 50, "the program wrote to a block after it was freed");
	zend_mm_shutdown(zend_mm_get_heap(), 1, 1);
	unlink(path);
	return done_testing();
}
#endif
