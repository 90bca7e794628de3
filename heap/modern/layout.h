/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/layout.h - how a chunk looks, and the accessors by which it is touched.
 *
 * Vital statistics: chunks of 2 MiB aligned to 2 MiB; 512 pages of 4 KiB in each, the first of
 * which is the header; no header per block; smallest block 8 bytes, alignment 8.
 *
 * A chunk:
 *
 *   page 0      1        2        3                                              511
 *   +--------+--------+--------+--------+--------+--   --+--------+--------+--------+
 *   | header | bin's run       | bin's  | large run ...  |  free pages              |
 *   +--------+--------+--------+--------+--------+--   --+--------+--------+--------+
 *                                                        ^ free_tail: no run begins here or
 *                                                          after it
 *
 * Its header (offsets in bytes, 64-bit):
 *
 *        0       8       16      24          28          32   36    40       64
 *        +-------+-------+-------+-----------+-----------+----+-----+--------+---------------+
 *        | heap  | next  | prev  | free pages| free tail |num |place| unused | heap ...      |
 *        +-------+-------+-------+-----------+-----------+----+-----+--------+---------------+
 *        1984                2048                                                         4096
 *   ----+-------------------+----------------------------------------------------------------+
 *    ...| used: 512 bits    | map: 512 words of 32 bits                                      |
 *   ----+-------------------+----------------------------------------------------------------+
 *
 * The heap structure and the copy of the storage's data are in the main chunk's header only.
 *
 * A map word:
 *
 *   bit 31  30   29..25   24 ........ 16   15 ......... 0
 *        0   0        0                0                0   free page, or inside a large run
 *        0   1        0                          pages      first page of a large run
 *        1   0        0        free slots        bin        first page of a bin's run
 *        1   1        0          distance        bin        later page of a bin's run
 *
 * "Free slots" is the counter of garbage collection and 0 outside it; "distance" counts pages back
 * to the run's first.
 *
 * Invariant: the bit of a page is set exactly if the page is the header or inside a run; the map
 * words of free pages and of the later pages of large runs are 0.
 */
#ifndef HEAP_MODERN_LAYOUT_H
#define HEAP_MODERN_LAYOUT_H

#include "heap/heap.h"

#define ZEND_MM_CHUNK_SIZE ((size_t)2 * 1024 * 1024)
#define ZEND_MM_CHUNK_MASK (ZEND_MM_CHUNK_SIZE - 1)
#define ZEND_MM_PAGE_SHIFT 12
#define ZEND_MM_PAGE_SIZE ((size_t)1 << ZEND_MM_PAGE_SHIFT)
#define ZEND_MM_PAGES 512u
#define ZEND_MM_FIRST_PAGE 1u
/* The free pages of a chunk without a run. */
#define ZEND_MM_ALL_PAGES (ZEND_MM_PAGES - ZEND_MM_FIRST_PAGE)

#define ZEND_MM_BITMAP_WORDS (ZEND_MM_PAGES / 64)
#define ZEND_MM_HEAP_ROOM_OFFSET 64
#define ZEND_MM_BITMAP_OFFSET 1984
#define ZEND_MM_MAP_OFFSET 2048

#define ZEND_MM_MAP_SMALL UINT32_C(0x80000000)
#define ZEND_MM_MAP_LARGE UINT32_C(0x40000000)
#define ZEND_MM_MAP_KIND UINT32_C(0xc0000000)
#define ZEND_MM_MAP_PAGES UINT32_C(0x3ff)
#define ZEND_MM_MAP_BIN UINT32_C(0x1f)
#define ZEND_MM_MAP_COUNT_SHIFT 16
#define ZEND_MM_MAP_COUNT UINT32_C(0x1ff)

struct zend_mm_modern_heap;

struct zend_mm_chunk {
	struct zend_mm_modern_heap *heap;
	struct zend_mm_chunk *next; /* in the circle; or the next cached chunk */
	struct zend_mm_chunk *prev;
	uint32_t free_pages;
	uint32_t free_tail;
	uint32_t num;
	uint32_t place; /* in a long circle (order.h) */
	_Alignas(64) unsigned char heap_room[ZEND_MM_BITMAP_OFFSET - ZEND_MM_HEAP_ROOM_OFFSET];
	uint64_t used[ZEND_MM_BITMAP_WORDS];
	uint32_t map[ZEND_MM_PAGES];
};

_Static_assert(offsetof(struct zend_mm_chunk, heap_room) == ZEND_MM_HEAP_ROOM_OFFSET, "room");
_Static_assert(offsetof(struct zend_mm_chunk, used) == ZEND_MM_BITMAP_OFFSET, "bitmap");
_Static_assert(offsetof(struct zend_mm_chunk, map) == ZEND_MM_MAP_OFFSET, "map");
_Static_assert(sizeof(struct zend_mm_chunk) == ZEND_MM_PAGE_SIZE, "the header is one page");
_Static_assert(ZEND_MM_PAGES * ZEND_MM_PAGE_SIZE == ZEND_MM_CHUNK_SIZE, "pages fill a chunk");
_Static_assert(ZEND_MM_ALL_PAGES * ZEND_MM_PAGE_SIZE == ZEND_MM_MAX_LARGE_SIZE, "largest run");

/* A free slot.  Its first word leads to the next one; only the accessors (plain.h) touch it. */
struct zend_mm_slot {
	struct zend_mm_slot *next;
};

/* A huge block's entry in the list; itself a slot of the 24-byte bin (16-byte on 32 bits). */
struct zend_mm_huge_entry {
	void *ptr;
	size_t size;
	struct zend_mm_huge_entry *next;
};

/* {{{ Addresses */

/* Offset within 2 MiB: 0 is a huge block or NULL. */
static zend_always_inline size_t zend_mm_chunk_offset(const void *ptr)
{
	return (uintptr_t)ptr & ZEND_MM_CHUNK_MASK;
}

static zend_always_inline struct zend_mm_chunk *zend_mm_chunk_of(const void *ptr)
{
	return (struct zend_mm_chunk *)((uintptr_t)ptr & ~(uintptr_t)ZEND_MM_CHUNK_MASK);
}

static zend_always_inline unsigned zend_mm_page_of(const void *ptr)
{
	return (unsigned)(zend_mm_chunk_offset(ptr) >> ZEND_MM_PAGE_SHIFT);
}

static zend_always_inline void *zend_mm_page_address(const struct zend_mm_chunk *chunk,
	unsigned page)
{
	return (char *)chunk + ((size_t)page << ZEND_MM_PAGE_SHIFT);
}

static zend_always_inline size_t zend_mm_bytes_of_pages(unsigned pages)
{
	return (size_t)pages << ZEND_MM_PAGE_SHIFT;
}

/* Pages that a large request takes. */
static zend_always_inline unsigned zend_mm_pages_of_bytes(size_t size)
{
	return (unsigned)((size + ZEND_MM_PAGE_SIZE - 1) >> ZEND_MM_PAGE_SHIFT);
}
/* }}} */

/* {{{ Map words */

static zend_always_inline bool zend_mm_word_is_small(uint32_t word)
{
	return (word & ZEND_MM_MAP_SMALL) != 0;
}

static zend_always_inline bool zend_mm_word_is_large(uint32_t word)
{
	return (word & ZEND_MM_MAP_KIND) == ZEND_MM_MAP_LARGE;
}

static zend_always_inline bool zend_mm_word_is_small_first(uint32_t word)
{
	return (word & ZEND_MM_MAP_KIND) == ZEND_MM_MAP_SMALL;
}

static zend_always_inline bool zend_mm_word_is_small_later(uint32_t word)
{
	return (word & ZEND_MM_MAP_KIND) == ZEND_MM_MAP_KIND;
}

static zend_always_inline unsigned zend_mm_word_bin(uint32_t word)
{
	return word & ZEND_MM_MAP_BIN;
}

static zend_always_inline unsigned zend_mm_word_pages(uint32_t word)
{
	return word & ZEND_MM_MAP_PAGES;
}

/* The free counter of a first page, the distance of a later one. */
static zend_always_inline unsigned zend_mm_word_count(uint32_t word)
{
	return (word >> ZEND_MM_MAP_COUNT_SHIFT) & ZEND_MM_MAP_COUNT;
}

static zend_always_inline uint32_t zend_mm_large_word(unsigned pages)
{
	return ZEND_MM_MAP_LARGE | pages;
}

static zend_always_inline uint32_t zend_mm_small_word(unsigned bin, unsigned free_slots)
{
	return ZEND_MM_MAP_SMALL | bin | ((uint32_t)free_slots << ZEND_MM_MAP_COUNT_SHIFT);
}

static zend_always_inline uint32_t zend_mm_small_later_word(unsigned bin, unsigned distance)
{
	return ZEND_MM_MAP_KIND | bin | ((uint32_t)distance << ZEND_MM_MAP_COUNT_SHIFT);
}
/* }}} */

#endif
