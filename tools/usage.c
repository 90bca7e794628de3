/* SPDX-License-Identifier: MIT */
/*
 * How subcommands end: with a word about bad usage, or with what they printed being all there.
 */
#include "tools/zmm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int zmm_bad_usage(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "zmm %s: ", command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "; see zmm %s --help\n", command);
	return ZMM_EXIT_USAGE;
}

int zmm_finish_output(int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "zmm: cannot write to standard output: %s\n",
		errno ? strerror(errno) : "an earlier write failed");
	return ZMM_EXIT_FAILED;
}
