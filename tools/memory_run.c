/* SPDX-License-Identifier: MIT */
/*
 * tools/memory_run.c - the parent's side of a memory run. See memory_run.h.
 */
#include "config.h"

#include "tools/memory_run.h"

const double zmm_drain_seconds[ZMM_DRAINS] = { 0, 0.1, 1, 5 };

#ifdef _WIN32
bool zmm_memory_run_begin(struct zmm_memory_run *run, const struct zmm_contender *contender,
	int program_fd, uint64_t base_held, size_t drains, struct zmm_error *error)
{
	(void)contender;
	(void)program_fd;
	(void)base_held;
	(void)drains;
	return zmm_child_open(&run->child, error);
}

bool zmm_memory_run_step(struct zmm_memory_run *run)
{
	(void)run;
	return false;
}

bool zmm_memory_run_drain(struct zmm_memory_run *run)
{
	(void)run;
	return false;
}

bool zmm_memory_run_end(struct zmm_memory_run *run, struct zmm_error *error)
{
	return zmm_child_open(&run->child, error);
}

void zmm_memory_run_drop(struct zmm_memory_run *run)
{
	(void)run;
}

struct zmm_memory_record *zmm_memory_record_map(int fd)
{
	(void)fd;
	return NULL;
}
#else
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/memory.h"
#include "tools/shared_program.h"
#include "trace/ticks.h"

struct zmm_memory_record *zmm_memory_record_map(int fd)
{
	void *record = mmap(NULL, sizeof(struct zmm_memory_record), PROT_READ | PROT_WRITE, MAP_SHARED,
		fd, 0);

	return record == MAP_FAILED ? NULL : record;
}

static bool fail_to_share(struct zmm_error *error)
{
	zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot share memory with a process: %s",
		strerror(errno));
	return false;
}

/* The two descriptors that the child gets are closed here once it has them. */
static bool start(struct zmm_memory_run *run, int program_fd, int record_fd,
	struct zmm_error *error)
{
	struct zmm_child_setup setup = {
		.preload = run->contender->preload, .limit_seconds = run->contender->limit_seconds
	};
	struct zmm_contender_call call = {
		.kind = "memory", .program_fd = program_fd, .record_fd = record_fd,
		.number = run->base_held
	};
	int ends[2];
	bool started;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
		return fail_to_share(error);
	}
	run->gate = ends[0];
	fcntl(run->gate, F_SETFD, FD_CLOEXEC);
	call.gate_fd = ends[1];
	started = zmm_contender_start(run->contender, &call, &setup, &run->child, error);
	close(ends[1]);
	if (!started) {
		close(run->gate);
	}
	return started;
}

bool zmm_memory_run_begin(struct zmm_memory_run *run, const struct zmm_contender *contender,
	int program_fd, uint64_t base_held, size_t drains, struct zmm_error *error)
{
	int fd = zmm_nameless_file();
	bool started;

	*run = (struct zmm_memory_run){
		.contender = contender, .gate = -1, .base_held = base_held, .drains = drains
	};
	if (fd < 0 || ftruncate(fd, sizeof *run->record) != 0
			|| !(run->record = zmm_memory_record_map(fd))) {
		fail_to_share(error);
		if (fd >= 0) {
			close(fd);
		}
		return false;
	}
	started = start(run, program_fd, fd, error);
	close(fd);
	if (!started) {
		run->gate = -1;
		zmm_memory_run_drop(run);
	}
	return started;
}

static uint64_t growth(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static void look(const struct zmm_memory_run *run, uint64_t *held, uint64_t *resident)
{
	struct zmm_memory now;

	if (!zmm_memory_of(run->child.pid, &now)) {
		return;
	}
	if (!zmm_contender_is_heap(run->contender)) {
		*held = growth(run->base_held, now.held);
	}
	*resident = now.resident;
}

static void look_at_point(struct zmm_memory_run *run)
{
	struct zmm_memory_record *record = run->record;
	struct zmm_memory_point *point = &record->points[record->point_count - 1];

	look(run, &point->held, &point->resident);
	if (record->point_count == 1) {
		record->first_resident = point->resident;
	}
	point->resident = growth(record->first_resident, point->resident);
	if (point->resident > record->peak_resident) {
		record->peak_resident = point->resident;
	}
	if (!zmm_contender_is_heap(run->contender)) {
		record->final_held = point->held;
		if (point->held > record->peak_held) {
			record->peak_held = point->held;
		}
	}
}

static void let_go(const struct zmm_memory_run *run)
{
	/* A child that has died meanwhile is noticed by its end of file. */
	(void)!send(run->gate, "g", 1, MSG_NOSIGNAL);
}

static void read_mark(const struct zmm_memory_run *run)
{
	struct zmm_memory_record *record = run->record;
	struct zmm_memory_mark mark;

	record->high_water_known = record->mark_reset && zmm_memory_mark_of(run->child.pid, &mark);
	if (record->high_water_known) {
		record->high_water = growth(record->first_resident, mark.high_water);
	}
}

bool zmm_memory_run_step(struct zmm_memory_run *run)
{
	char message;
	ssize_t got;

	run->hung = !zmm_child_wait(&run->child, run->gate, &run->why);
	if (run->hung) {
		return false;
	}
	do {
		got = read(run->gate, &message, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1 && message == 'p') {
		look_at_point(run);
		let_go(run);
		return true;
	}
	if (got == 1) {
		read_mark(run);
		run->drained_ns = zmm_monotonic_ns();
	}
	return false;
}

bool zmm_memory_run_drain(struct zmm_memory_run *run)
{
	struct zmm_memory_record *record = run->record;
	double seconds = (double)(zmm_monotonic_ns() - run->drained_ns) / 1e9;
	struct zmm_drain *drain = &record->drains[record->drain_count];

	if (run->drained_ns == 0 || record->drain_count >= run->drains) {
		return false;
	}
	if (seconds >= zmm_drain_seconds[record->drain_count]) {
		record->drain_count++;
		drain->seconds = seconds;
		drain->held = record->drained_held;
		look(run, &drain->held, &drain->resident);
		drain->resident = growth(record->first_resident, drain->resident);
	}
	return record->drain_count < run->drains;
}

bool zmm_memory_run_end(struct zmm_memory_run *run, struct zmm_error *error)
{
	struct zmm_error cause;
	bool done;
	char nothing;

	let_go(run);
	done = zmm_child_finish(&run->child, &nothing, sizeof nothing, &cause);
	close(run->gate);
	run->gate = -1;
	return done || zmm_contender_blame(run->contender, run->hung ? &run->why : &cause, error);
}

void zmm_memory_run_drop(struct zmm_memory_run *run)
{
	if (run->record) {
		munmap(run->record, sizeof *run->record);
		run->record = NULL;
	}
}
#endif
