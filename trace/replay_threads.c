/* SPDX-License-Identifier: MIT */
/*
 * trace/replay_threads.c - see replay_threads.h.
 *
 * First a plan is made: each thread's steps, and a cell for each block. Cells of blocks that only
 * one thread uses are used again within that thread; a block that several threads use has a cell of
 * its own for good, with a count of what has been done to it.
 *
 * Invariant: a cell is touched by its thread alone, or by the thread whose step's `turn` the cell's
 * count has reached, which makes it one more when it is done.
 *
 * The calling thread runs the program's first thread, which on most systems is served differently
 * from others; a thread of its own starts and joins the rest, in the recorded order.
 */
#include "trace/replay_threads.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace/payload.h"

enum {
	PRIVATE = UINT32_MAX, /* a turn: nobody else uses the block */
	SPINS = 200,          /* then the processor is given to others */
	YIELDS = 200,         /* then the thread sleeps */
	SLEEP_NS = 50000,
	STACK_BYTES = 256 << 10,
	CELL_LINE = 64
};

struct cell {
	void *block;
	size_t size;          /* as asked for; for verifying */
	uint32_t key;
	bool refused;         /* there was no memory for it */
	_Atomic uint32_t done; /* what happened to the block, for those that several threads use */
};

struct step {
	uint32_t op; /* index in the program */
	uint32_t cell;
	uint32_t turn;
};

struct thread {
	struct threads *threads;
	size_t first, end; /* its steps */
	uint64_t failures;
	uint64_t waits;
	pthread_t handle;
	bool running;      /* for the one that starts and joins */
};

/* A thread begins (before its first operation) or has ended. */
struct moment {
	uint32_t thread;
	bool ended;
};

struct threads {
	const zmm_program *program;
	bool verify;
	struct thread *list;
	uint32_t count;
	struct moment *moments;
	size_t moment_count;
	struct step *steps;
	struct cell *cells;
	size_t cell_count;
	uint64_t shared_blocks;
	atomic_bool over;        /* something failed: everybody stops */
	pthread_mutex_t failing; /* guards `error` */
	struct zmm_error error;
};

static void fail(struct threads *threads, const struct zmm_error *error)
{
	pthread_mutex_lock(&threads->failing);
	if (!threads->over)
		threads->error = *error;
	threads->over = true;
	pthread_mutex_unlock(&threads->failing);
}

/* --- the plan -------------------------------------------------------------------------------- */

/* What is known about a slot while the program is gone through. */
struct slot {
	uint32_t alloc; /* the operation that allocated the block in it */
	uint32_t cell;
	uint32_t turn;  /* of the next step, PRIVATE */
};

/* What the plan needs only while it is made. */
struct planning {
	struct threads *threads;
	struct slot *slots;
	unsigned char *shared;    /* by the operation that allocates a block: several threads use it */
	struct unused *unused;    /* per thread: cells of private blocks that are free */
	size_t *next_step;        /* per thread */
	bool *begun;              /* per thread */
};

/* A stack of cells of one thread. */
struct unused {
	uint32_t *cells;
	size_t count, room;
};

static uint32_t thread_of(const zmm_program *program, size_t op)
{
	return program->thread ? program->thread[op] : 0;
}

static bool is_request(enum zmm_op_kind kind)
{
	return kind == ZMM_OP_ALLOC || kind == ZMM_OP_ALIGNED || kind == ZMM_OP_RESIZE
		|| kind == ZMM_OP_FREE;
}

static bool is_alloc(enum zmm_op_kind kind)
{
	return kind == ZMM_OP_ALLOC || kind == ZMM_OP_ALIGNED;
}

/* Find the blocks that several threads use, and count each thread's steps. */
static void find_shared(struct planning *planning)
{
	const zmm_program *program = planning->threads->program;

	for (size_t i = 0; i < program->op_count; i++) {
		const struct zmm_op *op = &program->ops[i];
		enum zmm_op_kind kind = zmm_op_kind(op);
		struct slot *slot = &planning->slots[zmm_op_slot(op)];
		if (!is_request(kind))
			continue;
		planning->next_step[thread_of(program, i)]++;
		if (is_alloc(kind))
			slot->alloc = (uint32_t)i;
		else if (thread_of(program, slot->alloc) != thread_of(program, i))
			planning->shared[slot->alloc] = 1;
	}
}

/* Turn the counts into where each thread's steps are. */
static void place_steps(struct planning *planning)
{
	struct threads *threads = planning->threads;
	size_t first = 0;

	for (uint32_t i = 0; i < threads->count; i++) {
		threads->list[i].first = first;
		first += planning->next_step[i];
		threads->list[i].end = first;
		planning->next_step[i] = threads->list[i].first;
	}
}

static uint32_t take_cell(struct planning *planning, uint32_t thread, bool shared)
{
	struct unused *unused = &planning->unused[thread];

	if (!shared && unused->count)
		return unused->cells[--unused->count];
	return (uint32_t)planning->threads->cell_count++;
}

static bool give_cell_back(struct planning *planning, uint32_t thread, uint32_t cell)
{
	struct unused *unused = &planning->unused[thread];

	if (unused->count == unused->room) {
		size_t room = unused->room ? unused->room * 2 : 64;
		uint32_t *cells = realloc(unused->cells, room * sizeof *cells);
		if (!cells)
			return false;
		unused->cells = cells;
		unused->room = room;
	}
	unused->cells[unused->count++] = cell;
	return true;
}

static bool plan_request(struct planning *planning, size_t op, uint32_t thread)
{
	struct threads *threads = planning->threads;
	const struct zmm_op *request = &threads->program->ops[op];
	struct slot *slot = &planning->slots[zmm_op_slot(request)];
	enum zmm_op_kind kind = zmm_op_kind(request);

	if (is_alloc(kind)) {
		bool shared = planning->shared[op];
		slot->cell = take_cell(planning, thread, shared);
		slot->turn = shared ? 0 : PRIVATE;
		threads->shared_blocks += shared;
	}
	threads->steps[planning->next_step[thread]++] =
		(struct step){ (uint32_t)op, slot->cell, slot->turn };
	if (slot->turn != PRIVATE)
		slot->turn++;
	else if (kind == ZMM_OP_FREE)
		return give_cell_back(planning, thread, slot->cell);
	return true;
}

static bool plan(struct planning *planning)
{
	struct threads *threads = planning->threads;
	const zmm_program *program = threads->program;

	find_shared(planning);
	place_steps(planning);
	for (size_t i = 0; i < program->op_count; i++) {
		uint32_t thread = thread_of(program, i);
		enum zmm_op_kind kind = zmm_op_kind(&program->ops[i]);
		if (thread && !planning->begun[thread])
			threads->moments[threads->moment_count++] = (struct moment){ thread, false };
		planning->begun[thread] = true;
		/* An end that is not the end is none. */
		if (thread && kind == ZMM_OP_THREAD_END
			&& planning->next_step[thread] == threads->list[thread].end)
			threads->moments[threads->moment_count++] = (struct moment){ thread, true };
		if (is_request(kind) && !plan_request(planning, i, thread))
			return false;
	}
	threads->cells = calloc(threads->cell_count + 1, sizeof *threads->cells);
	return threads->cells;
}

static bool make_plan(struct threads *threads)
{
	const zmm_program *program = threads->program;
	size_t slots = program->slot_count ? program->slot_count : 1;
	size_t ops = program->op_count ? program->op_count : 1;
	struct planning planning = {
		.threads = threads,
		.slots = calloc(slots, sizeof *planning.slots),
		.shared = calloc(ops, 1),
		.unused = calloc(threads->count, sizeof *planning.unused),
		.next_step = calloc(threads->count, sizeof *planning.next_step),
		.begun = calloc(threads->count, sizeof *planning.begun),
	};
	bool good;

	threads->list = calloc(threads->count, sizeof *threads->list);
	threads->moments = calloc(threads->count, 2 * sizeof *threads->moments);
	threads->steps = calloc(ops, sizeof *threads->steps);
	good = planning.slots && planning.shared && planning.unused && planning.next_step
		&& planning.begun && threads->list && threads->moments && threads->steps
		&& plan(&planning);
	for (uint32_t i = 0; planning.unused && i < threads->count; i++)
		free(planning.unused[i].cells);
	free(planning.slots);
	free(planning.shared);
	free(planning.unused);
	free(planning.next_step);
	free(planning.begun);
	return good;
}

/* --- running --------------------------------------------------------------------------------- */

static void pause_thread(unsigned waited)
{
	const struct timespec time = { 0, SLEEP_NS };

	if (waited >= SPINS + YIELDS)
		nanosleep(&time, NULL);
	else if (waited >= SPINS)
		sched_yield();
}

/* Wait until it is this step's turn; false if the replay is over before. */
static bool await_turn(struct thread *thread, struct cell *cell, uint32_t turn)
{
	unsigned waited = 0;

	while (atomic_load_explicit(&cell->done, memory_order_acquire) != turn) {
		if (atomic_load_explicit(&thread->threads->over, memory_order_relaxed))
			return false;
		pause_thread(waited);
		waited += waited < SPINS + YIELDS;
	}
	thread->waits += waited > 0;
	return true;
}

#ifdef _WIN32
static void *allocate_aligned(size_t size, size_t alignment)
{
	(void)alignment; /* what _aligned_malloc() returns could not be freed like the others */
	return malloc(size);
}
#else
static void *allocate_aligned(size_t size, size_t alignment)
{
	void *block;

	if (alignment < sizeof(void *))
		alignment = sizeof(void *);
	return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}
#endif

static size_t size_of(const zmm_program *program, const struct zmm_op *op)
{
	uint64_t size = zmm_op_size(program, op);

	return size > SIZE_MAX ? SIZE_MAX : (size_t)size;
}

/* Fill the block anew; every operation of it has another payload. */
static void fill(struct cell *cell, size_t size, uint32_t op)
{
	cell->size = size;
	cell->key = op;
	zmm_payload_write(cell->block, size, op);
}

/* The block is `size` bytes now. */
static void verify(struct threads *threads, const struct cell *cell, size_t size, uint32_t op)
{
	struct zmm_error error;
	size_t bad = 0;

	if (cell->block && zmm_payload_verify_resized(cell->block, cell->size, size, cell->key, &bad))
		return;
	if (cell->block)
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "operation %lu: byte %zu of the block is not what "
			"was written there", (unsigned long)op + 1, bad);
	else
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "operation %lu: the block is not there",
			(unsigned long)op + 1);
	fail(threads, &error);
}

static void do_alloc(struct thread *thread, struct cell *cell, const struct zmm_op *op,
	uint32_t index)
{
	struct threads *threads = thread->threads;
	size_t size = size_of(threads->program, op);

	cell->block = zmm_op_kind(op) == ZMM_OP_ALLOC ? malloc(size)
		: allocate_aligned(size, (size_t)zmm_op_alignment(threads->program, op));
	cell->refused = !cell->block;
	thread->failures += cell->refused;
	if (threads->verify && cell->block)
		fill(cell, size, index);
}

/* A resize to nothing would be a free; in a trace the block lives on. */
static void do_resize(struct thread *thread, struct cell *cell, const struct zmm_op *op,
	uint32_t index)
{
	struct threads *threads = thread->threads;
	size_t size = size_of(threads->program, op);
	void *block = realloc(cell->block, size ? size : 1);

	if (!block) {
		thread->failures++;
		return;
	}
	if (threads->verify && !cell->refused) {
		cell->block = cell->block ? block : NULL;
		verify(threads, cell, size, index);
	}
	cell->refused = false;
	cell->block = block;
	if (threads->verify)
		fill(cell, size, index);
}

static void do_free(struct thread *thread, struct cell *cell, uint32_t index)
{
	if (thread->threads->verify && !cell->refused)
		verify(thread->threads, cell, cell->size, index);
	free(cell->block);
	cell->block = NULL;
}

static void do_step(struct thread *thread, const struct step *step)
{
	struct threads *threads = thread->threads;
	const struct zmm_op *op = &threads->program->ops[step->op];
	struct cell *cell = &threads->cells[step->cell];

	switch (zmm_op_kind(op)) {
	case ZMM_OP_ALLOC:
	case ZMM_OP_ALIGNED:
		do_alloc(thread, cell, op, step->op);
		break;
	case ZMM_OP_RESIZE:
		do_resize(thread, cell, op, step->op);
		break;
	default:
		do_free(thread, cell, step->op);
		break;
	}
}

static void run_steps(struct thread *thread)
{
	struct threads *threads = thread->threads;

	for (size_t i = thread->first; i < thread->end; i++) {
		const struct step *step = &threads->steps[i];
		struct cell *cell = &threads->cells[step->cell];
		if (step->turn == PRIVATE) {
			do_step(thread, step);
			continue;
		}
		if (!await_turn(thread, cell, step->turn))
			return;
		do_step(thread, step);
		atomic_store_explicit(&cell->done, step->turn + 1, memory_order_release);
	}
}

static void *run_thread(void *thread)
{
	run_steps(thread);
	return NULL;
}

/* --- starting and joining -------------------------------------------------------------------- */

static void start_thread(struct threads *threads, uint32_t index, pthread_attr_t *attributes)
{
	struct thread *thread = &threads->list[index];
	struct zmm_error error;
	int result = pthread_create(&thread->handle, attributes, run_thread, thread);

	thread->running = result == 0;
	if (result != 0) {
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "cannot start thread %lu of %lu: %s",
			(unsigned long)index + 1, (unsigned long)threads->count, strerror(result));
		fail(threads, &error);
	}
}

static void join_thread(struct threads *threads, uint32_t index)
{
	struct thread *thread = &threads->list[index];

	if (thread->running)
		pthread_join(thread->handle, NULL);
	thread->running = false;
}

/* Runs on a thread of its own. */
static void *conduct(void *argument)
{
	struct threads *threads = argument;
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (size_t i = 0; i < threads->moment_count && !threads->over; i++) {
		const struct moment *moment = &threads->moments[i];
		if (moment->ended)
			join_thread(threads, moment->thread);
		else
			start_thread(threads, moment->thread, &attributes);
	}
	for (uint32_t i = 1; i < threads->count; i++)
		join_thread(threads, i);
	pthread_attr_destroy(&attributes);
	return NULL;
}

static void run_all(struct threads *threads)
{
	pthread_t conductor;
	struct zmm_error error;
	bool several = threads->moment_count > 0;
	int result = several ? pthread_create(&conductor, NULL, conduct, threads) : 0;

	if (result != 0) {
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "cannot start a thread: %s", strerror(result));
		fail(threads, &error);
		return;
	}
	run_steps(&threads->list[0]);
	if (several)
		pthread_join(conductor, NULL);
}

/* --- results --------------------------------------------------------------------------------- */

static uint32_t most_at_once(const struct threads *threads)
{
	uint32_t now = 1, most = 1;

	for (size_t i = 0; i < threads->moment_count; i++) {
		now += threads->moments[i].ended ? (uint32_t)-1 : 1;
		most = now > most ? now : most;
	}
	return most;
}

static void sum_up(const struct threads *threads, struct zmm_threads_results *results)
{
	results->operations = threads->program->op_count;
	results->failures = results->waits = 0;
	for (uint32_t i = 0; i < threads->count; i++) {
		results->failures += threads->list[i].failures;
		results->waits += threads->list[i].waits;
	}
	results->threads = threads->count;
	results->threads_at_once = most_at_once(threads);
	results->shared_blocks = threads->shared_blocks;
}

/* Operations that make sense on one heap only. */
static bool can_run(const zmm_program *program, struct zmm_error *error)
{
	static const enum zmm_op_kind kinds[] = {
		ZMM_OP_LIMIT, ZMM_OP_END_REQUEST, ZMM_OP_GC, ZMM_OP_REFUSE
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (program->by_kind[kinds[i]]) {
			zmm_error_set(error, ZMM_ERROR_INPUT, "the trace has operations '%s', which are "
				"about one heap; replay it without --threads", zmm_op_letter(kinds[i]));
			return false;
		}
	}
	if (program->op_count >= UINT32_MAX) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "the trace has more operations than can be replayed "
			"on threads; replay it without --threads");
		return false;
	}
	return true;
}

bool zmm_replay_threads(const zmm_program *program, bool verify_payloads,
	struct zmm_threads_results *results, struct zmm_error *error)
{
	struct threads threads = {
		.program = program,
		.verify = verify_payloads,
		.count = program->thread_count,
		.failing = PTHREAD_MUTEX_INITIALIZER,
	};

	if (!can_run(program, error))
		return false;
	bool planned = make_plan(&threads);
	if (planned) {
		for (uint32_t i = 0; i < threads.count; i++)
			threads.list[i].threads = &threads;
		zmm_replay_clock(&results->time);
		run_all(&threads);
		zmm_replay_clock_since(&results->time);
		sum_up(&threads, results);
		for (size_t i = 0; i < threads.cell_count; i++)
			free(threads.cells[i].block);
	} else {
		zmm_error_set(&threads.error, ZMM_ERROR_SYSTEM, "no memory to plan a replay of %zu "
			"operations", program->op_count);
		threads.over = true;
	}
	bool good = !threads.over;
	if (!good)
		*error = threads.error;
	free(threads.list);
	free(threads.moments);
	free(threads.steps);
	free(threads.cells);
	return good;
}
