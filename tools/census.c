/* SPDX-License-Identifier: MIT */
/*
 * Lists the blocks alive at a moment of a replay. See census.h.
 */
#include "tools/census.h"

#include <stdlib.h>

void zmm_census_count(struct zmm_live *live, const zmm_program *program,
	const struct zmm_replay_moment *moment)
{
	zend_mm_mode mode = zend_mm_get_mode(moment->heap);
	struct zmm_replay_block block;

	*live = (struct zmm_live){ .blocks = 0 };
	for (uint32_t slot = 0; slot < program->slot_count; slot++)
		if (zmm_replay_moment_block(moment, slot, &block))
			zmm_live_add(live, mode, block.data, block.requested);
}

static int by_address(const void *left, const void *right)
{
	const struct zmm_census_block *a = left, *b = right;

	return (uintptr_t)a->data < (uintptr_t)b->data ? -1 : (uintptr_t)a->data > (uintptr_t)b->data;
}

bool zmm_census_take(struct zmm_census *census, const zmm_program *program,
	const struct zmm_replay_moment *moment)
{
	struct zmm_replay_block block;

	*census = (struct zmm_census){ .count = 0 };
	zmm_census_count(&census->live, program, moment);
	census->blocks = malloc((census->live.blocks + 1) * sizeof *census->blocks);
	if (!census->blocks)
		return false;
	for (uint32_t slot = 0; slot < program->slot_count; slot++)
		if (zmm_replay_moment_block(moment, slot, &block))
			census->blocks[census->count++] = (struct zmm_census_block){
				block.data, block.requested, block.operation, slot };
	qsort(census->blocks, census->count, sizeof *census->blocks, by_address);
	return true;
}

const struct zmm_census_block *zmm_census_find(const struct zmm_census *census, const void *data)
{
	struct zmm_census_block wanted = { .data = data };

	if (census->count == 0)
		return NULL;
	return bsearch(&wanted, census->blocks, census->count, sizeof wanted, by_address);
}

bool zmm_census_lookup(void *context, const void *data, struct zmm_pin_owner *owner)
{
	const struct zmm_census_block *block = zmm_census_find(context, data);

	if (block)
		*owner = (struct zmm_pin_owner){ block->slot, block->operation, block->requested };
	return block != NULL;
}

void zmm_census_drop(struct zmm_census *census)
{
	free(census->blocks);
	*census = (struct zmm_census){ .count = 0 };
}
