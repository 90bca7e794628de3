/* SPDX-License-Identifier: MIT */
/* See addresses.h. */
#include "trace/addresses.h"

static void push(struct zmm_reader *reader, const struct zmm_event *event,
	enum zmm_event_kind kind, uint64_t id)
{
	struct zmm_event named = *event;

	named.kind = (uint8_t)kind;
	named.id = id;
	zmm_reader_push(reader, &named);
}

/* Note that block `id` is at `address`. If another one still is, its free was lost: put it in. */
static bool settle(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event, uint64_t id)
{
	uint64_t there = zmm_map_get(&addresses->live, event->id);

	if (there) {
		const struct zmm_event lost = { .thread = event->thread,
			.stamped = event->stamped, .stamp = event->stamp };
		push(reader, &lost, ZMM_EVENT_FREE, there);
		reader->remarks[ZMM_REMARK_REUSED]++;
	}
	return zmm_map_put(&addresses->live, event->id, id);
}

bool zmm_addresses_alloc(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event)
{
	if (event->id == 0) {
		reader->remarks[ZMM_REMARK_FAILED]++;
		return true;
	}
	uint64_t id = ++addresses->last_id;
	bool good = settle(addresses, reader, event, id);
	push(reader, event, ZMM_EVENT_ALLOC, id);
	return good;
}

bool zmm_addresses_free(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event)
{
	uint64_t id = zmm_map_take(&addresses->live, event->id);

	if (id)
		push(reader, event, ZMM_EVENT_FREE, id);
	else if (event->id != 0)
		reader->remarks[ZMM_REMARK_FREES]++;
	return true;
}

bool zmm_addresses_resize(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event)
{
	uint64_t id = zmm_map_get(&addresses->live, event->id);

	if (id) {
		push(reader, event, ZMM_EVENT_RESIZE, id);
		return true;
	}
	reader->remarks[ZMM_REMARK_RESIZES]++;
	return zmm_addresses_alloc(addresses, reader, event);
}

bool zmm_addresses_detach(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event)
{
	uint64_t id = zmm_map_take(&addresses->live, event->id);

	if (!id && event->id != 0)
		reader->remarks[ZMM_REMARK_RESIZES]++;
	return !id || zmm_map_put(&addresses->moving, (uint64_t)event->thread + 1, id);
}

bool zmm_addresses_attach(struct zmm_addresses *addresses, struct zmm_reader *reader,
	const struct zmm_event *event)
{
	uint64_t id = zmm_map_take(&addresses->moving, (uint64_t)event->thread + 1);

	if (!id)
		return zmm_addresses_alloc(addresses, reader, event);
	bool good = settle(addresses, reader, event, id);
	push(reader, event, ZMM_EVENT_RESIZE, id);
	return good;
}

bool zmm_addresses_reattach(struct zmm_addresses *addresses, uint32_t thread, uint64_t address)
{
	uint64_t id = zmm_map_take(&addresses->moving, (uint64_t)thread + 1);

	return !id || zmm_map_put(&addresses->live, address, id);
}

void zmm_addresses_clear(struct zmm_addresses *addresses)
{
	zmm_map_clear(&addresses->live);
	zmm_map_clear(&addresses->moving);
}

void zmm_addresses_release(struct zmm_addresses *addresses)
{
	zmm_map_free(&addresses->live);
	zmm_map_free(&addresses->moving);
}
