/* SPDX-License-Identifier: MIT */
/*
 * Explanations find differences that were planted: where curves part, which cause, which
 * operations; and say so where there is none.
 */
#include "t/tap.h"
#include "tools/comparison_curves.h"
#include "tools/differ.h"

static struct zmm_memory_record one, other;
static struct zmm_latency quick, slow;
static struct zmm_explanation explanation;

enum { points = 50, mib = 1 << 20 };

static void fill(struct zmm_memory_record *record, uint64_t regions)
{
	memset(record, 0, sizeof *record);
	record->point_count = points;
	for (uint64_t i = 0; i < points; i++) {
		record->points[i].operation = i * 100;
		record->points[i].regions = regions;
		record->points[i].held = 10 * mib;
		record->points[i].causes[ZMM_CAUSE_REQUESTED] = 6 * mib;
		record->points[i].causes[ZMM_CAUSE_BLOCK_HEADER] = 4 * mib;
	}
	record->peak_held = 10 * mib;
}

static void explain(void)
{
	zmm_explain(&explanation, &(struct zmm_differing){ "one", &one, &quick },
		&(struct zmm_differing){ "other", &other, &slow });
}

static void test_equal(void)
{
	fill(&one, 1);
	fill(&other, 1);
	explain();
	ok(!explanation.held_part.found, "equal curves part nowhere");
	ok(!explanation.held_peak.found && explanation.family_count == 0, "and have no difference");
	ok(strstr(explanation.sentences[0], "about the same") != NULL, "which is said: %s",
		explanation.sentences[0]);
}

static void test_held(void)
{
	fill(&one, 1);
	fill(&other, 1);
	for (int i = 10; i < points; i++) {
		other.points[i].held += mib / 2; /* too little to count */
		other.points[i].causes[ZMM_CAUSE_ROUNDING] += mib / 2;
	}
	for (int i = 20; i < points; i++) {
		other.points[i].held += 3 * mib;
		other.points[i].causes[ZMM_CAUSE_FREE_TRIE] += 3 * mib;
	}
	one.points[30].held += 9 * mib;
	one.points[30].causes[ZMM_CAUSE_CACHED] += 9 * mib;
	other.peak_held = 13 * mib + mib / 2;
	explain();
	is_size(explanation.held_part.operation, 2000, "curves part where the tenth is passed");
	is_size(explanation.held_peak.operation, 3000, "and differ most at the planted spike");
	ok(explanation.held_peak.a == 19 * mib && explanation.held_peak.b == 13 * mib + mib / 2,
		"by what was planted");
	is_size(explanation.families[0].family, ZMM_FAMILY_FREE, "most of it is free memory");
	is_size(explanation.families[0].a, 9 * mib, "that of the one");
	is_size(explanation.families[0].b, 3 * mib, "and of the other");
	ok(strstr(explanation.sentences[1], "one holds 5.50 MiB more than other") != NULL,
		"in words: %s", explanation.sentences[1]);
	one.points[0].regions = 0;
	explain();
	is_size(explanation.family_count, 0, "causes are for heaps only");
}

static void test_costs(void)
{
	fill(&one, 1);
	fill(&other, 1);
	quick = slow = (struct zmm_latency){ .ns_per_tick = 1, .runs = 2 };
	for (int i = 0; i < 2000; i++) {
		zmm_latency_add(&quick, ZMM_LATENCY_ALLOCATE, 50, 10);
		zmm_latency_add(&slow, ZMM_LATENCY_ALLOCATE, 50, 11);
		zmm_latency_add(&quick, ZMM_LATENCY_FREE, 50, 10);
		zmm_latency_add(&slow, ZMM_LATENCY_FREE, 50, 10);
	}
	for (int i = 0; i < 20; i++) {
		zmm_latency_add(&quick, ZMM_LATENCY_RESIZE, 5000, 100);
		zmm_latency_add(&slow, ZMM_LATENCY_RESIZE, 5000, 1000);
	}
	zmm_latency_add(&slow, ZMM_LATENCY_FREE, 50, ZMM_INTERRUPTED_NS + 1);
	explain();
	is_size(explanation.cost_count, 3, "as many costs as kinds and sizes");
	is_size(explanation.costs[0].kind, ZMM_LATENCY_RESIZE,
		"few slow ones cost more than many quick");
	is_size(explanation.costs[0].from, 4097, "their sizes from");
	is_size(explanation.costs[0].to, 8192, "and to");
	is_size(explanation.costs[0].count, 10, "counted for one run");
	ok(explanation.costs[0].a_ns == 100 && explanation.costs[0].b_ns == 1000, "what each takes");
	ok(explanation.costs[0].difference_ns == 9000, "and all of them together");
	ok(explanation.costs[0].share == 0.9, "is nine tenths of the difference");
	ok(explanation.costs[2].difference_ns == 0, "an interruption is nobody's cost");
	is_size(slow.interrupted, 1, "but is counted");
}

static void test_sparkline(void)
{
	uint64_t numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 0, 0 };
	char text[100];

	is_str(zmm_sparkline(text, 40, numbers, 9, 8), "▁▁▂▃▄▅▆▇█",
		"a curve of eight heights");
	is_str(zmm_sparkline(text, 3, numbers, 12, 8), "▃▇█",
		"a narrow one has the greatest of each part");
	is_str(zmm_sparkline(text, 3, numbers, 0, 8), "", "nothing is nothing");
	is_str(zmm_sparkline(text, 2, numbers, 2, 0), "▁▁", "a curve of zeros is flat");
}

int main(void)
{
	test_equal();
	test_held();
	test_costs();
	test_sparkline();
	return done_testing();
}
