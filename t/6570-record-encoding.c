/* SPDX-License-Identifier: MIT */
/* The recorder's inlined encoding of plain events writes the very bytes that the general one
 * does. */
#include "t/tap.h"

#include "trace/binary_fast.h"

enum { BLOCK_BYTES = 32 * 1024 };

static _Alignas(8) unsigned char plain[BLOCK_BYTES], fast[BLOCK_BYTES];

/* Numbers of all lengths. */
static uint64_t any_number(uint64_t *state)
{
	return tap_random(state) >> tap_below(state, 64);
}

static bool same_events(uint64_t *state, uint8_t shift)
{
	static const uint8_t kinds[] = {ZMM_EVENT_ALLOC, ZMM_EVENT_FREE, ZMM_EVENT_RESIZE,
		ZMM_BINARY_DETACH, ZMM_BINARY_ATTACH};
	const struct zmm_block_start start = {
		.thread = 3, .stamped = true, .id_shift = shift, .stamp = any_number(state) >> 1};
	struct zmm_block one, other;
	uint64_t stamp = start.stamp;

	zmm_block_open(&one, plain, BLOCK_BYTES, &start);
	zmm_block_open(&other, fast, BLOCK_BYTES, &start);
	while (zmm_block_left(&one) >= ZMM_SMALL_EVENT_BYTES_MAX) {
		uint8_t kind = kinds[tap_below(state, 5)];
		stamp += tap_below(state, 2) ? 1 : 1 + (any_number(state) >> 16);
		struct zmm_event event = {.kind = kind, .thread = 3, .id = any_number(state),
			.stamp = stamp};
		event.size = kind == ZMM_EVENT_FREE || kind == ZMM_BINARY_DETACH ? 0
			: any_number(state);
		zmm_block_add(&one, &event);
		zmm_block_add_fast(&other, kind, event.id, event.size, stamp);
		if (one.at - plain != other.at - fast) {
			return false;
		}
	}
	zmm_block_close(&one, false);
	zmm_block_close(&other, false);
	return memcmp(plain, fast, (size_t) (one.at - plain)) == 0;
}

static void test_numbers(void)
{
	long wrong = 0;

	for (unsigned bits = 0; bits < 64; bits++) {
		for (int around = -2; around <= 2; around++) {
			uint64_t value = (1ull << bits) + (uint64_t) around;
			unsigned char one[16] = {0}, other[16] = {0};
			size_t length = (size_t) (zmm_put_varint(one, value) - one);
			wrong += (size_t) (zmm_put_varint_fast(other, value) - other) != length;
			wrong += memcmp(one, other, length) != 0;
		}
	}
	is_int(wrong, 0, "numbers around each power of two are encoded alike");
}

int main(void)
{
	uint64_t state = tap_seed();
	bool same = true;

	test_numbers();
	for (int i = 0; i < 500 && same; i++) {
		same = same_events(&state, (uint8_t) tap_below(&state, 6));
	}
	ok(same, "and so are blocks full of random events");
	return done_testing();
}
