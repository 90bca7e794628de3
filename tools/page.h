/* SPDX-License-Identifier: MIT */
/*
 * tools/page.h - writes a page: a template whose marks are replaced by embedded files and by data.
 */
#ifndef ZMM_PAGE_H
#define ZMM_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

/* Writes the template (an embedded file) to path ("-": standard output). In it, a line that is
 * @NAME@ becomes the embedded file NAME, and the line @DATA@ becomes data: JSON, made safe for a
 * script element. The file appears under its name only when it is whole. False with the error
 * filled in. */
bool zmm_page_write(const char *path, const char *template_name, const char *data, size_t length,
	struct zmm_error *error);

#endif
