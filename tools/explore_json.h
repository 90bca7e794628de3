/* SPDX-License-Identifier: MIT */
/*
 * Scenes as the explorer page gets them: JSON in which each operation has what changed.
 *
 * {
 *   "trace", "first", "count", "docs",
 *   "states": [[key, title, text, document], …]       elements, to be explained
 *   "kinds": [[name, sentence, document], …]          of steps, by number
 *   "states_of": [names], "lists_of": [names], "regions_of": [names]
 *   "operations": [text, …]                           of each scene
 *   "heaps": [{ "mode", "scenes": [scene, …] }, …]    one or both designs
 * }
 *
 * A scene is { "s": steps, "f": figures, "r": result, "x": 1 if refused, "o": order of the regions,
 * "b": changes of regions' blocks, "l": changes of lists }, each left out where it is empty or as
 * it was. A change is [key, at, removed, item, …]: of the items of that key, so many are removed
 * from that index on and those that follow are put there. A key that is no longer in the order is
 * gone.
 *
 *   step    [kind, region, offset, size, number]      trailing zeros left out
 *   block   [size, state, list, index, operation, requested, word, …]
 *   word    [name's number, offset, value] or [name's number, offset, region, offset there]
 *   member  [region, offset, size, depth, link]
 *
 * All figures are the heap's own: the page only puts them together again.
 */
#ifndef ZMM_EXPLORE_JSON_H
#define ZMM_EXPLORE_JSON_H

#include "tools/explore_scene.h"

struct zmm_explorer_options {
	const char *name;         /* of the trace */
	const char *docs;         /* where the documents are, with a slash at the end */
	bool legacy, modern;
	size_t segment_size;
	uint64_t first;           /* the first scene is the heap after this operation */
	uint64_t count;           /* so many operations follow */
};

/* The JSON as text, to be released with free(); NULL with the error set. */
char *zmm_explorer_json(const zmm_program *program, const struct zmm_explorer_options *options,
	size_t *length, struct zmm_error *error);

#endif
