/* SPDX-License-Identifier: MIT */
/*
 * tools/statistics.h - medians, quartiles, and intervals by resampling, for samples taken in paired
 * blocks.
 *
 *            block 0   block 1   block 2
 *   legacy     a0        a1        a2        each block ran every contender once, in random order,
 *   modern     b0        b1        b2        so a slow moment of the machine slows both of a pair
 *
 * What is said about two contenders is said about the ratios b0/a0, b1/a1, b2/a2. Its uncertainty
 * is that of the blocks: they, as the independent units, are drawn anew (the bootstrap).
 *
 * Nothing here allocates or knows what was measured.
 */
#ifndef ZMM_STATISTICS_H
#define ZMM_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ZMM_SAMPLES_MAX = 1000,     /* of one contender */
	ZMM_RESAMPLES = 10000
};

/* From this interquartile range over the median on, a cell is called noisy. Chosen: of paired
 * ratios, medians of 15 such samples still tell apart what differs by a tenth. */
#define ZMM_NOISY_LIMIT 0.1

struct zmm_summary {
	size_t count;
	double median, first_quartile, third_quartile;
};

/* The value below which a share of the numbers lies, sorted ascending, interpolated between
 * neighbours (type 7 of Hyndman and Fan 1996, the default of R). NaN where there are none. */
double zmm_quantile(const double *sorted, size_t count, double share);

/* Of at most ZMM_SAMPLES_MAX numbers, in any order; they are left alone. */
struct zmm_summary zmm_summarise(const double *numbers, size_t count);

/* Whether a cell with these samples is to be marked: the range is above ZMM_NOISY_LIMIT, or there
 * are too few samples (below 5) to say. */
bool zmm_is_noisy(const struct zmm_summary *summary);

/* Whether there are too few samples (below 5) to say anything of their spread. */
bool zmm_is_few(const struct zmm_summary *summary);

/* A ratio, and the interval that holds it with 95 %. NaNs where there is none. */
struct zmm_interval {
	double ratio, low, high;
	bool significant; /* the interval leaves 1 out */
};

/* The median of numbers[i] / base[i] over the blocks, with the interval by the percentile
 * bootstrap: ZMM_RESAMPLES times as many blocks are drawn with replacement, and of the medians the
 * 2.5th and the 97.5th percentile are taken. Blocks in which either is not positive do not count;
 * with fewer than 5 that do, nothing is significant. The same seed gives the same interval. */
struct zmm_interval zmm_paired_ratio(const double *numbers, const double *base, size_t count,
	uint64_t seed);

/* The numbers 0 to count - 1 in an order that the seed decides, each order being as likely. */
void zmm_shuffle(unsigned *order, size_t count, uint64_t *seed);

#endif
