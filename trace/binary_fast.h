/* SPDX-License-Identifier: MIT */
/*
 * The encoding of the events that a recorder writes by the million: zmm_block_add(), inlined for
 * an allocation, a free or a resize without alignment and site. Writes the very same bytes.
 * block->events, which is of no use to a recorder, stays as it is.
 *
 * User: the recorder in preload/.
 */
#ifndef ZMM_BINARY_FAST_H
#define ZMM_BINARY_FAST_H

#include "trace/binary_layout.h"

/* Bytes that are left in the block. */
static inline size_t zmm_block_left(const struct zmm_block *block)
{
	return (size_t)(block->end - block->at);
}

/* zmm_put_varint() without a branch on the length of numbers below 2^28: lengths follow no pattern
 * that a processor could learn. Writes 4 bytes at least. */
static inline __attribute__((always_inline)) unsigned char *zmm_put_varint_fast(
	unsigned char *at, uint64_t value)
{
	if (__builtin_expect(value >> 28 != 0, 0))
		return zmm_put_varint(at, value);
	/* Seven bits to a byte: moving a part up by two and by one is adding it three times and once.
	 */
	uint32_t bytes = (uint32_t)value;
	bytes += 3 * (bytes & 0x0fffc000);
	bytes += bytes & 0x3f803f80;
	unsigned last = (31u - (unsigned)__builtin_clz(bytes | 1)) & 24; /* bit where the last begins */
	zmm_put32(at, bytes | (0x00808080 & ~(~0u << last)));
	return at + last / 8 + 1;
}

/* Append ALLOC, FREE, RESIZE, DETACH or ATTACH (`size` is for those that have one) of the block's
 * last thread and publish it. ZMM_SMALL_EVENT_BYTES_MAX have to be left, the block has stamps, and
 * `stamp` is greater than the last one. */
static inline __attribute__((always_inline)) void zmm_block_add_fast(struct zmm_block *block,
	unsigned kind, uint64_t id, uint64_t size, uint64_t stamp)
{
	unsigned char *at = block->at;
	uint64_t ahead = stamp - block->stamp;

	*at++ = (unsigned char)(kind | (ahead != 1 ? CODE_STAMP : 0));
	if (ahead != 1)
		at = zmm_put_varint_fast(at, ahead);
	id >>= block->id_shift;
	uint64_t difference = id - block->id;
	at = zmm_put_varint_fast(at, difference << 1 ^ (0 - (difference >> 63)));
	if (kind != ZMM_EVENT_FREE && kind != ZMM_BINARY_DETACH)
		at = zmm_put_varint_fast(at, size);
	block->at = at;
	block->id = id;
	block->stamp = stamp;
	zmm_publish32(block->header + BLOCK_USED,
		(uint32_t)(at - block->header - ZMM_BLOCK_HEADER_BYTES));
}

#endif
