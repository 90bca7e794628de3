/* SPDX-License-Identifier: MIT */
/*
 * heap/places.h - who is before whom in a singly linked list, once it is long.
 *
 * The originals find a segment or a huge block by walking their list, so that giving back one of n
 * costs up to n steps.  The lists are as they were, in order and in memory; beside a long one
 * stands a table from each member's address to the member before it, which finds both the member
 * and the pointer that has to change, wherever in the list they are.
 *
 * The table is memory straight from the system and counts in no figure: 16 bytes for a member, and
 * twice to four times as many places as members.  Where there is none, and in short lists, the
 * answer is "not known", and the caller walks.  So a table can be dropped at any time.
 */
#ifndef HEAP_PLACES_H
#define HEAP_PLACES_H

#include <stdbool.h>
#include <stddef.h>

/* In shorter lists a walk is cheap: measured, doc/performance.md. */
enum { zend_mm_places_from = 16 };

struct zend_mm_places_entry {
	const void *key;     /* a member's address; NULL: an empty place of the table */
	void *before;        /* the member before it, NULL for the first */
};

/* All zero: no members, no table. */
struct zend_mm_places {
	struct zend_mm_places_entry *entries; /* NULL while there is no table */
	size_t capacity;                      /* of entries, a power of two */
	size_t noted;                         /* entries in use */
	size_t members;                       /* of the list */
};

/* A list of the kind that is indexed: how to get from one of its members to the next, and what a
 * member is known by. */
struct zend_mm_places_list {
	void *(*next)(const void *member);
	const void *(*key)(const void *member);
};

/* What is before the member with that key, in *before: true; false where that is not known. */
bool zend_mm_places_find(const struct zend_mm_places *places, const void *key, void **before);

/* A member was put before what was the first, whose key is given, NULL where there was none. */
void zend_mm_places_add_first(struct zend_mm_places *places,
	const struct zend_mm_places_list *list, void *member, const void *key, const void *old_first);

/* A member was taken out; before and the key of the one after it, NULL where there is none. */
void zend_mm_places_remove(struct zend_mm_places *places, const void *key, void *before,
	const void *after);

/* A member has another address and key now; the list has been mended. */
void zend_mm_places_move(struct zend_mm_places *places, const void *old_key, void *member,
	const void *key, const void *after);

/* The list was emptied. */
void zend_mm_places_clear(struct zend_mm_places *places);

/* What a deep check finds in a table or tree that stands beside a list: why, and the wrong word. */
struct zend_mm_beside_fault {
	const char *reason;
	const void *word;
	size_t found;
};

/* For deep checks: whether there is no table, as beside lists that have none. */
bool zend_mm_places_are_unused(const struct zend_mm_places *places,
	struct zend_mm_beside_fault *fault);
/* The same of a list that is sound: whether the table says what the list says; otherwise the fault
 * is filled in.  Believes nothing of the table. */
bool zend_mm_places_are_sound(const struct zend_mm_places *places,
	const struct zend_mm_places_list *list, void *first, struct zend_mm_beside_fault *fault);

#endif
