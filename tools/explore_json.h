/* SPDX-License-Identifier: MIT */
/*
 * Scenes as the explorer page gets them: JSON in which each operation has what changed.
 *
 * {
 *   "trace", "docs", "first", "count", "total"
 *   "states", "lists", "regions", "words"             names, by number
 *   "elements": [[key, title, text, document], …]     to be explained
 *   "kinds": [[name, sentence, document], …]          of steps, by number
 *   "forms": [sentence, …]                            of operations, by number
 *   "operations": [[form, size, origin], …]           of each scene
 *   "heaps": [{ "mode", "title", "scenes": [scene, …],
 *               "figures": [[difference, …], …] }, …]
 *   "shapes": [[[word, offset, is a link], …], …]     of blocks, by number
 * }
 *
 * A scene is { "s": steps, "c": changes, "r": result, "x": 1 if refused }, each left out where it
 * is empty. Changes are those of explore_changes.h; their keys are "o", the regions in order, "r"
 * and a region's number, its blocks, and "l", the list, ":" and its index, a list's members.
 *
 *   step    [kind, region, offset, size, number]      zeros at the end are left out
 *   region  [number, kind, size]
 *   block   [size, state, list, index, operation, requested, shape, value, …]
 *           a link's value is two numbers: region and offset, or -1 and the value
 *   member  [region, offset, size, depth, link]       the last two of trees only
 *
 * Steps and the items of changes that a heap had before are numbers, counted from 0 in the order
 * in which they first came, a scene's steps before its changes. Figures are columns, of each scene
 * the difference to the one before.
 *
 * All that is shown is the heap's own: the page only puts it together again.
 */
#ifndef ZMM_EXPLORE_JSON_H
#define ZMM_EXPLORE_JSON_H

#include "tools/explore_scene.h"

enum { ZMM_EXPLORER_HEAPS = 4 };

/* A heap that the page shows. */
struct zmm_explorer_heap {
	const char *title;
	enum zmm_allocator allocator;
	size_t segment_size;
	struct zend_mm_study_switches switches;
};

struct zmm_explorer_options {
	const char *name;         /* of the trace */
	const char *docs;         /* the documents' URL; {} stands for a name */
	struct zmm_explorer_heap heaps[ZMM_EXPLORER_HEAPS];
	size_t heap_count;
	uint64_t first;           /* the first scene is the heap after this operation */
	uint64_t count;           /* so many operations follow */
};

/* The JSON as text, to be released with free(); NULL with the error set. */
char *zmm_explorer_json(const zmm_program *program, const struct zmm_explorer_options *options,
	size_t *length, struct zmm_error *error);

#endif
