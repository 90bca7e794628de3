/* SPDX-License-Identifier: MIT */
/*
 * t/docs/values.c - the pictures of doc/values.md, from the structures of examples/zval_model/.
 */
#include <stddef.h>

#include "examples/zval_model/php5.h"
#include "examples/zval_model/php7.h"
#include "t/docs/picture.h"

#define AT(type, member, text) { offsetof(struct type, member), text, NULL }
#define END(type) { sizeof(struct type), NULL, NULL }

static void draw_zval5(void)
{
	const struct cell cells[] = {
		AT(zval5, value, "number, or\npointer"),
		AT(zval5, value.string.length, "length of\na string"),
		AT(zval5, refcount, "refcount"),
		AT(zval5, type, "type"),
		AT(zval5, is_reference, "is_ref"),
		AT(zval5_collected, buffered, "for the cycle\ncollector"),
		END(zval5_collected),
	};

	draw_picture(cells);
}

static void draw_hash5(void)
{
	const struct cell cells[] = {
		AT(hash5, table_size, "size"),
		AT(hash5, mask, "mask"),
		AT(hash5, elements, "count"),
		AT(hash5, next_index, "next\nindex"),
		AT(hash5, internal_pointer, "pos"),
		AT(hash5, head, "head"),
		AT(hash5, tail, "tail"),
		AT(hash5, heads, "heads"),
		AT(hash5, destructor, "destructor"),
		AT(hash5, persistent, "flags"),
		END(hash5),
	};

	draw_picture(cells);
}

static void draw_bucket5(void)
{
	const struct cell cells[] = {
		AT(bucket5, hash, "hash"),
		AT(bucket5, key_length, "key\nlength"),
		AT(bucket5, data, "data"),
		AT(bucket5, data_pointer, "zval"),
		AT(bucket5, list_next, "next, last\nof all"),
		AT(bucket5, next, "next, last\nin its slot"),
		AT(bucket5, key, "key"),
		END(bucket5),
	};

	draw_picture(cells);
}

static void draw_zval7(void)
{
	const struct cell cells[] = {
		AT(zval7, value, "number, or\npointer"),
		AT(zval7, type, "type,\nflags"),
		AT(zval7, next, "next"),
		END(zval7),
	};

	draw_picture(cells);
}

static void draw_string7(void)
{
	const struct cell cells[] = {
		AT(string7, counted.refcount, "refcount"),
		AT(string7, counted.type, "type,\nflags"),
		AT(string7, hash, "hash"),
		AT(string7, length, "length"),
		AT(string7, bytes, "bytes, and a zero"),
		{ 0, NULL, "24+length+1, by 8" },
	};

	draw_picture(cells);
}

static void draw_array7(void)
{
	const struct cell cells[] = {
		AT(array7, counted.refcount, "refcount"),
		AT(array7, counted.type, "type"),
		AT(array7, flags, "flags"),
		AT(array7, mask, "mask"),
		AT(array7, data, "data"),
		AT(array7, used, "used"),
		AT(array7, elements, "count"),
		AT(array7, size, "size"),
		AT(array7, internal_pointer, "pos"),
		AT(array7, next_index, "next\nindex"),
		AT(array7, destructor, "destructor"),
		END(array7),
	};

	draw_picture(cells);
}

static void draw_bucket7(void)
{
	const struct cell cells[] = {
		AT(bucket7, zval, "zval"),
		AT(bucket7, hash, "hash, or index"),
		AT(bucket7, key, "key"),
		END(bucket7),
	};

	draw_picture(cells);
}

static void draw_reference7(void)
{
	const struct cell cells[] = {
		AT(reference7, counted.refcount, "refcount"),
		AT(reference7, counted.type, "type"),
		AT(reference7, zval, "zval"),
		AT(reference7, sources, "typed properties"),
		END(reference7),
	};

	draw_picture(cells);
}

int main(int argc, char **argv)
{
	static const struct drawing drawings[] = {
		{ "zval5", draw_zval5 },
		{ "hash5", draw_hash5 },
		{ "bucket5", draw_bucket5 },
		{ "zval7", draw_zval7 },
		{ "string7", draw_string7 },
		{ "array7", draw_array7 },
		{ "bucket7", draw_bucket7 },
		{ "reference7", draw_reference7 },
		{ NULL, NULL },
	};

	return draw_named(drawings, argc, argv);
}
