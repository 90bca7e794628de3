/* SPDX-License-Identifier: MIT */
/*
 * JSON as text that grows, for pages' data: much of it, written quickly, and with a table of what
 * was written before, so that an item that comes again is only its number.
 *
 * Once there is no memory, nothing more is added and `failed` is set: asked once at the end.
 */
#ifndef ZMM_JSON_TEXT_H
#define ZMM_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zmm_json_text {
	char *start;
	size_t length, room;
	bool failed;
};

void zmm_json_bytes(struct zmm_json_text *text, const char *bytes, size_t length);
/* Text as it is, such as "[". */
void zmm_json_put(struct zmm_json_text *text, const char *string);
/* A string in quotation marks. */
void zmm_json_string(struct zmm_json_text *text, const char *string);
/* "title": with the comma and the line feed that belong before a member but the first. */
void zmm_json_member(struct zmm_json_text *text, const char *name);
void zmm_json_number(struct zmm_json_text *text, int64_t number);
/* A number of 2^53 or more becomes a string: JavaScript's are not exact there. */
void zmm_json_unsigned(struct zmm_json_text *text, uint64_t number);
/* [1,2,3], without zeros at its end. */
void zmm_json_numbers(struct zmm_json_text *text, const int64_t *numbers, size_t count);
void zmm_json_drop(struct zmm_json_text *text);

/* The items that were written to one text. */
struct zmm_json_items {
	struct zmm_json_item *table; /* open addressing; room is a power of two */
	size_t count, room;
};

/* Writes an item: its text (which must begin with '[') the first time, the number of that first
 * time, from 0, after that. */
void zmm_json_item(struct zmm_json_text *text, struct zmm_json_items *items, const char *item,
	size_t length);
void zmm_json_forget(struct zmm_json_items *items);

#endif
