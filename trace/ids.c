/* SPDX-License-Identifier: MIT */
/* See ids.h. */
#include "trace/ids.h"

#include <stdlib.h>
#include <string.h>

#include "trace/error.h"
#include "trace/program.h"

/* What is known about an id. */
enum {
	STATE_NEVER = 0,
	STATE_FREED = 1,
	STATE_ENDED = 2, /* was alive at the end of its request */
	STATE_LIVE = 3   /* plus the slot */
};

enum {
	TABLE_FIRST = 1 << 16,
	TABLE_SPARSENESS = 4 /* the table may have this many entries for each id seen: as much
	                      * memory as the map takes */
};

/* Requests from here on fail on any machine; they do not count as live bytes. */
#define IMPOSSIBLE_BYTES (1ull << 47)

void zmm_ids_init(struct zmm_ids *ids)
{
	*ids = (struct zmm_ids){ 0 };
}

void zmm_ids_release(struct zmm_ids *ids)
{
	free(ids->table);
	zmm_map_free(&ids->others);
	free(ids->slots);
	free(ids->unused);
}

/* --- states ---------------------------------------------------------------------------------- */

static uint32_t state_of(const struct zmm_ids *ids, uint64_t id)
{
	if (id < ids->table_size && ids->table[id])
		return ids->table[id];
	return (uint32_t)zmm_map_get(&ids->others, id);
}

/* Ids in the map stay there, should the table grow over them. */
static bool set_state(struct zmm_ids *ids, uint64_t id, uint32_t state)
{
	if (id < ids->table_size && (ids->table[id] || !zmm_map_get(&ids->others, id))) {
		ids->table[id] = state;
		return true;
	}
	return zmm_map_put(&ids->others, id, state);
}

/* Let the table reach up to `id` if that does not make it sparse. False when memory ran out. */
static bool extend_table(struct zmm_ids *ids, uint64_t id)
{
	if (id >= TABLE_FIRST + ids->seen * TABLE_SPARSENESS)
		return true;
	uint64_t size = ids->table_size ? ids->table_size : TABLE_FIRST;
	while (size <= id)
		size += size / 2;
	if (size > SIZE_MAX / sizeof *ids->table)
		return false;
	uint32_t *table = realloc(ids->table, size * sizeof *table);
	if (!table)
		return false;
	memset(table + ids->table_size, 0, (size - ids->table_size) * sizeof *table);
	ids->table = table;
	ids->table_size = size;
	return true;
}

/* --- slots ----------------------------------------------------------------------------------- */

static bool grow_slots(struct zmm_ids *ids)
{
	uint32_t room = ids->slot_room ? ids->slot_room * 2 : 1024;
	struct zmm_slot *slots = realloc(ids->slots, room * sizeof *slots);

	if (!slots)
		return false;
	ids->slots = slots;
	uint32_t *unused = realloc(ids->unused, room * sizeof *unused);
	if (!unused)
		return false;
	ids->unused = unused;
	ids->slot_room = room;
	return true;
}

/* The block in `slot` has a size, or another one than before. */
static void set_size(struct zmm_ids *ids, uint32_t slot, uint64_t size)
{
	if (size >= IMPOSSIBLE_BYTES)
		return;
	if (ids->live_bytes != UINT64_MAX) /* sums that were capped stay so until the request ends */
		ids->live_bytes -= ids->slots[slot].size;
	ids->slots[slot].size = size;
	if (__builtin_add_overflow(ids->live_bytes, size, &ids->live_bytes))
		ids->live_bytes = UINT64_MAX;
	if (ids->live_bytes > ids->peak_bytes)
		ids->peak_bytes = ids->live_bytes;
}

/* --- events ---------------------------------------------------------------------------------- */

static bool no_memory(struct zmm_error *error)
{
	zmm_error_no_memory(error, "the blocks of the trace");
	return false;
}

static bool follow_alloc(struct zmm_ids *ids, const zmm_reader *reader,
	const struct zmm_event *event, uint32_t *slot, struct zmm_error *error)
{
	if (event->id >= ids->table_size && !extend_table(ids, event->id))
		return no_memory(error);
	if (state_of(ids, event->id) != STATE_NEVER) {
		zmm_reader_blame(reader, error, "block %llu is allocated, but its number was used before; "
			"each block needs a number of its own", (unsigned long long)event->id);
		return false;
	}
	if (ids->unused_count) {
		*slot = ids->unused[--ids->unused_count];
	} else {
		if (ids->fresh == ZMM_SLOTS_MAX) {
			zmm_reader_blame(reader, error, "more than %d blocks are alive at once, which is more "
				"than can be replayed", ZMM_SLOTS_MAX);
			return false;
		}
		if (ids->fresh == ids->slot_room && !grow_slots(ids))
			return no_memory(error);
		*slot = ids->fresh++;
		if (ids->slot_count < ids->fresh)
			ids->slot_count = ids->fresh;
	}
	ids->slots[*slot] = (struct zmm_slot){ event->id, 0, true };
	ids->seen++;
	set_size(ids, *slot, event->size);
	if (++ids->live_blocks > ids->peak_blocks)
		ids->peak_blocks = ids->live_blocks;
	return set_state(ids, event->id, STATE_LIVE + *slot) || no_memory(error);
}

/* Find the slot of a block that has to be alive. */
static bool find_live(struct zmm_ids *ids, const zmm_reader *reader, const struct zmm_event *event,
	uint32_t *slot, struct zmm_error *error)
{
	static const char *const reasons[] = {
		[STATE_NEVER] = "which was never allocated",
		[STATE_FREED] = "which is freed already",
		[STATE_ENDED] = "which was gone when its request ended",
	};
	uint32_t state = state_of(ids, event->id);

	if (state >= STATE_LIVE) {
		*slot = state - STATE_LIVE;
		return true;
	}
	zmm_reader_blame(reader, error, "%s of block %llu, %s; the trace is wrong here, or a part of "
		"it is missing", event->kind == ZMM_EVENT_FREE ? "free" : "resize",
		(unsigned long long)event->id, reasons[state]);
	return false;
}

static bool follow_free(struct zmm_ids *ids, const zmm_reader *reader,
	const struct zmm_event *event, uint32_t *slot, struct zmm_error *error)
{
	if (!find_live(ids, reader, event, slot, error))
		return false;
	set_size(ids, *slot, 0);
	ids->slots[*slot].live = false;
	ids->unused[ids->unused_count++] = *slot;
	ids->live_blocks--;
	return set_state(ids, event->id, STATE_FREED) || no_memory(error);
}

static bool follow_resize(struct zmm_ids *ids, const zmm_reader *reader,
	const struct zmm_event *event, uint32_t *slot, struct zmm_error *error)
{
	if (!find_live(ids, reader, event, slot, error))
		return false;
	set_size(ids, *slot, event->size);
	return true;
}

static bool follow_end(struct zmm_ids *ids, struct zmm_error *error)
{
	for (uint32_t slot = 0; slot < ids->fresh; slot++)
		if (ids->slots[slot].live && !set_state(ids, ids->slots[slot].id, STATE_ENDED))
			return no_memory(error);
	ids->fresh = 0;
	ids->unused_count = 0;
	ids->live_blocks = 0;
	ids->live_bytes = 0;
	return true;
}

bool zmm_ids_follow(struct zmm_ids *ids, const zmm_reader *reader, const struct zmm_event *event,
	uint32_t *slot, struct zmm_error *error)
{
	*slot = 0;
	switch (event->kind) {
	case ZMM_EVENT_ALLOC:
		return follow_alloc(ids, reader, event, slot, error);
	case ZMM_EVENT_FREE:
		return follow_free(ids, reader, event, slot, error);
	case ZMM_EVENT_RESIZE:
		return follow_resize(ids, reader, event, slot, error);
	case ZMM_EVENT_END_REQUEST:
		return follow_end(ids, error);
	}
	return true;
}
