/* SPDX-License-Identifier: MIT */
/*
 * How subcommands end: with a word about bad usage, or with what they printed being all there.
 */
#include "tools/zmm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

int zmm_spare_input(const char *command, const char *output, const char *input)
{
	struct stat in, out;

	if (!output || strcmp(output, "-") == 0 || strcmp(input, "-") == 0
		|| stat(input, &in) != 0 || stat(output, &out) != 0 || !S_ISREG(out.st_mode)
		|| in.st_dev != out.st_dev || in.st_ino != out.st_ino)
		return ZMM_EXIT_OK;
	return zmm_bad_usage(command, "%s is the input, which would be lost; name another output",
		output);
}
