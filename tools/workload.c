/* SPDX-License-Identifier: MIT */
/*
 * The generator under all workloads: random numbers, blocks, pools of blocks, and the remarks at
 * the head of a trace. See workload.h.
 */
#include "tools/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- random numbers --- */

uint64_t zmm_random_next(struct zmm_random *random)
{
	uint64_t bits = random->state += 0x9e3779b97f4a7c15u;

	bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
	bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
	return bits ^ (bits >> 31);
}

uint64_t zmm_random_below(struct zmm_random *random, uint64_t limit)
{
	/* The high half times the limit: off by less than limit / 2^32 from even. */
	return (zmm_random_next(random) >> 32) * limit >> 32;
}

uint64_t zmm_random_between(struct zmm_random *random, uint64_t least, uint64_t most)
{
	return least + zmm_random_below(random, most - least + 1);
}

uint64_t zmm_random_skewed(struct zmm_random *random, uint64_t least, uint64_t most)
{
	unsigned doublings = 1;

	while (least << doublings <= most / 2)
		doublings++;
	unsigned which = (unsigned)zmm_random_below(random, doublings);
	uint64_t from = least << which;
	return zmm_random_between(random, from, which + 1 < doublings ? from * 2 - 1 : most);
}

/* --- settings --- */

static const struct {
	const char *name;
	const char *meaning;
} settings[ZMM_SETTINGS] = {
	[ZMM_SETTING_OPS] = { "ops", "operations to write, about" },
	[ZMM_SETTING_LIVE] = { "live", "bytes alive at once, about" },
	[ZMM_SETTING_MIN] = { "min", "bytes of the smallest request" },
	[ZMM_SETTING_MAX] = { "max", "bytes of the largest request" },
	[ZMM_SETTING_KEEP] = { "keep", "per cent of the bytes that outlive the drain" },
	[ZMM_SETTING_PER] = { "per-request", "operations of one request, about" },
	[ZMM_SETTING_STEP] = { "step", "bytes by which the string grows" },
	[ZMM_SETTING_RESIZE] = { "resize", "1: grow by resizing, 0: by allocating anew" },
	[ZMM_SETTING_SPACING] = { "spacing", "bytes from one survivor to the next" },
	[ZMM_SETTING_SIZE] = { "size", "bytes of each request" },
	[ZMM_SETTING_UNIT] = { "unit", "bytes of the smallest block, header included" },
	[ZMM_SETTING_HEADER] = { "header", "bytes a block costs beside the request" },
	[ZMM_SETTING_SEGMENT] = { "segment", "bytes the heap gets from the system at a time" },
};

const char *zmm_setting_name(enum zmm_setting setting)
{
	return settings[setting].name;
}

const char *zmm_setting_meaning(enum zmm_setting setting)
{
	return settings[setting].meaning;
}

/* --- events --- */

static void put(struct zmm_generator *generator, const struct zmm_event *event)
{
	if (generator->failed)
		return;
	if (!zmm_writer_put(generator->writer, event, generator->error))
		generator->failed = true;
	else if (zmm_event_is_operation(event))
		generator->operations++;
}

static void count_bytes(struct zmm_generator *generator, uint64_t added, uint64_t removed)
{
	generator->live_bytes += added - removed;
	if (generator->live_bytes > generator->peak_bytes)
		generator->peak_bytes = generator->live_bytes;
}

bool zmm_generate_over(const struct zmm_generator *generator)
{
	return generator->failed || generator->operations >= generator->setting[ZMM_SETTING_OPS];
}

struct zmm_made_block zmm_generate_alloc(struct zmm_generator *generator, uint64_t size)
{
	struct zmm_made_block block = { ++generator->last_id, size };

	put(generator, &(struct zmm_event){ .kind = ZMM_EVENT_ALLOC, .id = block.id, .size = size });
	count_bytes(generator, size, 0);
	if (++generator->live_blocks > generator->peak_blocks)
		generator->peak_blocks = generator->live_blocks;
	return block;
}

void zmm_generate_free(struct zmm_generator *generator, struct zmm_made_block block)
{
	put(generator, &(struct zmm_event){ .kind = ZMM_EVENT_FREE, .id = block.id });
	count_bytes(generator, 0, block.size);
	generator->live_blocks--;
}

void zmm_generate_resize(struct zmm_generator *generator, struct zmm_made_block *block,
	uint64_t size)
{
	put(generator, &(struct zmm_event){ .kind = ZMM_EVENT_RESIZE, .id = block->id, .size = size });
	count_bytes(generator, size, block->size);
	block->size = size;
}

void zmm_generate_end_request(struct zmm_generator *generator)
{
	put(generator, &(struct zmm_event){ .kind = ZMM_EVENT_END_REQUEST });
	generator->live_bytes = 0;
	generator->live_blocks = 0;
}

void zmm_generate_plain(struct zmm_generator *generator, enum zmm_event_kind kind)
{
	put(generator, &(struct zmm_event){ .kind = (uint8_t)kind });
}

/* --- pools --- */

static bool grow_pool(struct zmm_generator *generator, struct zmm_pool *pool)
{
	size_t capacity = pool->capacity ? pool->capacity * 2 : 256;
	struct zmm_made_block *blocks = realloc(pool->blocks, capacity * sizeof *blocks);

	if (!blocks) {
		if (!generator->failed)
			zmm_error_set(generator->error, ZMM_ERROR_SYSTEM,
				"no memory for %zu live blocks; ask for a smaller workload", capacity);
		generator->failed = true;
		return false;
	}
	pool->blocks = blocks;
	pool->capacity = capacity;
	return true;
}

void zmm_pool_put(struct zmm_generator *generator, struct zmm_pool *pool,
	struct zmm_made_block block)
{
	if (pool->count == pool->capacity && !grow_pool(generator, pool))
		return;
	pool->blocks[pool->count++] = block;
	pool->bytes += block.size;
}

struct zmm_made_block zmm_pool_take(struct zmm_pool *pool, size_t index)
{
	struct zmm_made_block block = pool->blocks[index];

	pool->blocks[index] = pool->blocks[--pool->count];
	pool->bytes -= block.size;
	return block;
}

void zmm_pool_grow(struct zmm_generator *generator, struct zmm_pool *pool, uint64_t size)
{
	zmm_pool_put(generator, pool, zmm_generate_alloc(generator, size));
}

void zmm_pool_shrink(struct zmm_generator *generator, struct zmm_pool *pool)
{
	size_t index = zmm_random_below(&generator->random, pool->count);

	zmm_generate_free(generator, zmm_pool_take(pool, index));
}

void zmm_pool_drop(struct zmm_pool *pool)
{
	free(pool->blocks);
	*pool = (struct zmm_pool){ 0 };
}

/* --- workloads --- */

static const struct zmm_workload *const workloads[] = {
	&zmm_workload_uniform,
	&zmm_workload_bimodal,
	&zmm_workload_phases,
	&zmm_workload_requests,
	&zmm_workload_server,
	&zmm_workload_strings,
	&zmm_workload_robson,
	&zmm_workload_pins,
};

enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

const struct zmm_workload *zmm_workload_at(size_t index)
{
	return index < WORKLOADS ? workloads[index] : NULL;
}

const struct zmm_workload *zmm_workload_find(const char *name)
{
	for (size_t i = 0; i < WORKLOADS; i++)
		if (strcmp(workloads[i]->name, name) == 0)
			return workloads[i];
	return NULL;
}

static void put_comment(struct zmm_generator *generator, const char *text, size_t length)
{
	char line[128];
	int used = snprintf(line, sizeof line, " %.*s", (int)length, text);

	put(generator, &(struct zmm_event){
		.kind = ZMM_EVENT_COMMENT, .text = line, .text_length = (size_t)used });
}

/* The command that makes this trace again, and what the trace shows. */
static void put_head(struct zmm_generator *generator, const struct zmm_workload *workload,
	uint64_t seed)
{
	char command[1024];
	int used = snprintf(command, sizeof command, " zmm generate %s --seed %" PRIu64,
		workload->name, seed);

	for (int i = 0; i < ZMM_SETTINGS; i++)
		if (workload->settings[i].used)
			used += snprintf(command + used, sizeof command - (size_t)used, " --%s %" PRIu64,
				settings[i].name, generator->setting[i]);
	put(generator, &(struct zmm_event){
		.kind = ZMM_EVENT_COMMENT, .text = command, .text_length = (size_t)used });
	for (const char *line = workload->shows; *line;) {
		size_t length = strcspn(line, "\n");
		put_comment(generator, line, length);
		line += length + (line[length] == '\n');
	}
}

bool zmm_workload_write(const struct zmm_workload *workload, uint64_t seed,
	const uint64_t setting[ZMM_SETTINGS], zmm_writer *writer, struct zmm_workload_summary *summary,
	struct zmm_error *error)
{
	struct zmm_generator generator = {
		.random = { seed },
		.writer = writer,
		.error = error,
	};

	memcpy(generator.setting, setting, sizeof generator.setting);
	if (!workload->settings[ZMM_SETTING_OPS].used)
		generator.setting[ZMM_SETTING_OPS] = UINT64_MAX;
	put_head(&generator, workload, seed);
	workload->make(&generator);
	summary->operations = generator.operations;
	summary->peak_bytes = generator.peak_bytes;
	summary->peak_blocks = generator.peak_blocks;
	return !generator.failed;
}
