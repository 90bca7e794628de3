/* SPDX-License-Identifier: MIT */
/*
 * storage/hidden.h - memory that nobody may touch for a while, and what happens to those who do.
 */
#ifndef STORAGE_HIDDEN_H
#define STORAGE_HIDDEN_H

#include <stdbool.h>
#include <stddef.h>

/* Makes whole pages untouchable, and touchable again with what was in them.  False where the system
 * refuses: then nothing has changed. */
bool zend_mm_hide(void *address, size_t size);
bool zend_mm_show(void *address, size_t size);

/* Has handler called with the address that the program touched where it must not, and the
 * instruction that did (NULL where that is not known), before the program's own handler or the
 * system's default.  The handler returns if the address is none of its business.  A second call
 * does nothing. */
void zend_mm_on_fault(void (*handler)(const void *address, const void *instruction));

#endif
