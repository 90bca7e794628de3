/* SPDX-License-Identifier: MIT */
/*
 * tools/check_run.h - zmm check's runs of a command under the malloc replacement, each watched by
 * way of heap/guarded/witness.h.
 */
#ifndef ZMM_CHECK_RUN_H
#define ZMM_CHECK_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "heap/guarded/witness.h"

enum zmm_check_end {
	ZMM_CHECK_ENDED,    /* by itself, without a report */
	ZMM_CHECK_HALTED,   /* at the request asked for; it was killed then */
	ZMM_CHECK_DAMAGED,  /* with a report */
	ZMM_CHECK_CRASHED,  /* by a signal, without a report */
	ZMM_CHECK_FAILED    /* could not be run; said so */
};

/* What all runs of one command share. */
struct zmm_check {
	char **command;
	char folder[512];                /* of the files below; removed by zmm_check_close() */
	char witness_path[544], input_path[544], output_path[544], report_path[544];
	struct zend_mm_witness *witness; /* of the newest run */
	unsigned runs;
	pid_t child;                     /* the newest run's command */
	int status;                      /* how it ended, as waitpid() says */
	bool ended;
	char unwatched[192];             /* why writes cannot be watched for here; empty if they can */
};

/* What one run is to do. */
struct zmm_check_plan {
	const char *guards;              /* for ZEND_MM_DEBUG */
	uint64_t halt_at;                /* 0: never */
	uint32_t target;                 /* the process that halts */
	uint64_t watched, expected;      /* once halted: trap who writes something else there; or 0 */
};

/* Prepares the files; standard input is read to its end now, unless it is a terminal, so that every
 * run gets the same.  Returns an exit status of zmm, ZMM_EXIT_OK if all went well.  From here on
 * what would end zmm is passed on to the command that runs. */
int zmm_check_open(struct zmm_check *check, char **command);
void zmm_check_close(struct zmm_check *check);

/* The signal that asked to come to an end, or 0.  Then there are no more runs. */
int zmm_check_interrupted(void);

/* The process that has found damage in the newest run, or 0; and how many were in the run. */
pid_t zmm_check_damaged(struct zend_mm_witness *witness);
unsigned zmm_check_processes(const struct zend_mm_witness *witness);

/* Runs the command once, until it and all that it started have ended.  *process is the one that
 * the end is about: that which halted or printed its report, otherwise the first; NULL if none had
 * a heap. */
enum zmm_check_end zmm_check_run(struct zmm_check *check, const struct zmm_check_plan *plan,
	struct zend_mm_witness_process **process);

/* Prints what the newest run said from its report on, each line after a prefix. */
void zmm_check_print_report(const struct zmm_check *check, const char *prefix);
/* Prints the last lines on its standard error. */
void zmm_check_print_last_words(const struct zmm_check *check, const char *prefix);

/* Has a halted process go on, trapped when it, or a child, writes to a byte anything but what is
 * expected, or the kernel does for it (tools/check_watch.c).  Returns when they have ended, or one
 * has found damage, or there was an interruption; false, with errno set, where the system or the
 * processor does not let it be watched: then it is halted still. */
bool zmm_check_watch(pid_t pid, struct zend_mm_witness *witness, uint64_t expected);

#endif
