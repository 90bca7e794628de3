/* SPDX-License-Identifier: MIT */
/*
 * The zmm command: its subcommands, each in a file of its own (cmd_NAME.c), called by the table in
 * zmm.c with argv[0] the subcommand's name. Each parses its options with
 * zmm_next_option(), answers --help on standard output, and returns the exit status.
 */
#ifndef ZMM_H
#define ZMM_H

#include <getopt.h>
#include <stdbool.h>

enum zmm_exit {
	ZMM_EXIT_OK = 0,
	ZMM_EXIT_FAILED = 1, /* the work could not be done, or found something wrong */
	ZMM_EXIT_USAGE = 2,  /* bad usage or bad input */
};

int zmm_cmd_replay(int argc, char **argv);
int zmm_cmd_compare(int argc, char **argv);
int zmm_cmd_sweep(int argc, char **argv);
int zmm_cmd_info(int argc, char **argv);
int zmm_cmd_convert(int argc, char **argv);
int zmm_cmd_generate(int argc, char **argv);
int zmm_cmd_ledger(int argc, char **argv);
int zmm_cmd_ablate(int argc, char **argv);
int zmm_cmd_map(int argc, char **argv);
int zmm_cmd_step(int argc, char **argv);
int zmm_cmd_explore(int argc, char **argv);
int zmm_cmd_profile(int argc, char **argv);
int zmm_cmd_report(int argc, char **argv);
int zmm_cmd_run(int argc, char **argv);
int zmm_cmd_check(int argc, char **argv);
int zmm_cmd_record(int argc, char **argv);

/* Print "zmm COMMAND: MESSAGE" and where to find help on standard error; return ZMM_EXIT_USAGE. */
int zmm_bad_usage(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* getopt_long() that says what is wrong with an option as zmm_bad_usage() does, in one line that is
 * the same with every C library. Returns '?' after that. */
int zmm_next_option(const char *command, int argc, char **argv, const char *letters,
	const struct option *names);

/* ZMM_EXIT_OK, unless the output (NULL: none) is the input's own file: then say so as
 * zmm_bad_usage() does. For commands whose output is no trace. */
int zmm_spare_input(const char *command, const char *output, const char *input);

/* Flush standard output. False once anything printed there was lost: a command that would go on
 * asks, and ends with zmm_finish_output(). */
bool zmm_flush_output(void);

/* Flush standard output; if anything printed there was lost (disk full, closed), say so and return
 * ZMM_EXIT_FAILED, otherwise `status`. Every subcommand that prints results ends with it. */
int zmm_finish_output(int status);

#endif
