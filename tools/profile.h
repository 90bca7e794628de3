/* SPDX-License-Identifier: MIT */
/*
 * A heap profile in gperftools' text format, symbols included, so that google-pprof reads it
 * without a program beside it.
 *
 *   --- symbol
 *   binary=legacy heap
 *   0x0000000000001000 blocks of 48 bytes
 *   ---
 *   heap profile:      1:       40 [     3:      120] @ heapprofile
 *        1:       40 [     3:      120] @ 0x0000000000001000 0x0000000000001010
 *
 *   MAPPED_LIBRARIES:
 *
 * A line is a stack, innermost frame first, with the objects and bytes that are alive and, in
 * brackets, all that ever were. Frames are addresses with a label; where there is no code to point
 * at, addresses are invented, so that anything with a name can be a frame. No library is listed as
 * mapped: the symbols say all there is to say, and the files need not be where the profile is read.
 *
 * Failure to get memory is sticky and comes out at zmm_profile_write().
 */
#ifndef ZMM_PROFILE_H
#define ZMM_PROFILE_H

#include "trace/trace.h"

typedef struct zmm_profile zmm_profile;

struct zmm_profile_counts {
	uint64_t live_objects, live_bytes;
	uint64_t all_objects, all_bytes;
};

/* The title stands where google-pprof expects the program's name. NULL where there is no memory. */
zmm_profile *zmm_profile_new(const char *title);
void zmm_profile_free(zmm_profile *profile); /* NULL is fine */

/* A frame with that label at an invented address: the same for equal labels. */
uint64_t zmm_profile_label(zmm_profile *profile, const char *label);

/* Gives an address a label; the first one stays. */
void zmm_profile_symbol(zmm_profile *profile, uint64_t address, const char *label);

/* Adds to the line of a stack, which is the same for equal frames. */
void zmm_profile_add(zmm_profile *profile, const uint64_t *frames, size_t count,
	struct zmm_profile_counts counts);

/* The sum over all lines. */
struct zmm_profile_counts zmm_profile_total(const zmm_profile *profile);

/* Writes the profile to path ("-": standard output), which appears only once it is whole. */
bool zmm_profile_write(zmm_profile *profile, const char *path, struct zmm_error *error);

#endif
