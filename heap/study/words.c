/* SPDX-License-Identifier: MIT */
/*
 * heap/study/words.c - what headers and free blocks hold, word by word, for whoever shows them.
 *
 * Only what the design says is there is read: a used block has its header, a free one its links.
 */
#include "heap/legacy/layout.h"
#include "heap/modern/layout.h"
#include "heap/study/study.h"

struct reading {
	struct zend_mm_study_word *words;
	size_t count;
};

static void add(struct reading *reading, const char *name, size_t offset, size_t size, size_t value)
{
	reading->words[reading->count++] = (struct zend_mm_study_word) {
		name, (unsigned) offset, (unsigned) size, value, false
	};
}

static void add_link(struct reading *reading, const char *name, size_t offset, const void *address)
{
	add(reading, name, offset, sizeof address, (size_t) (uintptr_t) address);
	reading->words[reading->count - 1].link = true;
}

static void read_free_large(struct reading *reading, const zend_mm_block_info *block,
	const struct zend_mm_legacy_links *links)
{
	size_t at = legacy_header_size + sizeof links->ring;

	add_link(reading, "parent", at, links->parent);
	if (block->list == ZEND_MM_LIST_TRIE && links->parent) {
		add_link(reading, "child 0", at + sizeof(void *), links->child[0]);
		add_link(reading, "child 1", at + 2 * sizeof(void *), links->child[1]);
	}
}

static void read_legacy(struct reading *reading, const zend_mm_block_info *block)
{
	const block_t *header = block->address;
	const struct zend_mm_legacy_links *links = block_links(header);

	add(reading, "size and type", 0, sizeof(size_t), header->word);
	if (block->state == ZEND_MM_BLOCK_GUARD) {
		return;
	}
	add(reading, "of the block before", sizeof(size_t), sizeof(size_t), header->before);
	if (block->state == ZEND_MM_BLOCK_CACHED) {
		add_link(reading, "next cached", legacy_header_size, *(void *const *) links);
	}
	if (block->state == ZEND_MM_BLOCK_FREE) {
		add_link(reading, "previous", legacy_header_size, links->ring.prev);
		add_link(reading, "next", legacy_header_size + sizeof(void *), links->ring.next);
		if (block->size >= legacy_small_limit) {
			read_free_large(reading, block, links);
		}
	}
}

static void read_segment(struct reading *reading, const zend_mm_segment *segment)
{
	add(reading, "size", 0, sizeof(size_t), segment->size);
	add_link(reading, "next segment", sizeof(size_t), segment->next_segment);
}

static void read_chunk(struct reading *reading, const struct zend_mm_chunk *chunk)
{
	add_link(reading, "next chunk", offsetof(struct zend_mm_chunk, next), chunk->next);
	add_link(reading, "previous chunk", offsetof(struct zend_mm_chunk, prev), chunk->prev);
	add(reading, "free pages", offsetof(struct zend_mm_chunk, free_pages), 4, chunk->free_pages);
	add(reading, "free tail", offsetof(struct zend_mm_chunk, free_tail), 4, chunk->free_tail);
	add(reading, "number", offsetof(struct zend_mm_chunk, num), 4, chunk->num);
}

size_t zend_mm_study_words(const zend_mm_region *region, const zend_mm_block_info *block,
	struct zend_mm_study_word words[ZEND_MM_STUDY_WORDS])
{
	struct reading reading = { words, 0 };
	bool head = block->state == ZEND_MM_BLOCK_HEADER;

	if (region->kind == ZEND_MM_REGION_SEGMENT && head) {
		read_segment(&reading, block->address);
	} else if (region->kind == ZEND_MM_REGION_SEGMENT) {
		read_legacy(&reading, block);
	} else if (region->kind == ZEND_MM_REGION_CHUNK && head) {
		read_chunk(&reading, block->address);
	} else if (region->kind == ZEND_MM_REGION_CHUNK && block->state == ZEND_MM_BLOCK_FREE) {
		add_link(&reading, "next free", 0, ((const struct zend_mm_slot *) block->address)->next);
	}
	return reading.count;
}
