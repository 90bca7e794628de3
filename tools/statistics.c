/* SPDX-License-Identifier: MIT */
/*
 * tools/statistics.c - medians, quartiles, the paired bootstrap. See statistics.h.
 */
#include "tools/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/workload.h"

enum { significant_from = 5 };

static int compare_numbers(const void *a, const void *b)
{
	double first = *(const double *)a, second = *(const double *)b;

	return (first > second) - (first < second);
}

double zmm_quantile(const double *sorted, size_t count, double share)
{
	double position = count > 0 ? share * (double)(count - 1) : 0;
	size_t below = (size_t)position;

	if (count == 0) {
		return NAN;
	}
	if (below + 1 >= count) {
		return sorted[count - 1];
	}
	return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

struct zmm_summary zmm_summarise(const double *numbers, size_t count)
{
	double sorted[ZMM_SAMPLES_MAX];

	if (count > ZMM_SAMPLES_MAX) {
		count = ZMM_SAMPLES_MAX;
	}
	memcpy(sorted, numbers, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare_numbers);
	return (struct zmm_summary){
		count, zmm_quantile(sorted, count, 0.5), zmm_quantile(sorted, count, 0.25),
		zmm_quantile(sorted, count, 0.75)
	};
}

bool zmm_is_few(const struct zmm_summary *summary)
{
	return summary->count < significant_from;
}

bool zmm_is_noisy(const struct zmm_summary *summary)
{
	double range = summary->third_quartile - summary->first_quartile;

	return zmm_is_few(summary) || range > ZMM_NOISY_LIMIT * fabs(summary->median);
}

/* --- the bootstrap --------------------------------------------------------------------------- */

/* Ranks of the sorted ratios are drawn instead of ratios: a resample is then a count for each rank,
 * and its median is found by counting instead of sorting. */
static double resampled_median(const double *sorted, size_t count, struct zmm_random *random)
{
	unsigned drawn[ZMM_SAMPLES_MAX];
	size_t seen = 0, rank = 0, lower;

	memset(drawn, 0, count * sizeof *drawn);
	for (size_t i = 0; i < count; i++) {
		drawn[zmm_random_below(random, count)]++;
	}
	for (; seen + drawn[rank] <= (count - 1) / 2; rank++) {
		seen += drawn[rank];
	}
	lower = rank;
	for (; seen + drawn[rank] <= count / 2; rank++) {
		seen += drawn[rank];
	}
	return (sorted[lower] + sorted[rank]) / 2;
}

static size_t collect_ratios(const double *numbers, const double *base, size_t count,
	double *ratios)
{
	size_t collected = 0;

	for (size_t i = 0; i < count && i < ZMM_SAMPLES_MAX; i++) {
		if (numbers[i] > 0 && base[i] > 0) {
			ratios[collected++] = numbers[i] / base[i];
		}
	}
	qsort(ratios, collected, sizeof *ratios, compare_numbers);
	return collected;
}

struct zmm_interval zmm_paired_ratio(const double *numbers, const double *base, size_t count,
	uint64_t seed)
{
	static double medians[ZMM_RESAMPLES];
	double ratios[ZMM_SAMPLES_MAX];
	struct zmm_random random = { seed };
	struct zmm_interval interval = { NAN, NAN, NAN, false };

	count = collect_ratios(numbers, base, count, ratios);
	if (count == 0) {
		return interval;
	}
	for (size_t i = 0; i < ZMM_RESAMPLES; i++) {
		medians[i] = resampled_median(ratios, count, &random);
	}
	qsort(medians, ZMM_RESAMPLES, sizeof *medians, compare_numbers);
	interval.ratio = zmm_quantile(ratios, count, 0.5);
	interval.low = zmm_quantile(medians, ZMM_RESAMPLES, 0.025);
	interval.high = zmm_quantile(medians, ZMM_RESAMPLES, 0.975);
	interval.significant = count >= significant_from && (interval.low > 1 || interval.high < 1);
	return interval;
}

void zmm_shuffle(unsigned *order, size_t count, uint64_t *seed)
{
	struct zmm_random random = { *seed };

	for (size_t i = 0; i < count; i++) {
		size_t other = (size_t)zmm_random_below(&random, i + 1);

		order[i] = order[other];
		order[other] = (unsigned)i;
	}
	*seed = random.state;
}
