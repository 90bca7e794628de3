/* SPDX-License-Identifier: MIT */
/*
 * Pins: which blocks keep a nearly empty segment or chunk alive, and what goes back to the system
 * when they are freed.
 */
#include "heap/config.h"
#include "t/tap.h"
#include "tools/census.h"

static zend_mm_heap *make_heap(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	return zend_mm_startup_with(&options);
}

static size_t held(zend_mm_heap *heap)
{
	zend_mm_figures figures;

	zend_mm_get_figures(heap, &figures);
	return figures.real_size;
}

/* Knows one block. */
struct known {
	const void *data;
	struct zmm_pin_owner owner;
};

static bool lookup(void *context, const void *data, struct zmm_pin_owner *owner)
{
	const struct known *known = context;

	*owner = known->owner;
	return data == known->data;
}

/* Fills four segments with large blocks, and leaves one block of 20000 bytes in the third. */
static void test_legacy(void)
{
	enum { BLOCKS = 50, SIZE = 20000 };
	zend_mm_heap *heap = make_heap(ZEND_MM_LEGACY);
	void *blocks[BLOCKS], *small = NULL;
	struct zmm_pins pins;
	struct known known;
	size_t before;

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = zend_mm_alloc(heap, SIZE);
		if (i == 30) {
			small = zend_mm_alloc(heap, 1000);
		}
	}
	is_int(zmm_pins_find(&pins, heap, NULL, NULL), 0, "legacy: searched");
	ok(pins.count == 0 && pins.regions >= 4, "legacy: full segments are not pinned");
	is_size(pins.region_bytes, held(heap), "legacy: all segments are counted");
	zmm_pins_drop(&pins);

	for (int i = 0; i < BLOCKS; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	known = (struct known) { small, { 7, 32, 1000 } };
	zmm_pins_find(&pins, heap, lookup, &known);
	is_size(pins.count, 1, "legacy: one segment is pinned");
	is_size(pins.regions, 2, "legacy: beside the one with the reserve");
	is_size(pins.pins[0].number, 2, "legacy: the second");
	is_size(pins.block_count, 1, "legacy: by one block");
	is_size(pins.blocks[0].size, 1016, "legacy: of its true size");
	ok(pins.blocks[0].known && pins.blocks[0].owner.operation == 32
		&& pins.blocks[0].owner.slot == 7, "legacy: whose owner is known");
	is_size(pins.used_bytes, 1016, "legacy: so many bytes are used");
	is_size(pins.pinned_bytes, 262144, "legacy: so many would go back");
	zmm_pins_drop(&pins);

	before = held(heap);
	zend_mm_free(heap, small);
	is_size(before - held(heap), 262144, "legacy: and so many do");
	zmm_pins_find(&pins, heap, NULL, NULL);
	is_size(pins.count, 0, "legacy: the segment with the reserve is not pinned");
	zmm_pins_drop(&pins);
	zend_mm_shutdown(heap, 1, 1);
}

/* A heap whose structure lies inside it, without a reserve. */
static void test_internal(void)
{
	zend_mm_options options;
	zend_mm_heap *heap;
	struct zmm_pins pins;

	zend_mm_default_options(&options);
	options.mode = ZEND_MM_LEGACY;
	options.internal = true;
	options.reserve_size = 0;
	heap = zend_mm_startup_with(&options);
	zend_mm_alloc(heap, 1000);
	zmm_pins_find(&pins, heap, NULL, NULL);
	is_size(pins.regions, 1, "internal: there is one segment");
	is_size(pins.count, 0, "internal: it stays, since the heap itself is in it");
	zmm_pins_drop(&pins);
	zend_mm_shutdown(heap, 1, 1);
}

/* A small block that goes to the cache holds its segment as well. Twelve blocks fill each of two
 * segments; what the first has left over is filled, too, so that the small one is in the second. */
static void test_cached(void)
{
	enum { BLOCKS = 24, SIZE = 20000 };
	zend_mm_heap *heap = make_heap(ZEND_MM_LEGACY);
	void *blocks[BLOCKS], *small;
	struct zmm_pins pins;

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = zend_mm_alloc(heap, SIZE);
	}
	zend_mm_alloc(heap, 262144 - 32 - 8208 - 12 * (SIZE + 16) - 16);
	small = zend_mm_alloc(heap, 100);
	for (int i = 0; i < BLOCKS; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	zend_mm_free(heap, small);
	zmm_pins_find(&pins, heap, NULL, NULL);
	is_size(pins.count, 1, "cached: a segment is held by the cache alone");
	is_size(pins.pins[0].tenants.used_blocks, 0, "cached: no block of the program is in it");
	is_size(pins.pins[0].tenants.idle_blocks, 1, "cached: one is in the cache");
	is_size(pins.pins[0].tenants.idle_bytes, 120, "cached: of its true size");
	is_size(pins.block_count, 0, "cached: so there is nothing to free");
	zmm_pins_drop(&pins);
	zend_mm_shutdown(heap, 1, 1);
}

/* Runs of 100 pages: five to a chunk. Three chunks; in the third a small block stays, in the second
 * all. */
static void test_modern(void)
{
	enum { BLOCKS = 15, SIZE = 100 * 4096 };
	zend_mm_heap *heap = make_heap(ZEND_MM_MODERN);
	void *blocks[BLOCKS], *small;
	struct zmm_pins pins;
	size_t before;

	for (int i = 0; i < BLOCKS - 1; i++) {
		blocks[i] = zend_mm_alloc(heap, SIZE);
	}
	/* 11 pages are left of each full chunk: not enough for this one. */
	small = zend_mm_alloc(heap, 12 * 4096);
	blocks[BLOCKS - 1] = NULL;
	is_size(held(heap), 3 * 2097152, "modern: three chunks");
	for (int i = 10; i < BLOCKS - 1; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	zmm_pins_find(&pins, heap, NULL, NULL);
	is_size(pins.count, 1, "modern: one chunk is pinned");
	is_size(pins.regions, 3, "modern: of three");
	is_size(pins.pins[0].number, 3, "modern: the last");
	is_size(pins.block_count, 1, "modern: by one block");
	is_size(pins.blocks[0].offset % 4096, 0, "modern: which starts with a page");
	ok(!pins.blocks[0].known, "modern: nobody knows its owner");
	is_size(pins.pinned_bytes, 2097152, "modern: a chunk would go back");
	zmm_pins_drop(&pins);
	before = held(heap);
	zend_mm_free(heap, small);
	is_size(before - held(heap), 2097152, "modern: and does");
	for (int i = 0; i < 5; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	zmm_pins_find(&pins, heap, NULL, NULL);
	is_size(pins.count, 0, "modern: the empty main chunk is not pinned");
	zmm_pins_drop(&pins);
	zend_mm_shutdown(heap, 1, 1);
}

/* Blocks are listed region by region, the emptiest region first. */
static void test_order(void)
{
	enum { BLOCKS = 60, SIZE = 20000 };
	zend_mm_heap *heap = make_heap(ZEND_MM_LEGACY);
	void *blocks[BLOCKS];
	struct zmm_pins pins;

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = zend_mm_alloc(heap, SIZE);
		if (i >= 25) {
			zend_mm_alloc(heap, i < 45 ? 600 : 1200);
		}
	}
	for (int i = 0; i < BLOCKS; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	zmm_pins_find(&pins, heap, NULL, NULL);
	ok(pins.count >= 2, "order: several segments are pinned (%zu)", pins.count);
	for (size_t i = 0; i + 1 < pins.count; i++) {
		ok(pins.pins[i].tenants.used_bytes <= pins.pins[i + 1].tenants.used_bytes,
			"order: the emptiest come first");
	}
	for (size_t i = 0; i < pins.count; i++) {
		const struct zmm_pin *pin = &pins.pins[i];
		size_t bytes = 0, end = 0;
		bool ascend = true;

		for (size_t k = pin->first; k < pin->first + pin->tenants.used_blocks; k++) {
			ascend = ascend && pins.blocks[k].offset >= end;
			bytes += pins.blocks[k].size;
			end = pins.blocks[k].offset + pins.blocks[k].size - 16;
		}
		is_size(bytes, pin->tenants.used_bytes, "order: its blocks are the ones listed");
		ok(ascend && end <= pin->tenants.region.size, "order: by address, inside it");
	}
	zmm_pins_drop(&pins);
	zend_mm_shutdown(heap, 1, 1);
}

int main(void)
{
	if (sizeof(void *) != 8 || config_debug || config_heap_protection || config_cookies) {
		skip_all("the sizes are those of 64-bit release builds");
	}
	test_legacy();
	test_internal();
	test_cached();
	test_modern();
	test_order();
	return done_testing();
}
