/* SPDX-License-Identifier: MIT */
/*
 * A moment of a replay, as it is named on the command line: after an operation, when most bytes
 * are alive, or at the end.
 */
#ifndef ZMM_MOMENT_H
#define ZMM_MOMENT_H

#include "trace/replay.h"

enum zmm_moment_kind { ZMM_MOMENT_PEAK, ZMM_MOMENT_END, ZMM_MOMENT_OPERATION };

struct zmm_moment {
	enum zmm_moment_kind kind;
	uint64_t operation; /* of the last kind; the first operation is 1 */
};

/* "peak", "end", or the number of an operation. False where it is none of these. */
bool zmm_parse_moment(const char *text, struct zmm_moment *moment);

/* Finds the operation that the moment comes after. For the peak the program is replayed once; it is
 * the first operation after which no fewer bytes are alive than after any other, 0 if none ever
 * are. path is the trace's, for messages. */
bool zmm_find_moment(const struct zmm_moment *moment, const zmm_program *program, const char *path,
	const struct zmm_replay_options *options, uint64_t *operation, struct zmm_error *error);

#endif
