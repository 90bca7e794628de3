/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/tags.c - reading a damaged segment from both ends (see tags.h).
 *
 * Called by locate.c, by the reports of failed checks (corruption.c) and by the deep check.
 */
#include "heap/circle.h"
#include "heap/legacy/tags.h"

const char zend_mm_legacy_not_in_use[] = "a block that is not in use was freed or resized";

/* {{{ Words of headers. */

/* Size words alone: the longer headers of some builds are not read here. */
static bool read_header(struct zend_mm_legacy_tags *tags, const block_t *block, block_t *header)
{
	return zend_mm_reader_copy(&tags->reader, block, header, sizeof *header);
}

static const block_t *guard_of_segment(const struct zend_mm_legacy_tags *tags)
{
	return segment_guard(tags->segment.address, tags->segment.size);
}

static const block_t *first_of_segment(const struct zend_mm_legacy_tags *tags)
{
	return segment_first_block(tags->segment.address);
}

/* Whether a word can be the size and type of a block that has at most that many bytes. */
static bool can_be_block(size_t word, uintptr_t most)
{
	size_t size = word & ~(size_t) block_type_mask;

	return (word & block_guard_bit) == 0 && size >= legacy_smallest_block
		&& size % legacy_alignment == 0 && size <= most;
}

/* }}} */

static bool is_sane(const zend_mm_segment *segment, const zend_mm_segment *copy)
{
	return (uintptr_t) segment % legacy_alignment == 0 && copy->size >= legacy_segment_overhead
		&& copy->size <= UINTPTR_MAX - (uintptr_t) segment;
}

/* The segment that holds an address; false where the list does not lead to one whose blocks can be
 * read.  An address in a header is in the segment whatever the size there says. */
static bool find_segment(const legacy_heap_t *heap, const void *address,
	struct zend_mm_legacy_tags *tags)
{
	const zend_mm_segment *segment = heap->segments;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	zend_mm_segment copy;

	for (; segment && !zend_mm_circle_closes(&circle, segment); segment = copy.next_segment) {
		if (!zend_mm_reader_copy(&tags->reader, segment, &copy, sizeof copy)) {
			return false;
		}
		if ((uintptr_t) address - (uintptr_t) segment < sizeof copy
				|| ((uintptr_t) address - (uintptr_t) segment < copy.size
					&& is_sane(segment, &copy))) {
			tags->segment = (zend_mm_region) { ZEND_MM_REGION_SEGMENT, segment, copy.size };
			return is_sane(segment, &copy);
		}
	}
	return false;
}

static bool is_around(const block_t *block, const block_t *after, const void *address)
{
	return (uintptr_t) address >= (uintptr_t) block && (uintptr_t) address < (uintptr_t) after;
}

/* A block whose size word and copy agree, next to the address or around it. */
static void note(struct zend_mm_legacy_tags *tags, const block_t *block, size_t word,
	const void *address)
{
	const block_t *after = block_at(block, word & ~(size_t) block_type_mask);

	if (is_around(block, after, address)) {
		tags->block = block;
		tags->word = word;
		tags->after = after;
	} else if (after == tags->block || (!tags->block && (uintptr_t) after <= (uintptr_t) address)) {
		tags->before = block;
	}
}

/* Goes from the first block on as long as each size's copy agrees. */
static void read_forwards(struct zend_mm_legacy_tags *tags, const void *address)
{
	const block_t *guard = guard_of_segment(tags);
	const block_t *block = first_of_segment(tags);
	block_t header, after;

	while (block != guard && read_header(tags, block, &header)
			&& can_be_block(header.word, (uintptr_t) guard - (uintptr_t) block)
			&& read_header(tags, block_at(block, block_size(&header)), &after)
			&& after.before == header.word) {
		note(tags, block, header.word, address);
		block = block_at(block, block_size(&header));
	}
	tags->last = block;
}

/* The same from the guard back; not further than to where the way forwards ended.  What has been
 * noted on the way forwards stays: the block before the address may be found on either. */
static void read_backwards(struct zend_mm_legacy_tags *tags, const void *address)
{
	const block_t *block = guard_of_segment(tags);
	block_t header, before;

	while (block != tags->last && read_header(tags, block, &header)
			&& can_be_block(header.before, (uintptr_t) block - (uintptr_t) tags->last)
			&& read_header(tags, block_at(block, 0 - block_before_size(&header)), &before)
			&& before.word == header.before) {
		block = block_at(block, 0 - block_before_size(&header));
		note(tags, block, header.before, address);
	}
	tags->first = block;
}

/* Which word is wrong between the ends of both ways, which have not met. */
static void find_damage(struct zend_mm_legacy_tags *tags)
{
	uintptr_t distance = (uintptr_t) tags->first - (uintptr_t) tags->last;
	block_t last = { 0 }, first = { 0 };

	if (distance == 0) {
		return;
	}
	read_header(tags, tags->last, &last);
	read_header(tags, tags->first, &first);
	tags->last_word = last.word;
	tags->first_copy = first.before;
	tags->damage = tags_more;
	if (can_be_block(first.before, distance) && block_before_size(&first) == distance) {
		tags->damage = tags_word;
	} else if (can_be_block(last.word, distance) && block_size(&last) == distance) {
		tags->damage = tags_copy;
	} else if (can_be_block(last.word, distance) && can_be_block(first.before, distance)
			&& block_size(&last) + block_before_size(&first) == distance) {
		tags->damage = tags_header;
		tags->middle = block_at(tags->last, block_size(&last));
	}
}

/* The address is where the ways have not met: what is known of the block there. */
static void note_damaged(struct zend_mm_legacy_tags *tags, const void *address)
{
	if (tags->damage == tags_header) {
		note(tags, tags->last, tags->last_word, address);
		note(tags, tags->middle, tags->first_copy, address);
		return;
	}
	tags->block = tags->last;
	tags->after = tags->first;
	tags->word = tags->damage == tags_word ? tags->first_copy
		: tags->damage == tags_copy ? tags->last_word : 0;
}

void zend_mm_legacy_read_tags(const legacy_heap_t *heap, const void *address,
	struct zend_mm_legacy_tags *tags)
{
	const block_t *guard;

	memset(tags, 0, sizeof *tags);
	zend_mm_reader_open(&tags->reader);
	if (!find_segment(heap, address, tags)) {
		return;
	}
	guard = guard_of_segment(tags);
	if ((uintptr_t) address >= (uintptr_t) guard) {
		tags->block = guard;
		tags->word = legacy_header_size | block_guard;
	}
	read_forwards(tags, address);
	read_backwards(tags, address);
	find_damage(tags);
	if (tags->damage != tags_whole && is_around(tags->last, tags->first, address)) {
		note_damaged(tags, address);
	} else if (tags->damage != tags_whole && tags->block == tags->first) {
		tags->before = tags->middle ? tags->middle : tags->last;
	} else if (!tags->block) {
		tags->after = first_of_segment(tags);
	}
}

/* A block that was freed, and became part of a larger free one, begins nowhere any more. */
static bool is_free_already(const struct zend_mm_legacy_tags *tags, const zend_mm_problem *problem)
{
	const block_t header = { .word = tags->word };

	return tags->block && tags->word != 0 && block_is_free(&header)
		&& problem->reason == zend_mm_legacy_not_in_use;
}

/* Where all tags around an address are right: whether a block begins there. */
static void judge_address(const struct zend_mm_legacy_tags *tags, const void *address,
	zend_mm_problem *problem)
{
	if (tags->segment.address && (tags->block == address || is_free_already(tags, problem))) {
		return;
	}
	problem->reason = tags->segment.address ? "an address is inside a block, not its beginning"
		: "no block of the heap can begin at an address";
	problem->address = block_data(address);
	problem->word = NULL;
	problem->found = problem->expected = 0;
	problem->expectation = ZEND_MM_EXPECT_UNKNOWN;
}

/* The wrong word, and what its twin says. */
static void name_word(struct zend_mm_legacy_tags *tags, zend_mm_problem *problem)
{
	block_t header = { .word = tags->last_word };

	problem->address = tags->middle ? tags->middle : tags->last;
	problem->word = &((const block_t *) problem->address)->word;
	problem->expected = tags->damage == tags_more ? 0 : tags->first_copy;
	problem->expectation = tags->damage == tags_more ? ZEND_MM_EXPECT_UNKNOWN
		: ZEND_MM_EXPECT_EXACTLY;
	if (tags->damage == tags_copy) {
		problem->word = &tags->first->before;
		problem->expected = tags->last_word;
		header.word = tags->first_copy;
	} else if (tags->damage == tags_header) {
		read_header(tags, tags->middle, &header);
	}
	problem->found = header.word;
}

enum zend_mm_legacy_damage zend_mm_legacy_judge_tags(const legacy_heap_t *heap,
	const void *address, zend_mm_problem *problem)
{
	struct zend_mm_legacy_tags tags;

	zend_mm_legacy_read_tags(heap, address, &tags);
	if (tags.damage == tags_whole || (uintptr_t) address < (uintptr_t) tags.last
			|| (uintptr_t) address > (uintptr_t) tags.first) {
		judge_address(&tags, address, problem);
		return tags_whole;
	}
	name_word(&tags, problem);
	return tags.damage;
}
