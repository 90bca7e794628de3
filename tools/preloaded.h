/* SPDX-License-Identifier: MIT */
/*
 * Running a command with one of the project's libraries preloaded: zmm run and zmm record.
 */
#ifndef TOOLS_PRELOADED_H
#define TOOLS_PRELOADED_H

enum {
	ZMM_EXIT_NOT_RUN = 126,   /* the command is there and cannot be run, as a shell says it */
	ZMM_EXIT_NOT_FOUND = 127, /* there is no such command */
};

/* Finds library (a file name) beside zmm itself or where it was installed, and puts it first in
 * LD_PRELOAD. Returns ZMM_EXIT_OK, or ZMM_EXIT_FAILED after a message that begins with "zmm
 * subcommand". */
int zmm_preload(const char *subcommand, const char *library);

/* Whether execvp() will find the command: ZMM_EXIT_OK, or ZMM_EXIT_NOT_FOUND or ZMM_EXIT_NOT_RUN
 * after a message. */
int zmm_judge_command(const char *subcommand, const char *command);

/* Says it of a command that nothing can be preloaded into, being linked statically. */
void zmm_warn_static(const char *subcommand, const char *command);

/* Becomes the command, judged as above; returns only if that failed, with its exit status, after
 * a message. */
int zmm_become(const char *subcommand, char **command);

#endif
