/* SPDX-License-Identifier: MIT */
/*
 * Workloads without much structure: uniform, bimodal, and phases, which has a little of it.
 */
#include "tools/workload.h"

/* Fills a pool up to the live bytes asked for, then keeps it there: a random block dies, new ones
 * come until the bytes are back. */
static void churn(struct zmm_generator *generator, uint64_t (*size)(struct zmm_generator *))
{
	struct zmm_pool pool = { 0 };

	while (!zmm_generate_over(generator)) {
		if (pool.count && pool.bytes >= generator->setting[ZMM_SETTING_LIVE])
			zmm_pool_shrink(generator, &pool);
		else
			zmm_pool_grow(generator, &pool, size(generator));
	}
	zmm_pool_drop(&pool);
}

/* --- uniform --- */

static uint64_t uniform_size(struct zmm_generator *generator)
{
	return zmm_random_between(&generator->random, generator->setting[ZMM_SETTING_MIN],
		generator->setting[ZMM_SETTING_MAX]);
}

static void make_uniform(struct zmm_generator *generator)
{
	churn(generator, uniform_size);
}

const struct zmm_workload zmm_workload_uniform = {
	.name = "uniform",
	.summary = "every size as likely, a random block dies",
	.shows =
		"Shows the cost of a heap in a steady state without any pattern to\n"
		"exploit: what rounding, headers and holes settle at. Real programs\n"
		"free in clumps, which is kinder to a heap: take this as a baseline,\n"
		"not as a forecast.",
	.settings = {
		[ZMM_SETTING_OPS] = { true, 1, UINT64_C(1) << 40, 100000 },
		[ZMM_SETTING_LIVE] = { true, 1, UINT64_C(1) << 40, 4 << 20 },
		[ZMM_SETTING_MIN] = { true, 1, 1 << 30, 16 },
		[ZMM_SETTING_MAX] = { true, 1, 1 << 30, 1024 },
	},
	.make = make_uniform,
};

/* --- bimodal --- */

enum {
	BIMODAL_SMALL_LEAST = 16,
	BIMODAL_SMALL_MOST = 128,
	BIMODAL_LARGE_SHARE = 64 /* one request of so many is large */
};

static uint64_t bimodal_size(struct zmm_generator *generator)
{
	struct zmm_random *random = &generator->random;

	if (zmm_random_below(random, BIMODAL_LARGE_SHARE) == 0)
		return uniform_size(generator);
	return zmm_random_between(random, BIMODAL_SMALL_LEAST, BIMODAL_SMALL_MOST);
}

static void make_bimodal(struct zmm_generator *generator)
{
	churn(generator, bimodal_size);
}

const struct zmm_workload zmm_workload_bimodal = {
	.name = "bimodal",
	.summary = "many small requests, one in 64 large",
	.shows =
		"Shows how large blocks fare among small ones (16 to 128 bytes): a\n"
		"heap that serves both from the same free memory lets small blocks\n"
		"break up the holes that large ones leave; one that keeps them apart\n"
		"pays with half-empty pages.",
	.settings = {
		[ZMM_SETTING_OPS] = { true, 1, UINT64_C(1) << 40, 100000 },
		[ZMM_SETTING_LIVE] = { true, 1, UINT64_C(1) << 40, 8 << 20 },
		[ZMM_SETTING_MIN] = { true, 1, 1 << 30, 8 << 10 },
		[ZMM_SETTING_MAX] = { true, 1, 1 << 30, 64 << 10 },
	},
	.make = make_bimodal,
};

/* --- phases --- */

/* The sizes of each phase, in turn. */
static const struct {
	uint16_t least, most;
} bands[] = { { 128, 512 }, { 512, 2048 }, { 2048, 8192 }, { 32, 128 } };

enum {
	BANDS = sizeof bands / sizeof bands[0],
	CLUMP_MOST = 64 /* neighbours in age that die together */
};

static uint64_t band_size(struct zmm_generator *generator, unsigned band)
{
	return zmm_random_skewed(&generator->random, bands[band].least, bands[band].most);
}

static void ramp(struct zmm_generator *generator, struct zmm_pool *pool, unsigned band)
{
	while (!zmm_generate_over(generator) && pool->bytes < generator->setting[ZMM_SETTING_LIVE])
		zmm_pool_grow(generator, pool, band_size(generator, band));
}

static void plateau(struct zmm_generator *generator, struct zmm_pool *pool, unsigned band,
	uint64_t operations)
{
	uint64_t end = generator->operations + operations;

	while (!zmm_generate_over(generator) && generator->operations < end) {
		if (pool->bytes >= generator->setting[ZMM_SETTING_LIVE])
			zmm_pool_shrink(generator, pool);
		else
			zmm_pool_grow(generator, pool, band_size(generator, band));
	}
}

/* Frees clumps of neighbours until no more is left than is to be kept. */
static void drain(struct zmm_generator *generator, struct zmm_pool *pool)
{
	const uint64_t *setting = generator->setting;
	uint64_t rest = setting[ZMM_SETTING_LIVE] / 100 * setting[ZMM_SETTING_KEEP];

	while (!zmm_generate_over(generator) && pool->count && pool->bytes > rest) {
		size_t from = zmm_random_below(&generator->random, pool->count);
		size_t left = zmm_random_between(&generator->random, 1, CLUMP_MOST);
		for (; left && from < pool->count && !zmm_generate_over(generator); left--, from++)
			zmm_generate_free(generator, zmm_pool_take(pool, from));
	}
}

static void make_phases(struct zmm_generator *generator)
{
	struct zmm_pool pool = { 0 };

	for (unsigned round = 0; !zmm_generate_over(generator); round++) {
		uint64_t before = generator->operations;
		ramp(generator, &pool, round % BANDS);
		plateau(generator, &pool, round % BANDS, generator->operations - before);
		zmm_generate_plain(generator, ZMM_EVENT_USAGE);
		drain(generator, &pool);
		zmm_generate_plain(generator, ZMM_EVENT_USAGE);
	}
	zmm_pool_drop(&pool);
}

const struct zmm_workload zmm_workload_phases = {
	.name = "phases",
	.summary = "ramp, plateau, drain, again with other sizes",
	.shows =
		"Shows what a heap holds after most of it was freed, and whether the\n"
		"next phase, whose sizes are others (128 to 512, 512 to 2048, 2048 to\n"
		"8192, 32 to 128 bytes), can use what the last one left. Usage is\n"
		"printed before and after each drain.",
	.settings = {
		[ZMM_SETTING_OPS] = { true, 1, UINT64_C(1) << 40, 200000 },
		[ZMM_SETTING_LIVE] = { true, 1, UINT64_C(1) << 40, 8 << 20 },
		[ZMM_SETTING_KEEP] = { true, 0, 99, 5 },
	},
	.make = make_phases,
};
