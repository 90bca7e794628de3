/* SPDX-License-Identifier: MIT */
/*
 * heap/places.c - who is before whom in a singly linked list, once it is long (see places.h).
 *
 * A hash table with linear probing and no marks for what was removed: what follows a removed entry
 * is moved up.  Invariant while there is a table: it has exactly the members of the list, and less
 * than half of its places are in use.
 */
#include "heap/places.h"

#include <stdint.h>

#include "heap/heap.h"
#include "storage/readable.h"
#include "storage/storage.h"

enum { least_capacity = 256 }; /* a page */

static size_t place_of(const struct zend_mm_places *places, const void *key)
{
	/* Addresses differ in their middle bits; the product spreads those to the top. */
	uint64_t product = (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(product >> 32) & (places->capacity - 1);
}

/* The entry of a key, or the empty one where it would be. */
static struct zend_mm_places_entry *entry_of(const struct zend_mm_places *places, const void *key)
{
	size_t place = place_of(places, key);

	while (places->entries[place].key != NULL && places->entries[place].key != key) {
		place = (place + 1) & (places->capacity - 1);
	}
	return &places->entries[place];
}

static void drop(struct zend_mm_places *places)
{
	zend_mm_scratch_free(places->entries, places->capacity * sizeof(*places->entries));
	places->entries = NULL;
	places->capacity = 0;
	places->noted = 0;
}

/* Makes a table of that capacity of the present one, which may be none.  Without memory there is
 * none afterwards. */
static bool resize(struct zend_mm_places *places, size_t capacity)
{
	struct zend_mm_places before = *places;

	places->entries = zend_mm_scratch_alloc(capacity * sizeof(*places->entries));
	places->capacity = places->entries != NULL ? capacity : 0;
	for (size_t i = 0; places->entries != NULL && i < before.capacity; i++) {
		if (before.entries[i].key != NULL) {
			*entry_of(places, before.entries[i].key) = before.entries[i];
		}
	}
	if (before.entries != NULL) {
		drop(&before);
	}
	if (places->entries == NULL) {
		places->noted = 0;
	}
	return places->entries != NULL;
}

/* Notes what is before a member, anew or for the first time. */
static void note(struct zend_mm_places *places, const void *key, void *before)
{
	struct zend_mm_places_entry *entry = entry_of(places, key);

	if (entry->key == NULL) {
		if (places->noted + 1 > places->capacity / 2) {
			if (!resize(places, places->capacity * 2)) {
				return;
			}
			entry = entry_of(places, key);
		}
		places->noted++;
		entry->key = key;
	}
	entry->before = before;
}

/* Whether an entry at a place, which belongs to home, may be moved to the hole before it. */
static bool may_move(const struct zend_mm_places *places, size_t hole, size_t place)
{
	size_t home = place_of(places, places->entries[place].key);
	size_t mask = places->capacity - 1;

	return ((place - home) & mask) >= ((place - hole) & mask);
}

static void forget(struct zend_mm_places *places, const void *key)
{
	struct zend_mm_places_entry *entry = entry_of(places, key);
	size_t mask = places->capacity - 1;
	size_t hole = (size_t)(entry - places->entries);
	size_t place = hole;

	if (entry->key == NULL) {
		return;
	}
	for (;;) {
		place = (place + 1) & mask;
		if (places->entries[place].key == NULL) {
			break;
		}
		if (may_move(places, hole, place)) {
			places->entries[hole] = places->entries[place];
			hole = place;
		}
	}
	places->entries[hole].key = NULL;
	places->noted--;
}

bool zend_mm_places_find(const struct zend_mm_places *places, const void *key, void **before)
{
	const struct zend_mm_places_entry *entry;

	if (places->entries == NULL) {
		return false;
	}
	entry = entry_of(places, key);
	*before = entry->before;
	return entry->key != NULL;
}

/* Makes the table of a list that became long.  It is tried at each power of two, so that a list
 * whose table could not be had is not walked again and again for that. */
static void index_list(struct zend_mm_places *places, const struct zend_mm_places_list *list,
	void *first)
{
	size_t capacity = least_capacity;
	void *before = NULL;

	while (capacity < places->members * 4) {
		capacity *= 2;
	}
	if (!resize(places, capacity)) {
		return;
	}
	for (void *member = first; member != NULL && places->entries != NULL;
	     member = list->next(member)) {
		note(places, list->key(member), before);
		before = member;
	}
}

void zend_mm_places_add_first(struct zend_mm_places *places,
	const struct zend_mm_places_list *list, void *member, const void *key, const void *old_first)
{
	places->members++;
	if (EXPECTED(places->entries == NULL)) {
		if (places->members >= zend_mm_places_from
				&& (places->members & (places->members - 1)) == 0) {
			index_list(places, list, member);
		}
		return;
	}
	note(places, key, NULL);
	if (places->entries != NULL && old_first != NULL) {
		note(places, old_first, member);
	}
}

void zend_mm_places_remove(struct zend_mm_places *places, const void *key, void *before,
	const void *after)
{
	places->members--;
	if (EXPECTED(places->entries == NULL)) {
		return;
	}
	forget(places, key);
	if (after != NULL) {
		note(places, after, before);
	}
}

void zend_mm_places_move(struct zend_mm_places *places, const void *old_key, void *member,
	const void *key, const void *after)
{
	void *before;

	if (!zend_mm_places_find(places, old_key, &before)) {
		return;
	}
	forget(places, old_key);
	note(places, key, before);
	if (places->entries != NULL && after != NULL) {
		note(places, after, member);
	}
}

void zend_mm_places_clear(struct zend_mm_places *places)
{
	if (places->entries != NULL) {
		drop(places);
	}
	places->members = 0;
}

/* {{{ The deep check. */

/* Whether entries can be looked up: there is such a table, and more than half of it is empty. */
static bool is_table(const struct zend_mm_places *places)
{
	size_t noted = 0;

	if (places->entries == NULL) {
		return places->capacity == 0 && places->noted == 0;
	}
	if (places->capacity < least_capacity || (places->capacity & (places->capacity - 1)) != 0
			|| places->capacity > UINT32_MAX || places->noted != places->members
			|| (uintptr_t)places->entries % sizeof(void *) != 0
			|| !zend_mm_readable(places->entries, places->capacity * sizeof(*places->entries))) {
		return false;
	}
	for (size_t i = 0; i < places->capacity; i++) {
		noted += places->entries[i].key != NULL;
	}
	return noted == places->noted && noted <= places->capacity / 2;
}

static bool wrong(struct zend_mm_beside_fault *fault, const char *reason, const void *word,
	size_t found)
{
	*fault = (struct zend_mm_beside_fault) { reason, word, found };
	return false;
}

bool zend_mm_places_are_unused(const struct zend_mm_places *places,
	struct zend_mm_beside_fault *fault)
{
	return places->entries == NULL || wrong(fault, "there is a table beside a list that has none",
		&places->entries, (uintptr_t)places->entries);
}

bool zend_mm_places_are_sound(const struct zend_mm_places *places,
	const struct zend_mm_places_list *list, void *first, struct zend_mm_beside_fault *fault)
{
	size_t members = 0;
	void *before = NULL;

	for (void *member = first; member != NULL; member = list->next(member)) {
		members++;
	}
	if (places->members != members) {
		return wrong(fault, "the count of a list's members is wrong", &places->members,
			places->members);
	}
	if (!is_table(places)) {
		return wrong(fault, "the table beside a list is damaged", &places->entries,
			(uintptr_t)places->entries);
	}
	for (void *member = first; member != NULL && places->entries != NULL;
	     member = list->next(member)) {
		const struct zend_mm_places_entry *entry = entry_of(places, list->key(member));

		if (entry->key == NULL || entry->before != before) {
			return wrong(fault, "the table beside a list says something else than the list",
				&entry->before, (uintptr_t)entry->before);
		}
		before = member;
	}
	return true;
}

/* }}} */
