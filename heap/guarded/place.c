/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/place.c - one guarded block's memory: its size, its guards, its hidden pages (the
 * pictures are in guarded.h).
 *
 * Called by verbs.c and check.c.
 */
#include "heap/guarded/guarded.h"
#include "storage/hidden.h"
#include "storage/sanitizer.h"
#include "storage/storage.h"

static size_t round_up(size_t size, size_t alignment)
{
	return (size + alignment - 1) & ~(alignment - 1);
}

/* {{{ Where things lie. */

/* Guarded bytes before the data, without guard pages. */
static size_t front(const struct guard_layer *guard, size_t alignment)
{
	return round_up(guard->settings.padding, alignment);
}

/* Bytes behind the data, counted from its rounded end. */
static size_t behind(const struct guard_layer *guard)
{
	return guard->settings.guard_pages ? zend_mm_page_size() : guard->settings.padding;
}

size_t zend_mm_guard_room(const struct guard_layer *guard, size_t alignment, size_t size)
{
	size_t unit = guard->settings.guard_pages ? zend_mm_page_size() : 1;
	size_t spare = 2 * alignment + 2 * zend_mm_page_size() + 2 * guard->settings.padding;
	size_t room;

	if (size > SIZE_MAX - spare - guard->overhead) {
		return 0;
	}
	room = round_up(round_up(size, guard->alignment), unit) + behind(guard);
	if (!guard->settings.guard_pages) {
		room += front(guard, alignment);
	} else if (alignment > zend_mm_page_size()) {
		room += alignment - zend_mm_page_size();
	}
	if (room == 0) {
		room = guard->alignment;
	}
	/* a multiple of the alignment, the heap's own words included */
	return round_up(room + guard->overhead, guard->alignment) - guard->overhead;
}

/* The last place of the alignment from which the block still fits before the guard page, if there
 * is one. */
char *zend_mm_guard_data(const struct guard_layer *guard, char *base, size_t alignment,
	size_t room, size_t size)
{
	uintptr_t end;

	if (!guard->settings.guard_pages) {
		return base + front(guard, alignment);
	}
	end = ((uintptr_t)base + room) / zend_mm_page_size() * zend_mm_page_size() -
		zend_mm_page_size();
	return base + (((end - size) & ~(uintptr_t)(alignment - 1)) - (uintptr_t)base);
}

/* The end of what may be touched. */
static char *end_of(const struct guard_record *record)
{
	return record->hidden ? record->hidden : record->base + record->room;
}

/* }}} */
/* {{{ Guards. */

static bool fits_page(const struct guard_record *record, const char *page)
{
	return page >= record->data + record->size && page + zend_mm_page_size() <=
		record->base + record->room;
}

static void forbid_guards(const struct guard_record *record)
{
	zend_mm_sanitizer_forbid(record->base, (size_t)(record->data - record->base));
	zend_mm_sanitizer_forbid(record->data + record->size,
		(size_t)(end_of(record) - (record->data + record->size)));
}

/* A guard page that cannot be hidden (the system allows so many mappings) is padding instead. */
void zend_mm_guard_raise(const struct guard_layer *guard, struct guard_record *record)
{
	if (guard->settings.guard_pages) {
		uintptr_t page = zend_mm_page_size();
		uintptr_t end = (uintptr_t)record->base + record->room;
		char *hidden = record->base + ((end & ~(page - 1)) - page - (uintptr_t)record->base);

		if (fits_page(record, hidden) && zend_mm_hide(hidden, page)) {
			record->hidden = hidden;
		}
	}
	memset(record->base, guard_fill, (size_t)(record->data - record->base));
	memset(record->data + record->size, guard_fill,
		(size_t)(end_of(record) - (record->data + record->size)));
	if (guard->settings.poison_alloc >= 0) {
		memset(record->data, guard->settings.poison_alloc, record->size);
	}
	if (guard->told) {
		forbid_guards(record);
		zend_mm_sanitizer_hand_out(guard, record->data, record->size);
	}
}

static int freed_fill(const struct guard_layer *guard)
{
	return guard->settings.poison_free >= 0 ? guard->settings.poison_free : guard_freed_fill;
}

void zend_mm_guard_spoil(const struct guard_layer *guard, struct guard_record *record)
{
	memset(record->data, freed_fill(guard), record->size);
	if (record->hidden) {
		uintptr_t page = zend_mm_page_size();
		char *first = record->base + (-(uintptr_t)record->base & (page - 1));

		record->all_hidden = record->hidden > first &&
			zend_mm_hide_before(first, (size_t)(record->hidden - first));
	}
	if (guard->told) {
		zend_mm_sanitizer_take_back(guard, record->data, record->size);
	}
}

/* In one call: showing a part of a mapping makes it two, for which the system may have no room. */
bool zend_mm_guard_lower(const struct guard_layer *guard, struct guard_record *record)
{
	uintptr_t page = zend_mm_page_size();
	char *first = record->base + (-(uintptr_t)record->base & (page - 1));
	char *from = record->all_hidden ? first : record->hidden;

	if (from && !zend_mm_show(from, (size_t)(record->hidden - from) + page)) {
		return false;
	}
	if (guard->told) {
		if (record->state == guard_live) {
			zend_mm_sanitizer_take_back(guard, record->data, record->size);
		}
		zend_mm_sanitizer_permit(record->base, record->room);
	}
	record->hidden = NULL;
	record->all_hidden = false;
	return true;
}

/* }}} */
/* {{{ Looking at them. */

/* The first byte that is not the given one; NULL where all are: bytes are all the same if each is
 * like the one after it, which the C library compares by many at once. */
static const char *find_other(const char *from, const char *to, int byte)
{
	if (from == to || (*(const unsigned char *)from == byte &&
		memcmp(from, from + 1, (size_t)(to - from) - 1) == 0)) {
		return NULL;
	}
	while (from < to && *(const unsigned char *)from == byte) {
		from++;
	}
	return from < to ? from : NULL;
}

/* Bytes that should all be the same. */
struct guard_bytes {
	const char *from, *to;
	int expected;
};

/* Fills in the problem, with a word from the first wrong byte on; true if all are right. */
static bool are_whole(const struct guard_layer *guard, const struct guard_record *record,
	struct guard_bytes bytes, const char *reason, zend_mm_problem *problem)
{
	const char *other = find_other(bytes.from, bytes.to, bytes.expected);
	size_t size = other ? (size_t)(bytes.to - other) : 0;

	if (!other) {
		return true;
	}
	*problem = (zend_mm_problem){
		.heap = guard->heap, .reason = reason, .address = record->data, .word = other,
		.expectation = ZEND_MM_EXPECT_EXACTLY
	};
	size = size < sizeof problem->found ? size : sizeof problem->found;
	memcpy(&problem->found, other, size);
	memset(&problem->expected, bytes.expected, size);
	return false;
}

static bool is_whole(const struct guard_layer *guard, const struct guard_record *record,
	zend_mm_problem *problem)
{
	char *behind = record->data + record->size;

	return are_whole(guard, record, (struct guard_bytes){ behind, end_of(record), guard_fill },
			"a block was written past its end", problem) &&
		are_whole(guard, record, (struct guard_bytes){ record->base, record->data, guard_fill },
			"a block was written before its beginning", problem) &&
		(record->state != guard_kept || are_whole(guard, record,
			(struct guard_bytes){ record->data, behind, freed_fill(guard) },
			"a block was written to after it was freed", problem));
}

/* Looking is touching: what nobody may touch is permitted meanwhile, but not what the program has,
 * of which valgrind knows whether it was written. */
bool zend_mm_guard_is_sound(const struct guard_layer *guard, const struct guard_record *record,
	zend_mm_problem *problem)
{
	char *behind = record->data + record->size;
	bool whole;

	if (record->all_hidden) {
		return true;
	}
	if (!guard->told) {
		return is_whole(guard, record, problem);
	}
	zend_mm_sanitizer_permit(record->base, (size_t)(record->data - record->base));
	zend_mm_sanitizer_permit(behind, (size_t)(end_of(record) - behind));
	if (record->state == guard_kept) {
		zend_mm_sanitizer_permit(record->data, record->size);
	}
	whole = is_whole(guard, record, problem);
	forbid_guards(record);
	if (record->state == guard_kept) {
		zend_mm_sanitizer_forbid(record->data, record->size);
	}
	return whole;
}

/* }}} */
