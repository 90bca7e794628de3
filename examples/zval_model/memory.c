/* SPDX-License-Identifier: MIT */
/*
 * examples/zval_model/memory.c - request memory that is written down: each request, the block it
 * got, where that lies and which list it belongs to. And literals, which are persistent memory, and
 * text.
 */
#include <stdarg.h>

#include "examples/zval_model/model.h"

enum { region_limit = 64 };

static struct journal *journal;
static zend_mm_heap *heap;
static const void *region[2][region_limit];     /* seen so far, by design; in order of appearance */
static unsigned regions[2];

void memory_of(zend_mm_heap *of, struct journal *into)
{
	heap = of;
	journal = into;
	zend_mm_set_heap(heap);
}

/* The number of a region: 0 for the first one that was seen. */
static unsigned region_number(const void *address)
{
	zend_mm_mode mode = zend_mm_get_mode(heap);
	unsigned i;

	for (i = 0; i < regions[mode]; i++) {
		if (region[mode][i] == address) {
			return i;
		}
	}
	if (regions[mode] < region_limit) {
		region[mode][regions[mode]++] = address;
	}
	return i;
}

/* The list that a block comes from and goes to. */
static void name_list(const zend_mm_place *place, char *text, size_t room)
{
	size_t size = place->block.size;

	if (place->region.kind == ZEND_MM_REGION_HUGE) {
		snprintf(text, room, "huge     ");
	} else if (zend_mm_get_mode(heap) == ZEND_MM_LEGACY) {
		/* small is below 544 [272] bytes; the smallest block is 32 [16] */
		if (size < 68 * sizeof(void *)) {
			snprintf(text, room, "bucket %-2zu", (size - 4 * sizeof(void *)) / 8);
		} else {
			snprintf(text, room, "tree %-4d", 63 - __builtin_clzll(size));
		}
	} else if (place->block.list == ZEND_MM_LIST_BIN) {
		snprintf(text, room, "bin %-5u", place->block.index);
	} else {
		snprintf(text, room, "pages %-3zu", size / 4096);
	}
}

/* sign: + taken, - given back, = resized in place, > resized and moved. requested 0: not said. */
static void write_down(char sign, const void *data, size_t requested, const char *what)
{
	zend_mm_place place;
	char list[32], size[24] = "", at[32];
	size_t offset;
	unsigned number;

	if (journal->count++ >= event_count) {
		return;
	}
	zend_mm_locate(heap, data, &place);
	name_list(&place, list, sizeof list);
	offset = (size_t) ((const char *) data - (const char *) place.region.address);
	number = region_number(place.region.address);
	if (requested > 0) {
		snprintf(size, sizeof size, "%zu", requested);
	}
	snprintf(at, sizeof at, number > 0 ? "%zu/%u" : "%zu", offset, number);
	snprintf(journal->event[journal->count - 1], event_text, "%c%6s %6zu %8s %s %s", sign, size,
		place.block.size, at, list, what);
}

void *take(size_t size, const char *what)
{
	void *block = emalloc(size);

	write_down('+', block, size, what);
	journal->blocks++;
	return block;
}

void give_back(void *block, const char *what)
{
	write_down('-', block, 0, what);
	efree(block);
	journal->blocks--;
}

void *resize(void *block, size_t size, size_t copy, const char *what)
{
	uintptr_t before = (uintptr_t) block;

	block = erealloc2(block, size, copy);
	write_down((uintptr_t) block == before ? '=' : '>', block, size, what);
	return block;
}

/* As PHP 5.4 does, all of them lie in one piece of persistent memory, and are known by that. */
enum { literal_room = 16384 };
static char *literals;
static size_t literals_used;

void *literal(const char *text, size_t header)
{
	static struct {
		const char *text;
		size_t header;
		char *copy;
	} known[64];
	static unsigned count;
	size_t size = (header + strlen(text) + 1 + 7) & ~(size_t) 7;
	unsigned i;

	for (i = 0; i < count; i++) {
		if (known[i].header == header && strcmp(known[i].text, text) == 0) {
			return known[i].copy;
		}
	}
	if (literals == NULL) {
		literals = pecalloc(1, literal_room, 1);
	}
	if (count == sizeof known / sizeof known[0] || size > literal_room - literals_used) {
		fputs("zval: too many literals\n", stderr);
		exit(1);
	}
	known[count].text = text;
	known[count].header = header;
	known[count].copy = literals + literals_used;
	strcpy(known[count].copy + header, text);
	literals_used += size;
	return known[count++].copy;
}

bool is_literal(const void *address)
{
	return (uintptr_t) address - (uintptr_t) literals < literals_used;
}

void say(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
	va_end(arguments);
	text->used += (size_t) length;
	if (text->used >= text->size) {
		text->used = text->size - 1;
	}
}

void say_string(struct text *text, const char *bytes, size_t length)
{
	if (length <= show_bytes) {
		say(text, "\"%s\"", bytes);
	} else {
		say(text, "\"%.*s...\" (%zu)", show_bytes, bytes, length);
	}
}
