/* SPDX-License-Identifier: MIT */
/*
 * examples/zval_model/php5_hash.c - PHP 5's hash table: a block for each element.
 */
#include "examples/zval_model/php5.h"

enum { smallest_table = 8 };

/* Bernstein's hash, times 33, as PHP has used it since 2000. */
static uintptr_t hash_of(const char *key, uint32_t length)
{
	uintptr_t hash = 5381;

	while (length-- > 0) {
		hash = hash * 33 + (unsigned char) *key++;
	}
	return hash;
}

struct hash5 *hash5_new(uint32_t elements, void (*destructor)(struct zval5 *))
{
	struct hash5 *hash = take(sizeof *hash, "HashTable");

	*hash = (struct hash5) { .table_size = smallest_table, .destructor = destructor };
	while (hash->table_size < elements) {
		hash->table_size *= 2;
	}
	return hash;
}

/* The heads are allocated with the first element. */
static void need_heads(struct hash5 *hash)
{
	if (hash->mask == 0) {
		hash->heads = take(hash->table_size * sizeof *hash->heads, "arBuckets");
		memset(hash->heads, 0, hash->table_size * sizeof *hash->heads);
		hash->mask = hash->table_size - 1;
	}
}

static void hang_in_slot(struct hash5 *hash, struct bucket5 *bucket)
{
	struct bucket5 **head = &hash->heads[bucket->hash & hash->mask];

	bucket->next = *head;
	bucket->last = NULL;
	if (bucket->next != NULL) {
		bucket->next->last = bucket;
	}
	*head = bucket;
}

/* Twice as many heads where there are more elements than heads; no element moves. */
static void grow(struct hash5 *hash)
{
	size_t old_bytes = hash->table_size * sizeof *hash->heads;
	struct bucket5 *bucket;

	if (hash->elements <= hash->table_size) {
		return;
	}
	hash->table_size *= 2;
	hash->mask = hash->table_size - 1;
	hash->heads = resize(hash->heads, 2 * old_bytes, old_bytes, "arBuckets");
	memset(hash->heads, 0, 2 * old_bytes);
	for (bucket = hash->head; bucket != NULL; bucket = bucket->list_next) {
		hang_in_slot(hash, bucket);
	}
}

static struct zval5 **insert(struct hash5 *hash, struct bucket5 *bucket, struct zval5 *filler)
{
	bucket->data_pointer = filler;
	bucket->data = &bucket->data_pointer;
	filler->refcount++;
	hang_in_slot(hash, bucket);
	bucket->list_next = NULL;
	bucket->list_last = hash->tail;
	*(hash->tail != NULL ? &hash->tail->list_next : &hash->head) = bucket;
	hash->tail = bucket;
	hash->elements++;
	grow(hash);
	return &bucket->data_pointer;
}

struct zval5 **hash5_place(struct hash5 *hash, const char *key, uint32_t key_length,
	bool is_literal, uintptr_t index, struct zval5 *filler)
{
	uintptr_t value = key != NULL ? hash_of(key, key_length) : index;
	struct bucket5 *bucket;

	need_heads(hash);
	for (bucket = hash->heads[value & hash->mask]; bucket != NULL; bucket = bucket->next) {
		if (bucket->hash == value && bucket->key_length == key_length
				&& (key == NULL || memcmp(bucket->key, key, key_length) == 0)) {
			return &bucket->data_pointer;
		}
	}
	/* A key that can go away is copied behind the bucket, into the same block. */
	bucket = take(sizeof *bucket + (is_literal ? 0 : key_length),
		key != NULL && !is_literal ? "Bucket, key" : "Bucket");
	bucket->hash = value;
	bucket->key_length = key_length;
	bucket->key = key;
	if (key != NULL && !is_literal) {
		bucket->key = memcpy(bucket + 1, key, key_length);
	} else if (key == NULL && index >= hash->next_index) {
		hash->next_index = index + 1;
	}
	return insert(hash, bucket, filler);
}

struct zval5 **hash5_push(struct hash5 *hash, struct zval5 *filler)
{
	return hash5_place(hash, NULL, 0, true, hash->next_index, filler);
}

struct hash5 *hash5_copy(const struct hash5 *hash)
{
	struct hash5 *copy = hash5_new(hash->elements, hash->destructor);
	const struct bucket5 *bucket;

	for (bucket = hash->head; bucket != NULL; bucket = bucket->list_next) {
		bool is_literal = bucket->key != (const char *) (bucket + 1);

		hash5_place(copy, bucket->key, bucket->key_length, is_literal, bucket->hash,
			bucket->data_pointer);
	}
	copy->next_index = hash->next_index;
	return copy;
}

void hash5_free(struct hash5 *hash)
{
	struct bucket5 *bucket = hash->head;

	while (bucket != NULL) {
		struct bucket5 *next = bucket->list_next;

		hash->destructor(bucket->data_pointer);
		give_back(bucket, "Bucket");
		bucket = next;
	}
	if (hash->mask != 0) {
		give_back(hash->heads, "arBuckets");
	}
	give_back(hash, "HashTable");
}
