/* SPDX-License-Identifier: MIT */
/*
 * examples/zval_model/php7_array.c - PHP 7's array: one block for all elements.
 *
 * Invariant: elements lie in the order in which they were inserted, from 0 to `used`; what was
 * removed is a hole with the type UNSET7. In a hash, each hash slot before the elements is the
 * position of its newest element, which continues in zval.next.
 */
#include "examples/zval_model/php7.h"

enum { packed_flag = 4, smallest_size = 8, no_position = UINT32_MAX, packed_slots = 2 };

static bool is_packed(const struct array7 *array)
{
	return (array->flags & packed_flag) != 0;
}

static size_t slot_bytes(uint32_t mask)
{
	return (0 - mask) * sizeof(uint32_t);
}

static size_t element_bytes(const struct array7 *array)
{
	return is_packed(array) ? sizeof(struct zval7) : sizeof(struct bucket7);
}

/* The block behind data starts with the slots. */
static void *block_of(const struct array7 *array)
{
	return (char *) array->data - slot_bytes(array->mask);
}

static size_t block_bytes(const struct array7 *array)
{
	return slot_bytes(array->mask) + array->size * element_bytes(array);
}

static const char *what(const struct array7 *array)
{
	return is_packed(array) ? "arData, packed" : "arData, hash";
}

/* The slot of a hash, counted backwards from the first element. */
static uint32_t *slot_of(const struct array7 *array, uint64_t hash)
{
	return (uint32_t *) array->data + (int32_t) ((uint32_t) hash | array->mask);
}

static struct zval7 *zval_at(const struct array7 *array, uint32_t position)
{
	return (struct zval7 *) ((char *) array->data + position * element_bytes(array));
}

static struct bucket7 *bucket_at(const struct array7 *array, uint32_t position)
{
	return (struct bucket7 *) array->data + position;
}

static uint64_t hash_of(struct string7 *key)
{
	if (key->hash == 0) {
		uint64_t hash = 5381;

		for (size_t i = 0; i < key->length; i++) {
			hash = hash * 33 + (unsigned char) key->bytes[i];
		}
		key->hash = hash | (uint64_t) 1 << 63;
	}
	return key->hash;
}

struct array7 *array7_new(void (*destructor)(struct zval7 *))
{
	struct array7 *array = take(sizeof *array, "zend_array");

	*array = (struct array7) { .counted = { 1, ARRAY7 }, .flags = packed_flag,
		.mask = (uint32_t) -packed_slots, .size = smallest_size, .destructor = destructor };
	return array;
}

/* Takes a block for the elements, with empty slots. */
static void need_data(struct array7 *array)
{
	char *block = take(block_bytes(array), what(array));

	memset(block, 0xff, slot_bytes(array->mask));
	array->data = block + slot_bytes(array->mask);
}

static void hang_in_slot(struct array7 *array, uint32_t position)
{
	struct bucket7 *bucket = bucket_at(array, position);
	uint32_t *slot = slot_of(array, bucket->hash);

	bucket->zval.next = *slot;
	*slot = position;
}

/* Moves all elements into a block of that form and size. */
static void rebuild(struct array7 *array, uint32_t flags, uint32_t size)
{
	struct array7 old = *array;
	uint32_t i;

	array->flags = flags;
	array->size = size;
	array->mask = (uint32_t) -2 * size;
	array->used = 0;
	need_data(array);
	for (i = 0; i < old.used; i++) {
		struct bucket7 *to = bucket_at(array, array->used);

		if (zval_at(&old, i)->type == UNSET7) {
			continue;
		}
		if (is_packed(&old)) {
			*to = (struct bucket7) { .zval = *zval_at(&old, i), .hash = i };
		} else {
			*to = *bucket_at(&old, i);
		}
		hang_in_slot(array, array->used++);
	}
	give_back(block_of(&old), what(&old));
}

/* Makes the array a hash. */
static void need_hash(struct array7 *array)
{
	if (!is_packed(array)) {
		return;
	}
	if (array->data != NULL) {
		rebuild(array, 0, array->size);
		return;
	}
	array->flags = 0;
	array->mask = (uint32_t) -2 * array->size;
	need_data(array);
}

/* Doubles a packed array in place where the heap can. */
static void grow_packed(struct array7 *array)
{
	size_t old_bytes = block_bytes(array);

	array->size *= 2;
	array->data = (char *) resize(block_of(array), block_bytes(array), old_bytes, what(array))
		+ slot_bytes(array->mask);
}

/* Whether a packed array can take that index: within its room, or within the double where more
 * than half is in use. What is left out becomes holes. */
static bool fits_packed(const struct array7 *array, uint64_t index)
{
	return index < array->size
		|| (index / 2 < array->size && array->size / 2 < array->elements);
}

static struct zval7 *insert_packed(struct array7 *array, uint32_t index)
{
	struct zval7 *zval;

	if (array->data == NULL) {
		need_data(array);
	} else if (index >= array->size) {
		grow_packed(array);
	}
	while (array->used <= index) {
		*zval_at(array, array->used++) = (struct zval7) { .type = UNSET7 };
	}
	zval = zval_at(array, index);
	zval->type = NULL7;
	array->elements++;
	if (index >= array->next_index) {
		array->next_index = (int64_t) index + 1;
	}
	return zval;
}

static struct zval7 *insert_hash(struct array7 *array, struct string7 *key, uint64_t hash)
{
	struct bucket7 *bucket;

	if (array->used == array->size) {
		rebuild(array, 0, array->elements < array->used ? array->size : 2 * array->size);
	}
	bucket = bucket_at(array, array->used);
	*bucket = (struct bucket7) { .zval = { .type = NULL7 }, .hash = hash, .key = key };
	if (key != NULL) {
		hold_string7(key);
	} else if ((int64_t) hash >= array->next_index) {
		array->next_index = (int64_t) hash + 1;
	}
	hang_in_slot(array, array->used++);
	array->elements++;
	return &bucket->zval;
}

static bool same_key(const struct string7 *a, const struct string7 *b)
{
	return a == b || (a != NULL && b != NULL && a->length == b->length
		&& memcmp(a->bytes, b->bytes, a->length) == 0);
}

struct zval7 *array7_place(struct array7 *array, struct string7 *key, int64_t index)
{
	uint64_t hash = key != NULL ? hash_of(key) : (uint64_t) index;
	uint32_t i;

	if (key == NULL && is_packed(array)) {
		if (hash < array->used && zval_at(array, (uint32_t) hash)->type != UNSET7) {
			return zval_at(array, (uint32_t) hash);
		}
		if (fits_packed(array, hash)) {
			return insert_packed(array, (uint32_t) hash);
		}
	}
	need_hash(array);
	for (i = *slot_of(array, hash); i != no_position; i = bucket_at(array, i)->zval.next) {
		if (bucket_at(array, i)->hash == hash && same_key(bucket_at(array, i)->key, key)) {
			return zval_at(array, i);
		}
	}
	return insert_hash(array, key, hash);
}

struct zval7 *array7_push(struct array7 *array)
{
	return array7_place(array, NULL, array->next_index);
}

struct zval7 *array7_element(const struct array7 *array, uint32_t position, struct string7 **key,
	int64_t *index)
{
	struct zval7 *zval = zval_at(array, position);

	*key = is_packed(array) ? NULL : bucket_at(array, position)->key;
	*index = is_packed(array) ? position : (int64_t) bucket_at(array, position)->hash;
	return zval->type == UNSET7 ? NULL : zval;
}

struct array7 *array7_copy(const struct array7 *array)
{
	struct array7 *copy = array7_new(array->destructor);
	struct string7 *key;
	int64_t index;
	uint32_t i;

	copy->flags = array->flags;
	copy->mask = array->mask;
	copy->size = array->size;
	copy->used = array->used;
	copy->elements = array->elements;
	copy->next_index = array->next_index;
	if (array->data == NULL) {
		return copy;
	}
	need_data(copy);
	memcpy(block_of(copy), block_of(array), block_bytes(array));
	for (i = 0; i < copy->used; i++) {
		const struct zval7 *zval = array7_element(copy, i, &key, &index);

		if (zval != NULL) {
			hold7(zval);
			hold_string7(key);
		}
	}
	return copy;
}

void array7_free(struct array7 *array)
{
	struct string7 *key;
	int64_t index;
	uint32_t i;

	for (i = 0; array->data != NULL && i < array->used; i++) {
		struct zval7 *zval = array7_element(array, i, &key, &index);

		if (zval != NULL) {
			array->destructor(zval);
			release_string7(key);
		}
	}
	if (array->data != NULL) {
		give_back(block_of(array), what(array));
	}
	give_back(array, "zend_array");
}
