/* SPDX-License-Identifier: MIT */
/*
 * trace/payload.c - writing and verifying payloads. Used by full replays and by tests.
 *
 * A payload is three parts, each a row of words (and, in the last, bytes) whose value follows from
 * the key and their distance from the block's start, so that the same place has the same value
 * whatever the block's size:
 *
 *    0                      16 KiB                                 size - 64    size
 *    |-- front: every word --|-- sparse: a word in every 512 bytes --|-- tail: all --|
 */
#include <string.h>

#include "trace/payload.h"

enum {
	front_size = 16 * 1024,
	sparse_step = 512,
	tail_size = 64,
	word = sizeof(uint64_t)
};

static uint64_t word_at(uint64_t key, size_t offset)
{
	uint64_t value = (key + 1) * 0x9e3779b97f4a7c15u ^ offset / word * 0xbf58476d1ce4e5b9u;

	return value ^ value >> 29;
}

/* Copies as much of the pattern as `length`, at most a word; offset is a multiple of a word. */
static void put(unsigned char *bytes, size_t offset, size_t length, uint64_t key)
{
	uint64_t value = word_at(key, offset);

	memcpy(bytes + offset, &value, length);
}

static bool is(const unsigned char *bytes, size_t offset, size_t length, uint64_t key,
	size_t *bad)
{
	uint64_t value = word_at(key, offset);
	const unsigned char *expected = (const unsigned char *)&value;

	if (memcmp(bytes + offset, &value, length) == 0) {
		return true;
	}
	for (*bad = offset; bytes[*bad] == expected[*bad - offset]; ++*bad) {
	}
	return false;
}

static size_t part(size_t offset, size_t end)
{
	return end - offset < word ? end - offset : word;
}

/* Where the front ends, and where the tail begins. */
static size_t front_end(size_t size)
{
	return size < front_size ? size : front_size;
}

static size_t tail_start(size_t size)
{
	return size <= front_size + tail_size ? front_end(size)
		: (size - tail_size) & ~(size_t)(word - 1);
}

void zmm_payload_write(void *data, size_t size, uint64_t key)
{
	unsigned char *bytes = data;

	for (size_t at = 0; at < front_end(size); at += word) {
		put(bytes, at, part(at, size), key);
	}
	for (size_t at = front_size; at < tail_start(size); at += sparse_step) {
		put(bytes, at, word, key);
	}
	for (size_t at = tail_start(size); at < size; at += word) {
		put(bytes, at, part(at, size), key);
	}
}

/* What two sizes have in common in the front and in the sparse part. */
static bool verify_common(const unsigned char *bytes, size_t size, uint64_t key, size_t *bad)
{
	for (size_t at = 0; at < front_end(size); at += word) {
		if (!is(bytes, at, part(at, size), key, bad)) {
			return false;
		}
	}
	for (size_t at = front_size; at < tail_start(size); at += sparse_step) {
		if (!is(bytes, at, word, key, bad)) {
			return false;
		}
	}
	return true;
}

static bool verify_tail(const unsigned char *bytes, size_t size, uint64_t key, size_t *bad)
{
	for (size_t at = tail_start(size); at < size; at += word) {
		if (!is(bytes, at, part(at, size), key, bad)) {
			return false;
		}
	}
	return true;
}

bool zmm_payload_verify(const void *data, size_t size, uint64_t key, size_t *bad)
{
	return verify_common(data, size, key, bad) && verify_tail(data, size, key, bad);
}

bool zmm_payload_verify_resized(const void *data, size_t old_size, size_t size, uint64_t key,
	size_t *bad)
{
	if (size >= old_size) {
		return zmm_payload_verify(data, old_size, key, bad);
	}
	return verify_common(data, size, key, bad);
}
