/* SPDX-License-Identifier: MIT */
/*
 * zmm generate: writes the trace of a workload.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/options.h"
#include "tools/workload.h"
#include "tools/zmm.h"

enum { OPTION_SETTING = 256 }; /* and a setting's number */

enum { STANDARD_SEED = 1 };

struct request {
	const struct zmm_workload *workload;
	const char *path;
	int help; /* 'h' or 'l', where that was asked for */
	uint64_t seed;
	bool given[ZMM_SETTINGS];
	uint64_t setting[ZMM_SETTINGS];
};

static void print_workload(const struct zmm_workload *workload)
{
	printf("\n%s: %s\n", workload->name, workload->summary);
	for (const char *line = workload->shows; *line;) {
		size_t length = strcspn(line, "\n");
		printf("    %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
	for (int i = 0; i < ZMM_SETTINGS; i++)
		if (workload->settings[i].used)
			printf("      --%-12s %s (%" PRIu64 ")\n", zmm_setting_name((enum zmm_setting)i),
				zmm_setting_meaning((enum zmm_setting)i), workload->settings[i].standard);
}

static int print_list(void)
{
	const struct zmm_workload *workload;

	printf("The workloads, what each shows, and what can be set, with the standard values.\n");
	for (size_t i = 0; (workload = zmm_workload_at(i)); i++)
		print_workload(workload);
	return zmm_finish_output(ZMM_EXIT_OK);
}

static int print_help(void)
{
	const struct zmm_workload *workload;

	printf("usage: zmm generate WORKLOAD [--seed N] [SETTING…] -o FILE\n"
		"Writes the trace of a workload. The same seed and settings give the same trace.\n\n"
		"Workloads:\n");
	for (size_t i = 0; (workload = zmm_workload_at(i)); i++)
		printf("  %-10s %s\n", workload->name, workload->summary);
	printf("\nOptions:\n"
		"  -o, --output FILE  where to; .zmt is the binary format, .trace and .txt are\n"
		"                     text, .zst after it is compressed; - is text on standard\n"
		"                     output\n"
		"      --seed N       where the random numbers start (%d)\n"
		"      --list         what each workload shows, and what can be set\n"
		"  -h, --help         print this\n\n"
		"Settings; --list says which workload knows which. Numbers may end in K, M or G.\n",
		STANDARD_SEED);
	for (int i = 0; i < ZMM_SETTINGS; i++)
		printf("      --%-12s %s\n", zmm_setting_name((enum zmm_setting)i),
			zmm_setting_meaning((enum zmm_setting)i));
	return zmm_finish_output(ZMM_EXIT_OK);
}

/* Fills in what was not given and checks what was. */
static int settle(struct request *request)
{
	const struct zmm_workload *workload = request->workload;

	for (int i = 0; i < ZMM_SETTINGS; i++) {
		const struct zmm_setting_range *range = &workload->settings[i];
		const char *name = zmm_setting_name((enum zmm_setting)i);
		if (!request->given[i]) {
			request->setting[i] = range->standard;
			continue;
		}
		if (!range->used)
			return zmm_bad_usage("generate", "the workload %s has no --%s", workload->name, name);
		if (request->setting[i] < range->least || request->setting[i] > range->most)
			return zmm_bad_usage("generate", "--%s is %" PRIu64 " and has to be %" PRIu64
				" to %" PRIu64, name, request->setting[i], range->least, range->most);
	}
	if (workload->settings[ZMM_SETTING_MIN].used
		&& request->setting[ZMM_SETTING_MIN] > request->setting[ZMM_SETTING_MAX])
		return zmm_bad_usage("generate", "--min %" PRIu64 " is more than --max %" PRIu64,
			request->setting[ZMM_SETTING_MIN], request->setting[ZMM_SETTING_MAX]);
	return ZMM_EXIT_OK;
}

static int generate(const struct request *request)
{
	enum zmm_format format = ZMM_FORMAT_TEXT;
	struct zmm_workload_summary summary;
	struct zmm_error error;
	bool compress = false;

	zmm_format_from_name(request->path, &format, &compress);
	zmm_writer *writer = zmm_writer_open(request->path, format, compress, &error);
	if (!writer)
		return zmm_error_print(&error);
	if (!zmm_workload_write(request->workload, request->seed, request->setting, writer, &summary,
			&error)) {
		zmm_writer_abandon(writer);
		return zmm_error_print(&error);
	}
	if (!zmm_writer_close(writer, &error))
		return zmm_error_print(&error);
	fprintf(strcmp(request->path, "-") == 0 ? stderr : stdout,
		"%s, seed %" PRIu64 ": %" PRIu64 " operations, at most %" PRIu64 " bytes in %" PRIu64
		" blocks alive\n", request->workload->name, request->seed, summary.operations,
		summary.peak_bytes, summary.peak_blocks);
	return zmm_finish_output(ZMM_EXIT_OK);
}

static const struct option own_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "seed", required_argument, NULL, 's' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
};

enum { OWN_OPTIONS = sizeof own_options / sizeof own_options[0] };

/* Our own options, those of all settings, and the end. */
static void describe_options(struct option options[OWN_OPTIONS + ZMM_SETTINGS + 1])
{
	memcpy(options, own_options, sizeof own_options);
	for (int i = 0; i < ZMM_SETTINGS; i++)
		options[OWN_OPTIONS + i] = (struct option){ zmm_setting_name((enum zmm_setting)i),
			required_argument, NULL, OPTION_SETTING + i };
	options[OWN_OPTIONS + ZMM_SETTINGS] = (struct option){ NULL, 0, NULL, 0 };
}

static int take_option(struct request *request, int option)
{
	size_t number;

	switch (option) {
	case 'o':
		request->path = optarg;
		return ZMM_EXIT_OK;
	case 's':
		return zmm_parse_count(optarg, &request->seed) ? ZMM_EXIT_OK
			: zmm_bad_usage("generate", "'%s' is no seed, which is a whole number", optarg);
	case 'l':
	case 'h':
		request->help = option;
		return ZMM_EXIT_OK;
	case '?':
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	default:
		if (!zmm_parse_size(optarg, &number))
			return zmm_bad_usage("generate", "--%s wants a number such as 500 or 4M, not '%s'",
				zmm_setting_name((enum zmm_setting)(option - OPTION_SETTING)), optarg);
		request->setting[option - OPTION_SETTING] = number;
		request->given[option - OPTION_SETTING] = true;
		return ZMM_EXIT_OK;
	}
}

static int read_command_line(struct request *request, int argc, char **argv)
{
	struct option options[OWN_OPTIONS + ZMM_SETTINGS + 1];
	int option, status = ZMM_EXIT_OK;

	describe_options(options);
	optind = 0;
	while (status == ZMM_EXIT_OK && !request->help
		&& (option = zmm_next_option("generate", argc, argv, "o:h", options)) != -1)
		status = take_option(request, option);
	if (status != ZMM_EXIT_OK || request->help)
		return status;
	if (optind + 1 != argc)
		return zmm_bad_usage("generate", optind == argc ? "no workload was named"
			: "only one workload can be made at a time");
	request->workload = zmm_workload_find(argv[optind]);
	if (!request->workload)
		return zmm_bad_usage("generate", "there is no workload '%s'", argv[optind]);
	if (!request->path)
		return zmm_bad_usage("generate", "say where to with -o FILE");
	return settle(request);
}

int zmm_cmd_generate(int argc, char **argv)
{
	struct request request = { .seed = STANDARD_SEED };
	int status = read_command_line(&request, argc, argv);

	if (status != ZMM_EXIT_OK)
		return status;
	if (request.help)
		return request.help == 'l' ? print_list() : print_help();
	return generate(&request);
}
