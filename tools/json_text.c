/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON as text. See json_text.h.
 */
#include "tools/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 4096, FIRST_ITEMS = 1024 };

static bool make_room(struct zmm_json_text *text, size_t more)
{
	size_t room = text->room ? text->room : FIRST_ROOM;
	char *grown;

	while (room < text->length + more + 1)
		room *= 2;
	if (room == text->room)
		return true;
	grown = text->failed ? NULL : realloc(text->start, room);
	if (!grown) {
		text->failed = true;
		return false;
	}
	text->start = grown;
	text->room = room;
	return true;
}

void zmm_json_bytes(struct zmm_json_text *text, const char *bytes, size_t length)
{
	if (!make_room(text, length))
		return;
	memcpy(text->start + text->length, bytes, length);
	text->length += length;
	text->start[text->length] = '\0';
}

void zmm_json_put(struct zmm_json_text *text, const char *string)
{
	zmm_json_bytes(text, string, strlen(string));
}

void zmm_json_string(struct zmm_json_text *text, const char *string)
{
	char escaped[8];

	zmm_json_bytes(text, "\"", 1);
	for (; *string; string++) {
		if (*string == '"' || *string == '\\') {
			snprintf(escaped, sizeof escaped, "\\%c", *string);
			zmm_json_put(text, escaped);
		} else if ((unsigned char)*string < 0x20) {
			snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned char)*string);
			zmm_json_put(text, escaped);
		} else {
			zmm_json_bytes(text, string, 1);
		}
	}
	zmm_json_bytes(text, "\"", 1);
}

void zmm_json_member(struct zmm_json_text *text, const char *name)
{
	if (text->length && text->start[text->length - 1] != '{')
		zmm_json_bytes(text, ",\n", 2);
	zmm_json_string(text, name);
	zmm_json_bytes(text, ":", 1);
}

/* Digits by hand: a page has millions of numbers. */
static void put_digits(struct zmm_json_text *text, uint64_t number, bool minus)
{
	char digits[24];
	char *at = digits + sizeof digits;

	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	if (minus)
		*--at = '-';
	zmm_json_bytes(text, at, (size_t)(digits + sizeof digits - at));
}

void zmm_json_number(struct zmm_json_text *text, int64_t number)
{
	put_digits(text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0);
}

void zmm_json_unsigned(struct zmm_json_text *text, uint64_t number)
{
	bool exact = number < (uint64_t)1 << 53;

	if (!exact)
		zmm_json_bytes(text, "\"", 1);
	put_digits(text, number, false);
	if (!exact)
		zmm_json_bytes(text, "\"", 1);
}

void zmm_json_numbers(struct zmm_json_text *text, const int64_t *numbers, size_t count)
{
	while (count && numbers[count - 1] == 0)
		count--;
	zmm_json_bytes(text, "[", 1);
	for (size_t i = 0; i < count; i++) {
		if (i)
			zmm_json_bytes(text, ",", 1);
		zmm_json_number(text, numbers[i]);
	}
	zmm_json_bytes(text, "]", 1);
}

void zmm_json_drop(struct zmm_json_text *text)
{
	free(text->start);
	*text = (struct zmm_json_text){ NULL, 0, 0, false };
}

/* --- items ----------------------------------------------------------------------------------- */

/* Where an item's text is in the text that it was written to; length 0: an empty place. */
struct zmm_json_item {
	size_t start, length;
	size_t number;
};

/* FNV-1a. */
static size_t hash(const char *item, size_t length)
{
	uint64_t value = 0xcbf29ce484222325;

	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)item[i]) * 0x100000001b3;
	return (size_t)(value ^ value >> 32);
}

/* The item's place in the table, which has at least one empty one. */
static struct zmm_json_item *place_of(const struct zmm_json_items *items, const char *base,
	const char *item, size_t length)
{
	size_t at = hash(item, length) & (items->room - 1);

	while (items->table[at].length && (items->table[at].length != length
			|| memcmp(base + items->table[at].start, item, length) != 0))
		at = (at + 1) & (items->room - 1);
	return &items->table[at];
}

/* Keeps half of the table empty. */
static bool more_places(struct zmm_json_items *items, const char *base)
{
	struct zmm_json_items grown = { NULL, items->count,
		items->room ? 2 * items->room : FIRST_ITEMS };

	if (2 * (items->count + 1) <= items->room)
		return true;
	grown.table = calloc(grown.room, sizeof *grown.table);
	if (!grown.table)
		return false;
	for (size_t i = 0; i < items->room; i++)
		if (items->table[i].length)
			*place_of(&grown, base, base + items->table[i].start, items->table[i].length)
				= items->table[i];
	free(items->table);
	*items = grown;
	return true;
}

void zmm_json_item(struct zmm_json_text *text, struct zmm_json_items *items, const char *item,
	size_t length)
{
	struct zmm_json_item *place;

	if (text->failed || !more_places(items, text->start)) {
		text->failed = true;
		return;
	}
	place = place_of(items, text->start, item, length);
	if (place->length) {
		zmm_json_unsigned(text, place->number);
		return;
	}
	*place = (struct zmm_json_item){ text->length, length, items->count++ };
	zmm_json_bytes(text, item, length);
}

void zmm_json_forget(struct zmm_json_items *items)
{
	free(items->table);
	*items = (struct zmm_json_items){ NULL, 0, 0 };
}
