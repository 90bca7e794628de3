/* SPDX-License-Identifier: MIT */
/*
 * tools/json_file.h - reading a document that zmm wrote.
 */
#ifndef ZMM_JSON_FILE_H
#define ZMM_JSON_FILE_H

#include "trace/trace.h"

/* Reads the file at path ("-": standard input), which has to be a JSON object whose members
 * "format" and "version" are the given ones. Returns its text, *length bytes, to be freed; NULL
 * with the error filled in where it cannot be read, is not JSON (naming the line), or is something
 * else. */
char *zmm_json_file_read(const char *path, const char *format, int version, size_t *length,
	struct zmm_error *error);

#endif
