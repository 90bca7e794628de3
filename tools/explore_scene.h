/* SPDX-License-Identifier: MIT */
/*
 * What there is to see of a heap at a moment of a replay, and what happened on the way to it.
 *
 * The heap is one under study (heap/study/study.h), on a storage that numbers its regions. A scene
 * is made from the walker, the lists' walker, the figures and the words in headers; the steps are
 * the events of the operation before it. All that is shown, in the terminal or in a page, is shown
 * from here.
 *
 *   zmm_scenes_run() --> observer, with a struct zmm_scene, for each operation asked for
 */
#ifndef ZMM_EXPLORE_SCENE_H
#define ZMM_EXPLORE_SCENE_H

#include "heap/study/study.h"
#include "trace/replay.h"

/* A place in a heap's memory. */
struct zmm_spot {
	int64_t region;         /* its number; ZMM_SPOT_NONE where it is in none */
	uint64_t offset;        /* bytes from the region's start */
};

enum { ZMM_SPOT_NONE = -1 };

/* A word of a header or of a free block, or a field of a chunk's header. */
struct zmm_scene_word {
	const char *name;       /* "size and type" */
	unsigned offset;        /* bytes from the block's start */
	unsigned size;          /* bytes */
	bool link;              /* an address, NULL, or a small mark */
	uint64_t value;         /* where it is no address of a place in a region */
	struct zmm_spot spot;   /* where it is the address of a place in a region */
};

struct zmm_scene_block {
	size_t size;
	size_t data;            /* bytes from the block's start to the data */
	zend_mm_block_state state;
	zend_mm_block_list list;
	unsigned index;         /* bucket, tree or bin */
	bool internal;
	uint64_t operation;     /* the one that allocated it; 0: none that is known */
	uint64_t requested;
	unsigned word_count;
	struct zmm_scene_word words[ZEND_MM_STUDY_WORDS];
};

struct zmm_scene_region {
	int64_t number;
	zend_mm_region_kind kind;
	const void *address;
	size_t size;
	struct zmm_scene_block *blocks; /* in address order, without a gap */
	size_t block_count;
};

/* A member of a list. */
struct zmm_scene_member {
	struct zmm_spot spot;   /* where the block begins */
	size_t size;
	unsigned depth;         /* trees: see zend_mm_list_visitor */
	int link;
};

struct zmm_scene_list {
	zend_mm_block_list list;
	unsigned index;
	struct zmm_scene_member *members;
	size_t count;
};

struct zmm_scene_step {
	enum zend_mm_study_event_kind kind;
	struct zmm_spot spot;
	uint64_t size, number;
};

struct zmm_scene {
	zend_mm_mode mode;
	uint64_t operation;     /* 0 before the first */
	bool failed;            /* the operation's request was refused */
	struct zmm_spot result; /* of the operation: where its data is now */
	uint64_t live_bytes, live_blocks;
	zend_mm_figures figures;
	struct zmm_scene_region *regions; /* in the walker's order */
	size_t region_count;
	struct zmm_scene_list *lists;     /* those with members, in the walker's order */
	size_t list_count;
	struct zmm_scene_step *steps;
	size_t step_count;
};

/* Shows a scene, which is gone afterwards. False ends the run. */
typedef bool (*zmm_scene_observer)(void *context, const struct zmm_scene *scene);

struct zmm_scene_run {
	enum zmm_allocator allocator;
	size_t segment_size;                  /* 0: 256 KiB */
	struct zend_mm_study_switches switches;
	uint64_t first, last;                 /* the operations that are shown; 0: before the first */
	zmm_scene_observer observer;
	void *context;
};

/* Replays the program up to the last operation that is to be shown. False with the error set. */
bool zmm_scenes_run(const zmm_program *program, const struct zmm_scene_run *run,
	struct zmm_error *error);

/* The name of a list: "cache", "bucket", "tree", "rest list", "bin". */
const char *zmm_scene_list_name(zend_mm_block_list list);
/* The name of a state: "used", "cached", "free", … */
const char *zmm_scene_state_name(const struct zmm_scene_block *block);

#endif
