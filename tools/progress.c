/* SPDX-License-Identifier: MIT */
/*
 * tools/progress.c - the progress line.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tools/progress.h"

static struct timespec start;
static bool shown;

void zmm_progress_start(void)
{
	clock_gettime(CLOCK_MONOTONIC, &start);
}

static bool a_second_has_passed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start.tv_sec > (now.tv_nsec < start.tv_nsec ? 1 : 0);
}

void zmm_progress(const char *format, ...)
{
	va_list arguments;

	if (!isatty(STDERR_FILENO) || !a_second_has_passed()) {
		return;
	}
	fputs("\r\033[K", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fflush(stderr);
	shown = true;
}

void zmm_progress_clear(void)
{
	if (shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	shown = false;
}
