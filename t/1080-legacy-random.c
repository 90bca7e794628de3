/* SPDX-License-Identifier: MIT */
/*
 * Random operations on heaps of several kinds, with a shadow of what was written: data survives,
 * blocks do not overlap, the heap stays sound, and storage gets everything back.
 */
#include "t/legacy.h"

enum {
	slot_count = 300,
	operation_count = 12000,
	check_interval = 100
};

struct slot {
	unsigned char *data;
	size_t size;
	unsigned char fill;
};

static struct slot slots[slot_count];
static uint64_t state;
static size_t failures;
static size_t damaged;

static size_t random_size(void)
{
	switch (tap_below(&state, 16)) {
	case 0:
		return tap_below(&state, 20000);
	case 1:
		return tap_below(&state, 4 * SEGMENT);
	case 2:
	case 3:
		return tap_below(&state, 3000);
	default:
		return tap_below(&state, 620);
	}
}

/* The first and the last bytes are enough: what overwrites data begins or ends in one of them. */
static void fill(struct slot *slot)
{
	size_t edge = slot->size < 64 ? slot->size : 64;

	slot->fill = (unsigned char) tap_random(&state);
	memset(slot->data, slot->fill, edge);
	memset(slot->data + slot->size - edge, slot->fill, edge);
}

static void verify_edge(const struct slot *slot, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (slot->data[i] != slot->fill) {
			damaged++;
			return;
		}
	}
}

static void verify(const struct slot *slot)
{
	size_t edge = slot->size < 64 ? slot->size : 64;

	verify_edge(slot, 0, edge);
	verify_edge(slot, slot->size - edge, slot->size);
}

static void allocate(zend_mm_heap *heap, struct slot *slot)
{
	size_t size = random_size();
	void *volatile data = NULL;

	if (bails_out(data = zend_mm_alloc(heap, size)) || !data) {
		failures++;
	}
	slot->data = data;
	slot->size = size;
	if (data) {
		fill(slot);
	}
}

static void resize(zend_mm_heap *heap, struct slot *slot)
{
	size_t size = random_size();
	size_t edge = slot->size < size ? slot->size : size;
	void *volatile data = NULL;

	verify(slot);
	if (bails_out(data = zend_mm_realloc(heap, slot->data, size)) || !data) {
		failures++;
		verify(slot);
		return;
	}
	slot->data = data;
	verify_edge(slot, 0, edge < 64 ? edge : 64);
	slot->size = size;
	fill(slot);
}

static void release(zend_mm_heap *heap, struct slot *slot)
{
	verify(slot);
	zend_mm_free(heap, slot->data);
	slot->data = NULL;
}

static void step(zend_mm_heap *heap)
{
	struct slot *slot = &slots[tap_below(&state, slot_count)];

	watched.refuse_next = tap_below(&state, 10) == 0;
	if (!slot->data) {
		allocate(heap, slot);
	} else if (tap_below(&state, 3) == 0) {
		resize(heap, slot);
	} else {
		release(heap, slot);
	}
	watched.refuse_next = 0;
	if (tap_below(&state, 500) == 0) {
		zend_mm_set_limit(heap, SEGMENT * (1 + tap_below(&state, 60)));
	}
	if (tap_below(&state, 3000) == 0) {
		failures += bails_out(zend_mm_shutdown(heap, 0, 1));
		memset(slots, 0, sizeof slots);
	}
}

static void run(const char *name, zend_mm_options options)
{
	bool sound = true;
	zend_mm_heap *heap;

	host_start();
	heap = legacy_start_with(options);
	memset(slots, 0, sizeof slots);
	failures = damaged = 0;
	for (int i = 0; i < operation_count && sound; i++) {
		step(heap);
		sound = i % check_interval != 0 || legacy_sound(heap);
	}
	watched.refuse_next = 0;
	ok(sound && legacy_sound(heap), "%s: the heap stays sound", name);
	is_size(damaged, 0, "%s: no data is damaged", name);
	ok(failures > 0, "%s: some requests failed (%zu)", name, failures);
	for (int i = 0; i < slot_count; i++) {
		if (slots[i].data) {
			release(heap, &slots[i]);
		}
	}
	ok(legacy_sound(heap), "%s: it is sound when everything is freed", name);
	legacy_end(heap);
	is_size(watched.regions, 0, "%s: and gives everything back", name);
}

int main(void)
{
	zend_mm_options options = legacy_options();

	state = tap_seed();
	run("ordinary", options);
	options.segment_size = 4096;
	run("tiny segments", options);
	options.segment_size = 65536;
	options.internal = true;
	run("internal", options);
	options.reserve_size = 0;
	options.null_on_failure = true;
	run("without a reserve, failing with NULL", options);
	return done_testing();
}
