/* SPDX-License-Identifier: MIT */
/*
 * Every cause of the ledger, in layouts made by hand (t/made_up.h), and what a ledger says that
 * does not sum.
 */
#include "t/tap.h"
#include "t/made_up.h"
#include "tools/ledger.h"

static int visit(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	zmm_ledger_visit(context, region, block);
	return 0;
}

static struct zmm_ledger take(void (*walk)(zend_mm_visitor, void *), const struct zmm_live *live,
	uint64_t held)
{
	struct zmm_ledger ledger = { .held = 0 };

	walk(visit, &ledger);
	zmm_ledger_close(&ledger, live, held);
	return ledger;
}

static void check_causes(const struct zmm_ledger *ledger, const uint64_t expected[ZMM_CAUSES],
	zend_mm_mode mode, const char *design)
{
	for (int i = 0; i < ZMM_CAUSES; i++) {
		enum zmm_cause cause = (enum zmm_cause) i;

		is_size(ledger->bytes[i], expected[i], "%s: %s", design, zmm_cause_info(cause)->title);
		ok(expected[i] == 0 || zmm_cause_in_mode(cause, mode), "%s has that cause", design);
	}
	is_size(zmm_ledger_sum(ledger), ledger->held, "%s: the causes sum to what is held", design);
	is_int(zmm_ledger_difference(ledger), 0, "%s: nothing is amiss", design);
}

static void test_legacy(void)
{
	const uint64_t expected[ZMM_CAUSES] = {
		[ZMM_CAUSE_REQUESTED] = 524041,
		[ZMM_CAUSE_ROUNDING] = 288 + 7 + 16,
		[ZMM_CAUSE_BLOCK_HEADER] = 3 * 16,
		[ZMM_CAUSE_CACHED] = 48,
		[ZMM_CAUSE_FREE_BUCKET] = 96,
		[ZMM_CAUSE_FREE_TRIE] = 400000 + 262080,
		[ZMM_CAUSE_FREE_REST] = 115824,
		[ZMM_CAUSE_RESERVE] = 8208,
		[ZMM_CAUSE_SEGMENT] = 4 * 16
	};
	struct zmm_ledger ledger = take(made_up_legacy, &made_up_legacy_live, made_up_legacy_held);

	check_causes(&ledger, expected, ZEND_MM_LEGACY, "legacy");
	is_size(zmm_ledger_family(&ledger, ZMM_FAMILY_FREE), 778048, "legacy: free");
	is_size(zmm_ledger_family(&ledger, ZMM_FAMILY_METADATA), 8320, "legacy: metadata");
}

static void test_modern(void)
{
	const uint64_t expected[ZMM_CAUSES] = {
		[ZMM_CAUSE_REQUESTED] = 2509150,
		[ZMM_CAUSE_ROUNDING] = 3 * 6 + 600,
		[ZMM_CAUSE_HUGE_TAIL] = 1248,
		[ZMM_CAUSE_SLOT_FREE] = 70 * 56 + 169 * 24,
		[ZMM_CAUSE_PAGE_FREE] = 1679360 + 2088960,
		[ZMM_CAUSE_CACHED_CHUNK] = 2097152,
		[ZMM_CAUSE_RUN_TAIL] = 8 + 16,
		[ZMM_CAUSE_CHUNK_HEADER] = 2 * 4096,
		[ZMM_CAUSE_OWN] = 24
	};
	struct zmm_ledger ledger = take(made_up_modern, &made_up_modern_live, made_up_modern_held);

	check_causes(&ledger, expected, ZEND_MM_MODERN, "modern");
	is_size(zmm_ledger_family(&ledger, ZMM_FAMILY_LOST), 24, "modern: lost");
}

static void test_complaints(void)
{
	struct zmm_live live = made_up_legacy_live;
	struct zmm_ledger ledger;
	char text[160];

	ledger = take(made_up_legacy, &live, made_up_legacy_held);
	ok(!zmm_ledger_complaint(&ledger, text, sizeof text), "a ledger that sums has no complaint");
	ledger = take(made_up_legacy, &live, made_up_legacy_held + 100);
	is_int(zmm_ledger_difference(&ledger), -100, "a hundred bytes without a cause");
	contains(zmm_ledger_complaint(&ledger, text, sizeof text), "1310820 bytes are held",
		"and it says so");
	ledger = take(made_up_legacy, &live, made_up_legacy_held - 8);
	is_int(zmm_ledger_difference(&ledger), 8, "eight bytes more than are held");
	live.blocks = 4;
	ledger = take(made_up_legacy, &live, made_up_legacy_held);
	is_int(zmm_ledger_difference(&ledger), INT64_MIN, "a block that the heap does not know");
	contains(zmm_ledger_complaint(&ledger, text, sizeof text), "has 4 blocks", "and it says so");
	live.blocks = 3;
	live.requested = 524353;
	ledger = take(made_up_legacy, &live, made_up_legacy_held);
	is_int(zmm_ledger_difference(&ledger), INT64_MIN, "more asked for than is usable");
	contains(zmm_ledger_complaint(&ledger, text, sizeof text), "only 524352 are usable",
		"and it says so");
	live = made_up_modern_live;
	live.huge_requested = 2101249;
	ledger = take(made_up_modern, &live, made_up_modern_held);
	is_int(zmm_ledger_difference(&ledger), INT64_MIN, "the same in a huge block");
}

static void test_live(void)
{
	struct zmm_live live = { 0, 0, 0 };
	void *chunk = (void *) (uintptr_t) 0x40200000, *slot = (void *) (uintptr_t) 0x40201000;

	zmm_live_add(&live, ZEND_MM_MODERN, chunk, 3000000);
	zmm_live_add(&live, ZEND_MM_MODERN, slot, 100);
	ok(live.blocks == 2 && live.requested == 3000100 && live.huge_requested == 3000000,
		"a modern block where a chunk could start is huge");
	zmm_live_remove(&live, ZEND_MM_MODERN, chunk, 3000000);
	ok(live.blocks == 1 && live.requested == 100 && live.huge_requested == 0, "and goes again");
	zmm_live_add(&live, ZEND_MM_LEGACY, chunk, 5);
	is_size(live.huge_requested, 0, "a legacy block never is");
}

int main(void)
{
	test_legacy();
	test_modern();
	test_complaints();
	test_live();
	return done_testing();
}
