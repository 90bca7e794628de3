/* SPDX-License-Identifier: MIT */
/*
 * tools/page.h - writes a page: a template whose marks are replaced by embedded files and by data.
 */
#ifndef ZMM_PAGE_H
#define ZMM_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

/* What is put in place of a mark. */
struct zmm_page_part {
	const char *mark;
	const char *bytes;
	size_t length;
	bool json;         /* made safe for a script element; otherwise HTML, as it is */
};

/* Writes the template (an embedded file) to path ("-": standard output). In it, a line that is
 * @NAME@ becomes the part of that mark, or else the embedded file NAME. The file appears under its
 * name only when it is whole. False with the error filled in. */
bool zmm_page_write(const char *path, const char *template_name, const struct zmm_page_part *parts,
	size_t count, struct zmm_error *error);

#endif
