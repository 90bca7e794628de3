/* SPDX-License-Identifier: MIT */
/*
 * Sorts the blocks of a walk by the cause they are held for. See ledger.h.
 */
#include "tools/ledger.h"

#include <inttypes.h>
#include <stdio.h>

static const struct zmm_cause_info causes[ZMM_CAUSES] = {
	[ZMM_CAUSE_REQUESTED] = { "requested", "requested",
		"bytes of live blocks that the program asked for", ZMM_FAMILY_REQUESTED, true, true },
	[ZMM_CAUSE_ROUNDING] = { "rounding", "rounding",
		"bytes of live blocks beyond what was asked for", ZMM_FAMILY_ROUNDING, true, true },
	[ZMM_CAUSE_HUGE_TAIL] = { "huge_tail", "huge tail",
		"the same in huge blocks, which end with a page of the system", ZMM_FAMILY_ROUNDING,
		false, true },
	[ZMM_CAUSE_BLOCK_HEADER] = { "block_header", "block header",
		"headers of live blocks, and what guards put around them", ZMM_FAMILY_METADATA,
		true, true },
	[ZMM_CAUSE_CACHED] = { "cached", "cached",
		"freed small blocks in the cache, headers included", ZMM_FAMILY_FREE, true, false },
	[ZMM_CAUSE_FREE_BUCKET] = { "free_bucket", "free in a bucket",
		"free small blocks, headers included", ZMM_FAMILY_FREE, true, false },
	[ZMM_CAUSE_FREE_TRIE] = { "free_trie", "free in a trie",
		"free large blocks, headers included", ZMM_FAMILY_FREE, true, false },
	[ZMM_CAUSE_FREE_REST] = { "free_rest", "free in the rest list",
		"what oversized segments have left over, headers included", ZMM_FAMILY_FREE, true, false },
	[ZMM_CAUSE_SLOT_FREE] = { "slot_free", "slot free",
		"free slots of bins' runs", ZMM_FAMILY_FREE, false, true },
	[ZMM_CAUSE_PAGE_FREE] = { "page_free", "page free",
		"free pages of chunks in use", ZMM_FAMILY_FREE, false, true },
	[ZMM_CAUSE_CACHED_CHUNK] = { "cached_chunk", "cached chunk",
		"chunks kept for later", ZMM_FAMILY_FREE, false, true },
	[ZMM_CAUSE_RUN_TAIL] = { "run_tail", "run tail",
		"what bins' runs have left over after their last slot", ZMM_FAMILY_LOST, false, true },
	[ZMM_CAUSE_RESERVE] = { "reserve", "reserve",
		"kept back for the report of a memory-limit error", ZMM_FAMILY_METADATA, true, false },
	[ZMM_CAUSE_SEGMENT] = { "segment", "segment header and guard",
		"both ends of each segment", ZMM_FAMILY_METADATA, true, false },
	[ZMM_CAUSE_CHUNK_HEADER] = { "chunk_header", "chunk header",
		"the first page of each chunk in use", ZMM_FAMILY_METADATA, false, true },
	[ZMM_CAUSE_OWN] = { "own", "heap's own blocks",
		"blocks that the heap allocated for itself", ZMM_FAMILY_METADATA, true, true },
	[ZMM_CAUSE_QUARANTINED] = { "quarantined", "in quarantine",
		"freed blocks that a guarded heap keeps back", ZMM_FAMILY_LOST, true, true },
};

const struct zmm_cause_info *zmm_cause_info(enum zmm_cause cause)
{
	return &causes[cause];
}

bool zmm_cause_in_mode(enum zmm_cause cause, zend_mm_mode mode)
{
	return mode == ZEND_MM_LEGACY ? causes[cause].legacy : causes[cause].modern;
}

/* --- what the program asked for --- */

/* In a modern heap nothing but a huge block starts where a chunk could. */
static bool is_huge(zend_mm_mode mode, const void *data)
{
	return mode == ZEND_MM_MODERN
		&& ((uintptr_t)data & (ZEND_MM_MAX_LARGE_SIZE + 4096 - 1)) == 0;
}

void zmm_live_add(struct zmm_live *live, zend_mm_mode mode, const void *data, size_t requested)
{
	live->blocks++;
	live->requested += requested;
	if (is_huge(mode, data))
		live->huge_requested += requested;
}

void zmm_live_remove(struct zmm_live *live, zend_mm_mode mode, const void *data, size_t requested)
{
	live->blocks--;
	live->requested -= requested;
	if (is_huge(mode, data))
		live->huge_requested -= requested;
}

/* --- visiting --- */

static void count_used(struct zmm_ledger *ledger, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	if (block->internal) {
		ledger->bytes[ZMM_CAUSE_OWN] += block->size;
		return;
	}
	ledger->blocks++;
	ledger->usable += block->usable;
	ledger->bytes[ZMM_CAUSE_BLOCK_HEADER] += block->size - block->usable;
	if (region->kind == ZEND_MM_REGION_HUGE)
		ledger->huge_usable += block->usable;
}

/* The cause of a free block, ZMM_CAUSES where its list is none of a design's. */
static enum zmm_cause free_cause(const zend_mm_block_info *block)
{
	switch (block->list) {
	case ZEND_MM_LIST_BUCKET:
		return ZMM_CAUSE_FREE_BUCKET;
	case ZEND_MM_LIST_TRIE:
		return ZMM_CAUSE_FREE_TRIE;
	case ZEND_MM_LIST_REST:
		return ZMM_CAUSE_FREE_REST;
	case ZEND_MM_LIST_BIN:
		return ZMM_CAUSE_SLOT_FREE;
	default:
		return ZMM_CAUSES;
	}
}

/* The cause of a block that is not used. */
static enum zmm_cause idle_cause(const zend_mm_region *region, const zend_mm_block_info *block)
{
	bool segment = region->kind == ZEND_MM_REGION_SEGMENT;

	switch (block->state) {
	case ZEND_MM_BLOCK_HEADER:
		return segment ? ZMM_CAUSE_SEGMENT : ZMM_CAUSE_CHUNK_HEADER;
	case ZEND_MM_BLOCK_GUARD:
		return ZMM_CAUSE_SEGMENT;
	case ZEND_MM_BLOCK_RESERVE:
		return ZMM_CAUSE_RESERVE;
	case ZEND_MM_BLOCK_CACHED:
		return segment ? ZMM_CAUSE_CACHED : ZMM_CAUSE_CACHED_CHUNK;
	case ZEND_MM_BLOCK_FREE:
		return free_cause(block);
	case ZEND_MM_BLOCK_FREE_PAGES:
		return ZMM_CAUSE_PAGE_FREE;
	case ZEND_MM_BLOCK_TAIL:
		return ZMM_CAUSE_RUN_TAIL;
	case ZEND_MM_BLOCK_QUARANTINED:
		return ZMM_CAUSE_QUARANTINED;
	default:
		return ZMM_CAUSES;
	}
}

void zmm_ledger_visit(struct zmm_ledger *ledger, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	if (!block)
		return;
	if (block->state == ZEND_MM_BLOCK_USED) {
		count_used(ledger, region, block);
		return;
	}
	enum zmm_cause cause = idle_cause(region, block);
	if (cause != ZMM_CAUSES)
		ledger->bytes[cause] += block->size;
}

void zmm_ledger_close(struct zmm_ledger *ledger, const struct zmm_live *live, uint64_t held)
{
	ledger->live = *live;
	ledger->held = held;
	ledger->bytes[ZMM_CAUSE_REQUESTED] = live->requested;
	ledger->bytes[ZMM_CAUSE_HUGE_TAIL] = ledger->huge_usable - live->huge_requested;
	ledger->bytes[ZMM_CAUSE_ROUNDING] = ledger->usable - ledger->huge_usable
		- (live->requested - live->huge_requested);
}

static int visit(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	zmm_ledger_visit(context, region, block);
	return 0;
}

int zmm_ledger_take(struct zmm_ledger *ledger, zend_mm_heap *heap, const struct zmm_live *live)
{
	zend_mm_figures figures;

	*ledger = (struct zmm_ledger){ .held = 0 };
	if (zend_mm_walk(heap, visit, ledger) != 0)
		return -1;
	zend_mm_get_figures(heap, &figures);
	zmm_ledger_close(ledger, live, figures.real_size);
	return 0;
}

/* --- sums --- */

uint64_t zmm_ledger_sum(const struct zmm_ledger *ledger)
{
	uint64_t sum = 0;

	for (int i = 0; i < ZMM_CAUSES; i++)
		sum += ledger->bytes[i];
	return sum;
}

uint64_t zmm_ledger_family(const struct zmm_ledger *ledger, enum zmm_cause_family family)
{
	uint64_t sum = 0;

	for (int i = 0; i < ZMM_CAUSES; i++)
		if (causes[i].family == family)
			sum += ledger->bytes[i];
	return sum;
}

/* Whether the program's blocks can be those that the heap has handed out. */
static bool blocks_agree(const struct zmm_ledger *ledger)
{
	const struct zmm_live *live = &ledger->live;

	return ledger->blocks == live->blocks && live->huge_requested <= ledger->huge_usable
		&& live->requested - live->huge_requested <= ledger->usable - ledger->huge_usable;
}

int64_t zmm_ledger_difference(const struct zmm_ledger *ledger)
{
	if (!blocks_agree(ledger))
		return INT64_MIN;
	return (int64_t)(zmm_ledger_sum(ledger) - ledger->held);
}

const char *zmm_ledger_complaint(const struct zmm_ledger *ledger, char *text, size_t size)
{
	int64_t difference = zmm_ledger_difference(ledger);

	if (difference == 0)
		return NULL;
	if (difference != INT64_MIN)
		snprintf(text, size, "%" PRIu64 " bytes are held, and the causes sum to %" PRIu64,
			ledger->held, zmm_ledger_sum(ledger));
	else if (ledger->blocks != ledger->live.blocks)
		snprintf(text, size, "the program has %" PRIu64 " blocks, and the heap has handed out %"
			PRIu64, ledger->live.blocks, ledger->blocks);
	else
		snprintf(text, size, "%" PRIu64 " bytes were asked for, and only %" PRIu64
			" are usable", ledger->live.requested, ledger->usable);
	return text;
}
