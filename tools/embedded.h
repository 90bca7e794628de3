/* SPDX-License-Identifier: MIT */
/*
 * tools/embedded.h - files of web/ and vendor/ that are part of the program, so that the pages it
 * writes need nothing else.
 */
#ifndef ZMM_EMBEDDED_H
#define ZMM_EMBEDDED_H

#include <stddef.h>

struct zmm_embedded {
	const char *name;   /* as in the source tree, "web/report.js" */
	const char *text;
	size_t length;
};

/* The file of that name; the program ends where there is none, for that is a mistake of ours. */
const struct zmm_embedded *zmm_embedded_file(const char *name);

#endif
