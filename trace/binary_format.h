/* SPDX-License-Identifier: MIT */
/*
 * The binary trace format, both ways, on buffers of the caller: nothing here allocates, locks, does
 * input or output, or touches errno, so that a recorder inside malloc or a signal handler can use
 * the encoding half. doc/trace-format.md describes every byte.
 *
 *   file:   header (64) | block | block | …
 *   block:  header (48) | payload: events … | unused room
 *
 * Each block decodes on its own: the deltas in it start from its header. Invariant of a block
 * that is being written: `used` in its header covers whole events only. It is stored last, in
 * one store, with release order; so when the block lies in a shared mapping of the file and the
 * process is killed between any two instructions, the file holds every event up to the last
 * whole one. A closed block has a checksum as well.
 *
 * Users: reader_binary.c and writer.c in this folder, and recorders.
 */
#ifndef ZMM_BINARY_FORMAT_H
#define ZMM_BINARY_FORMAT_H

#include "trace/trace.h"

enum {
	ZMM_FILE_HEADER_BYTES = 64,
	ZMM_BLOCK_HEADER_BYTES = 48,
	ZMM_BINARY_VERSION = 1,
	ZMM_ROOM_MAX = 1 << 20,        /* payload bytes of one block, at most */
	ZMM_ROOM_MIN = 1 << 17,        /* room in which any event fits */
	ZMM_SMALL_EVENT_BYTES_MAX = 64 /* no event without text or frames takes more */
};

/* The eight bytes every binary trace starts with. */
extern const unsigned char zmm_binary_magic[8];

enum zmm_file_flags {
	ZMM_FILE_MERGE = 1,      /* blocks overlap in time: order the events by their stamps */
	ZMM_FILE_BY_ADDRESS = 2, /* ids are addresses, used again after a free */
	ZMM_FILE_RECORDED = 4,   /* the writer can have been killed: the file may end anywhere */
	ZMM_FILE_CLOCK = 8,      /* stamps are nanoseconds (otherwise they only give the order) */
	ZMM_FILE_KNOWN_FLAGS = 15
};

struct zmm_file_header {
	uint32_t version;
	uint32_t flags;
	uint32_t first;  /* offset of the first block */
	uint32_t stride; /* bytes from block to block; 0: each follows the one before */
	uint32_t process;
	uint8_t id_shift; /* ids are multiples of 1 << id_shift, and stored without these bits */
	uint64_t start_time; /* nanoseconds since 1970, 0: unknown */
};

/* Events that only the binary format has: they are resolved by its reader. */
enum zmm_binary_kind {
	ZMM_BINARY_SWITCH = 11, /* the events that follow are another thread's */
	ZMM_BINARY_DETACH = 12, /* id: a resize that will move this block began; its address is free */
	ZMM_BINARY_ATTACH = 13, /* id, size, alignment: and ended, the block is here now */
};

/* --- encoding -------------------------------------------------------------------------------- */

void zmm_file_header_write(unsigned char bytes[ZMM_FILE_HEADER_BYTES],
	const struct zmm_file_header *header);

/* What a block starts with. */
struct zmm_block_start {
	uint32_t thread;
	bool stamped;           /* its events' stamps mean something (see ZMM_FILE_CLOCK) */
	uint8_t id_shift;       /* the file header's */
	uint64_t stamp;         /* no event of the block has a smaller one */
	uint64_t events_before; /* events in the blocks before it; 0 where a recorder writes */
};

/* A block being written. */
struct zmm_block {
	unsigned char *header;
	unsigned char *at; /* where the next event goes */
	unsigned char *end;
	uint64_t id;    /* the last one, shifted */
	uint64_t stamp; /* the last one */
	uint64_t events;
	uint32_t thread;
	uint8_t id_shift;
	bool stamped;
};

/* Start a block in `bytes` bytes at `buffer` (a multiple of 8, and 8-byte aligned; header
 * included), which from here on is a readable open block. What was in the buffer before does
 * not matter. */
void zmm_block_open(struct zmm_block *block, void *buffer, size_t bytes,
	const struct zmm_block_start *start);

/* Append an event (or DETACH, ATTACH) and publish it. A thread other than the last one costs two
 * bytes more. In a block with stamps `event->stamp` must not be below the one before; events that
 * are exactly 1 after cost nothing. False, and nothing changed, when it does not fit. */
bool zmm_block_add(struct zmm_block *block, const struct zmm_event *event);

/* Checksum and close the block. With `trim` its room shrinks to what is used, rounded up to 8.
 * Returns how many bytes from the buffer's start belong to the block. */
size_t zmm_block_close(struct zmm_block *block, bool trim);

/* Write the block that ends a file of `events` events: the whole of it, ZMM_BLOCK_HEADER_BYTES. */
void zmm_end_block_write(unsigned char bytes[ZMM_BLOCK_HEADER_BYTES], uint64_t events);

/* --- decoding -------------------------------------------------------------------------------- */

/* NULL when the header is good, otherwise what is wrong with it and what to do. */
const char *zmm_file_header_read(struct zmm_file_header *header,
	const unsigned char bytes[ZMM_FILE_HEADER_BYTES]);

enum zmm_block_type { ZMM_BLOCK_EVENTS = 1, ZMM_BLOCK_END = 2, ZMM_BLOCK_OPTIONAL = 128 };

struct zmm_block_info {
	uint8_t type; /* enum zmm_block_type; OPTIONAL and above can be skipped */
	bool closed;  /* `checksum` counts */
	bool stamped;
	uint32_t room;
	uint32_t used;
	uint32_t thread;
	uint32_t checksum;
	uint64_t stamp;
	uint64_t events_before;
};

/* NULL when the header is good, otherwise what is wrong with it. */
const char *zmm_block_header_read(struct zmm_block_info *info,
	const unsigned char bytes[ZMM_BLOCK_HEADER_BYTES]);

/* A block never begun, or given up: its magic is zero. */
bool zmm_block_header_blank(const unsigned char bytes[ZMM_BLOCK_HEADER_BYTES]);

/* The checksum a closed block with this header and payload has to have. */
uint32_t zmm_block_checksum(const unsigned char header[ZMM_BLOCK_HEADER_BYTES],
	const unsigned char *payload, uint32_t used);

/* A block being read. */
struct zmm_block_cursor {
	const unsigned char *start;
	const unsigned char *at;
	const unsigned char *end;
	uint64_t id;
	uint64_t stamp;
	uint32_t thread;
	uint8_t id_shift;
	bool stamped;
	const char *fault; /* why zmm_block_next() failed */
	uint64_t frames[ZMM_FRAMES_MAX];
};

void zmm_block_start_reading(struct zmm_block_cursor *cursor, const struct zmm_block_info *info,
	const unsigned char *payload, uint8_t id_shift);

/* The next event: 1, 0 at the end of what is used, -1 when it makes no sense (`fault` says why,
 * `at` stands on it). event->stamp is set in every block; event->stamped only in blocks with
 * stamps. */
int zmm_block_next(struct zmm_block_cursor *cursor, struct zmm_event *event);

/* The 32-bit xxHash of `count` bytes: the checksum of headers and blocks. */
uint32_t zmm_xxh32(const unsigned char *bytes, size_t count, uint32_t seed);

#endif
