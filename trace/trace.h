/* SPDX-License-Identifier: MIT */
/*
 * A trace: what a program asked of its allocator, in order. This header is what the tools see of
 * it: events, a reader that turns any supported file into events, and a writer.
 *
 *   text, binary, .rep, mtrace, ltrace --> zmm_reader --> events --> zmm_writer
 *                                                               --> zmm_program (program.h)
 *
 * The reader tells formats apart by content, never by name; each may be compressed with zstd. It
 * holds one buffer at a time, whatever the length of the trace. doc/trace-format.md describes the
 * text and the binary format.
 *
 * Every function that can fail takes a struct zmm_error and fills it with one line that names the
 * file, the line or byte offset, and what to do about it.
 */
#ifndef ZMM_TRACE_H
#define ZMM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- errors ---------------------------------------------------------------------------------- */

enum zmm_error_kind {
	ZMM_ERROR_NONE,
	ZMM_ERROR_INPUT,  /* the input or the request is wrong: tools exit with 2 */
	ZMM_ERROR_SYSTEM, /* the system refused (memory, disk full): tools exit with 1 */
};

struct zmm_error {
	enum zmm_error_kind kind;
	char text[1024]; /* one line, without its end */
};

/* Fill `error` with a formatted line. Control characters in it are made visible. */
void zmm_error_set(struct zmm_error *error, enum zmm_error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Print "zmm: TEXT" on standard error and return the exit status that belongs to the kind. */
int zmm_error_print(const struct zmm_error *error);

/* --- events ---------------------------------------------------------------------------------- */

/* The numbers are those of the binary format and never change. */
enum zmm_event_kind {
	/* Operations: these count, the first is number 1. */
	ZMM_EVENT_ALLOC = 1,        /* a: id, size, alignment */
	ZMM_EVENT_FREE = 2,         /* f: id */
	ZMM_EVENT_RESIZE = 3,       /* r: id, size, alignment; the block keeps its id */
	ZMM_EVENT_LIMIT = 4,        /* l: size is the memory limit in bytes */
	ZMM_EVENT_END_REQUEST = 5,  /* e: everything still allocated is gone */
	ZMM_EVENT_GC = 6,           /* g */
	ZMM_EVENT_REFUSE = 7,       /* x: size is how many storage calls are refused */
	ZMM_EVENT_USAGE = 8,        /* u */
	ZMM_EVENT_THREAD_START = 9, /* b: thread begins */
	ZMM_EVENT_THREAD_END = 10,  /* d: thread is done */

	/* Remarks: these tell more about the trace and do not count. */
	ZMM_EVENT_COMMENT = 16, /* #: text, the blank after the # included */
	ZMM_EVENT_STACK = 17,   /* s: id names a call site, frames are its return addresses */
	ZMM_EVENT_SYMBOL = 18,  /* n: id is an address, text says what stands there */
	ZMM_EVENT_MODULE = 19,  /* m: text is a file mapped at id, size bytes from offset on */
};

enum {
	ZMM_FRAMES_MAX = 255,       /* frames of one stack */
	ZMM_TEXT_MAX = 65000,       /* bytes of one comment, symbol or module name */
	ZMM_ALIGNMENT_LOG2_MAX = 62 /* the greatest alignment is 2^62 */
};

/* Fields that a kind does not use are 0 (pointers NULL). */
struct zmm_event {
	uint8_t kind;           /* enum zmm_event_kind */
	uint8_t alignment_log2; /* 0: none was asked for, otherwise 2^n bytes */
	bool stamped;           /* `stamp` holds a time */
	uint32_t thread;        /* any number, the same for one thread; 0 where the trace has none */
	uint32_t site;          /* the call site's number (a STACK's id), 0: unknown */
	uint64_t id;            /* the block; never used twice for different blocks */
	uint64_t size;          /* bytes, or a count */
	uint64_t offset;        /* MODULE: bytes into the file */
	uint64_t stamp;         /* nanoseconds from any fixed moment */
	const char *text;       /* not terminated; valid until the next event is read */
	size_t text_length;
	const uint64_t *frames; /* innermost first; valid until the next event is read */
	size_t frame_count;
};

static inline bool zmm_event_is_operation(const struct zmm_event *event)
{
	return event->kind <= ZMM_EVENT_THREAD_END;
}

/* --- reading --------------------------------------------------------------------------------- */

enum zmm_format {
	ZMM_FORMAT_TEXT,
	ZMM_FORMAT_BINARY,
	ZMM_FORMAT_MTRACE, /* the log of glibc's mtrace(3) */
	ZMM_FORMAT_LTRACE, /* what ltrace(1) prints about malloc and its relatives */
	ZMM_FORMAT_REP,    /* CS:APP malloc lab */
};

/* "text", "binary", "mtrace log", "ltrace output", "malloc lab .rep" */
const char *zmm_format_name(enum zmm_format format);

typedef struct zmm_reader zmm_reader;

/* Open `path` ("-": standard input) and find out what it is. NULL on failure. */
zmm_reader *zmm_reader_open(const char *path, struct zmm_error *error);

/* Deliver the next event: 1, 0 at the trace's proper end, -1 on failure (and ever after).
 * Blocks of formats that name them by address get fresh ids, counted from 1. */
int zmm_reader_next(zmm_reader *reader, struct zmm_event *event, struct zmm_error *error);

/* Fill `error` (kind INPUT) with "FILE:LINE: …" or "FILE: byte OFFSET: …" for the event
 * delivered last: how users of a reader report an event that makes no sense to them. */
void zmm_reader_blame(const zmm_reader *reader, struct zmm_error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What was found, and whether it came compressed. */
enum zmm_format zmm_reader_format(const zmm_reader *reader);
bool zmm_reader_compressed(const zmm_reader *reader);

/* What had to be left out so far and why, as one line ("FILE: 12 frees of blocks that …"), or
 * NULL when nothing was. Valid until the reader is closed. Complete once the trace's end was
 * reached. */
const char *zmm_reader_remarks(zmm_reader *reader);

void zmm_reader_close(zmm_reader *reader); /* NULL is fine */

/* --- writing --------------------------------------------------------------------------------- */

typedef struct zmm_writer zmm_writer;

/* Start writing a trace to `path` in `format` (TEXT or BINARY), compressed if `compress`. A regular
 * file appears under its name only when zmm_writer_close() succeeded; until then the bytes are in a
 * temporary file beside it. "-" is standard output. NULL on failure. */
zmm_writer *zmm_writer_open(const char *path, enum zmm_format format, bool compress,
	struct zmm_error *error);

/* What the name of a file says about how to write it: .zmt is binary, .trace and .txt are text,
 * each with .zst after it compressed. False when the name says nothing. */
bool zmm_format_from_name(const char *path, enum zmm_format *format, bool *compress);

/* Append one event. False on failure; the writer can then only be abandoned. */
bool zmm_writer_put(zmm_writer *writer, const struct zmm_event *event, struct zmm_error *error);

/* Finish the file and give it its name. The writer is gone afterwards, whatever is returned; on
 * failure so is the temporary file. */
bool zmm_writer_close(zmm_writer *writer, struct zmm_error *error);

/* Drop the writer and what it wrote. NULL is fine. */
void zmm_writer_abandon(zmm_writer *writer);

#endif
