/* SPDX-License-Identifier: MIT */
/*
 * zmm profile: replays a trace up to a moment and writes what is alive then as a heap profile that
 * google-pprof reads.
 *
 * Two runs: the first finds the moment when most bytes are alive, where no other was named; the
 * second keeps book of every request, and stops there. What a line of the profile is depends on the
 * trace (see profile_heap.h).
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/moment.h"
#include "tools/profile_heap.h"
#include "tools/replay_options.h"
#include "tools/zmm.h"

static const char help[] =
	"usage: zmm profile [OPTION…] -o FILE TRACE\n"
	"Replays a trace up to the moment when most bytes are alive, and writes them as\n"
	"a heap profile: by call site where the trace has call sites, otherwise by size\n"
	"and by segment or chunk. google-pprof --text FILE, --collapsed and others show\n"
	"it.\n"
	"\n"
	"  -o, --output FILE    where to; - is standard output\n"
	"  -a, --at MOMENT      peak (which is the default), end, or the number of an\n"
	"                       operation\n"
	"  -H, --held           everything that the heap holds from the system, by cause\n"
	ZMM_REPLAY_OPTIONS_HELP
	"  -h, --help           print this\n";

struct settings {
	struct zmm_replay_options replay;
	struct zmm_moment moment;
	bool held;
	bool help;
	const char *output;
	const char *path;
};

/* --- the command line ------------------------------------------------------------------------ */

static const char short_options[] = "o:a:H" ZMM_REPLAY_SHORT_OPTIONS "h";

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "at", required_argument, NULL, 'a' },
	{ "held", no_argument, NULL, 'H' },
	ZMM_REPLAY_LONG_OPTIONS,
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int set_option(struct settings *settings, int option)
{
	switch (option) {
	case 'o':
		settings->output = optarg;
		return ZMM_EXIT_OK;
	case 'a':
		return zmm_parse_moment(optarg, &settings->moment) ? ZMM_EXIT_OK
			: zmm_bad_usage("profile", "'%s' is no operation's number, nor peak or end", optarg);
	case 'H':
		settings->held = true;
		return ZMM_EXIT_OK;
	case 'm':
	case 's':
	case 'S':
		return zmm_replay_option(&settings->replay, option, optarg, "profile");
	case 'h':
		settings->help = true;
		return ZMM_EXIT_OK;
	default:
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	}
}

static int read_command_line(struct settings *settings, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !settings->help
		&& (option = zmm_next_option("profile", argc, argv, short_options, long_options)) != -1)
		status = set_option(settings, option);
	if (status != ZMM_EXIT_OK || settings->help)
		return status;
	if (optind + 1 != argc)
		return zmm_bad_usage("profile", optind == argc ? "no trace was named"
			: "only one trace can be replayed at a time");
	settings->path = argv[optind];
	if (!settings->output)
		return zmm_bad_usage("profile", "say where to with -o FILE");
	if (strcmp(settings->path, "-") == 0)
		return zmm_bad_usage("profile", "the trace is read twice, which standard input cannot be");
	return ZMM_EXIT_OK;
}

/* --- the profile ----------------------------------------------------------------------------- */

static int print_summary(const struct settings *settings, uint64_t at,
	const struct zmm_profile_result *result)
{
	FILE *out = strcmp(settings->output, "-") == 0 ? stderr : stdout;

	fprintf(out, "after operation %" PRIu64 ", %s: %" PRIu64 " bytes of %" PRIu64
		" are alive in %" PRIu64 " blocks, by %s\n", at,
		zmm_allocator_name(settings->replay.allocator), result->ledger.live.requested,
		result->ledger.held, result->ledger.live.blocks,
		settings->held ? "cause" : result->by_site ? "call site" : "size");
	return zmm_finish_output(ZMM_EXIT_OK);
}

static int profile(const struct settings *settings, const zmm_program *program)
{
	struct zmm_profile_result result;
	struct zmm_error error;
	uint64_t at;
	bool written;

	if (!zmm_find_moment(&settings->moment, program, settings->path, &settings->replay, &at,
			&error))
		return zmm_error_print(&error);
	const struct zmm_profile_task task = {
		.program = program,
		.path = settings->path,
		.replay = &settings->replay,
		.at = at,
		.held = settings->held,
	};
	if (!zmm_profile_heap(&task, &result, &error))
		return zmm_error_print(&error);
	written = zmm_profile_write(result.profile, settings->output, &error);
	zmm_profile_free(result.profile);
	return written ? print_summary(settings, at, &result) : zmm_error_print(&error);
}

int zmm_cmd_profile(int argc, char **argv)
{
	struct settings settings = { .held = false };
	struct zmm_error error;

	zmm_replay_options_init(&settings.replay);
	int status = read_command_line(&settings, argc, argv);
	if (status != ZMM_EXIT_OK)
		return status;
	if (settings.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	status = zmm_spare_input("profile", settings.output, settings.path);
	if (status != ZMM_EXIT_OK)
		return status;
	zmm_program *program = zmm_program_load(settings.path, ZMM_PROGRAM_SITES, &error);
	if (!program)
		return zmm_error_print(&error);
	status = profile(&settings, program);
	zmm_program_free(program);
	return status;
}
