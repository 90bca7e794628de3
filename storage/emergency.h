/* SPDX-License-Identifier: MIT */
/*
 * storage/emergency.h - what the report about a damaged heap needs of the system.
 *
 * The process may be damaged further than the heap has noticed, it may be in a signal handler, and
 * its other threads run on.  Nothing here allocates.
 */
#ifndef STORAGE_EMERGENCY_H
#define STORAGE_EMERGENCY_H

#include <stdbool.h>
#include <stddef.h>

/* Where reports go; standard error, unless a watcher wants them elsewhere. */
extern int zend_mm_error_fd;

/* Writes to standard error, all of it if the other side takes it at all: what is interrupted goes
 * on, and a pipe that is full is waited for, up to a second. */
void zend_mm_write_error(const char *text, size_t length);

/* Calls call(argument).  False where that touched memory that it must not touch, and was ended by
 * it; handlers of the program are not called then. */
bool zend_mm_shielded(void (*call)(void *), void *argument);

/* Makes this thread the one that reports, and lets no signal handler interrupt it.  Returns whether
 * it is; false: it was already.  Another thread that asks is kept for some seconds, in which the
 * process is going to end, and gets false then. */
bool zend_mm_report_begin(void);
/* The report is written: signals are let through. */
void zend_mm_report_end(void);

#endif
