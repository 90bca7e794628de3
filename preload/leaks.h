/* SPDX-License-Identifier: MIT */
/*
 * preload/leaks.h - blocks of guarded heaps that nothing leads to any more (see leaks.c).
 */
#ifndef PRELOAD_LEAKS_H
#define PRELOAD_LEAKS_H

#include <stdbool.h>

/* Whether the settings want leaks to be looked for. */
bool zend_mm_leaks_wanted(void);

/* Looks for them, at exit, and prints what there are to a descriptor. */
void zend_mm_leaks_report(int fd);

#endif
