/* SPDX-License-Identifier: MIT */
/*
 * tools/report.c - the page of a comparison: a template, its scripts, and the document as data.
 */
#include "tools/report.h"

#include "tools/page.h"

bool zmm_report_write(const char *path, const char *json, size_t length, struct zmm_error *error)
{
	return zmm_page_write(path, "web/report.html", json, length, error);
}
