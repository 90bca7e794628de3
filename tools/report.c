/* SPDX-License-Identifier: MIT */
/*
 * tools/report.c - the page of a comparison: a template, its scripts, and the document as data.
 */
#include "tools/report.h"

#include "tools/page.h"

bool zmm_report_write(const char *path, const char *json, size_t length, struct zmm_error *error)
{
	const struct zmm_page_part data = { "DATA", json, length, true };

	return zmm_page_write(path, "web/report.html", &data, 1, error);
}
