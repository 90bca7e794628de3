/* SPDX-License-Identifier: MIT */
/*
 * tools/child.h - work done in a process of its own, whose result comes back as a plain structure.
 *
 * What is measured then starts from the same state each time, and what crashes takes nothing with
 * it.
 */
#ifndef ZMM_CHILD_H
#define ZMM_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

/* Does the work and fills the result, which holds no pointers. On failure fills the error. */
typedef bool (*zmm_child_work)(void *context, void *result, struct zmm_error *error);

/* Calls work(context, result) in a child and brings its result, or its error, back. What ended the
 * child otherwise (a signal, an exit) becomes the error. */
bool zmm_run_in_child(zmm_child_work work, void *context, void *result, size_t size,
	struct zmm_error *error);

#endif
