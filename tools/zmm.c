/* SPDX-License-Identifier: MIT */
/*
 * main() of the zmm command: finds the subcommand and calls it. A new subcommand is one line in
 * `commands` and one declaration in zmm.h.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/contender.h"
#include "tools/zmm.h"
#include "trace/sanitizer_options.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct command commands[] = {
	{ "replay", zmm_cmd_replay, "run a trace on one heap" },
	{ "compare", zmm_cmd_compare, "run traces on several heaps, side by side" },
	{ "sweep", zmm_cmd_sweep, "measure a grid of settings" },
	{ "info", zmm_cmd_info, "say what is in a trace" },
	{ "convert", zmm_cmd_convert, "turn a trace or a log into another format" },
	{ "generate", zmm_cmd_generate, "make a trace by a rule and a seed" },
	{ "ledger", zmm_cmd_ledger, "say what a heap's memory is held for, and its fragmentation" },
	{ "ablate", zmm_cmd_ablate, "say what each idea of the legacy heap brings" },
	{ "map", zmm_cmd_map, "draw a heap at a moment of a trace" },
	{ "step", zmm_cmd_step, "step through a trace in the terminal" },
	{ "explore", zmm_cmd_explore, "make a page that steps through a trace" },
	{ "profile", zmm_cmd_profile, "write what is alive as a profile for google-pprof" },
	{ "report", zmm_cmd_report, "make a page of a comparison" },
	{ "run", zmm_cmd_run, "run a program with its malloc replaced by a heap" },
	{ "record", zmm_cmd_record, "run a program and record what it asks of malloc" },
	{ "check", zmm_cmd_check, "find what damages a heap, and since when" },
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
	fprintf(out, "usage: zmm COMMAND [OPTION…] [ARGUMENT…]\n"
		"Replays and compares allocation traces on PHP's two heaps.\n\n");
	for (int i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\nzmm COMMAND --help explains a command, zmm --version prints the version.\n");
}

static const struct command *find_command(const char *name)
{
	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	fprintf(stderr, "zmm: there is no command '%s'; zmm --help lists them\n", name);
	return ZMM_EXIT_USAGE;
}

/* zmm help, zmm help COMMAND */
static int run_help(int argc, char **argv)
{
	static char help[] = "--help";

	if (argc < 3) {
		print_help(stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	const struct command *command = find_command(argv[2]);
	if (!command)
		return unknown_command(argv[2]);
	char *ask[] = { argv[2], help, NULL };
	return command->run(2, ask);
}

/* A standard stream that was closed when we started would give its number to the next file, which
 * then got what is printed. Opened for reading only, so that printing fails as before; a command
 * that we become finds it closed. */
static void occupy_closed_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	occupy_closed_streams();
	int sampled = zmm_contender_main(argc, argv);

	if (sampled >= 0)
		return sampled;
	if (argc < 2) {
		print_help(stderr);
		return ZMM_EXIT_USAGE;
	}
	const char *name = argv[1];
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
		return run_help(argc, argv);
	if (strcmp(name, "--version") == 0) {
		printf("zmm %s\n", PACKAGE_VERSION);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	const struct command *command = find_command(name);
	if (!command)
		return unknown_command(name);
	return command->run(argc - 1, argv + 1);
}
