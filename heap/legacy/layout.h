/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/layout.h - how segments and blocks lie in memory: sizes, pictures, accessors.
 *
 * Nothing else in the heap touches a header except through the accessors here; they know no heap
 * and check nothing.  Numbers are for 64-bit, those for 32-bit in [brackets].
 *
 * A segment is one piece of storage.  It starts with a header and ends with a guard; the blocks
 * between follow each other without a gap:
 *
 *	+0        16 [8]                                               size - 16 [- 8]    size
 *	| segment | block          | block | block               | ... | guard              |
 *	| header  | before = GUARD |       |                     |     | word = 16 | GUARD  |
 *
 * A block that is handed out, or in the cache:
 *
 *	+0        8 [4]     16 [8]                                                        size
 *	| word    | before  | data                                                           |
 *	  |         the whole word of the block before, or GUARD (3) in a segment's first block
 *	  size | type
 *
 * A free block.  A ring is circular; in a list with a sentinel the sentinel is one of its members:
 *
 *	+0        8         16        24        32                                        size
 *	| word    | before  | prev    | next    | unused                                     |
 *
 * A free block of at least 544 [272] bytes.  parent is the address of the pointer that points at
 * the block (a tree's root or a child of another block), NULL for a ring's other members, or the
 * mark 1 in the rest list:
 *
 *	+0        8         16        24        32        40        48        56          size
 *	| word    | before  | prev    | next    | parent  | child 0 | child 1 | unused       |
 *
 * Builds with cookies, heap protection or debugging have a longer header, between `before` and the
 * data: a cookie; the requested size, which finds the canary behind it; where the block was asked
 * for.  All other numbers follow from legacy_header_size.
 */
#ifndef HEAP_LEGACY_LAYOUT_H
#define HEAP_LEGACY_LAYOUT_H

#include "heap/config.h"
#include "heap/heap.h"

/* What every block begins with.  Used and free blocks differ in what follows. */
struct zend_mm_legacy_block {
	size_t word;     /* size and type */
	size_t before;   /* the word of the block before */
};

typedef struct zend_mm_legacy_block block_t;

/* The two links of a ring, and of a sentinel. */
struct zend_mm_legacy_ring {
	block_t *prev;
	block_t *next;
};

/* What a free block holds behind its header; a small one has only the ring. */
struct zend_mm_legacy_links {
	struct zend_mm_legacy_ring ring;
	block_t **parent;
	block_t *child[2];
};

/* Where a block was asked for (debug builds).  The magic number is right before the data, where it
 * meets whoever writes there. */
struct zend_mm_legacy_owner {
	size_t heap_secret;      /* says whose it is; where a heap is may change */
	const char *filename;
	const char *orig_filename;
	unsigned int lineno;
	unsigned int orig_lineno;
	size_t magic;
};

#define LEGACY_ALIGN(size) (((size) + 7) & ~(size_t) 7)

enum {
	block_free = 0,
	block_used = 1,
	block_guard = 3,    /* also the whole `before` of a segment's first block */
	block_guard_bit = 2,
	block_type_mask = 3
};

enum {
	legacy_word_size = sizeof(size_t),
	legacy_alignment = 8,
	legacy_keeps_requested = config_debug || config_heap_protection,
	/* no debugging, protection or cookies: a block is its two words and the data */
	legacy_plain = !config_debug && !config_heap_protection && !config_cookies,

	legacy_cookie_offset = 2 * legacy_word_size,
	legacy_requested_offset = legacy_cookie_offset + (config_cookies ? legacy_word_size : 0),
	legacy_owner_offset = legacy_requested_offset
		+ (legacy_keeps_requested ? legacy_word_size : 0),
	legacy_header_size = LEGACY_ALIGN(legacy_owner_offset
		+ (config_debug ? sizeof(struct zend_mm_legacy_owner) : 0)),
	legacy_canary_size = config_heap_protection ? 4 : 0,

	legacy_segment_header_size = LEGACY_ALIGN(sizeof(zend_mm_segment)),
	/* what a segment cannot give to its one block */
	legacy_segment_overhead = legacy_segment_header_size + legacy_header_size,

	legacy_smallest_block = legacy_header_size + sizeof(struct zend_mm_legacy_ring),
	legacy_bucket_count = 8 * legacy_word_size,
	/* blocks below this are small */
	legacy_small_limit = (legacy_bucket_count << 3) + legacy_smallest_block,
	legacy_cache_capacity = legacy_bucket_count * 4 * 1024,
	legacy_rest_length = 16,

	/* requests up to this have a small true size */
	legacy_largest_small_request = legacy_small_limit - legacy_alignment - legacy_header_size
		- legacy_canary_size,
	/* requests below this take the smallest block */
	legacy_smallest_request = legacy_smallest_block - legacy_header_size - legacy_canary_size
};

_Static_assert(sizeof(size_t) == sizeof(void *), "a word holds a size or a link");
_Static_assert(!legacy_plain || legacy_header_size == 2 * sizeof(size_t), "two words of header");
_Static_assert(!legacy_plain || sizeof(void *) != 8
	|| (legacy_smallest_block == 32 && legacy_small_limit == 544
		&& legacy_segment_overhead == 32 && legacy_cache_capacity == 262144
		&& legacy_largest_small_request == 520), "the numbers of a 64-bit release build");
_Static_assert(!legacy_plain || sizeof(void *) != 4
	|| (legacy_smallest_block == 16 && legacy_small_limit == 272
		&& legacy_segment_overhead == 16 && legacy_cache_capacity == 131072),
	"the numbers of a 32-bit release build");
_Static_assert(legacy_small_limit >= legacy_header_size + sizeof(struct zend_mm_legacy_links),
	"a large free block has room for the links of a tree");

/* {{{ Sizes. */

/* The true size of a request: what its block takes.  Near SIZE_MAX the sum wraps, and the result
 * is less than the request. */
static zend_always_inline size_t legacy_true_size(size_t request)
{
	return request < legacy_smallest_request
		? (size_t) legacy_smallest_block
		: LEGACY_ALIGN(request + legacy_header_size + legacy_canary_size);
}

/* The bucket of a small true size, and the size of a bucket's blocks. */
static zend_always_inline size_t bucket_of(size_t size)
{
	return (size - legacy_smallest_block) >> 3;
}

static zend_always_inline size_t bucket_size(size_t bucket)
{
	return (bucket << 3) + legacy_smallest_block;
}

/* }}} */
/* {{{ Blocks. */

static zend_always_inline block_t *block_at(const void *base, size_t offset)
{
	return (block_t *) ((uintptr_t) base + offset);
}

static zend_always_inline size_t block_size(const block_t *block)
{
	return block->word & ~(size_t) block_type_mask;
}

static zend_always_inline bool block_is_free(const block_t *block)
{
	return (block->word & block_type_mask) == block_free;
}

static zend_always_inline bool block_is_used(const block_t *block)
{
	return (block->word & block_type_mask) == block_used;
}

static zend_always_inline bool block_is_guard(const block_t *block)
{
	return (block->word & block_type_mask) == block_guard;
}

static zend_always_inline bool block_is_first(const block_t *block)
{
	return block->before == block_guard;
}

static zend_always_inline block_t *block_after(const block_t *block)
{
	return block_at(block, block_size(block));
}

static zend_always_inline size_t block_before_size(const block_t *block)
{
	return block->before & ~(size_t) block_type_mask;
}

static zend_always_inline bool block_before_is_free(const block_t *block)
{
	return (block->before & block_type_mask) == block_free;
}

/* The block before; not for a segment's first block. */
static zend_always_inline block_t *block_before(const block_t *block)
{
	return (block_t *) ((uintptr_t) block - block_before_size(block));
}

/* Sets size and type, and the copy of both in the block after. */
static zend_always_inline void block_set(block_t *block, size_t size, size_t type)
{
	block->word = size | type;
	block_at(block, size)->before = size | type;
}

static zend_always_inline void *block_data(const block_t *block)
{
	return (void *) ((uintptr_t) block + legacy_header_size);
}

static zend_always_inline block_t *block_of(const void *data)
{
	return (block_t *) ((uintptr_t) data - legacy_header_size);
}

static zend_always_inline struct zend_mm_legacy_links *block_links(const block_t *block)
{
	return block_data(block);
}

static zend_always_inline struct zend_mm_legacy_ring *block_ring(const block_t *block)
{
	return block_data(block);
}

/* A ring's sentinel, seen as a block whose links are the two given ones. */
static zend_always_inline block_t *ring_sentinel(const struct zend_mm_legacy_ring *ring)
{
	return block_of(ring);
}

/* The words of longer headers: only in builds that have them. */
static zend_always_inline size_t *block_cookie(const block_t *block)
{
	return (size_t *) ((uintptr_t) block + legacy_cookie_offset);
}

static zend_always_inline size_t *block_requested(const block_t *block)
{
	return (size_t *) ((uintptr_t) block + legacy_requested_offset);
}

static zend_always_inline struct zend_mm_legacy_owner *block_owner(const block_t *block)
{
	return (struct zend_mm_legacy_owner *) ((uintptr_t) block + legacy_owner_offset);
}

/* }}} */
/* {{{ Segments. */

static zend_always_inline block_t *segment_first_block(const zend_mm_segment *segment)
{
	return block_at(segment, legacy_segment_header_size);
}

/* The guard of a segment of that size. */
static zend_always_inline block_t *segment_guard(const zend_mm_segment *segment, size_t size)
{
	return block_at(segment, size - legacy_header_size);
}

/* The segment of its first block. */
static zend_always_inline zend_mm_segment *segment_of_first(const block_t *block)
{
	return (zend_mm_segment *) ((uintptr_t) block - legacy_segment_header_size);
}

/* }}} */

#endif
