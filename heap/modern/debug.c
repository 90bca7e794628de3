/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/debug.c - debug builds: a record at the end of each block.
 *
 *   |<------------------ slot, run or mapping -------------------->|
 *   +---------------------------+----------------+-----------------+
 *   | data, as many bytes as    | guard bytes    | record          |
 *   | were requested            | 0 to a page    |                 |
 *   +---------------------------+----------------+-----------------+
 *
 * The record is at the end, so that blocks keep the alignment of their kind, and a freed slot keeps
 * its record: freeing it again is found out.
 *
 * Invariant: between two verbs, each block in use but the entries of the huge list has a live
 * record with its own address in the magic number, and whole guard bytes.
 */
#include "heap/failure.h"
#include "heap/modern/chunks.h"
#include "heap/modern/debug.h"
#include "heap/modern/fast.h"
#include "storage/readable.h"

#define ZEND_MM_MAGIC_LIVE ((size_t)0x7312f8dcu)
#define ZEND_MM_MAGIC_FREED ((size_t)0x99954317u)
#define ZEND_MM_MAGIC_REPORTED ((size_t)0x1eafed01u)
#define ZEND_MM_FILL_GUARD 0xfb
#define ZEND_MM_FILL_FREED 0x5a

_Static_assert(sizeof(struct zend_mm_debug_record) % 8 == 0, "records keep blocks aligned");

/* {{{ Records */

/* The block of block_size bytes at ptr. */
static struct zend_mm_debug_record *zend_mm_record_of(const void *ptr, size_t block_size)
{
	return (struct zend_mm_debug_record *)((char *)ptr + block_size) - 1;
}

static size_t zend_mm_record_magic(const struct zend_mm_debug_record *record, const void *ptr)
{
	return record->magic ^ (size_t)(uintptr_t)ptr;
}

static void zend_mm_record_set_magic(struct zend_mm_debug_record *record, const void *ptr,
	size_t magic)
{
	record->magic = magic ^ (size_t)(uintptr_t)ptr;
}

/* Gives a block of block_size bytes its record and its guard bytes. */
static void zend_mm_record_write(void *ptr, size_t block_size, size_t size)
{
	struct zend_mm_debug_record *record = zend_mm_record_of(ptr, block_size);
	char *guard = (char *)ptr + size;

	record->size = size;
	record->site = zend_mm_site;
	zend_mm_record_set_magic(record, ptr, ZEND_MM_MAGIC_LIVE);
	memset(guard, ZEND_MM_FILL_GUARD, (size_t)((char *)record - guard));
}

/* Bytes to ask for so that size bytes and a record fit; 0 where that wraps. */
static size_t zend_mm_record_total(size_t size)
{
	size_t total = ((size + 7) & ~(size_t)7) + sizeof(struct zend_mm_debug_record);

	return total < size ? 0 : total;
}
/* }}} */

/* {{{ From an address to its block. Blocks that are freed or resized are looked up as in release
 * builds, in lists that have to be whole; those that are asked about as reports do. */

/* The size of the slot or run at ptr in one of the heap's chunks; 0 where there is none. */
static size_t zend_mm_debug_size_in_chunk(const void *ptr)
{
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);
	unsigned page = zend_mm_page_of(ptr);
	uint32_t word = chunk->map[page];
	unsigned bin = zend_mm_word_bin(word);
	size_t offset;

	if (zend_mm_word_is_large(word)) {
		return page >= ZEND_MM_FIRST_PAGE && zend_mm_chunk_offset(ptr) % ZEND_MM_PAGE_SIZE == 0 ?
			zend_mm_bytes_of_pages(zend_mm_word_pages(word)) : 0;
	}
	if (!zend_mm_word_is_small(word) || bin >= ZEND_MM_BIN_COUNT) {
		return 0;
	}
	page -= zend_mm_word_is_small_later(word) ? zend_mm_word_count(word) : 0;
	offset = (size_t)((const char *)ptr - (const char *)zend_mm_page_address(chunk, page));
	if (offset % zend_mm_bin_size(bin) != 0 ||
	    offset / zend_mm_bin_size(bin) >= zend_mm_bins[bin].elements) {
		return 0;
	}
	return zend_mm_bin_size(bin);
}

/* The size of the block at ptr; 0 where the heap has none. */
static size_t zend_mm_debug_size(const struct zend_mm_modern_heap *heap, const void *ptr)
{
	const struct zend_mm_huge_entry *entry;

	if (zend_mm_chunk_offset(ptr) == 0) {
		entry = zend_mm_modern_find_huge(heap, ptr);
		return entry != NULL ? entry->size : 0;
	}
	if (!zend_mm_chunks_contain(heap, zend_mm_chunk_of(ptr))) {
		return 0;
	}
	return zend_mm_debug_size_in_chunk(ptr);
}

/* Whether an address is in none of the heap's chunks and huge blocks. */
static bool zend_mm_debug_is_elsewhere(const struct zend_mm_modern_heap *heap, const void *ptr)
{
	zend_mm_place place;

	return ptr != NULL && !zend_mm_locate((zend_mm_heap *)&heap->head, ptr, &place);
}

static int zend_mm_debug_problem(zend_mm_problem *problem, const struct zend_mm_modern_heap *heap,
	const char *reason, const void *ptr, const void *word, size_t found, size_t expected)
{
	*problem = (zend_mm_problem) {
		.heap = (zend_mm_heap *)&heap->head,
		.reason = reason,
		.address = ptr,
		.word = word,
		.found = found,
		.expected = expected,
		.expectation = word != NULL ? ZEND_MM_EXPECT_EXACTLY : ZEND_MM_EXPECT_UNKNOWN
	};
	return 1;
}

static int zend_mm_debug_check_record(const struct zend_mm_modern_heap *heap, const void *ptr,
	size_t block_size, zend_mm_problem *problem)
{
	const struct zend_mm_debug_record *record = zend_mm_record_of(ptr, block_size);
	size_t magic = zend_mm_record_magic(record, ptr);
	const unsigned char *guard;

	if (magic != ZEND_MM_MAGIC_LIVE) {
		return zend_mm_debug_problem(problem, heap, magic == ZEND_MM_MAGIC_FREED ?
			"the block was freed before" : "the record at the block's end is overwritten",
			ptr, &record->magic, magic, ZEND_MM_MAGIC_LIVE);
	}
	if (record->size > block_size - sizeof(*record)) {
		zend_mm_debug_problem(problem, heap,
			"the size in the record at the block's end is overwritten", ptr, &record->size,
			record->size, block_size - sizeof(*record));
		problem->expectation = ZEND_MM_EXPECT_AT_MOST;
		return 1;
	}
	for (guard = (const unsigned char *)ptr + record->size;
	     guard < (const unsigned char *)record; guard++) {
		if (*guard != ZEND_MM_FILL_GUARD) {
			return zend_mm_debug_problem(problem, heap, "the block was written past its end",
				ptr, guard, *guard, ZEND_MM_FILL_GUARD);
		}
	}
	return 0;
}

static int zend_mm_debug_check(const struct zend_mm_modern_heap *heap, const void *ptr,
	size_t block_size, zend_mm_problem *problem)
{
	if (block_size < sizeof(struct zend_mm_debug_record)) {
		return zend_mm_debug_problem(problem, heap, zend_mm_debug_is_elsewhere(heap, ptr) ?
			"the block belongs to another heap, as one of another thread does, or to none" :
			"no block of the heap begins at the address", ptr, NULL, 0, 0);
	}
	return zend_mm_debug_check_record(heap, ptr, block_size, problem);
}

/* Whether a block's record can be read, and all that it says is guard bytes. */
static bool zend_mm_debug_is_readable(const void *ptr, size_t block_size)
{
	const struct zend_mm_debug_record *record = zend_mm_record_of(ptr, block_size);

	return zend_mm_readable(record, sizeof(*record)) &&
		(record->size > block_size - sizeof(*record) || zend_mm_readable(
			(const char *)ptr + record->size, block_size - sizeof(*record) - record->size));
}

/* The size of the block at ptr as reports see it: they follow no damaged list out of the heap. 0
 * where none begins there that can be read. */
static size_t zend_mm_debug_size_located(const struct zend_mm_modern_heap *heap, const void *ptr)
{
	zend_mm_place place = { .page = 0 };
	size_t size;

	zend_mm_modern_locate((zend_mm_heap *)&heap->head, ptr, &place);
	size = place.block.size;
	return place.block.address == ptr && place.block.data == ptr &&
		size >= sizeof(struct zend_mm_debug_record) &&
		zend_mm_debug_is_readable(ptr, size) ? size : 0;
}

int zend_mm_modern_debug_check_block(const struct zend_mm_modern_heap *heap, const void *ptr,
	zend_mm_problem *problem)
{
	size_t block_size = ptr == NULL ? 0 : zend_mm_debug_size_located(heap, ptr);

	return zend_mm_debug_check(heap, ptr, block_size, problem);
}

/* The size of a block that has to be sound. */
static size_t zend_mm_debug_size_checked(const struct zend_mm_modern_heap *heap, const void *ptr)
{
	size_t block_size = ptr == NULL ? 0 : zend_mm_debug_size(heap, ptr);
	zend_mm_problem problem;

	if (zend_mm_debug_check(heap, ptr, block_size, &problem) != 0) {
		zend_mm_corrupted(&problem);
	}
	return block_size;
}
/* }}} */

/* {{{ Verbs */

void *zend_mm_modern_debug_alloc(zend_mm_heap *base, size_t size)
{
	size_t total = zend_mm_record_total(size);
	void *ptr;

	if (total == 0) {
		zend_mm_modern_refuse(zend_mm_modern(base), ZEND_MM_REFUSED_WRAPPED, size);
		return zend_mm_modern_refused(zend_mm_modern(base));
	}
	ptr = zend_mm_modern_alloc(base, total);
	if (ptr != NULL) {
		zend_mm_record_write(ptr, zend_mm_modern_block_size(base, ptr), size);
	}
	return ptr;
}

void *zend_mm_modern_debug_alloc_aligned(zend_mm_heap *base, size_t alignment, size_t size)
{
	size_t total = zend_mm_record_total(size);
	void *ptr;

	if (total == 0) {
		zend_mm_modern_refuse(zend_mm_modern(base), ZEND_MM_REFUSED_WRAPPED, size);
		return zend_mm_modern_refused(zend_mm_modern(base));
	}
	ptr = zend_mm_modern_alloc_aligned(base, alignment, total);
	if (ptr != NULL) {
		zend_mm_record_write(ptr, zend_mm_modern_block_size(base, ptr), size);
	}
	return ptr;
}

/* Spoils a slot that is about to be free, or just was freed but for its link, and what shadows that
 * in hardened heaps. */
static void zend_mm_debug_spoil(void *ptr, size_t block_size)
{
	struct zend_mm_debug_record *record = zend_mm_record_of(ptr, block_size);
	char *data = (char *)ptr + (config_hardened ? 2 : 1) * sizeof(struct zend_mm_slot);

	zend_mm_record_set_magic(record, ptr, ZEND_MM_MAGIC_FREED);
	if (data < (char *)record) {
		memset(data, ZEND_MM_FILL_FREED, (size_t)((char *)record - data));
	}
}

void zend_mm_modern_debug_free(zend_mm_heap *base, void *ptr)
{
	size_t block_size;

	if (ptr == NULL) {
		return;
	}
	block_size = zend_mm_debug_size_checked(zend_mm_modern(base), ptr);
	if (zend_mm_chunk_offset(ptr) != 0) {
		zend_mm_debug_spoil(ptr, block_size);
	}
	zend_mm_modern_free(base, ptr);
}

void *zend_mm_modern_debug_realloc(zend_mm_heap *base, void *ptr, size_t size, size_t copy_size)
{
	size_t total = zend_mm_record_total(size);
	size_t old_size;
	void *moved;

	if (ptr == NULL) {
		return zend_mm_modern_debug_alloc(base, size);
	}
	old_size = zend_mm_debug_size_checked(zend_mm_modern(base), ptr);
	if (total == 0) {
		zend_mm_modern_refuse(zend_mm_modern(base), ZEND_MM_REFUSED_WRAPPED, size);
		return zend_mm_modern_refused(zend_mm_modern(base));
	}
	moved = zend_mm_modern_realloc(base, ptr, total, copy_size);
	if (moved == NULL) {
		return NULL;
	}
	if (moved != ptr && old_size <= ZEND_MM_MAX_SMALL_SIZE) {
		zend_mm_debug_spoil(ptr, old_size);
	}
	zend_mm_record_write(moved, zend_mm_modern_block_size(base, moved), size);
	return moved;
}

size_t zend_mm_modern_debug_block_size(zend_mm_heap *base, void *ptr)
{
	if (ptr == NULL) {
		return 0;
	}
	return zend_mm_record_of(ptr, zend_mm_debug_size_checked(zend_mm_modern(base), ptr))->size;
}
/* }}} */

/* {{{ All blocks */

void zend_mm_modern_debug_describe(zend_mm_block_info *block)
{
	block->requested = zend_mm_record_of(block->address, block->size)->size;
	block->usable = block->requested;
}

static bool zend_mm_has_record(const zend_mm_block_info *block)
{
	return block != NULL && block->state == ZEND_MM_BLOCK_USED && !block->internal;
}

struct zend_mm_debug_check {
	const struct zend_mm_modern_heap *heap;
	zend_mm_problem *problem;
};

static int zend_mm_debug_check_visited(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	const struct zend_mm_debug_check *check = context;

	(void)region;
	if (!zend_mm_has_record(block)) {
		return 0;
	}
	return zend_mm_debug_check_record(check->heap, block->address, block->size, check->problem);
}

int zend_mm_modern_debug_check_all(struct zend_mm_modern_heap *heap, zend_mm_problem *problem)
{
	struct zend_mm_debug_check check = { heap, problem };

	return zend_mm_modern_walk(&heap->head, zend_mm_debug_check_visited, &check);
}
/* }}} */

void zend_mm_modern_debug_owner(zend_mm_place *place)
{
	const void *ptr = place->block.address;
	struct zend_mm_debug_record record;
	size_t magic;

	if (place->block.size < sizeof record ||
	    !zend_mm_read_memory(zend_mm_record_of(ptr, place->block.size), &record, sizeof record)) {
		return;
	}
	magic = zend_mm_record_magic(&record, ptr);
	if (magic != ZEND_MM_MAGIC_LIVE && magic != ZEND_MM_MAGIC_FREED &&
	    magic != ZEND_MM_MAGIC_REPORTED) {
		return;
	}
	place->block.requested = record.size;
	place->owner = (zend_leak_info) {
		.addr = (void *)(uintptr_t)ptr,
		.size = record.size,
		.filename = record.site.filename,
		.lineno = record.site.lineno,
		.orig_filename = record.site.orig_filename,
		.orig_lineno = record.site.orig_lineno
	};
}

/* {{{ Leaks
 *
 * The host is told outside the walks, for its callback may allocate.  What was reported, or counted
 * as a repetition, is marked in its magic number; everything is released right after. */

struct zend_mm_leak {
	const void *ptr; /* the first one not reported; NULL where there is none */
	const struct zend_mm_debug_record *record;
	size_t repetitions;
};

static bool zend_mm_same_name(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool zend_mm_same_site(const struct zend_mm_site *a, const struct zend_mm_site *b)
{
	return a->lineno == b->lineno && a->orig_lineno == b->orig_lineno &&
		zend_mm_same_name(a->filename, b->filename) &&
		zend_mm_same_name(a->orig_filename, b->orig_filename);
}

/* Finds the first leak and marks it and those of the same site. */
static int zend_mm_leak_visited(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	struct zend_mm_leak *leak = context;
	struct zend_mm_debug_record *record;

	(void)region;
	if (!zend_mm_has_record(block)) {
		return 0;
	}
	record = zend_mm_record_of(block->address, block->size);
	if (zend_mm_record_magic(record, block->address) != ZEND_MM_MAGIC_LIVE) {
		return 0;
	}
	if (leak->ptr == NULL) {
		leak->ptr = block->address;
		leak->record = record;
	} else if (zend_mm_same_site(&leak->record->site, &record->site)) {
		leak->repetitions++;
	} else {
		return 0;
	}
	zend_mm_record_set_magic(record, block->address, ZEND_MM_MAGIC_REPORTED);
	return 0;
}

static void zend_mm_leak_report(const struct zend_mm_leak *leak)
{
	const struct zend_mm_debug_record *record = leak->record;
	const zend_leak_info info = {
		.addr = (void *)leak->ptr,
		.size = record->size,
		.filename = record->site.filename,
		.lineno = record->site.lineno,
		.orig_filename = record->site.orig_filename,
		.orig_lineno = record->site.orig_lineno
	};

	zend_mm_current_host.leak(&info);
	if (leak->repetitions != 0) {
		zend_mm_current_host.leak_repeated(leak->repetitions);
	}
}

void zend_mm_modern_debug_report_leaks(struct zend_mm_modern_heap *heap)
{
	size_t leaks = 0;

	for (;;) {
		struct zend_mm_leak leak = { 0 };

		if (zend_mm_modern_walk(&heap->head, zend_mm_leak_visited, &leak) != 0 ||
		    leak.ptr == NULL) {
			break;
		}
		zend_mm_leak_report(&leak);
		leaks += 1 + leak.repetitions;
	}
	if (leaks != 0) {
		zend_mm_current_host.leaks_total(leaks);
	}
}
/* }}} */
