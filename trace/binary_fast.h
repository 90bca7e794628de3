/* SPDX-License-Identifier: MIT */
/*
 * The encoding of the events that a recorder writes by the million: zmm_block_add(), inlined for an
 * allocation, a free or a resize without an alignment. Writes the very same bytes.
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

/* Append ALLOC, FREE, RESIZE, DETACH or ATTACH (`size` is for those that have one) of the block's
 * last thread and publish it. ZMM_SMALL_EVENT_BYTES_MAX have to be left, the block has stamps, and
 * `stamp` is greater than the last one. `site` may be 0. */
static inline void zmm_block_add_fast(struct zmm_block *block, unsigned kind, uint64_t id,
	uint64_t size, uint32_t site, uint64_t stamp)
{
	unsigned char *at = block->at;
	uint64_t ahead = stamp - block->stamp;

	*at++ = (unsigned char)(kind | (ahead != 1 ? CODE_STAMP : 0) | (site ? CODE_SITE : 0));
	if (ahead != 1)
		at = zmm_put_varint(at, ahead);
	if (site)
		at = zmm_put_varint(at, site);
	id >>= block->id_shift;
	at = zmm_put_difference(at, id, block->id);
	if (kind != ZMM_EVENT_FREE && kind != ZMM_BINARY_DETACH)
		at = zmm_put_varint(at, size);
	block->at = at;
	block->id = id;
	block->stamp = stamp;
	block->events++;
	zmm_publish32(block->header + BLOCK_USED,
		(uint32_t)(at - block->header - ZMM_BLOCK_HEADER_BYTES));
}

#endif
