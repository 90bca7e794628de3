/* SPDX-License-Identifier: MIT */
/*
 * One line of what ltrace(1) prints, taken apart:
 *
 *   [pid 123] 12:34:56 [0x401136] prog->realloc@libc.so.6(0x5581, 100 <unfinished ...>
 *   123 <... realloc resumed> )                    = 0x5592
 *   malloc(16)                                     = 0x5581 <0.000123>
 *
 * Everything before the name may be missing. User: reader_ltrace.c.
 */
#ifndef ZMM_LTRACE_LINE_H
#define ZMM_LTRACE_LINE_H

#include "trace/trace.h"

enum zmm_ltrace_form {
	ZMM_LTRACE_NOTHING,    /* not a line of ltrace */
	ZMM_LTRACE_CALL,       /* a call and its result */
	ZMM_LTRACE_UNFINISHED, /* a call, whose result comes in a later line */
	ZMM_LTRACE_RESUMED,    /* that result */
	ZMM_LTRACE_EXIT        /* the thread is gone */
};

/* The functions that matter. */
enum zmm_ltrace_function {
	ZMM_LTRACE_OTHER,
	ZMM_LTRACE_MALLOC,        /* size */
	ZMM_LTRACE_CALLOC,        /* count, size */
	ZMM_LTRACE_REALLOC,       /* address, size */
	ZMM_LTRACE_REALLOCARRAY,  /* address, count, size */
	ZMM_LTRACE_FREE,          /* address */
	ZMM_LTRACE_ALIGNED_ALLOC, /* alignment, size; memalign() too */
	ZMM_LTRACE_VALLOC,        /* size */
	ZMM_LTRACE_PVALLOC,       /* size */
	ZMM_LTRACE_POSIX_MEMALIGN /* its result is a status, the block stays unknown */
};

struct zmm_ltrace_line {
	enum zmm_ltrace_form form;
	enum zmm_ltrace_function function;
	uint32_t process;      /* or thread; 0 where the line does not say */
	uint64_t caller;       /* instruction, 0 where the line does not say */
	uint64_t arguments[3]; /* of functions that matter, as many as they have */
	uint64_t result;       /* 0 for <void> */
};

void zmm_ltrace_parse(struct zmm_ltrace_line *parsed, const char *line, size_t length);

#endif
