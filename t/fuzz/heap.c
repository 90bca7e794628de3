/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: operations on heaps of every kind (t/fuzz/heaps.h). The heap stays sound, data
 * survives, what the walker shows is what was asked for, and storage gets everything back.
 *
 * For some kinds the input is run a second time on a heap of the same design that is made another
 * way: all placements have to be the same.
 */
#include "t/fuzz/heaps.h"

enum { MOST_OPERATIONS = 2000 };

static struct heaps heaps;
static struct heaps twin;

static void compare_placements(void)
{
	if (heaps.note_count != twin.note_count) {
		fuzz_fail("one heap placed %zu blocks, its twin %zu", heaps.note_count,
			twin.note_count);
	}
	for (size_t i = 0; i < heaps.note_count; i++) {
		const struct heaps_placement *one = &heaps.noted[i];
		const struct heaps_placement *other = &twin.noted[i];

		if (one->region != other->region || one->offset != other->offset) {
			fuzz_fail("placement %zu: %" PRId64 "+%zu, and of the twin %" PRId64 "+%zu", i,
				one->region, one->offset, other->region, other->offset);
		}
	}
}

static void run(struct heaps *where, struct fuzz_input input)
{
	heaps_run(where, &input, MOST_OPERATIONS);
	heaps_verify(where);
	heaps_close(where);
}

static void fuzz_one(const uint8_t *bytes, size_t count)
{
	struct fuzz_input input = { bytes, bytes + count };
	struct heaps_kind kind = heaps_choose(&input);

	if (!heaps_open(&heaps, &kind)) {
		return;
	}
	run(&heaps, input);
	if (kind.twin) {
		/* hardened legacy heaps and all studied ones place blocks where plain ones do */
		kind.layer = kind.layer == HEAPS_PLAIN ? HEAPS_STUDIED : HEAPS_PLAIN;
		if (heaps_open(&twin, &kind)) {
			run(&twin, input);
			compare_placements();
		}
	}
}
