/* SPDX-License-Identifier: MIT */
/*
 * tools/report.h - the page of a comparison.
 */
#ifndef ZMM_REPORT_H
#define ZMM_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

/* Writes the page of a comparison document (doc/report-format.md), length bytes of JSON that the
 * caller made or has checked, to path. False with the error filled in. */
bool zmm_report_write(const char *path, const char *json, size_t length, struct zmm_error *error);

#endif
