/* SPDX-License-Identifier: MIT */
/*
 * storage/hidden.h - memory that nobody may touch for a while, and what happens to those who do.
 */
#ifndef STORAGE_HIDDEN_H
#define STORAGE_HIDDEN_H

#include <stdbool.h>
#include <stddef.h>

/* Makes whole pages untouchable: a hidden range of its own.  False where the system refuses, or
 * would have too few mappings left for the program and for showing what is hidden: then nothing has
 * changed. */
bool zend_mm_hide(void *address, size_t size);
/* Hides what lies right before a hidden range, too, which then begins there. */
bool zend_mm_hide_before(void *address, size_t size);
/* Makes a whole hidden range touchable again, with what was in it.  False where the system refuses:
 * then it stays hidden. */
bool zend_mm_show(void *address, size_t size);

/* Whether anything was ever hidden: then what is damaged may lead there. */
bool zend_mm_ever_hidden(void);

/* Has handler called with the instruction after which a watcher had the processor trap; the
 * program's own handler is called for traps of another origin.  Nothing where there are none. */
void zend_mm_on_trap(void (*handler)(const void *instruction));

/* Keeps what a program wants done for a signal that has a handler of ours by now, and says what it
 * wanted before, as sigaction() does; either may be NULL.  False for all other signals. */
struct sigaction;
bool zend_mm_keep_action(int number, const struct sigaction *action, struct sigaction *before);

/* Has handler called with the address that the program touched where it must not, and the
 * instruction that did (NULL where that is not known), before the program's own handler or the
 * system's default.  The handler returns if the address is none of its business.  A second call
 * does nothing. */
void zend_mm_on_fault(void (*handler)(const void *address, const void *instruction));

#endif
