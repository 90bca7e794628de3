/* SPDX-License-Identifier: MIT */
/*
 * A census: the blocks that are alive at a moment of a replay, by address. It joins what the
 * replayer knows of blocks (how much was asked for, by which operation) with what a walk of the
 * heap shows.
 */
#ifndef ZMM_CENSUS_H
#define ZMM_CENSUS_H

#include "tools/ledger.h"
#include "tools/pins.h"
#include "trace/replay.h"

struct zmm_census_block {
	const void *data;
	size_t requested;
	uint64_t operation;  /* the one that allocated it */
	uint32_t slot;
};

struct zmm_census {
	struct zmm_census_block *blocks; /* in address order */
	size_t count;
	struct zmm_live live;
};

/* Counts the blocks alive at a moment of a replay on one of our heaps; nothing else is made. */
void zmm_census_count(struct zmm_live *live, const zmm_program *program,
	const struct zmm_replay_moment *moment);

/* Takes the census. False where there is no memory. */
bool zmm_census_take(struct zmm_census *census, const zmm_program *program,
	const struct zmm_replay_moment *moment);

/* The block whose data is at that address, NULL where there is none. */
const struct zmm_census_block *zmm_census_find(const struct zmm_census *census, const void *data);

/* The same for zmm_pins_find(): context is the census. */
bool zmm_census_lookup(void *context, const void *data, struct zmm_pin_owner *owner);

void zmm_census_drop(struct zmm_census *census);

#endif
