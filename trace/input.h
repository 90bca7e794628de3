/* SPDX-License-Identifier: MIT */
/*
 * The bytes of an input file, unpacked if they are compressed, through one buffer; and the same
 * bytes at any offset, for formats that have to be read out of order.
 *
 * Users: the readers of the formats. Offsets and lines are those of the unpacked bytes.
 */
#ifndef ZMM_INPUT_H
#define ZMM_INPUT_H

#include <sys/types.h>

#include "trace/trace.h"

enum {
	ZMM_LINE_MAX = 1 << 16,                /* bytes in a line, its end included */
	ZMM_INPUT_WINDOW = (1 << 20) + 65536   /* how far ahead zmm_input_peek() can look */
};

struct zmm_input;

/* "-" is standard input. Directories, files that cannot be opened and empty ones are failures. */
struct zmm_input *zmm_input_open(const char *path, struct zmm_error *error);

void zmm_input_close(struct zmm_input *input); /* NULL is fine */

/* What to call the input in messages. */
const char *zmm_input_name(const struct zmm_input *input);

bool zmm_input_compressed(const struct zmm_input *input);

/* Look at the next bytes without taking them: `*count` of them, at least `want` (at most
 * ZMM_INPUT_WINDOW) unless the input ends before. False on failure. */
bool zmm_input_peek(struct zmm_input *input, size_t want, const unsigned char **bytes,
	size_t *count, struct zmm_error *error);

/* Take bytes that were peeked at. What peek returned stays valid until the next peek or line. */
void zmm_input_skip(struct zmm_input *input, size_t count);

/* How many bytes were taken. */
uint64_t zmm_input_offset(const struct zmm_input *input);

/* Take the next line: 1 and the line without its end (\n or \r\n), 0 at the end of the input, -1 on
 * failure. A last line without end, or one longer than ZMM_LINE_MAX, is a failure. */
int zmm_input_line(struct zmm_input *input, const char **line, size_t *length,
	struct zmm_error *error);

/* The number of the line taken last, from 1. */
uint64_t zmm_input_line_number(const struct zmm_input *input);

/* Make zmm_input_read_at() possible; call it before anything was taken. What is not a plain file is
 * copied to a temporary one. Of a file that grows, what comes later is not read. */
bool zmm_input_make_seekable(struct zmm_input *input, struct zmm_error *error);

/* Read `count` bytes at `offset`: how many there were (fewer only at the end), -1 on failure. */
ssize_t zmm_input_read_at(struct zmm_input *input, void *bytes, size_t count, uint64_t offset,
	struct zmm_error *error);

#endif
