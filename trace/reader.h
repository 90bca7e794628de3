/* SPDX-License-Identifier: MIT */
/*
 * What a reader is inside: the input, the format's own part, and a short queue of events for
 * formats in which one record makes several.
 *
 * A format's part is one function. Either it delivers one event a call (`next`), or it takes
 * one record a call and pushes what it means (`step`). Both return 1, 0 at the proper end, -1
 * after they filled the error. Users: reader.c and the reader_*.c files.
 */
#ifndef ZMM_READER_H
#define ZMM_READER_H

#include "trace/error.h"
#include "trace/input.h"
#include "trace/trace.h"

/* What a reader may have to leave out or to put in. */
enum zmm_remark {
	ZMM_REMARK_FREES,   /* frees of blocks that were not seen allocated: left out */
	ZMM_REMARK_RESIZES, /* resizes of such blocks: taken as allocations */
	ZMM_REMARK_REUSED,  /* addresses given out again with no free between: one was put in */
	ZMM_REMARK_FAILED,  /* requests that had failed: left out */
	ZMM_REMARK_HIDDEN,  /* calls whose result the log does not show: left out */
	ZMM_REMARK_LINES,   /* lines that are about something else: left out */
	ZMM_REMARK_CUT,     /* the recording ends in the middle of a block */
	ZMM_REMARKS
};

enum { ZMM_QUEUE_MAX = 8 };

struct zmm_reader {
	struct zmm_input *input;
	enum zmm_format format;
	int (*next)(struct zmm_reader *reader, struct zmm_event *event, struct zmm_error *error);
	int (*step)(struct zmm_reader *reader, struct zmm_error *error); /* NULL: `next` is used */
	void (*release)(void *state);
	void *state;
	bool by_offset;  /* places are byte offsets, in `offset`, and not lines */
	uint64_t offset;
	int result;      /* what next returned last */
	uint64_t remarks[ZMM_REMARKS];
	uint64_t cut_offset; /* where a recording stops, for ZMM_REMARK_CUT */
	char *remark_text;
	struct zmm_event queue[ZMM_QUEUE_MAX];
	unsigned queue_start, queue_end;
	struct zmm_error failure; /* the one to repeat */
};

/* For step functions: deliver this event next. At most ZMM_QUEUE_MAX a step. */
void zmm_reader_push(struct zmm_reader *reader, const struct zmm_event *event);

/* The formats. Each sets next or step, and state; false after filling the error. */
bool zmm_reader_start_text(struct zmm_reader *reader, struct zmm_error *error);
bool zmm_reader_start_binary(struct zmm_reader *reader, struct zmm_error *error);
bool zmm_reader_start_mtrace(struct zmm_reader *reader, struct zmm_error *error);
bool zmm_reader_start_ltrace(struct zmm_reader *reader, struct zmm_error *error);
bool zmm_reader_start_rep(struct zmm_reader *reader, struct zmm_error *error);

/* What a line looks like to each of them. */
bool zmm_mtrace_looks_like(const char *line, size_t length);
bool zmm_ltrace_looks_like(const char *line, size_t length);
bool zmm_rep_looks_like(const char *line, size_t length);

#endif
