/* SPDX-License-Identifier: MIT */
/*
 * The text trace format, both ways, a line at a time, on buffers of the caller. What a line
 * means is in doc/trace-format.md.
 *
 * Users: reader.c and writer.c. Invariant: a line that was formatted parses to the same event,
 * and a line in the form that the formatter uses is formatted as it was.
 */
#ifndef ZMM_TEXT_FORMAT_H
#define ZMM_TEXT_FORMAT_H

#include "trace/trace.h"

/* What lines tell about the lines after them, and room for what events point to. */
struct zmm_text {
	uint32_t thread;
	uint64_t frames[ZMM_FRAMES_MAX];
	char fault[160]; /* what is wrong with the line, and what it should be */
};

/* Parse a line without its end: 1 and an event, 0 where it holds none, -1 and `fault`. The event's
 * text points into the line. */
int zmm_text_parse(struct zmm_text *text, const char *line, size_t length,
	struct zmm_event *event);

/* Whether a line could be one of a text trace, judged by its beginning. */
bool zmm_text_looks_like(const char *line, size_t length);

/* Format `event` at `at`, with its end of line, after a line that switches to its thread where that
 * is another than text->thread. Returns the end. zmm_text_room() bytes have to be there. */
char *zmm_text_format(struct zmm_text *text, char *at, const struct zmm_event *event);

size_t zmm_text_room(const struct zmm_event *event);

#endif
