/* SPDX-License-Identifier: MIT */
/*
 * zmm check: looks for damage in the heap of a trace's replay or of a command, and narrows it to
 * the operation, and of a command to the instruction.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap/guarded/settings.h"
#include "tools/check.h"
#include "tools/options.h"
#include "tools/replay_options.h"
#include "tools/zmm.h"

static const char help[] =
	"usage: zmm check [OPTION…] TRACE\n"
	"       zmm check [OPTION…] -- COMMAND [ARGUMENT…]\n"
	"Looks for damage in a heap. A trace is replayed with its payloads, and the\n"
	"whole heap is checked. A command (dynamically linked) runs with the malloc\n"
	"replacement and its blocks guarded: by padding and a quarantine, then by guard\n"
	"pages. Its output is thrown away, it has no terminal, and is over when all that\n"
	"it started has ended. An interrupt is passed on to it.\n"
	"\n"
	"  -b, --bisect         find the first operation after which the heap is\n"
	"                       damaged: of a trace by replaying less of it; of a\n"
	"                       command by running it again up to some request, with the\n"
	"                       same input, and then by watching the damaged byte, so\n"
	"                       that the instruction that writes it is reported, and who\n"
	"                       called. The command is run a dozen times or more; it has\n"
	"                       to do the same each time, and must not mind being killed\n"
	"  -g, --guards LIST    command: how to guard it, as in ZEND_MM_DEBUG\n"
	"      --damage OPERATION:OFFSET:LENGTH\n"
	"                       trace: after that operation write so many bytes into its\n"
	"                       block, from that offset on (before the block where it is\n"
	"                       negative), and say what comes of it\n"
	ZMM_REPLAY_OPTIONS_HELP
	"                       (of these, a command has --mode)\n"
	"  -h, --help           print this\n"
	"\n"
	"Exit status: 0 no damage was found, 1 it was, or the command crashed, or the\n"
	"work could not be done, 2 bad usage or a bad trace, 3 damage was found but the\n"
	"command does not do the same each time, 126 or 127 the command cannot be run\n"
	"or is not there, 128 and a signal's number: interrupted, no damage until then.\n";

struct settings {
	struct zmm_check_trace trace;
	const char *guards;
	const char *of_traces;     /* an option that is for traces only; and for commands */
	const char *of_commands;
	bool help;
};

static const char short_options[] = "+" ZMM_REPLAY_SHORT_OPTIONS "bg:h";

static const struct option long_options[] = {
	ZMM_REPLAY_LONG_OPTIONS,
	{ "bisect", no_argument, NULL, 'b' },
	{ "guards", required_argument, NULL, 'g' },
	{ "damage", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int set_guards(struct settings *settings, const char *list)
{
	struct zend_mm_guard_settings guards;
	char complaint[256];

	if (!zend_mm_guard_settings_read(list, &guards, complaint)) {
		return zmm_bad_usage("check", "--guards: %s", complaint);
	}
	if (!*list) {
		return zmm_bad_usage("check", "--guards is empty, so nothing would be guarded");
	}
	settings->guards = list;
	settings->of_commands = "--guards";
	return ZMM_EXIT_OK;
}

static int set_damage(struct settings *settings, const char *text)
{
	struct zmm_check_damage *damage = &settings->trace.damage;
	long long operation, offset, length;
	char more;

	if (sscanf(text, "%lld:%lld:%lld%c", &operation, &offset, &length, &more) != 3 ||
		operation < 1 || length < 1 || length > 1 << 20 || offset < -(1 << 20) ||
		offset > (1 << 30)) {
		return zmm_bad_usage("check", "--damage is OPERATION:OFFSET:LENGTH, as in 12:100:4, not "
			"'%s'", text);
	}
	*damage = (struct zmm_check_damage){ (uint64_t)operation, offset, (uint64_t)length };
	settings->of_traces = "--damage";
	return ZMM_EXIT_OK;
}

static int set_option(struct settings *settings, int option)
{
	switch (option) {
	case 's':
	case 'S':
		settings->of_traces = option == 's' ? "--storage" : "--seg-size";
		/* fall through */
	case 'm':
		return zmm_replay_option(&settings->trace.replay, option, optarg, "check");
	case 'b':
		settings->trace.bisect = true;
		return ZMM_EXIT_OK;
	case 'g':
		return set_guards(settings, optarg);
	case 'd':
		return set_damage(settings, optarg);
	case 'h':
		settings->help = true;
		return ZMM_EXIT_OK;
	default:
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	}
}

/* A trace is one argument; what follows "--", or has arguments, is a command. */
static bool is_command(char **argv, int argc)
{
	return strcmp(argv[optind - 1], "--") == 0 || argc - optind > 1;
}

static int check_command(struct settings *settings, char **command)
{
	struct zmm_check_command check = {
		.command = command, .guards = settings->guards, .bisect = settings->trace.bisect
	};

	if (settings->of_traces) {
		return zmm_bad_usage("check", "%s is for traces, and %s is a command", settings->of_traces,
			command[0]);
	}
	setenv("ZEND_MM_MODE", settings->trace.replay.allocator == ZMM_ALLOCATOR_MODERN ? "modern" :
		"legacy", 1);
	return zmm_check_command(&check);
}

int zmm_cmd_check(int argc, char **argv)
{
	struct settings settings = { .help = false };
	int option, status = ZMM_EXIT_OK;

	zmm_replay_options_init(&settings.trace.replay);
	optind = 0;
	while (status == ZMM_EXIT_OK && !settings.help &&
		(option = zmm_next_option("check", argc, argv, short_options, long_options)) != -1) {
		status = set_option(&settings, option);
	}
	if (status != ZMM_EXIT_OK) {
		return status;
	}
	if (settings.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	if (optind == argc) {
		return zmm_bad_usage("check", "name a trace, or a command after --");
	}
	if (is_command(argv, argc)) {
		return check_command(&settings, argv + optind);
	}
	if (settings.of_commands) {
		return zmm_bad_usage("check", "%s is for commands; put -- before %s if it is one",
			settings.of_commands, argv[optind]);
	}
	settings.trace.path = argv[optind];
	return zmm_check_trace(&settings.trace);
}
