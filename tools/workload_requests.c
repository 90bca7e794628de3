/* SPDX-License-Identifier: MIT */
/*
 * Workloads in the manner of web programs: requests, which ends each with everything gone, and
 * server, which never ends and keeps a long-lived set.
 */
#include "tools/workload.h"

/* Most blocks are short-lived and die in the reverse of the order they came in. */
enum {
	SCOPE_MOST = 24,         /* blocks of one function call */
	RESULT_SHARE = 6,        /* one block of so many outlives its call */
	BUFFER_LEAST = 64,       /* a string buffer's first size */
	BUFFER_STEPS = 10,       /* doublings at most */
	SMALL_LEAST = 8,
	SMALL_MOST = 512,
	TABLE_SHARE = 40,        /* one block of so many is an array's table */
	TABLE_LEAST = 512,
	TABLE_MOST = 32768
};

static uint64_t request_size(struct zmm_generator *generator)
{
	if (zmm_random_below(&generator->random, TABLE_SHARE) == 0)
		return zmm_random_skewed(&generator->random, TABLE_LEAST, TABLE_MOST);
	return zmm_random_skewed(&generator->random, SMALL_LEAST, SMALL_MOST);
}

/* A function call: blocks come, and go again in reverse; some stay in the pool as its results. */
static void run_call(struct zmm_generator *generator, struct zmm_pool *results)
{
	struct zmm_made_block scope[SCOPE_MOST];
	unsigned count = (unsigned)zmm_random_between(&generator->random, 1, SCOPE_MOST);

	for (unsigned i = 0; i < count; i++)
		scope[i] = zmm_generate_alloc(generator, request_size(generator));
	while (count--) {
		if (zmm_random_below(&generator->random, RESULT_SHARE) == 0)
			zmm_pool_put(generator, results, scope[count]);
		else
			zmm_generate_free(generator, scope[count]);
	}
}

/* A buffer that doubles until its text fits, is cut to length, and freed or kept. */
static void run_buffer(struct zmm_generator *generator, struct zmm_pool *results)
{
	struct zmm_random *random = &generator->random;
	struct zmm_made_block buffer = zmm_generate_alloc(generator, BUFFER_LEAST);

	for (uint64_t steps = zmm_random_below(random, BUFFER_STEPS + 1); steps; steps--)
		zmm_generate_resize(generator, &buffer, buffer.size * 2);
	zmm_generate_resize(generator, &buffer,
		zmm_random_between(random, buffer.size / 2, buffer.size));
	if (zmm_random_below(random, 2))
		zmm_pool_put(generator, results, buffer);
	else
		zmm_generate_free(generator, buffer);
}

/* Calls and buffers until about so many operations are written. */
static void run_for(struct zmm_generator *generator, struct zmm_pool *results, uint64_t operations)
{
	uint64_t end = generator->operations + operations;

	while (!zmm_generate_over(generator) && generator->operations < end) {
		if (zmm_random_below(&generator->random, 16) == 0)
			run_buffer(generator, results);
		else
			run_call(generator, results);
	}
}

/* --- requests --- */

static void empty(struct zmm_pool *pool)
{
	pool->count = 0;
	pool->bytes = 0;
}

static void make_requests(struct zmm_generator *generator)
{
	struct zmm_pool results = { 0 };
	uint64_t usual = generator->setting[ZMM_SETTING_PER];

	while (!zmm_generate_over(generator)) {
		/* Three requests of four are usual, the others up to eight times as long. */
		uint64_t times = zmm_random_below(&generator->random, 4)
			? 1 : zmm_random_between(&generator->random, 2, 8);
		run_for(generator, &results, usual * times);
		zmm_generate_plain(generator, ZMM_EVENT_USAGE);
		zmm_generate_end_request(generator);
		empty(&results);
	}
	zmm_pool_drop(&results);
}

const struct zmm_workload zmm_workload_requests = {
	.name = "requests",
	.summary = "web requests: everything is gone at the end of each",
	.shows =
		"Shows what a request costs on a heap that is made for them: calls\n"
		"whose blocks die in reverse order, results that stay until the end\n"
		"of the request, buffers that double; a quarter of the requests are\n"
		"two to eight times as long, so that memory is kept or given back in\n"
		"between. Usage is printed before the end of each.",
	.settings = {
		[ZMM_SETTING_OPS] = { true, 1, UINT64_C(1) << 40, 400000 },
		[ZMM_SETTING_PER] = { true, 1, UINT64_C(1) << 32, 10000 },
	},
	.make = make_requests,
};

/* --- server --- */

static void make_server(struct zmm_generator *generator)
{
	struct zmm_pool results = { 0 };
	struct zmm_pool kept = { 0 };

	while (!zmm_generate_over(generator)) {
		run_for(generator, &results, generator->setting[ZMM_SETTING_PER]);
		/* Half of a request's results are sessions and cache entries, the others die. */
		while (results.count && !zmm_generate_over(generator)) {
			struct zmm_made_block block = zmm_pool_take(&results, results.count - 1);
			if (zmm_random_below(&generator->random, 2))
				zmm_pool_put(generator, &kept, block);
			else
				zmm_generate_free(generator, block);
		}
		while (kept.bytes > generator->setting[ZMM_SETTING_LIVE]
			&& !zmm_generate_over(generator))
			zmm_pool_shrink(generator, &kept);
	}
	zmm_pool_drop(&results);
	zmm_pool_drop(&kept);
}

const struct zmm_workload zmm_workload_server = {
	.name = "server",
	.summary = "a server that never ends, with a long-lived set",
	.shows =
		"Shows what long-lived blocks do to a heap when they are born among\n"
		"short-lived ones: sessions and cache entries stay behind in segments\n"
		"and chunks that are otherwise empty, and random ones of them are\n"
		"evicted once the set is full. Held over live is the figure to watch.",
	.settings = {
		[ZMM_SETTING_OPS] = { true, 1, UINT64_C(1) << 40, 200000 },
		[ZMM_SETTING_LIVE] = { true, 1, UINT64_C(1) << 40, 4 << 20 },
		[ZMM_SETTING_PER] = { true, 1, UINT64_C(1) << 32, 2000 },
	},
	.make = make_server,
};
