/* SPDX-License-Identifier: MIT */
/*
 * preload/report.h - what ZEND_MM_STATS and ZEND_MM_CHECK do at exit (see report.c).
 */
#ifndef PRELOAD_REPORT_H
#define PRELOAD_REPORT_H

/* Under ZEND_MM_STATS keeps standard error for the report, since programs close it before they end.
 */
void zend_mm_report_prepare(void);

/* Prints the figures and checks the heaps, as the settings say. */
void zend_mm_report_at_exit(void);

/* Has that done at quick_exit(), too (exits.c). */
void zend_mm_exits_prepare(void);

/* Prints to a descriptor (printf's rules, at most 511 bytes), without stdio. */
void zend_mm_say(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Checks the calling thread's heap and those of threads that have ended.  The number of damaged
 * ones, with a line for each on fd. */
int zend_mm_check_homes(int fd);

#endif
