/* SPDX-License-Identifier: MIT */
/*
 * zmm run: runs a program with its malloc replaced by one of the heaps.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/storage.h"
#include "tools/preloaded.h"
#include "tools/zmm.h"

static const char help[] =
	"usage: zmm run [OPTION…] [--] COMMAND [ARGUMENT…]\n"
	"Runs a dynamically linked program, and all that it starts, with malloc and its\n"
	"relatives served by one of the heaps. The exit status is the command's; 127 if\n"
	"there is no such command, 126 if it cannot be run.\n"
	"\n"
	"  -m, --mode MODE      legacy or modern (legacy)\n"
	"  -s, --storage NAME   where the heaps get memory: mmap_anon, malloc, mmap_zero\n"
	"                       (mmap_anon)\n"
	"      --foreign WHAT   about pointers that malloc did not give: report them and\n"
	"                       go on, ignore them, or abort (report)\n"
	"      --stats          at the end of each process say on standard error what\n"
	"                       the heaps did\n"
	"      --check          at the end of each process check its heaps; abort if one\n"
	"                       is damaged\n"
	"  -h, --help           print this\n"
	"\n"
	"The options stand for the variables ZEND_MM_MODE, ZEND_MM_MEM_TYPE,\n"
	"ZEND_MM_FOREIGN, ZEND_MM_STATS and ZEND_MM_CHECK; without zmm, set them and\n"
	"LD_PRELOAD=libzend_malloc.so.\n";

static const struct option options[] = {
	{ "mode", required_argument, NULL, 'm' },
	{ "storage", required_argument, NULL, 's' },
	{ "foreign", required_argument, NULL, 'f' },
	{ "stats", no_argument, NULL, 't' },
	{ "check", no_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static bool is_one_of(const char *value, const char *const *names)
{
	while (*names && strcmp(value, *names) != 0) {
		names++;
	}
	return *names != NULL;
}

static int set_mode(const char *value)
{
	static const char *const modes[] = { "legacy", "modern", NULL };

	if (!is_one_of(value, modes)) {
		return zmm_bad_usage("run", "--mode is legacy or modern, not '%s'", value);
	}
	setenv("ZEND_MM_MODE", value, 1);
	return ZMM_EXIT_OK;
}

static int set_storage(const char *value)
{
	if (!zend_mm_storage_type(value)) {
		return zmm_bad_usage("run", "there is no storage '%s' in this build", value);
	}
	setenv("ZEND_MM_MEM_TYPE", value, 1);
	return ZMM_EXIT_OK;
}

static int set_foreign(const char *value)
{
	static const char *const ways[] = { "report", "ignore", "abort", NULL };

	if (!is_one_of(value, ways)) {
		return zmm_bad_usage("run", "--foreign is report, ignore or abort, not '%s'", value);
	}
	setenv("ZEND_MM_FOREIGN", value, 1);
	return ZMM_EXIT_OK;
}

static int take_option(int option)
{
	switch (option) {
	case 'm':
		return set_mode(optarg);
	case 's':
		return set_storage(optarg);
	case 'f':
		return set_foreign(optarg);
	case 't':
		setenv("ZEND_MM_STATS", "1", 1);
		return ZMM_EXIT_OK;
	case 'c':
		setenv("ZEND_MM_CHECK", "1", 1);
		return ZMM_EXIT_OK;
	}
	return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
}

int zmm_cmd_run(int argc, char **argv)
{
	int option, status;

	while ((option = zmm_next_option("run", argc, argv, "+m:s:h", options)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return zmm_finish_output(ZMM_EXIT_OK);
		}
		status = take_option(option);
		if (status != ZMM_EXIT_OK) {
			return status;
		}
	}
	if (optind == argc) {
		return zmm_bad_usage("run", "name a command to run");
	}
	status = zmm_preload("run", "libzend_malloc.so");
	if (status != ZMM_EXIT_OK) {
		return status;
	}
	zmm_warn_static("run", argv[optind]);
	return zmm_become("run", argv + optind);
}
