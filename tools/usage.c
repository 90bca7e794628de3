/* SPDX-License-Identifier: MIT */
/*
 * How subcommands begin and end: their options, a word about bad usage, and what they printed being
 * all there.
 */
#include "tools/zmm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

/* --- options that are wrong ------------------------------------------------------------------- */

/* Whether `word`, "--NAME" or "--NAME=VALUE", is a beginning of the option's name. */
static bool begins(const struct option *option, const char *word)
{
	return strncmp(word, "--", 2) == 0
		&& strncmp(option->name, word + 2, strcspn(word + 2, "=")) == 0;
}

/* The names that the word could stand for, as "--storage or --seg-size". */
static void list_possible(char *list, size_t size, const char *word, const struct option *names)
{
	size_t length = 0;

	list[0] = '\0';
	for (const struct option *name = names; name->name && length < size; name++)
		if (begins(name, word))
			length += (size_t)snprintf(list + length, size - length, "%s--%s",
				length ? " or " : "", name->name);
}

/* `word` is the one that getopt_long() stopped at, and optopt the option if it is a known one or a
 * letter. */
static void say_bad_option(const char *command, const char *word, const char *letters,
	const struct option *names)
{
	char possible[200];

	list_possible(possible, sizeof possible, word, names);
	if (optopt == 0 && possible[0])
		zmm_bad_usage(command, "%s could be %s", word, possible);
	else if (optopt == 0)
		zmm_bad_usage(command, "there is no option %s", word);
	for (const struct option *name = names; optopt && name->name; name++)
		if (name->val == optopt && begins(name, word)) {
			zmm_bad_usage(command, strchr(word, '=') ? "--%s takes no value" : "--%s wants a value",
				name->name);
			return;
		}
	if (optopt)
		zmm_bad_usage(command, strchr(letters, optopt) ? "-%c wants a value"
			: "there is no option -%c", optopt);
}

int zmm_next_option(const char *command, int argc, char **argv, const char *letters,
	const struct option *names)
{
	opterr = 0;
	int option = getopt_long(argc, argv, letters, names, NULL);
	if (option == '?')
		say_bad_option(command, argv[optind - 1], letters, names);
	return option;
}

/* --- results ---------------------------------------------------------------------------------- */

/* Why standard output was found to have failed for the first time; 0: not found, or not told. */
static int output_error;

bool zmm_flush_output(void)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	output_error = output_error ? output_error : errno;
	return false;
}

int zmm_finish_output(int status)
{
	if (zmm_flush_output())
		return status;
	fprintf(stderr, "zmm: cannot write to standard output: %s\n",
		output_error ? strerror(output_error) : "an earlier write failed");
	return ZMM_EXIT_FAILED;
}

/* Whether two files are one. Where files have no numbers (Windows), by name. */
static bool is_same(const char *a, const struct stat *of_a, const char *b, const struct stat *of_b)
{
	char *whole_a, *whole_b;
	bool same;

	if (of_a->st_ino != 0)
		return of_a->st_dev == of_b->st_dev && of_a->st_ino == of_b->st_ino;
	whole_a = realpath(a, NULL);
	whole_b = realpath(b, NULL);
	same = whole_a && whole_b && strcasecmp(whole_a, whole_b) == 0;
	free(whole_a);
	free(whole_b);
	return same;
}

int zmm_spare_input(const char *command, const char *output, const char *input)
{
	struct stat in, out;

	if (!output || strcmp(output, "-") == 0 || strcmp(input, "-") == 0
		|| stat(input, &in) != 0 || stat(output, &out) != 0 || !S_ISREG(out.st_mode)
		|| !is_same(input, &in, output, &out))
		return ZMM_EXIT_OK;
	return zmm_bad_usage(command, "%s is the input, which would be lost; name another output",
		output);
}
