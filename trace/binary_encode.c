/* SPDX-License-Identifier: MIT */
/*
 * The encoding half of the binary trace format, and its checksum. See binary_format.h for the
 * invariant of an open block. May be called from anywhere: no allocation, no stdio, no errno.
 */
#include "trace/binary_format.h"

#include <string.h>

#include "trace/binary_layout.h"

const unsigned char zmm_binary_magic[8] = { 0x89, 'Z', 'M', 'T', '\r', '\n', 0x1a, '\n' };

/* --- checksum -------------------------------------------------------------------------------- */

/* The constants of the xxHash specification. */
#define XXH_PRIME_1 2654435761u
#define XXH_PRIME_2 2246822519u
#define XXH_PRIME_3 3266489917u
#define XXH_PRIME_4 668265263u
#define XXH_PRIME_5 374761393u

static uint32_t rotate_left(uint32_t value, int bits)
{
	return value << bits | value >> (32 - bits);
}

static uint32_t xxh_round(uint32_t lane, const unsigned char *bytes)
{
	return rotate_left(lane + zmm_get32(bytes) * XXH_PRIME_2, 13) * XXH_PRIME_1;
}

uint32_t zmm_xxh32(const unsigned char *bytes, size_t count, uint32_t seed)
{
	const unsigned char *end = bytes + count;
	uint32_t hash = seed + XXH_PRIME_5;

	if (count >= 16) {
		uint32_t lane1 = seed + XXH_PRIME_1 + XXH_PRIME_2;
		uint32_t lane2 = seed + XXH_PRIME_2;
		uint32_t lane3 = seed;
		uint32_t lane4 = seed - XXH_PRIME_1;
		for (; end - bytes >= 16; bytes += 16) {
			lane1 = xxh_round(lane1, bytes);
			lane2 = xxh_round(lane2, bytes + 4);
			lane3 = xxh_round(lane3, bytes + 8);
			lane4 = xxh_round(lane4, bytes + 12);
		}
		hash = rotate_left(lane1, 1) + rotate_left(lane2, 7)
			+ rotate_left(lane3, 12) + rotate_left(lane4, 18);
	}
	hash += (uint32_t)count;
	for (; end - bytes >= 4; bytes += 4)
		hash = rotate_left(hash + zmm_get32(bytes) * XXH_PRIME_3, 17) * XXH_PRIME_4;
	for (; bytes < end; bytes++)
		hash = rotate_left(hash + *bytes * XXH_PRIME_5, 11) * XXH_PRIME_1;
	hash = (hash ^ hash >> 15) * XXH_PRIME_2;
	hash = (hash ^ hash >> 13) * XXH_PRIME_3;
	return hash ^ hash >> 16;
}

uint32_t zmm_block_checksum(const unsigned char header[ZMM_BLOCK_HEADER_BYTES],
	const unsigned char *payload, uint32_t used)
{
	unsigned char plain[ZMM_BLOCK_HEADER_BYTES];

	memcpy(plain, header, sizeof plain);
	memset(plain + BLOCK_CHECKSUM, 0, 4);
	return zmm_xxh32(payload, used, zmm_xxh32(plain, sizeof plain, 0));
}

/* --- headers --------------------------------------------------------------------------------- */

void zmm_file_header_write(unsigned char bytes[ZMM_FILE_HEADER_BYTES],
	const struct zmm_file_header *header)
{
	memset(bytes, 0, ZMM_FILE_HEADER_BYTES);
	memcpy(bytes, zmm_binary_magic, sizeof zmm_binary_magic);
	zmm_put32(bytes + FILE_VERSION, header->version);
	zmm_put32(bytes + FILE_FLAGS, header->flags);
	zmm_put32(bytes + FILE_FIRST, header->first);
	zmm_put32(bytes + FILE_STRIDE, header->stride);
	zmm_put32(bytes + FILE_PROCESS, header->process);
	bytes[FILE_ID_SHIFT] = header->id_shift;
	zmm_put64(bytes + FILE_START_TIME, header->start_time);
	zmm_put32(bytes + FILE_CHECKSUM, zmm_xxh32(bytes, FILE_CHECKSUM, 0));
}

/* All of a block's header but its magic, which makes it a block. */
static void write_block_header(unsigned char *bytes, enum zmm_block_type type, size_t room,
	const struct zmm_block_start *start)
{
	memset(bytes, 0, ZMM_BLOCK_HEADER_BYTES);
	bytes[BLOCK_TYPE] = (unsigned char)type;
	bytes[BLOCK_FLAGS] = start->stamped ? BLOCK_FLAG_STAMPED : 0;
	zmm_put32(bytes + BLOCK_ROOM, (uint32_t)room);
	zmm_put32(bytes + BLOCK_THREAD, start->thread);
	zmm_put64(bytes + BLOCK_STAMP, start->stamp);
	zmm_put64(bytes + BLOCK_EVENTS_BEFORE, start->events_before);
}

void zmm_block_open(struct zmm_block *block, void *buffer, size_t bytes,
	const struct zmm_block_start *start)
{
	block->header = buffer;
	block->at = block->header + ZMM_BLOCK_HEADER_BYTES;
	block->end = block->header + bytes;
	block->id = 0;
	block->stamp = start->stamp;
	block->events = 0;
	block->thread = start->thread;
	block->id_shift = start->id_shift;
	block->stamped = start->stamped;
	/* Whatever block was here is none before the first byte of it is touched. */
	zmm_publish32(block->header + BLOCK_MAGIC, 0);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	write_block_header(block->header, ZMM_BLOCK_EVENTS, bytes - ZMM_BLOCK_HEADER_BYTES, start);
	zmm_publish32(block->header + BLOCK_MAGIC, BLOCK_MAGIC_VALUE);
}

size_t zmm_block_close(struct zmm_block *block, bool trim)
{
	unsigned char *header = block->header;
	unsigned char *payload = header + ZMM_BLOCK_HEADER_BYTES;
	uint32_t used = (uint32_t)(block->at - payload);
	unsigned char closed[ZMM_BLOCK_HEADER_BYTES];

	if (trim) {
		/* The next block starts aligned, and the few bytes before it say nothing. */
		uint32_t room = (used + 7) & ~7u;
		memset(block->at, 0, room - used);
		zmm_put32(header + BLOCK_ROOM, room);
	}
	memcpy(closed, header, sizeof closed);
	closed[BLOCK_STATE] = BLOCK_STATE_CLOSED;
	zmm_put32(header + BLOCK_CHECKSUM, zmm_block_checksum(closed, payload, used));
	__atomic_store_n(header + BLOCK_STATE, BLOCK_STATE_CLOSED, __ATOMIC_RELEASE);
	return ZMM_BLOCK_HEADER_BYTES + zmm_get32(header + BLOCK_ROOM);
}

void zmm_end_block_write(unsigned char bytes[ZMM_BLOCK_HEADER_BYTES], uint64_t events)
{
	const struct zmm_block_start start = { .events_before = events };

	write_block_header(bytes, ZMM_BLOCK_END, 0, &start);
	zmm_put32(bytes + BLOCK_MAGIC, BLOCK_MAGIC_VALUE);
	bytes[BLOCK_STATE] = BLOCK_STATE_CLOSED;
	zmm_put32(bytes + BLOCK_CHECKSUM, zmm_block_checksum(bytes, bytes, 0));
}

/* --- events ---------------------------------------------------------------------------------- */

static unsigned char *put_text(unsigned char *at, const struct zmm_event *event)
{
	at = zmm_put_varint(at, event->text_length);
	if (event->text_length)
		memcpy(at, event->text, event->text_length);
	return at + event->text_length;
}

static unsigned char *put_frames(unsigned char *at, const struct zmm_event *event)
{
	uint64_t before = 0;

	at = zmm_put_varint(at, event->frame_count);
	for (size_t i = 0; i < event->frame_count; i++) {
		at = zmm_put_difference(at, event->frames[i], before);
		before = event->frames[i];
	}
	return at;
}

/* No fewer than the bytes that `event` takes, a switch of thread included. */
static size_t bytes_at_most(const struct zmm_event *event)
{
	return ZMM_SMALL_EVENT_BYTES_MAX + event->text_length + event->frame_count * VARINT_MAX;
}

static unsigned char *put_operands(unsigned char *at, struct zmm_block *block,
	const struct zmm_event *event)
{
	switch (zmm_operands(event->kind)) {
	case OPERANDS_NONE:
		break;
	case OPERANDS_ID:
	case OPERANDS_ID_SIZE:
		at = zmm_put_difference(at, event->id >> block->id_shift, block->id);
		block->id = event->id >> block->id_shift;
		if (zmm_operands(event->kind) == OPERANDS_ID_SIZE)
			at = zmm_put_varint(at, event->size);
		break;
	case OPERANDS_SIZE:
		at = zmm_put_varint(at, event->size);
		break;
	case OPERANDS_TEXT:
		at = put_text(at, event);
		break;
	case OPERANDS_STACK:
		at = put_frames(zmm_put_varint(at, event->id), event);
		break;
	case OPERANDS_SYMBOL:
		at = put_text(zmm_put_varint(at, event->id), event);
		break;
	case OPERANDS_MODULE:
		at = zmm_put_varint(zmm_put_varint(at, event->id), event->size);
		at = put_text(zmm_put_varint(at, event->offset), event);
		break;
	case OPERANDS_UNKNOWN:
		break;
	}
	return at;
}

bool zmm_block_add(struct zmm_block *block, const struct zmm_event *event)
{
	unsigned char *at = block->at;
	unsigned char code = event->kind;

	if ((size_t)(block->end - at) < bytes_at_most(event))
		return false;
	if (event->thread != block->thread) {
		*at++ = ZMM_BINARY_SWITCH;
		at = zmm_put_varint(at, event->thread);
		block->thread = event->thread;
	}
	code |= event->site ? CODE_SITE : 0;
	code |= event->alignment_log2 ? CODE_ALIGNED : 0;
	code |= block->stamped && event->stamp != block->stamp + 1 ? CODE_STAMP : 0;
	*at++ = code;
	if (code & CODE_STAMP)
		at = zmm_put_varint(at, event->stamp - block->stamp);
	block->stamp = block->stamped ? event->stamp : block->stamp + 1;
	if (code & CODE_ALIGNED)
		*at++ = event->alignment_log2;
	if (code & CODE_SITE)
		at = zmm_put_varint(at, event->site);
	block->at = put_operands(at, block, event);
	block->events++;
	zmm_publish32(block->header + BLOCK_USED,
		(uint32_t)(block->at - block->header - ZMM_BLOCK_HEADER_BYTES));
	return true;
}
