/* SPDX-License-Identifier: MIT */
/*
 * examples/zval_model/php5.h - values as PHP 5.3 to 5.6 had them.
 *
 * Every value is a block of its own. A variable, and an element of an array, is a pointer to it:
 *
 *	zval (24 bytes, with the collector's word 32)
 *	+0                  8              16          20     21       24         32
 *	| long, or          | length       | refcount  | type | is_ref | buffered |
 *	| char *, HashTable*| of a string  | __gc      |      | __gc   |          |
 *
 * A hash table is a structure, an array of heads, and a block for each element, which hangs in two
 * doubly linked lists: that of its slot, and that of all elements in their order.
 */
#ifndef EXAMPLES_ZVAL_PHP5_H
#define EXAMPLES_ZVAL_PHP5_H

#include "examples/zval_model/model.h"

enum type5 { NULL5, LONG5, ARRAY5, STRING5 };

struct hash5;

struct zval5 {
	union {
		intptr_t number;       /* a long; of 64 bits on Windows, too, unlike PHP 5's */
		double real;
		struct {
			char *bytes;
			int length;
		} string;
		struct hash5 *array;
	} value;
	uint32_t refcount;      /* variables and elements that point here */
	uint8_t type;
	uint8_t is_reference;   /* those that point here share changes */
};

/* What is allocated: since 5.3 the cycle collector has a word with each value. */
struct zval5_collected {
	struct zval5 zval;
	void *buffered;
};

struct bucket5 {
	uintptr_t hash;     /* or the index, where there is no key */
	uint32_t key_length;    /* with its zero; 0: an index */
	void *data;             /* points at data_pointer, where the element is one pointer */
	struct zval5 *data_pointer;
	struct bucket5 *list_next;
	struct bucket5 *list_last;
	struct bucket5 *next;
	struct bucket5 *last;
	const char *key;        /* a literal, or behind this structure in the same block */
};

struct hash5 {
	uint32_t table_size;    /* a power of two, at least 8 */
	uint32_t mask;          /* 0: the heads are not allocated yet */
	uint32_t elements;
	uintptr_t next_index;
	struct bucket5 *internal_pointer;
	struct bucket5 *head;
	struct bucket5 *tail;
	struct bucket5 **heads;
	void (*destructor)(struct zval5 *zval);
	uint8_t persistent;
	uint8_t apply_count;
	uint8_t apply_protection;
};

_Static_assert(sizeof(void *) != 8 || (sizeof(struct zval5) == 24
	&& sizeof(struct zval5_collected) == 32 && sizeof(struct bucket5) == 72
	&& sizeof(struct hash5) == 72), "the sizes of PHP 5.3 to 5.6 on 64-bit");

struct hash5 *hash5_new(uint32_t elements, void (*destructor)(struct zval5 *));
/* The place of an element; inserts filler, which it takes a reference of, where there is none.
 * key NULL: by index. is_literal: the key outlives the table. */
struct zval5 **hash5_place(struct hash5 *hash, const char *key, uint32_t key_length,
	bool is_literal, uintptr_t index, struct zval5 *filler);
struct zval5 **hash5_push(struct hash5 *hash, struct zval5 *filler);
/* Another table with the same elements, of which it takes references. */
struct hash5 *hash5_copy(const struct hash5 *hash);
void hash5_free(struct hash5 *hash);

#endif
