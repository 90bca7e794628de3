/* SPDX-License-Identifier: MIT */
/*
 * What the files of this folder share about errors, beside what trace.h offers to everybody.
 */
#ifndef ZMM_TRACE_ERROR_H
#define ZMM_TRACE_ERROR_H

#include <stdarg.h>

#include "trace/trace.h"

/* zmm_error_set() for callers that have a va_list. */
void zmm_error_setv(struct zmm_error *error, enum zmm_error_kind kind, const char *format,
	va_list arguments) __attribute__((format(printf, 3, 0)));

/* Memory ran out while working on `for_what` (a file's name). */
void zmm_error_no_memory(struct zmm_error *error, const char *for_what);

/* The beginning of a text from a file, fit to be shown in a message. */
struct zmm_excerpt {
	char text[44];
};

const char *zmm_excerpt(struct zmm_excerpt *excerpt, const char *text, size_t length);

#endif
