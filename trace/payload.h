/* SPDX-License-Identifier: MIT */
/*
 * trace/payload.h - contents by which a replay and tests can tell that no one else wrote into a
 * block.
 *
 * A payload is a pattern that depends on a key and on the place in the block. Up to 16 KiB every
 * byte is part of it; of what is beyond, a word in every 512 bytes and the last 64 bytes, so that
 * blocks of many megabytes cost little.
 */
#ifndef ZMM_PAYLOAD_H
#define ZMM_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes the payload of a block of `size` bytes. */
void zmm_payload_write(void *data, size_t size, uint64_t key);

/* Whether the payload of a block of `size` bytes is as it was written. If not, *bad is the distance
 * of the first wrong byte from data. */
bool zmm_payload_verify(const void *data, size_t size, uint64_t key, size_t *bad);

/* The same for what a resize from `old_size` to `size` bytes has to keep. */
bool zmm_payload_verify_resized(const void *data, size_t old_size, size_t size, uint64_t key,
	size_t *bad);

#endif
