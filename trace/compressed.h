/* SPDX-License-Identifier: MIT */
/*
 * zstd, as the trace layer needs it: bytes in, bytes out, a piece at a time. Where libzstd was not
 * there at configure time, opening fails with a message that says what to install.
 */
#ifndef ZMM_COMPRESSED_H
#define ZMM_COMPRESSED_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

/* Whether `bytes` start as a zstd file does (any `count`). */
bool zmm_starts_as_zstd(const unsigned char *bytes, size_t count);

/* A piece of work: what is left of the input, and of the room for output. Both are advanced. */
struct zmm_pieces {
	const unsigned char *in;
	size_t in_left;
	unsigned char *out;
	size_t out_left;
};

struct zmm_unpacker;

/* `name` is the file's, for messages. */
struct zmm_unpacker *zmm_unpacker_open(const char *name, struct zmm_error *error);

/* Unpack what is there until the input is used up or the room is full. `*whole` tells whether the
 * input could end here. NULL, or why the input is not what zstd writes. */
const char *zmm_unpacker_step(struct zmm_unpacker *unpacker, struct zmm_pieces *pieces,
	bool *whole);

void zmm_unpacker_close(struct zmm_unpacker *unpacker); /* NULL is fine */

struct zmm_packer;

/* `name` has to stay. */
struct zmm_packer *zmm_packer_open(const char *name, struct zmm_error *error);

/* Pack the input, or with `finish` end the file; call again with more room until the input is used
 * up and, when finishing, `*done`. */
bool zmm_packer_step(struct zmm_packer *packer, struct zmm_pieces *pieces, bool finish, bool *done,
	struct zmm_error *error);

void zmm_packer_close(struct zmm_packer *packer); /* NULL is fine */

#endif
