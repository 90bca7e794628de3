/* SPDX-License-Identifier: MIT */
/*
 * heap/circle.h - following a list that may be damaged, and so may never end (Brent's method).
 *
 *	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
 *
 *	while (member && !zend_mm_circle_closes(&circle, member)) …
 *
 * A circle is noticed after at most three times as many steps as it and the way to it have members.
 * For checks and reports of both designs.
 */
#ifndef HEAP_CIRCLE_H
#define HEAP_CIRCLE_H

#include <stdbool.h>
#include <stddef.h>

struct zend_mm_circle {
	const void *seen;      /* the member at the last power of two */
	size_t count;
	size_t next;           /* when another one is remembered */
};

#define ZEND_MM_NO_CIRCLE { NULL, 0, 1 }

/* Notes the next member of the list; true if it was here before. */
static inline bool zend_mm_circle_closes(struct zend_mm_circle *circle, const void *member)
{
	if (member == circle->seen) {
		return true;
	}
	if (++circle->count == circle->next) {
		circle->seen = member;
		circle->next *= 2;
	}
	return false;
}

#endif
