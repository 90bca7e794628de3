/* SPDX-License-Identifier: MIT */
/*
 * The bytes of an output file, packed if asked for. A regular file is written under a temporary
 * name beside its own, which it gets when all of it is there; so whatever happens, nothing half
 * written stands under the name. Devices, pipes and "-" (standard output) are written as they
 * are.
 *
 * Users: writer.c, and the pages and documents of zmm. At most one output is open at a time:
 * signals that end the process (INT, TERM, HUP) remove its temporary file.
 */
#ifndef ZMM_OUTPUT_H
#define ZMM_OUTPUT_H

#include "trace/trace.h"

struct zmm_output;

struct zmm_output *zmm_output_open(const char *path, bool compress, struct zmm_error *error);

/* Room for at least `count` bytes (at most 1 MiB), valid until the next call; NULL on failure. */
unsigned char *zmm_output_reserve(struct zmm_output *output, size_t count, struct zmm_error *error);

/* The first `count` bytes of what was reserved are written now. */
void zmm_output_commit(struct zmm_output *output, size_t count);

/* Both for as many bytes as there are. False on failure. */
bool zmm_output_put(struct zmm_output *output, const char *bytes, size_t count,
	struct zmm_error *error);

/* Write what is left, and give the file its name. The output is gone afterwards in any case. */
bool zmm_output_close(struct zmm_output *output, struct zmm_error *error);

/* Drop the output and the temporary file. NULL is fine. */
void zmm_output_abandon(struct zmm_output *output);

#endif
