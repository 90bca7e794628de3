/* SPDX-License-Identifier: MIT */
/*
 * tools/progress.h - a line on standard error that tells how far the work is: only on a terminal,
 * and only once the work has taken more than a second.
 */
#ifndef ZMM_PROGRESS_H
#define ZMM_PROGRESS_H

/* Begins anew. */
void zmm_progress_start(void);

/* Shows the line, in the place of the one before. */
void zmm_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes the line away; called before anything else is printed. */
void zmm_progress_clear(void);

#endif
