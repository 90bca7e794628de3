/* SPDX-License-Identifier: MIT */
/*
 * Workloads that stand for one pattern each: growing strings, and one survivor per chunk.
 */
#include "tools/workload.h"

/* --- strings --- */

enum {
	PIECES_MOST = 6,         /* small blocks that come with each step */
	PIECE_LEAST = 16,
	PIECE_MOST = 128,
	PIECES_KEPT = 4096       /* pieces alive at once */
};

/* What else the program does between two steps. */
static void make_pieces(struct zmm_generator *generator, struct zmm_pool *pieces)
{
	struct zmm_random *random = &generator->random;

	for (uint64_t i = zmm_random_below(random, PIECES_MOST + 1); i; i--)
		zmm_pool_grow(generator, pieces, zmm_random_between(random, PIECE_LEAST, PIECE_MOST));
	while (pieces->count > PIECES_KEPT)
		zmm_pool_shrink(generator, pieces);
}

static void append(struct zmm_generator *generator, struct zmm_made_block *string,
	struct zmm_pool *pieces)
{
	uint64_t size = string->size + generator->setting[ZMM_SETTING_STEP];

	if (generator->setting[ZMM_SETTING_RESIZE]) {
		zmm_generate_resize(generator, string, size);
		make_pieces(generator, pieces);
		return;
	}
	struct zmm_made_block longer = zmm_generate_alloc(generator, size);
	make_pieces(generator, pieces);
	zmm_generate_free(generator, *string);
	*string = longer;
}

static void make_strings(struct zmm_generator *generator)
{
	struct zmm_pool pieces = { 0 };

	while (!zmm_generate_over(generator)) {
		struct zmm_made_block string =
			zmm_generate_alloc(generator, generator->setting[ZMM_SETTING_MIN]);
		while (string.size < generator->setting[ZMM_SETTING_MAX]
			&& !zmm_generate_over(generator))
			append(generator, &string, &pieces);
		zmm_generate_plain(generator, ZMM_EVENT_USAGE);
		zmm_generate_free(generator, string);
	}
	zmm_pool_drop(&pieces);
}

const struct zmm_workload zmm_workload_strings = {
	.name = "strings",
	.summary = "a string that grows by concatenation, among small blocks",
	.shows =
		"Shows the pattern of PHP's bug 44069, $s = $s . \"x\": each step makes\n"
		"a longer string, small blocks follow, and the old string goes. Where\n"
		"small blocks settle in what a big string's segment has left over, no\n"
		"segment is ever empty again and memory explodes; the legacy heap's\n"
		"rest list keeps them out. With --resize 1 the string grows in place\n"
		"where the heap can do that.",
	.settings = {
		[ZMM_SETTING_OPS] = { true, 1, UINT64_C(1) << 40, 100000 },
		[ZMM_SETTING_MIN] = { true, 1, 1 << 30, 1 << 10 },
		[ZMM_SETTING_MAX] = { true, 1, 1 << 30, 3 << 20 },
		[ZMM_SETTING_STEP] = { true, 1, 1 << 30, 4000 },
		[ZMM_SETTING_RESIZE] = { true, 0, 1, 0 },
	},
	.make = make_strings,
};

/* --- pins --- */

/* Frees a group of neighbours but one. The blocks' ids follow each other. */
static void thin_out(struct zmm_generator *generator, uint64_t first, uint64_t count)
{
	uint64_t survivor = first + zmm_random_below(&generator->random, count);

	for (uint64_t id = first; id < first + count && !zmm_generate_over(generator); id++) {
		struct zmm_made_block block = { id, generator->setting[ZMM_SETTING_SIZE] };
		if (id != survivor)
			zmm_generate_free(generator, block);
	}
}

static void make_pins(struct zmm_generator *generator)
{
	uint64_t size = generator->setting[ZMM_SETTING_SIZE];
	uint64_t spacing = generator->setting[ZMM_SETTING_SPACING];
	uint64_t live = generator->setting[ZMM_SETTING_LIVE];
	uint64_t count = live > size ? live / size : 1;
	uint64_t group = spacing > size ? spacing / size : 1;

	for (uint64_t i = 0; i < count && !zmm_generate_over(generator); i++)
		zmm_generate_alloc(generator, size);
	zmm_generate_plain(generator, ZMM_EVENT_USAGE);
	for (uint64_t id = 1; id <= count && !zmm_generate_over(generator); id += group)
		thin_out(generator, id, count - id + 1 < group ? count - id + 1 : group);
	zmm_generate_plain(generator, ZMM_EVENT_USAGE);
	zmm_generate_plain(generator, ZMM_EVENT_GC);
	zmm_generate_plain(generator, ZMM_EVENT_USAGE);
	for (uint64_t i = 0; i < live / 2 / spacing && !zmm_generate_over(generator); i++)
		zmm_generate_alloc(generator, spacing);
	zmm_generate_plain(generator, ZMM_EVENT_USAGE);
}

const struct zmm_workload zmm_workload_pins = {
	.name = "pins",
	.summary = "one small block stays in every chunk",
	.shows =
		"Shows memory that next to nothing keeps alive: the heap is filled\n"
		"with small blocks, then all are freed but one in each stretch of\n"
		"--spacing bytes, so that every segment and chunk stays. Then garbage\n"
		"is collected, and blocks as big as the stretches are asked for, which\n"
		"do not fit between the survivors. Usage is printed after each step.",
	.settings = {
		[ZMM_SETTING_LIVE] = { true, 1, UINT64_C(1) << 40, 16 << 20 },
		[ZMM_SETTING_SIZE] = { true, 1, 1 << 30, 256 },
		[ZMM_SETTING_SPACING] = { true, 1, 1 << 30, 240 << 10 },
	},
	.make = make_pins,
};
