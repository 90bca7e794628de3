/* SPDX-License-Identifier: MIT */
/* The hash map of the trace layer, against a plain array. */
#include "t/tap.h"
#include "trace/map.h"

enum { KEYS = 700, STEPS = 200000 };

/* Keys that differ in low bits, in high bits, and by the sizes of pages. */
static uint64_t key_number(unsigned n)
{
	switch (n % 4) {
	case 0: return n;
	case 1: return (uint64_t) n << 40;
	case 2: return 0x7f0000000000u + (uint64_t) n * 4096;
	default: return ~(uint64_t) n;
	}
}

static bool agrees(const struct zmm_map *map, const uint64_t *expected)
{
	size_t count = 0;

	for (unsigned n = 0; n < KEYS; n++) {
		count += expected[n] != 0;
		if (zmm_map_get(map, key_number(n)) != expected[n]) {
			return false;
		}
	}
	return count == map->count;
}

int main(void)
{
	struct zmm_map map = {0};
	uint64_t expected[KEYS] = {0};
	uint64_t seed = tap_seed();
	bool values = true, all = true;

	is_int(zmm_map_get(&map, 0), 0, "an empty map has no keys");
	is_int(zmm_map_take(&map, 7), 0, "and nothing to remove");
	for (int step = 0; step < STEPS; step++) {
		unsigned n = (unsigned) tap_below(&seed, KEYS);

		if (tap_below(&seed, 2)) {
			expected[n] = tap_random(&seed) | 1;
			values &= zmm_map_put(&map, key_number(n), expected[n]);
		} else {
			values &= zmm_map_take(&map, key_number(n)) == expected[n];
			expected[n] = 0;
		}
		if (step % 1000 == 0) {
			all &= agrees(&map, expected);
		}
	}
	ok(values, "what is removed is what was put in last");
	ok(all && agrees(&map, expected), "all keys have the values that they were given last");
	ok(map.capacity <= 2048, "removing leaves nothing behind that makes the map grow");
	zmm_map_clear(&map);
	memset(expected, 0, sizeof(expected));
	ok(agrees(&map, expected), "a cleared map is empty");
	zmm_map_free(&map);
	return done_testing();
}
