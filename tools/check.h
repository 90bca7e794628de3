/* SPDX-License-Identifier: MIT */
/*
 * tools/check.h - the two halves of zmm check: of a trace (check_trace.c) and of a command
 * (check_command.c).  Each prints its verdict and returns zmm's exit status.
 */
#ifndef ZMM_CHECK_H
#define ZMM_CHECK_H

#include <stdbool.h>

#include "trace/program.h"
#include "trace/replay.h"

enum {
	ZMM_EXIT_DIFFERS = 3   /* runs that should be equal were not */
};

/* After an operation, bytes written into the block that it allocated or resized, from an offset on,
 * which may lie outside. */
struct zmm_check_damage {
	uint64_t operation;    /* 0: none */
	int64_t offset;
	uint64_t length;
};

struct zmm_check_trace {
	const char *path;
	struct zmm_replay_options replay;
	struct zmm_check_damage damage;
	bool bisect;
};

int zmm_check_trace(const struct zmm_check_trace *check);

struct zmm_check_command {
	char **command;        /* NULL at its end */
	const char *guards;    /* as in ZEND_MM_DEBUG; NULL: what finds most */
	bool bisect;
};

int zmm_check_command(const struct zmm_check_command *check);

#endif
