/* SPDX-License-Identifier: MIT */
/*
 * How the trace layer reports failures: one line of text in a structure of the caller.
 */
#include "trace/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trace/error.h"

/* One line stays one line, and a terminal stays as it is, whatever a trace or a file's name
 * holds. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			*text = '?';
}

void zmm_error_setv(struct zmm_error *error, enum zmm_error_kind kind, const char *format,
	va_list arguments)
{
	error->kind = kind;
	vsnprintf(error->text, sizeof error->text, format, arguments);
	make_printable(error->text);
}

void zmm_error_set(struct zmm_error *error, enum zmm_error_kind kind, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	zmm_error_setv(error, kind, format, arguments);
	va_end(arguments);
}

void zmm_error_no_memory(struct zmm_error *error, const char *for_what)
{
	zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: not enough memory; close other programs or raise "
		"the limit (ulimit -v)", for_what);
}

int zmm_error_print(const struct zmm_error *error)
{
	fprintf(stderr, "zmm: %s\n", error->text);
	return error->kind == ZMM_ERROR_SYSTEM ? 1 : 2;
}

const char *zmm_excerpt(struct zmm_excerpt *excerpt, const char *text, size_t length)
{
	size_t shown = length < sizeof excerpt->text - 4 ? length : sizeof excerpt->text - 4;

	for (size_t i = 0; i < shown; i++) {
		unsigned char byte = (unsigned char)text[i];
		excerpt->text[i] = byte >= ' ' && byte != 127 ? (char)byte : '?';
	}
	strcpy(excerpt->text + shown, shown < length ? "..." : "");
	return excerpt->text;
}
