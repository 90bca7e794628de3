/* SPDX-License-Identifier: MIT */
/*
 * The events of a binary trace whose blocks overlap in time, in the order of their stamps. A
 * recorder gives each thread blocks of its own, so that they lie in the file by when each
 * began.
 *
 * The headers are read first and sorted; then a block is loaded when its time comes, so that only
 * blocks that overlap are in memory together. User: reader_binary.c.
 */
#ifndef ZMM_BINARY_MERGE_H
#define ZMM_BINARY_MERGE_H

#include "trace/binary_format.h"
#include "trace/reader.h"

struct zmm_merge;

/* `header` is the file's, and has to stay. Blames what is wrong with the file. */
struct zmm_merge *zmm_merge_open(struct zmm_reader *reader, const struct zmm_file_header *header,
	struct zmm_error *error);

/* The next event: 1, 0 at the end, -1 on failure. */
int zmm_merge_next(struct zmm_merge *merge, struct zmm_reader *reader, struct zmm_event *event,
	struct zmm_error *error);

void zmm_merge_close(struct zmm_merge *merge); /* NULL is fine */

#endif
