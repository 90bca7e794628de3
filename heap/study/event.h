/* SPDX-License-Identifier: MIT */
/*
 * heap/study/event.h - what a heap under study tells, and which of its ideas can be switched off.
 *
 * The sources of both designs are compiled twice: as the heaps of the library, and, with
 * ZEND_MM_STUDY set to 1 and names of their own (heap/study/names.h), as heaps under study. The
 * designs write ZEND_MM_EVENT() where something is decided. In the library that is nothing at all:
 * no argument is evaluated, and no instruction is there for it. A heap under study calls its
 * observer.
 *
 * A heap under study also leaves out the short ways (`config_short_ways`) which lead to the same
 * placement in fewer steps: it goes the way that the design prescribes.
 *
 * Who makes such heaps: heap/study/study.h.
 */
#ifndef HEAP_STUDY_EVENT_H
#define HEAP_STUDY_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#ifndef ZEND_MM_STUDY
# define ZEND_MM_STUDY 0
#endif

/* What happened, with what address, size and number of the event mean; what is not named is 0.
 * block and run are addresses, "size" is bytes with the header. */
enum zend_mm_study_event_kind {
	/* --- legacy: small requests; number is the bucket --- */
	ZEND_MM_EVENT_CACHE_HIT,        /* data; true size */
	ZEND_MM_EVENT_CACHE_MISS,       /* true size */
	ZEND_MM_EVENT_BITMAP_TEST,      /* the small bitmap in size; the bucket from which on */
	ZEND_MM_EVENT_BUCKET_TAKEN,     /* block; size */
	ZEND_MM_EVENT_BUCKET_HIDDEN,    /* a bit was cleared although a block is there (quirk 1) */
	/* --- legacy: the trees; number is the tree --- */
	ZEND_MM_EVENT_TREES_TEST,       /* the large bitmap in size; the request's tree */
	ZEND_MM_EVENT_TREE_NODE,        /* a node is looked at: block; its size */
	ZEND_MM_EVENT_TREE_TURN,        /* at node block; bit in size; to child number */
	ZEND_MM_EVENT_TREE_BEST,        /* the smallest so far that is enough: block; its size */
	ZEND_MM_EVENT_TREE_EXACT,       /* equal size: block; its size */
	ZEND_MM_EVENT_TREE_RIGHT,       /* a subtree to the right is remembered: its root; its size */
	ZEND_MM_EVENT_TREE_BESIDE,      /* on beside the path: subtree's root; its size */
	ZEND_MM_EVENT_TREE_TAKEN,       /* block; size */
	ZEND_MM_EVENT_TREES_EMPTY,      /* nothing found */
	ZEND_MM_EVENT_TREE_NEW_NODE,    /* a block becomes a node: block; size */
	ZEND_MM_EVENT_TREE_NEW_MEMBER,  /* a block joins a node's ring: block; size */
	ZEND_MM_EVENT_TREE_LEAF_GONE,   /* a leaf left: block; size */
	ZEND_MM_EVENT_TREE_INNER_GONE,  /* a node with children left: block; size */
	ZEND_MM_EVENT_TREE_REPLACED,    /* a node's place is another's now: that block; its size */
	ZEND_MM_EVENT_LIST_SEARCH,      /* instead of trees: blocks looked at in number */
	/* --- legacy: the rest list --- */
	ZEND_MM_EVENT_REST_SEARCH,      /* searched: the request's true size */
	ZEND_MM_EVENT_REST_TAKEN,       /* block; size */
	ZEND_MM_EVENT_REST_INSERT,      /* block; size; large blocks there then */
	ZEND_MM_EVENT_REST_EVICTED,     /* the oldest goes to the ordinary lists: block; size */
	/* --- legacy: blocks --- */
	ZEND_MM_EVENT_SPLIT,            /* block; size; bytes left over in number */
	ZEND_MM_EVENT_WHOLE,            /* block taken whole; size; bytes more than needed in number */
	ZEND_MM_EVENT_CACHE_PUSH,       /* data; size; bucket */
	ZEND_MM_EVENT_CACHE_FULL,       /* block; bytes in the cache in size */
	ZEND_MM_EVENT_MERGE_AFTER,      /* the block after is free: it; its size */
	ZEND_MM_EVENT_MERGE_BEFORE,     /* the block before is free: it; its size */
	ZEND_MM_EVENT_BUCKET_INSERT,    /* block; size; bucket */
	ZEND_MM_EVENT_CACHE_FLUSHED,    /* bytes in size */
	/* --- legacy: segments --- */
	ZEND_MM_EVENT_SEGMENT_NEW,      /* segment; size; 1 if it is oversized */
	ZEND_MM_EVENT_SEGMENT_RESIZED,  /* segment; new size; old size in number */
	ZEND_MM_EVENT_SEGMENT_GONE,     /* segment; size */
	ZEND_MM_EVENT_SEGMENT_KEPT,     /* for the next request: segment; size */
	/* --- both: resizing --- */
	ZEND_MM_EVENT_RESIZE_STAYS,     /* block; its size; the size needed in number */
	ZEND_MM_EVENT_RESIZE_SHRINKS,
	ZEND_MM_EVENT_RESIZE_SWAPS,     /* legacy: with a cached block */
	ZEND_MM_EVENT_RESIZE_GROWS,     /* in place */
	ZEND_MM_EVENT_RESIZE_SEGMENT,   /* legacy: with its segment */
	ZEND_MM_EVENT_RESIZE_MOVES,     /* allocate, copy, free */
	/* --- both: what went wrong, and ends --- */
	ZEND_MM_EVENT_OVER_LIMIT,       /* the request in size; the limit in number */
	ZEND_MM_EVENT_REFUSED,          /* storage has nothing: the request in size */
	ZEND_MM_EVENT_RESERVE_FREED,    /* data */
	ZEND_MM_EVENT_REQUEST_ENDED,    /* bytes still handed out in size */
	/* --- modern: slots; number is the bin --- */
	ZEND_MM_EVENT_SLOT_TAKEN,       /* slot; slot size */
	ZEND_MM_EVENT_SLOT_GIVEN,       /* slot; slot size */
	ZEND_MM_EVENT_BIN_EMPTY,        /* slot size */
	ZEND_MM_EVENT_RUN_MADE,         /* run; its bytes; bin */
	/* --- modern: pages --- */
	ZEND_MM_EVENT_CHUNK_SKIPPED,    /* chunk; its free pages; pages wanted */
	ZEND_MM_EVENT_PAGES_SEARCH,     /* chunk; free_tail; pages wanted */
	ZEND_MM_EVENT_PAGES_RANGE,      /* a free range: its first page; pages; pages wanted */
	ZEND_MM_EVENT_PAGES_BEST,       /* the shortest so far that is enough; the same */
	ZEND_MM_EVENT_PAGES_EXACT,      /* the same */
	ZEND_MM_EVENT_PAGES_TAIL,       /* taken from the range that runs to the end; the same */
	ZEND_MM_EVENT_PAGES_NONE,       /* chunk has no range that is enough; -; pages wanted */
	ZEND_MM_EVENT_PAGES_TAKEN,      /* run; pages; chunk's free pages then */
	ZEND_MM_EVENT_PAGES_GIVEN,      /* run; pages; chunk's free pages then */
	/* --- modern: chunks --- */
	ZEND_MM_EVENT_CHUNK_NEW,        /* chunk; bytes; chunks then */
	ZEND_MM_EVENT_CHUNK_REUSED,     /* a cached one: chunk; bytes; chunks then */
	ZEND_MM_EVENT_CHUNK_TO_FRONT,   /* chunk; moves that led to it in number */
	ZEND_MM_EVENT_CHUNK_CACHED,     /* chunk; bytes; cached chunks then */
	ZEND_MM_EVENT_CHUNK_GONE,       /* chunk; bytes; chunks then */
	/* --- modern: huge blocks and collection --- */
	ZEND_MM_EVENT_HUGE_NEW,         /* block; bytes */
	ZEND_MM_EVENT_HUGE_RESIZED,     /* block; bytes; bytes before */
	ZEND_MM_EVENT_HUGE_GONE,        /* block; bytes */
	ZEND_MM_EVENT_COLLECT,          /* a collection begins */
	ZEND_MM_EVENT_RUN_COLLECTED,    /* run; its bytes; bin */
	ZEND_MM_EVENT_COLLECTED,        /* bytes in size */
	ZEND_MM_EVENT_KINDS
};

struct zend_mm_study_event {
	enum zend_mm_study_event_kind kind;
	const void *address;
	size_t size;
	size_t number;
};

/* Called while a verb of the heap is under way: it must not use the heap. */
typedef void (*zend_mm_study_observer)(void *context, const struct zend_mm_study_event *event);

/* How the large free blocks of a legacy heap are kept. */
enum zend_mm_study_large {
	ZEND_MM_STUDY_TRIES,
	ZEND_MM_STUDY_LIST_BEST_FIT,  /* one list, newest first, searched to its end */
	ZEND_MM_STUDY_LIST_FIRST_FIT  /* up to the first that is enough */
};

/* The ideas of the legacy design; see zend_mm_study_default(). */
struct zend_mm_study_switches {
	size_t cache_capacity;        /* bytes; 0: no cache */
	enum zend_mm_study_large large;
	bool no_rest_list;            /* remainders of oversized segments are free like others */
	bool no_kept_segment;         /* none survives the end of a request */
	bool no_coalescing;           /* freed blocks stay as they are */
};

/* What a heap under study is watched and switched by. The maker's; outlives the heap. */
struct zend_mm_study {
	zend_mm_study_observer observer; /* may be changed at any time; NULL: nobody watches */
	void *context;
	struct zend_mm_study_switches switches; /* fixed while the heap lives */
};

#if ZEND_MM_STUDY
/* A declaration or statement that a heap under study has more. */
# define ZEND_MM_STUDY_ONLY(code) code
# define ZEND_MM_EVENT(heap, kind, address, size, number) \
	zend_mm_study_tell((heap)->study, ZEND_MM_EVENT_##kind, (address), (size), (number))
/* A policy of the design: what the switches say, or else the constant. */
# define ZEND_MM_STUDY_CHOICE(heap, member, otherwise) ((heap)->study->switches.member)

static inline void zend_mm_study_tell(const struct zend_mm_study *study,
	enum zend_mm_study_event_kind kind, const void *address, size_t size, size_t number)
{
	if (study->observer) {
		struct zend_mm_study_event event = { kind, address, size, number };

		study->observer(study->context, &event);
	}
}
#else
# define ZEND_MM_STUDY_ONLY(code)
# define ZEND_MM_EVENT(heap, kind, address, size, number) do { \
		if (false) { \
			(void) (heap), (void) ZEND_MM_EVENT_##kind; \
			(void) (address), (void) (size), (void) (number); \
		} \
	} while (0)
# define ZEND_MM_STUDY_CHOICE(heap, member, otherwise) ((void) (heap), (otherwise))
#endif

enum {
	config_study = ZEND_MM_STUDY,
	config_short_ways = !ZEND_MM_STUDY
};

#endif
