/* SPDX-License-Identifier: MIT */
/*
 * heap/hardening.h - checks that a hardened heap makes and others do not.
 *
 * The sources of both designs are compiled once more, with ZEND_MM_HARDENED set to 1 and names of
 * their own (heap/hardened/names.h).  In that compilation the accessors of links verify and encode,
 * and the hooks below look at what comes in; in the library's other heaps they are nothing.
 *
 * A link of a list of free memory is kept twice in the free memory itself:
 *
 *	+0                      +8 [4]
 *	| link ^ key ^ address  | shadow: the link turned round ^ another key ^ address |
 *
 * Both are bound to where they lie, so that a word copied from elsewhere does not fit.  A freed
 * block is known by a shadow that fits its link: freeing it again is found out.
 */
#ifndef HEAP_HARDENING_H
#define HEAP_HARDENING_H

#include "heap/failure.h"
#include "heap/heap.h"
#include "storage/random.h"

#ifndef ZEND_MM_HARDENED
# define ZEND_MM_HARDENED 0
#endif

#if ZEND_MM_HARDENED
# define ZEND_MM_HARDENED_ONLY(code) code
#else
# define ZEND_MM_HARDENED_ONLY(code)
#endif

enum { config_hardened = ZEND_MM_HARDENED };

/* Which checks a hardened heap makes, and what its links are encoded with. */
struct zend_mm_hardening {
	size_t key;
	bool links;    /* bins' lists, the legacy heap's cache: encoded, shadowed, checked before use */
	bool lists;    /* the circle of chunks, rings and trees: both ways, before unlinking */
	bool cached;   /* the list of cached chunks: encoded, shadowed */
	bool frees;    /* what is freed or resized: a block of the heap, whole, not free already */
	bool spares;   /* the malloc replacement keeps no region that a heap gave back */
	bool ends;     /* modern: a canary where rounding leaves room for it (heap/hardened/ends.c) */
	bool sizes;    /* the malloc replacement: blocks can be of the size that sized frees say */
};

/* For deep checks: the first of a heap's flags here that is damaged, NULL where none is. */
static inline const bool *zend_mm_hardening_bad_flag(const struct zend_mm_hardening *hardening)
{
	const bool *flags[] = { &hardening->links, &hardening->lists, &hardening->cached,
		&hardening->frees, &hardening->spares, &hardening->ends, &hardening->sizes };

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (zend_mm_flag_is_damaged(flags[i])) {
			return flags[i];
		}
	}
	return NULL;
}

static zend_always_inline size_t zend_mm_link_encode(const struct zend_mm_hardening *hardening,
	const void *place, const void *link)
{
	return (size_t)(uintptr_t)link ^ hardening->key ^ (size_t)(uintptr_t)place;
}

static zend_always_inline void *zend_mm_link_decode(const struct zend_mm_hardening *hardening,
	const void *place, size_t word)
{
	return (void *)(uintptr_t)(word ^ hardening->key ^ (size_t)(uintptr_t)place);
}

static zend_always_inline size_t zend_mm_link_shadow(const struct zend_mm_hardening *hardening,
	const void *place, const void *link)
{
	size_t turned = sizeof(size_t) == 8 ? (size_t)__builtin_bswap64((uintptr_t)link) :
		(size_t)__builtin_bswap32((uint32_t)(uintptr_t)link);

	return turned ^ (hardening->key << 7 | hardening->key >> 9) ^ (size_t)(uintptr_t)place;
}

/* Keeps a link, with its shadow, in two words at a place. */
static zend_always_inline void zend_mm_link_write(const struct zend_mm_hardening *hardening,
	void *place, const void *link)
{
	size_t *words = (size_t *)place;

	words[0] = zend_mm_link_encode(hardening, place, link);
	words[1] = zend_mm_link_shadow(hardening, place, link);
}

/* Whether the two words at a place are a link and its shadow. */
static zend_always_inline bool zend_mm_link_is_whole(const struct zend_mm_hardening *hardening,
	const void *place)
{
	const size_t *words = (const size_t *)place;

	return words[1] == zend_mm_link_shadow(hardening, place,
		zend_mm_link_decode(hardening, place, words[0]));
}

/* For deep checks: the shadow at a place if it does not fit the link there, and what it should be;
 * otherwise NULL. */
static inline const size_t *zend_mm_link_bad_shadow(const struct zend_mm_hardening *hardening,
	const void *place, size_t *expected)
{
	const size_t *words = (const size_t *)place;

	*expected = zend_mm_link_shadow(hardening, place,
		zend_mm_link_decode(hardening, place, words[0]));
	return words[1] != *expected ? &words[1] : NULL;
}

/* A check of a hardened heap has failed (heap/hardened/failed.c): at an address, or because a word
 * is not what it has to be. */
ZEND_MM_NORETURN void zend_mm_hardened_failed(const zend_mm_heap *heap, const char *reason,
	const void *address) ZEND_MM_COLD;
ZEND_MM_NORETURN void zend_mm_hardened_failed_word(const zend_mm_heap *heap, const char *reason,
	const void *address, const void *word, zend_mm_expectation expectation,
	size_t expected) ZEND_MM_COLD;

/* The link at a place, after it was compared with its shadow. */
static zend_always_inline void *zend_mm_link_checked(const zend_mm_heap *heap,
	const struct zend_mm_hardening *hardening, const void *place, const char *reason)
{
	const size_t *words = (const size_t *)place;
	void *link = zend_mm_link_decode(hardening, place, words[0]);

	if (UNEXPECTED(!zend_mm_link_is_whole(hardening, place))) {
		zend_mm_hardened_failed_word(heap, reason, place, &words[1], ZEND_MM_EXPECT_EXACTLY,
			zend_mm_link_shadow(hardening, place, link));
	}
	return link;
}

#endif
