/* SPDX-License-Identifier: MIT */
/*
 * tools/memory_run.h - one contender's memory over the run of a trace, looked at from inside and
 * from outside.
 *
 *    parent                                 child (this program started anew)
 *    zmm_memory_run_begin()  -------------> zmm_memory_observe(): replays, every page touched
 *    zmm_memory_run_step()   <- "p" ------- at a point: writes into the record what it knows
 *      reads /proc/PID, writes it there      (live, usable, the heap's ledger), waits
 *                             -- go ------>
 *    zmm_memory_run_step()   <- "d" ------- has freed everything, sleeps
 *    zmm_memory_run_drain()  … after 0.1, 1, 5 s …
 *                             -- go ------>
 *    zmm_memory_run_end()    <------------- ends
 *
 * The record is memory that both have mapped. The process stands still while it is looked at, so
 * all figures of a point are of the same moment, and looking costs it nothing.
 */
#ifndef ZMM_MEMORY_RUN_H
#define ZMM_MEMORY_RUN_H

#include "tools/child.h"
#include "tools/contender.h"
#include "tools/fragmentation.h"

enum {
	ZMM_POINTS = 200,         /* over the run, at most, and those below */
	ZMM_POINTS_MAX = ZMM_POINTS + 8,
	ZMM_PINS_KEPT = 5,        /* regions, and blocks of each, that the record has room for */
	ZMM_DRAINS = 4,
	ZMM_MOMENT_MEASURES = ZMM_MEASURE_PINNED + 1
};

extern const double zmm_drain_seconds[ZMM_DRAINS]; /* 0, 0.1, 1, 5 */

struct zmm_memory_point {
	uint64_t operation;       /* after it; 0: before the first */
	uint64_t live, live_blocks, usable;
	uint64_t held;            /* bytes from the system */
	uint64_t resident;        /* growth of the process's anonymous memory */
	/* Our heaps only: */
	uint64_t regions, pinned_regions;
	uint64_t causes[ZMM_CAUSES]; /* the ledger: sums to held */
	struct zmm_ratio measures[ZMM_MOMENT_MEASURES];
};

struct zmm_drain {
	double seconds;           /* since everything was freed, as it came */
	uint64_t held, resident;
};

struct zmm_memory_record {
	size_t point_count;
	struct zmm_memory_point points[ZMM_POINTS_MAX];
	size_t drain_count;
	struct zmm_drain drains[ZMM_DRAINS];

	uint64_t peak_live, peak_usable;
	/* Our heaps know it to the byte; for others it is the process's private writable memory less
	 * what it has of that apart from its malloc, looked at after every operation of a short trace
	 * and 20,000 times during a long one. */
	uint64_t peak_held;
	uint64_t final_held;      /* when the trace has ended, before anything is freed */
	uint64_t peak_resident;   /* at the points */
	/* The kernel's own mark (VmHWM) over the run, the same memory counted: what the points missed
	 * shows in it. It is coarser: the kernel counts up to a few dozen pages late. */
	bool high_water_known;
	uint64_t high_water;
	uint64_t failures;
	struct zmm_course course;
	/* Our heaps only: */
	uint64_t peak_regions;
	uint64_t storage_calls;   /* successful allocations, resizes and frees */
	bool shaped;              /* what follows is filled in, as it was at the greatest live bytes */
	struct zmm_shape shape;
	size_t pin_count;
	struct zmm_pin pins[ZMM_PINS_KEPT];
	struct zmm_pin_block pin_blocks[ZMM_PINS_KEPT * ZMM_PINS_KEPT];

	/* Between the two processes. */
	uint64_t drained_held;
	uint64_t first_resident;
	bool mark_reset;
};

struct zmm_memory_run {
	const struct zmm_contender *contender;
	struct zmm_child child;
	struct zmm_memory_record *record;
	int gate;                 /* the parent's end; -1: nothing runs */
	uint64_t base_held;
	size_t drains;            /* wanted, 0 .. ZMM_DRAINS */
	uint64_t drained_ns;      /* when everything was freed */
	bool hung;                /* it was killed, and why: */
	struct zmm_error why;
};

/* Starts a contender's run. base_held is what zmm_sample_base() said. False with the error set. */
bool zmm_memory_run_begin(struct zmm_memory_run *run, const struct zmm_contender *contender,
	int program_fd, uint64_t base_held, size_t drains, struct zmm_error *error);

/* Serves the child's next message; false once it is drained or has ended. */
bool zmm_memory_run_step(struct zmm_memory_run *run);

/* Looks at a drained child if it is time to; false once there is nothing more to look at, and then
 * the run can be ended. */
bool zmm_memory_run_drain(struct zmm_memory_run *run);

/* Lets the child end. The record stays until zmm_memory_run_drop(). False, with the error set,
 * where the run failed. */
bool zmm_memory_run_end(struct zmm_memory_run *run, struct zmm_error *error);
void zmm_memory_run_drop(struct zmm_memory_run *run);

/* The child's side. */
struct zmm_memory_watch {
	int gate;
	int record_fd;
	uint64_t base_held;
};
bool zmm_memory_observe(const zmm_program *program, const struct zmm_replay_options *options,
	const struct zmm_memory_watch *watch, struct zmm_error *error);

/* Maps a record; NULL where that fails. */
struct zmm_memory_record *zmm_memory_record_map(int fd);

#endif
