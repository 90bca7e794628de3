/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/locate.c - what stands at an address of a heap that may be damaged.
 *
 * Called through the verbs, for reports.  Which blocks there are is read from both ends of a
 * segment (tags.h), so that damage in one place hides nothing behind it.
 */
#include "heap/circle.h"
#include "heap/legacy/guard.h"
#include "heap/legacy/tags.h"
#include "heap/legacy/verbs.h"

static bool is_in_cache(const legacy_heap_t *heap, struct zend_mm_reader *reader,
	const block_t *block, size_t size)
{
	void *data = heap->cache[bucket_of(size)];
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;

	while (data && !zend_mm_circle_closes(&circle, data)) {
		void *word;

		if (data == block_data(block)) {
			return true;
		}
		if (!zend_mm_reader_copy(reader, data, &word, sizeof word)) {
			return false;
		}
		data = cache_decode(heap, data, word);
	}
	return false;
}

static bool is_in_rest(const legacy_heap_t *heap, struct zend_mm_reader *reader,
	const block_t *block)
{
	const block_t *sentinel = ring_sentinel(&heap->rest);
	const block_t *member = heap->rest.next;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	struct zend_mm_legacy_ring ring;

	while (member != sentinel && member != block && !zend_mm_circle_closes(&circle, member)) {
		if (!zend_mm_reader_copy(reader, block_ring(member), &ring, sizeof ring)) {
			return false;
		}
		member = ring.next;
	}
	return member == block;
}

static void name_list(const legacy_heap_t *heap, struct zend_mm_reader *reader,
	zend_mm_block_info *info)
{
	bool is_small = info->size < legacy_small_limit;
	bool is_free = info->state == ZEND_MM_BLOCK_FREE;

	if (is_free && is_in_rest(heap, reader, info->address)) {
		info->list = ZEND_MM_LIST_REST;
	} else if (is_free) {
		info->list = is_small ? ZEND_MM_LIST_BUCKET : ZEND_MM_LIST_TRIE;
		info->index = (unsigned) (is_small ? bucket_of(info->size)
			: zend_mm_highest_bit(info->size));
	} else if (is_small && is_in_cache(heap, reader, info->address, info->size)) {
		info->state = ZEND_MM_BLOCK_CACHED;
		info->list = ZEND_MM_LIST_CACHE;
		info->index = (unsigned) bucket_of(info->size);
	}
}

/* A block of that size word. */
static zend_mm_block_info describe(const legacy_heap_t *heap, struct zend_mm_reader *reader,
	const block_t *block, size_t word)
{
	const block_t header = { .word = word };
	size_t size = block_size(&header);
	zend_mm_block_info info = { .address = block, .size = size, .data = block_data(block) };

	info.usable = size - legacy_header_size - legacy_canary_size;
	info.state = block_is_free(&header) ? ZEND_MM_BLOCK_FREE : ZEND_MM_BLOCK_USED;
	info.internal = info.data == (const void *) heap;
	if (heap->reserve == info.data) {
		info.state = ZEND_MM_BLOCK_RESERVE;
	} else {
		name_list(heap, reader, &info);
	}
	return info;
}

/* What begins at a block of the segment whose word is known, from its neighbours if not its own. */
static zend_mm_block_info describe_at(const legacy_heap_t *heap, struct zend_mm_legacy_tags *tags,
	const block_t *block)
{
	const block_t *guard = segment_guard(tags->segment.address, tags->segment.size);
	block_t header;

	if (block == guard) {
		return (zend_mm_block_info) {
			.address = block, .size = legacy_header_size, .state = ZEND_MM_BLOCK_GUARD
		};
	}
	if (!block || !zend_mm_reader_copy(&tags->reader, block, &header, sizeof header)) {
		return (zend_mm_block_info) { .address = NULL };
	}
	if (tags->damage == tags_word ? block == tags->last : tags->middle && block == tags->middle) {
		header.word = tags->first_copy;
	}
	if (block_size(&header) < legacy_smallest_block
			|| block_size(&header) > (uintptr_t) guard - (uintptr_t) block) {
		return (zend_mm_block_info) { .address = NULL };
	}
	return describe(heap, &tags->reader, block, header.word);
}

/* {{{ Who asked for a block: builds that note it, as long as one of the block's marks is whole. */

static bool is_whole(const legacy_heap_t *heap, const struct zend_mm_legacy_owner *owner)
{
	return owner->magic == MAGIC_USED || owner->magic == MAGIC_CACHED
		|| owner->magic == MAGIC_FREED || owner->heap_secret == heap->secret;
}

static void find_owner(const legacy_heap_t *heap, struct zend_mm_reader *reader,
	zend_mm_place *place)
{
	const block_t *block = place->block.address;
	struct zend_mm_legacy_owner owner = { .magic = MAGIC_USED };
	size_t requested;
	bool is_handed_out = place->block.state == ZEND_MM_BLOCK_USED
		|| place->block.state == ZEND_MM_BLOCK_CACHED;

	if (!legacy_keeps_requested || !place->block.data || place->block.internal
			|| place->block.state == ZEND_MM_BLOCK_RESERVE
			|| (!config_debug && !is_handed_out)
			|| !zend_mm_reader_copy(reader, block_requested(block), &requested, sizeof requested)
			|| requested > place->block.usable) {
		return;
	}
	if (config_debug && (!zend_mm_reader_copy(reader, block_owner(block), &owner, sizeof owner)
			|| !is_whole(heap, &owner))) {
		return;
	}
	place->block.requested = requested;
	place->owner = (zend_leak_info) {
		.addr = (void *) (uintptr_t) place->block.data,
		.size = requested,
		.filename = owner.filename,
		.lineno = owner.lineno,
		.orig_filename = owner.orig_filename,
		.orig_lineno = owner.orig_lineno
	};
}

/* }}} */

/* The heap's structure, where that lies in no segment; sentinels of rings begin before it. */
static void locate_in_heap(const legacy_heap_t *heap, const void *address, zend_mm_place *place)
{
	if ((uintptr_t) address - (uintptr_t) heap + legacy_header_size
			< sizeof *heap + legacy_header_size) {
		place->region = (zend_mm_region) { ZEND_MM_REGION_HEAP, heap, sizeof *heap };
	}
}

void zend_mm_legacy_locate(zend_mm_heap *head, const void *address, zend_mm_place *place)
{
	const legacy_heap_t *heap = (const legacy_heap_t *) head;
	struct zend_mm_legacy_tags tags;

	zend_mm_legacy_read_tags(heap, address, &tags);
	if (!tags.segment.address) {
		locate_in_heap(heap, address, place);
		return;
	}
	place->region = tags.segment;
	if (tags.damage != tags_whole) {
		place->damaged = tags.damage == tags_copy ? tags.first
			: tags.middle ? tags.middle : tags.last;
	}
	if (!tags.block) {
		place->block = (zend_mm_block_info) {
			.address = tags.segment.address, .size = legacy_segment_header_size,
			.state = ZEND_MM_BLOCK_HEADER
		};
	} else if (tags.word != 0) {
		place->block = describe_at(heap, &tags, tags.block);
	}
	place->before = describe_at(heap, &tags, tags.before);
	place->after = describe_at(heap, &tags, tags.after);
	find_owner(heap, &tags.reader, place);
}
