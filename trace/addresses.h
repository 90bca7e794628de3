/* SPDX-License-Identifier: MIT */
/*
 * From addresses to identifiers. Recordings of other processes name a block by its address,
 * which is used again after a free; here each block gets a fresh number, from 1 on.
 *
 * A recording starts and stops in the middle of a program's life and may have lost events, so what
 * does not fit together is no error: it is mended, and counted in the reader's remarks.
 *
 * Invariant: `live` holds exactly the blocks that the events pushed so far leave allocated, save
 * those in `moving`, which a resize has taken from one address and not yet put at another.
 *
 * Users: reader_binary.c, reader_mtrace.c, reader_ltrace.c. Each call pushes the events it
 * means to the reader; `event` holds the kind's fields with `id` still an address. False when
 * memory ran out.
 */
#ifndef ZMM_ADDRESSES_H
#define ZMM_ADDRESSES_H

#include "trace/map.h"
#include "trace/reader.h"

/* All zero to begin with. */
struct zmm_addresses {
	struct zmm_map live;   /* address to id */
	struct zmm_map moving; /* thread + 1 to id */
	uint64_t last_id;
};

/* A block was allocated at event->id (0: the request failed). */
bool zmm_addresses_alloc(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event);

/* The block at event->id was freed (0: nothing). */
bool zmm_addresses_free(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event);

/* The block at event->id was resized where it is. */
bool zmm_addresses_resize(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event);

/* A resize of the block at event->id (0: none, it will be an allocation) began on the event's
 * thread: its address may be given out again from now on. */
bool zmm_addresses_detach(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event);

/* The resize that began on the event's thread ended with the block at event->id. */
bool zmm_addresses_attach(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event);

/* It ended without success: the block is at `address`, where it was. Pushes nothing. */
bool zmm_addresses_reattach(struct zmm_addresses *addresses, uint32_t thread, uint64_t address);

/* Every block is gone, without events. */
void zmm_addresses_clear(struct zmm_addresses *addresses);

void zmm_addresses_release(struct zmm_addresses *addresses);

#endif
