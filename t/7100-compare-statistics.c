/* SPDX-License-Identifier: MIT */
/*
 * Medians, quartiles and intervals on samples whose answers are known, the rate of false alarms,
 * and the classes of latencies.
 */
#include <math.h>

#include "t/tap.h"
#include "tools/latency.h"
#include "tools/statistics.h"
#include "tools/workload.h"

static bool near(double got, double expected)
{
	return fabs(got - expected) < 1e-9;
}

/* --- summaries --- */

static void test_summaries(void)
{
	double odd[] = { 5, 1, 4, 2, 3 }, even[] = { 4, 1, 3, 2 }, one[] = { 7 };
	struct zmm_summary summary = zmm_summarise(odd, 5);

	ok(near(summary.median, 3), "the median of 1 to 5 is 3");
	ok(near(summary.first_quartile, 2) && near(summary.third_quartile, 4),
		"the quartiles of 1 to 5 are 2 and 4");
	ok(near(odd[0], 5), "the samples are left in their order");
	summary = zmm_summarise(even, 4);
	ok(near(summary.median, 2.5), "the median of 1 to 4 is between the middle ones");
	ok(near(summary.first_quartile, 1.75) && near(summary.third_quartile, 3.25),
		"quartiles are interpolated as R does");
	summary = zmm_summarise(one, 1);
	ok(near(summary.median, 7) && near(summary.first_quartile, 7), "one sample is its own median");
	ok(isnan(zmm_summarise(one, 0).median), "of no samples there is no median");
}

static void test_noise(void)
{
	double steady[] = { 100, 101, 99, 100, 102, 98 }, wild[] = { 100, 130, 70, 100, 140, 60 };
	struct zmm_summary summary = zmm_summarise(steady, 6);

	ok(!zmm_is_noisy(&summary), "samples within two percent are not noisy");
	summary = zmm_summarise(wild, 6);
	ok(zmm_is_noisy(&summary), "samples all over the place are");
	summary = zmm_summarise(steady, 4);
	ok(zmm_is_noisy(&summary), "four samples are too few to call it quiet");
}

/* --- paired ratios --- */

static void test_constant_ratio(void)
{
	double base[15], twice[15];
	struct zmm_interval interval;

	for (int i = 0; i < 15; i++) {
		base[i] = 10 + i * 3; /* the machine gets slower and slower */
		twice[i] = base[i] * 2;
	}
	interval = zmm_paired_ratio(twice, base, 15, 1);
	ok(near(interval.ratio, 2) && near(interval.low, 2) && near(interval.high, 2),
		"twice the time in every block is a ratio of 2 without any doubt");
	ok(interval.significant, "and significant");
	interval = zmm_paired_ratio(base, base, 15, 1);
	ok(near(interval.ratio, 1) && !interval.significant, "the same times are no difference");
	interval = zmm_paired_ratio(twice, base, 4, 1);
	ok(near(interval.ratio, 2) && !interval.significant, "four blocks prove nothing");
	base[3] = 0;
	twice[4] = -1;
	interval = zmm_paired_ratio(twice, base, 15, 1);
	ok(near(interval.ratio, 2), "blocks without a time do not count");
	ok(isnan(zmm_paired_ratio(twice, base, 0, 1).ratio), "no blocks, no ratio");
}

/* Ratios 1 .. 9: the median of a resample is at most k where 5 or more of 9 draws are, each with
 * probability k/9; so the exact percentiles are known. P(median <= 2) = 0.0297, P(<= 1) = 0.0015:
 * the 2.5th percentile is 2, and by symmetry the 97.5th is 8. */
static void test_exact_interval(void)
{
	double base[9], numbers[9];
	struct zmm_interval interval;

	for (int i = 0; i < 9; i++) {
		base[i] = 1;
		numbers[(i * 4) % 9] = i + 1;
	}
	interval = zmm_paired_ratio(numbers, base, 9, 12345);
	ok(near(interval.ratio, 5), "the median of ratios 1 to 9 is 5");
	ok(near(interval.low, 2) && near(interval.high, 8),
		"its interval is 2 to 8, as computed by hand (%g to %g)", interval.low, interval.high);
	struct zmm_interval again = zmm_paired_ratio(numbers, base, 9, 12345);
	ok(again.low == interval.low && again.high == interval.high,
		"the same seed, the same interval");
}

/* Two contenders that are equal, in a machine that wanders: how often is that called a difference?
 */
static void test_false_alarms(void)
{
	struct zmm_random random = { 99 };
	int alarms = 0, missed = 0, rounds = tap_short() ? 40 : 200;

	for (int round = 0; round < rounds; round++) {
		double a[15], b[15], c[15];

		for (int i = 0; i < 15; i++) {
			double slow = 1 + (double)zmm_random_below(&random, 1000) / 1000;

			a[i] = slow * (100 + (double)zmm_random_below(&random, 10));
			b[i] = slow * (100 + (double)zmm_random_below(&random, 10));
			c[i] = slow * (110 + (double)zmm_random_below(&random, 10));
		}
		alarms += zmm_paired_ratio(b, a, 15, (uint64_t)round).significant;
		missed += !zmm_paired_ratio(c, a, 15, (uint64_t)round).significant;
	}
	ok(alarms <= rounds / 10,
		"equal ones are rarely told apart: %d of %d (19 of 20 wanted)", alarms,
		rounds);
	ok(missed <= rounds / 20, "a tenth more is seen though the machine wanders by 100 %%: "
		"missed %d of %d", missed, rounds);
}

/* --- order --- */

static void test_shuffle(void)
{
	unsigned order[6], counts[6][6] = { { 0 } };
	uint64_t seed = 5;
	bool even = true, all = true;

	for (int round = 0; round < 6000; round++) {
		unsigned seen = 0;

		zmm_shuffle(order, 6, &seed);
		for (int i = 0; i < 6; i++) {
			seen |= 1u << order[i];
			counts[i][order[i]]++;
		}
		all &= seen == 63;
	}
	ok(all, "an order has everybody once");
	for (int i = 0; i < 36; i++) {
		even &= counts[i / 6][i % 6] > 850 && counts[i / 6][i % 6] < 1150;
	}
	ok(even, "and everybody is in every place equally often");
}

/* --- latencies --- */

static void test_classes(void)
{
	uint64_t from, to, before = 0;
	bool ordered = true, narrow = true, sizes = true;

	for (uint64_t ticks = 0; ticks < (uint64_t)1 << 62; ticks = ticks < 200 ? ticks + 1
			: ticks + ticks / 7) {
		unsigned class = zmm_latency_class(ticks);

		ordered &= class < ZMM_LATENCY_CLASSES && zmm_latency_class_from(class) <= ticks
			&& zmm_latency_class(zmm_latency_class_from(class)) == class;
		narrow &= ticks - zmm_latency_class_from(class) <= ticks / 16;
	}
	ok(ordered, "every duration is in the class that begins below it");
	ok(narrow, "and no class is wider than a sixteenth");
	for (unsigned class = 0; class < ZMM_LATENCY_SIZES; class++) {
		zmm_latency_size_range(class, &from, &to);
		sizes &= zmm_latency_size(from) == class && zmm_latency_size(to) == class
			&& (class == 0 || from == before + 1);
		before = to;
	}
	ok(sizes, "classes of sizes follow each other without a gap");
}

static void test_quantiles(void)
{
	static struct zmm_latency latency;

	latency = (struct zmm_latency){ .ns_per_tick = 0.5, .overhead = 10, .runs = 1 };
	ok(isnan(zmm_latency_quantile(&latency, ZMM_LATENCY_FREE, 0.5)), "nothing, no percentile");
	for (uint64_t i = 1; i <= 1000; i++) {
		zmm_latency_add(&latency, ZMM_LATENCY_FREE, 100,
			10 + (i <= 990 ? 20 : i == 1000 ? 9999 : 400));
	}
	ok(near(zmm_latency_quantile(&latency, ZMM_LATENCY_FREE, 0.5), 10),
		"p50: 20 ticks of half a nanosecond, the clock's share taken off");
	ok(near(zmm_latency_quantile(&latency, ZMM_LATENCY_FREE, 0.99), 10), "p99: the 990th of 1000");
	ok(near(zmm_latency_quantile(&latency, ZMM_LATENCY_FREE, 0.999), 200), "p99.9: the 999th");
	ok(near(zmm_latency_quantile(&latency, ZMM_LATENCY_FREE, 1), 4999.5), "max: exact");
	zmm_latency_add(&latency, ZMM_LATENCY_ALLOCATE, 8, 3);
	ok(near(zmm_latency_quantile(&latency, ZMM_LATENCY_ALLOCATE, 1), 0),
		"what took less than reading the clock took nothing");
}

int main(void)
{
	test_summaries();
	test_noise();
	test_constant_ratio();
	test_exact_interval();
	test_false_alarms();
	test_shuffle();
	test_classes();
	test_quantiles();
	return done_testing();
}
