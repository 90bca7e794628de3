/* SPDX-License-Identifier: MIT */
/*
 * The identifiers of a trace: which block is alive, in which slot, and whether what the trace asks
 * for makes sense. This is where the rules of a trace are: an id is never used twice; only a block
 * that was allocated, and neither freed nor ended with its request, can be freed or resized.
 *
 * Slots are handed out last freed first, so that their table stays as small as the most blocks
 * alive at once and what is in use of it stays in the cache.
 *
 * Ids are remembered for good, 4 bytes each as long as they come roughly in order (a table
 * indexed by id), 16 to 43 bytes where they do not (a map). Users: program.c, and whoever wants
 * to check a trace.
 */
#ifndef ZMM_IDS_H
#define ZMM_IDS_H

#include "trace/map.h"
#include "trace/trace.h"

struct zmm_slot {
	uint64_t id;
	uint64_t size; /* of the block, as asked for last with a size that is possible at all */
	bool live;
};

struct zmm_ids {
	uint32_t *table; /* state by id, for ids below table_size */
	uint64_t table_size;
	struct zmm_map others; /* state by id, for those that were not near enough to the table */
	uint64_t seen;         /* ids in use, ever */
	struct zmm_slot *slots;
	uint32_t slot_count;   /* slots that were ever in use */
	uint32_t slot_room;
	uint32_t fresh;        /* slots from here on were not in use since the request began */
	uint32_t *unused;      /* stack of free slots below `fresh` */
	uint32_t unused_count;
	uint64_t live_blocks;
	uint64_t live_bytes; /* saturates */
	uint64_t peak_blocks;
	uint64_t peak_bytes;
};

void zmm_ids_init(struct zmm_ids *ids);
void zmm_ids_release(struct zmm_ids *ids);

/* Follow an event: true, and the slot for events about a block; false when the event breaks a
 * rule or memory ran out: then `error` is filled through zmm_reader_blame(). */
bool zmm_ids_follow(struct zmm_ids *ids, const zmm_reader *reader, const struct zmm_event *event,
	uint32_t *slot, struct zmm_error *error);

#endif
