/* SPDX-License-Identifier: MIT */
/*
 * Where things stand in a binary trace: offsets, codes, and little-endian access. Shared by the
 * halves of the format, binary_encode.c with binary_fast.h and binary_decode.c, and of no use to
 * anybody else.
 */
#ifndef ZMM_BINARY_LAYOUT_H
#define ZMM_BINARY_LAYOUT_H

#include "trace/binary_format.h"

enum {
	FILE_VERSION = 8,
	FILE_FLAGS = 12,
	FILE_FIRST = 16,
	FILE_STRIDE = 20,
	FILE_PROCESS = 24,
	FILE_ID_SHIFT = 28,
	FILE_START_TIME = 32,
	FILE_CHECKSUM = 60
};

enum {
	BLOCK_MAGIC = 0,
	BLOCK_TYPE = 4,
	BLOCK_STATE = 5,
	BLOCK_FLAGS = 6,
	BLOCK_ROOM = 8,
	BLOCK_USED = 12,
	BLOCK_THREAD = 16,
	BLOCK_CHECKSUM = 20,
	BLOCK_STAMP = 24,
	BLOCK_EVENTS_BEFORE = 32
};

enum {
	BLOCK_MAGIC_VALUE = 0x4b4c425a, /* "ZBLK" */
	BLOCK_STATE_OPEN = 0,
	BLOCK_STATE_CLOSED = 1,
	BLOCK_FLAG_STAMPED = 1
};

/* The first byte of an event. */
enum {
	CODE_KIND = 31,
	CODE_SKIPPABLE = 24, /* kinds from here on carry their length, so that they can be skipped */
	CODE_SITE = 32,
	CODE_STAMP = 64,
	CODE_ALIGNED = 128
};

enum {
	VARINT_MAX = 10, /* bytes of the longest one */
	ID_SHIFT_MAX = 12
};

enum zmm_operands {
	OPERANDS_UNKNOWN,
	OPERANDS_NONE,
	OPERANDS_ID,
	OPERANDS_ID_SIZE,
	OPERANDS_SIZE,
	OPERANDS_TEXT,
	OPERANDS_STACK,
	OPERANDS_SYMBOL,
	OPERANDS_MODULE
};

/* What follows an event's code. */
static inline enum zmm_operands zmm_operands(unsigned kind)
{
	static const unsigned char operands[CODE_KIND + 1] = {
		[ZMM_EVENT_ALLOC] = OPERANDS_ID_SIZE,
		[ZMM_EVENT_FREE] = OPERANDS_ID,
		[ZMM_EVENT_RESIZE] = OPERANDS_ID_SIZE,
		[ZMM_EVENT_LIMIT] = OPERANDS_SIZE,
		[ZMM_EVENT_END_REQUEST] = OPERANDS_NONE,
		[ZMM_EVENT_GC] = OPERANDS_NONE,
		[ZMM_EVENT_REFUSE] = OPERANDS_SIZE,
		[ZMM_EVENT_USAGE] = OPERANDS_NONE,
		[ZMM_EVENT_THREAD_START] = OPERANDS_NONE,
		[ZMM_EVENT_THREAD_END] = OPERANDS_NONE,
		[ZMM_BINARY_DETACH] = OPERANDS_ID,
		[ZMM_BINARY_ATTACH] = OPERANDS_ID_SIZE,
		[ZMM_EVENT_COMMENT] = OPERANDS_TEXT,
		[ZMM_EVENT_STACK] = OPERANDS_STACK,
		[ZMM_EVENT_SYMBOL] = OPERANDS_SYMBOL,
		[ZMM_EVENT_MODULE] = OPERANDS_MODULE,
	};

	return (enum zmm_operands)operands[kind & CODE_KIND];
}

static inline uint32_t zmm_get32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t zmm_get64(const unsigned char *at)
{
	return zmm_get32(at) | (uint64_t)zmm_get32(at + 4) << 32;
}

static inline void zmm_put32(unsigned char *at, uint32_t value)
{
	at[0] = (unsigned char)value;
	at[1] = (unsigned char)(value >> 8);
	at[2] = (unsigned char)(value >> 16);
	at[3] = (unsigned char)(value >> 24);
}

static inline void zmm_put64(unsigned char *at, uint64_t value)
{
	zmm_put32(at, (uint32_t)value);
	zmm_put32(at + 4, (uint32_t)(value >> 32));
}

/* Both return where the next one goes. */
static inline unsigned char *zmm_put_varint(unsigned char *at, uint64_t value)
{
	for (; value >= 128; value >>= 7)
		*at++ = (unsigned char)(value | 128);
	*at++ = (unsigned char)value;
	return at;
}

/* Small differences of either sign become small numbers: 0, -1, 1, -2, … */
static inline unsigned char *zmm_put_difference(unsigned char *at, uint64_t value, uint64_t before)
{
	uint64_t difference = value - before;

	return zmm_put_varint(at, difference << 1 ^ (0 - (difference >> 63)));
}

/* Store in one piece, after everything stored before. `at` is 4-byte aligned. */
static inline void zmm_publish32(unsigned char *at, uint32_t value)
{
	uint32_t little;

	zmm_put32((unsigned char *)&little, value);
	__atomic_store_n((uint32_t *)(void *)at, little, __ATOMIC_RELEASE);
}

#endif
