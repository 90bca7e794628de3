/* SPDX-License-Identifier: MIT */
/*
 * heap/study/study.h - heaps that can be watched, and that can do without single ideas.
 *
 * A heap under study places every block where the library's heap of that design does, as long as
 * its switches say what zend_mm_study_default() says. It is a heap like any other (kind OTHER,
 * reached through its verbs), and lives beside others.
 *
 * For the zmm tool and for tests; not part of the library.
 */
#ifndef HEAP_STUDY_STUDY_H
#define HEAP_STUDY_STUDY_H

#include "heap/study/event.h"
#include "zend_alloc.h"

/* The cache's capacities over the years, in bytes: 32 KiB in 2006, then 2 KiB, then 4 KiB for each
 * bucket. */
enum {
	ZEND_MM_STUDY_CACHE_2006 = 32 * 1024,
	ZEND_MM_STUDY_CACHE_2007 = 8 * (int) sizeof(size_t) * 2 * 1024,
	ZEND_MM_STUDY_CACHE_2008 = 8 * (int) sizeof(size_t) * 4 * 1024
};

/* Nobody watches, and the design is as it was. */
struct zend_mm_study zend_mm_study_default(void);

/* Makes a heap under study as zend_mm_startup_with() makes one. The study is read as long as the
 * heap lives; its observer and context can be changed at any time. Its switches are for the legacy
 * design; the segment size is an option already. NULL with errno set, EINVAL also for internal
 * heaps, whose structure moves. */
zend_mm_heap *zend_mm_study_startup(const zend_mm_options *options,
	const struct zend_mm_study *study);

/* A word of a header or of a free block, or a field of a chunk's header. */
struct zend_mm_study_word {
	const char *name;     /* "size and type" */
	unsigned offset;      /* bytes from the block's start */
	unsigned size;        /* bytes */
	size_t value;
	bool link;            /* value is an address, or NULL, or a small mark */
};

enum { ZEND_MM_STUDY_WORDS = 7 };

/* Reads what the heap has written into a block that the walker shows; of a region's header and of a
 * chunk's as well. Returns how many words there are. */
size_t zend_mm_study_words(const zend_mm_region *region, const zend_mm_block_info *block,
	struct zend_mm_study_word words[ZEND_MM_STUDY_WORDS]);

/* The name of a kind of event: "cache hit", "turn". */
const char *zend_mm_study_event_name(enum zend_mm_study_event_kind kind);

#endif
