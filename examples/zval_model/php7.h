/* SPDX-License-Identifier: MIT */
/*
 * examples/zval_model/php7.h - values as PHP 8.2 has them; what PHP 7.0 had otherwise is said.
 *
 * A value is 16 bytes inside what holds it, a variable or an element:
 *
 *	zval
 *	+0                                  8            12           16
 *	| number, or pointer to a counted | type, flags | next in the |
 *	| string, array, reference        |             | hash slot   |
 *
 * What can be shared is a block of its own and begins with its count:
 *
 *	string       | count 4 | type 4 | hash 8 | length 8 | bytes, zero |   24 + length + 1, by 8
 *	array        | count 4 | type 4 | flags, mask, data, used, elements, size, ... |         56
 *	reference    | count 4 | type 4 | zval 16 | type sources 8 |       32 (24 before PHP 7.4)
 *
 * An array's elements lie in one block, behind its hash slots. As long as the keys are 0, 1, 2, ...
 * the array is packed: the slots are two, and elements are zvals (before PHP 8.2, whole buckets):
 *
 *	packed       | 2 slots of 4 | zval 16 | zval 16 | ...
 *	hash         | slots of 4, twice the size | bucket 32: zval, hash, key | bucket 32 | ...
 */
#ifndef EXAMPLES_ZVAL_PHP7_H
#define EXAMPLES_ZVAL_PHP7_H

#include "examples/zval_model/model.h"

enum type7 { UNSET7, NULL7, LONG7, STRING7, ARRAY7, REFERENCE7 };

struct counted7 {
	uint32_t refcount;
	uint32_t type;          /* and flags */
};

struct string7 {
	struct counted7 counted;
	uint64_t hash;
	size_t length;
	char bytes[];
};

struct zval7 {
	union {
		int64_t number;
		double real;
		struct counted7 *counted;
		struct string7 *string;
		struct array7 *array;
		struct reference7 *reference;
	} value;
	uint32_t type;
	uint32_t next;          /* in a bucket: the next one of its hash slot */
};

struct reference7 {
	struct counted7 counted;
	struct zval7 zval;
	void *sources;          /* typed properties that share it (PHP 7.4) */
};

struct bucket7 {
	struct zval7 zval;
	uint64_t hash;          /* or the index, where there is no key */
	struct string7 *key;
};

struct array7 {
	struct counted7 counted;
	uint32_t flags;         /* packed or not */
	uint32_t mask;          /* minus the number of hash slots */
	void *data;             /* the first element; NULL: there is no block yet */
	uint32_t used;          /* elements, and holes that were elements */
	uint32_t elements;
	uint32_t size;          /* room for elements, a power of two, at least 8 */
	uint32_t internal_pointer;
	int64_t next_index;
	void (*destructor)(struct zval7 *zval);
};

_Static_assert(sizeof(void *) != 8 || (sizeof(struct zval7) == 16
	&& sizeof(struct bucket7) == 32 && sizeof(struct array7) == 56
	&& sizeof(struct string7) == 24 && sizeof(struct reference7) == 32),
	"the sizes of PHP 8.2 on 64-bit");

/* Another owner of what a value points at, if that is counted. Literals are not: nobody has to
 * count what never goes away. */
void hold7(const struct zval7 *zval);
void hold_string7(struct string7 *string);
void release_string7(struct string7 *string);

struct array7 *array7_new(void (*destructor)(struct zval7 *));
/* The place of an element, inserted as null where there is none. key NULL: by index. */
struct zval7 *array7_place(struct array7 *array, struct string7 *key, int64_t index);
struct zval7 *array7_push(struct array7 *array);
/* The element at a position, and its key (NULL: an index, which is stored in *index); NULL for
 * a hole. */
struct zval7 *array7_element(const struct array7 *array, uint32_t position, struct string7 **key,
	int64_t *index);
/* Another array with the same elements, of whose counted values and keys it is an owner, too. */
struct array7 *array7_copy(const struct array7 *array);
void array7_free(struct array7 *array);

#endif
