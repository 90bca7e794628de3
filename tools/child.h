/* SPDX-License-Identifier: MIT */
/*
 * tools/child.h - work done by this very program started anew, whose result comes back as a plain
 * structure.
 *
 * What is measured then starts from the same clean state each time, can have another malloc
 * preloaded, can be looked at from outside while it runs, and takes nothing with it if it crashes
 * or hangs. It does not outlive its parent.
 *
 *    parent                                      child
 *    zmm_child_open()                            …
 *    zmm_child_start(argv with result_fd) -----> zmm_child_report(result_fd, …)
 *    zmm_child_finish()                   <-----
 */
#ifndef ZMM_CHILD_H
#define ZMM_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

struct zmm_child {
	long pid;
	int result_fd; /* where the child is to report; open in both from zmm_child_open() on */
	int read_fd;
	double limit_seconds;
};

/* Makes the way back. False with the error set. */
bool zmm_child_open(struct zmm_child *child, struct zmm_error *error);

/* How a child is started, where that is not as this program was. All NULL: as it was. */
struct zmm_child_setup {
	const char *preload;       /* for LD_PRELOAD, instead of what that says now */
	const char *const *wrapper; /* a command that runs ours, as valgrind does; NULL at its end */
	const char *const *environment; /* "NAME=VALUE", added to it; NULL at its end */
	double limit_seconds;      /* it is killed where it says nothing for so long; 0: no limit */
};

/* Starts this program with the arguments (argv[0] included, NULL at the end). False with the error
 * set. */
bool zmm_child_start(struct zmm_child *child, char **argv, const struct zmm_child_setup *setup,
	struct zmm_error *error);

/* Waits until a descriptor has something to read, or its other end is closed. False, with the error
 * set, where the child's time is over: it is killed then, and still to be finished. */
bool zmm_child_wait(struct zmm_child *child, int fd, struct zmm_error *error);

/* Waits for the result of `size` bytes, and for the child's end. False with what the child reported
 * as its error, or with how it ended instead of reporting (a signal, an exit). */
bool zmm_child_finish(struct zmm_child *child, void *result, size_t size,
	struct zmm_error *error);

/* For the child: sends its result, or its error if it has none. Returns the exit status. */
int zmm_child_report(int result_fd, bool done, const void *result, size_t size,
	const struct zmm_error *error);

#endif
