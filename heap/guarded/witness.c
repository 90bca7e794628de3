/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/witness.c - entering the process, counting its requests, and halting it where the
 * watcher asks (see witness.h).
 *
 * Called by startup.c and, at the beginning of each request, by verbs.c.  Reports reach the witness
 * through zend_mm_print_problem().
 */
#ifndef _WIN32
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "heap/failure.h"
#include "heap/guarded/guarded.h"
#include "heap/guarded/witness.h"
#include "storage/address.h"
#include "storage/emergency.h"
#include "storage/hidden.h"
#include "storage/stack.h"

struct zend_mm_witness *zend_mm_witness;

static struct zend_mm_witness_process *entry; /* of this process; NULL where there is no room */
static pid_t entered;                         /* the process that entry belongs to */
static bool trapped;                          /* what is reported was trapped when it was written */

/* The two newest requests. */
static struct {
	struct zend_mm_witnessed request;
	const void *frames[guard_site_depth + 1];
} kept[2];

/* {{{ Being there. */

static void name_program(char name[64])
{
	char path[512];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	const char *base;

	path[length > 0 ? length : 0] = '\0';
	base = strrchr(path, '/');
	snprintf(name, 64, "%.63s", base ? base + 1 : path);
}

static void enter(void)
{
	uint32_t place = __atomic_fetch_add(&zend_mm_witness->entered, 1, __ATOMIC_RELAXED);
	const struct zend_mm_witness_process *parent = entry;

	entered = getpid();
	entry = place < zend_mm_witness_processes ? &zend_mm_witness->process[place] : NULL;
	if (entry) {
		if (parent) {
			entry->requests = entry->inherited = parent->requests;
			entry->parent = (uint32_t)(parent - zend_mm_witness->process) + 1;
		}
		name_program(entry->program);
		__atomic_store_n(&entry->pid, (uint32_t)entered, __ATOMIC_RELEASE);
	}
}

/* }}} */
/* {{{ What reports and the watcher get to read. */

static void describe(const struct zend_mm_witnessed *request, char *text, size_t size)
{
	const void *const *frame = request->frames;
	char code[128] = "";
	int length;

	while (frame && frame[0] && frame[1] && zend_mm_is_own_code(frame[0])) {
		frame++;
	}
	if (frame && *frame) {
		zend_mm_describe_code(*frame, code, sizeof code);
	}
	length = snprintf(text, size, "%s", request->verb ? request->verb : "");
	if (request->ptr) {
		length += snprintf(text + length, size - (size_t)length, " " ZEND_MM_ADDRESS,
			(uintptr_t)request->ptr);
	}
	if (request->size != SIZE_MAX) {
		length += snprintf(text + length, size - (size_t)length, "%s %zu byte%s",
			request->ptr ? " to" : "", request->size, request->size == 1 ? "" : "s");
	}
	if (*code) {
		snprintf(text + length, size - (size_t)length, ", called from %s", code);
	}
}

static void testify(void)
{
	for (int i = 0; i < 2; i++) {
		if (kept[i].request.verb) {
			describe(&kept[i].request, entry->last[i], sizeof entry->last[i]);
		}
	}
}

/* The file is opened as late as that: programs close what they did not open. */
static void report_to_watcher(void)
{
	int fd = zend_mm_witness->report[0] ?
		open(zend_mm_witness->report, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;

	if (fd >= 0) {
		zend_mm_error_fd = fd;
	}
}

static void on_problem(const zend_mm_problem *problem)
{
	if (entered != getpid()) {
		enter();
	}
	if (entry && entry->state != ZEND_MM_WITNESS_DAMAGED) {
		testify();
		snprintf(entry->reason, sizeof entry->reason, "%s", problem->reason);
		entry->word = (uintptr_t)problem->word;
		entry->expected = problem->expected;
		entry->seen = trapped;
		__atomic_store_n(&entry->state, ZEND_MM_WITNESS_DAMAGED, __ATOMIC_RELEASE);
	}
	report_to_watcher();
}

/* }}} */
/* {{{ Halting. */

/* The watcher has the processor stop whoever writes to one place. */
static void on_trap(const void *instruction)
{
	trapped = true;
	zend_mm_guard_written_to((const void *)(uintptr_t)zend_mm_witness->watched, instruction);
	trapped = false;
}

static void halt(void)
{
	static const struct timespec pause = { 0, 200000 };
	zend_mm_problem problem;

	for (struct guard_layer *guard = zend_mm_guarded_heaps; guard; guard = guard->next) {
		if (zend_mm_guard_check_all(guard, &problem) > 0 ||
			guard->layer.below->check(guard->heap, &problem) > 0) {
			zend_mm_corrupted(&problem);
		}
	}
	if (zend_mm_witness->watched) {
		zend_mm_on_trap(on_trap);
	}
	testify();
	__atomic_store_n(&entry->state, ZEND_MM_WITNESS_HALTED, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&zend_mm_witness->go, __ATOMIC_ACQUIRE)) {
		nanosleep(&pause, NULL);
	}
	__atomic_store_n(&entry->state, ZEND_MM_WITNESS_RUNNING, __ATOMIC_RELEASE);
}

/* }}} */

void zend_mm_witness_request(const struct zend_mm_witnessed *request)
{
	int saved_errno = errno;

	if (entered != getpid()) {
		enter();
	}
	if (entry) {
		kept[0] = kept[1];
		kept[0].request.frames = kept[0].frames;
		kept[1].request = *request;
		for (int i = 0; i < guard_site_depth; i++) {
			kept[1].frames[i] = request->frames ? request->frames[i] : NULL;
		}
		kept[1].request.frames = kept[1].frames;
		__atomic_store_n(&entry->requests, entry->requests + 1, __ATOMIC_RELAXED);
		if (entry->requests == zend_mm_witness->halt_at &&
			entry == &zend_mm_witness->process[zend_mm_witness->target]) {
			halt();
		}
	}
	errno = saved_errno;
}

void zend_mm_witness_exit(void)
{
	if (entry && entered == getpid()) {
		__atomic_store_n(&entry->exited, 1, __ATOMIC_RELEASE);
	}
}

void zend_mm_witness_fault(const void *address, const void *instruction)
{
	char code[128] = "";

	if (entry && entered == getpid()) {
		if (instruction) {
			zend_mm_describe_code(instruction, code, sizeof code);
		}
		snprintf(entry->fault, sizeof entry->fault, "touched " ZEND_MM_ADDRESS "%s%s",
			(uintptr_t)address, *code ? ", in " : "", code);
	}
}

void zend_mm_witness_open(void)
{
	const char *path = getenv("ZEND_MM_WITNESS");
	int fd = path && !zend_mm_witness ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0) {
		return;
	}
	map = mmap(NULL, sizeof *zend_mm_witness, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED) {
		zend_mm_witness = map;
		zend_mm_problem_witness = on_problem;
		enter();
	}
}
#endif
