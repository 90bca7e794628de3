/* SPDX-License-Identifier: MIT */
/*
 * Measures of fragmentation, each with its formula. Two kinds:
 *
 *   of a moment   zmm_shape: one walk of a heap, from which the ledger, the sizes of what is free,
 *                 and the occupancy of pages, bins and regions are taken
 *   of a run      zmm_course: live and held bytes, fed sample by sample; any allocator has these
 *
 * The symbols in the formulas are those of zmm_measure_symbols. A measure comes with the bytes
 * that it is a ratio of, and with a verdict: where the live set is tiny the ratio says how big the
 * first segment or chunk is and nothing of fragmentation, so it is not valid.
 */
#ifndef ZMM_FRAGMENTATION_H
#define ZMM_FRAGMENTATION_H

#include "tools/ledger.h"
#include "tools/pins.h"

/* A ratio of fewer bytes is not valid. The number is the smallest unit in which either heap takes
 * memory from the system, a segment of 256 KiB: a ratio to less says how big that unit is. */
#define ZMM_RATIO_BYTES_MIN ((uint64_t)256 << 10)

/* Nor is a ratio valid while less than that is live and no more is held than this, a chunk: such a
 * heap holds the least it can, whatever its policy. (One that holds more has grown, and what it
 * did not give back counts.) */
#define ZMM_FIRST_UNIT_MAX ((uint64_t)2 << 20)

enum zmm_measure {
	/* of a moment */
	ZMM_MEASURE_INTERNAL,
	ZMM_MEASURE_OVERHEAD,
	ZMM_MEASURE_EXTERNAL,
	ZMM_MEASURE_RANDELL,
	ZMM_MEASURE_PAGES,
	ZMM_MEASURE_BINS,
	ZMM_MEASURE_PINNED,
	/* of a run */
	ZMM_MEASURE_MEAN,
	ZMM_MEASURE_PEAK_LIVE,
	ZMM_MEASURE_PEAK_HELD,
	ZMM_MEASURE_PEAKS,
	ZMM_MEASURE_UTILISATION,
	ZMM_MEASURES
};

struct zmm_measure_info {
	const char *key;      /* "internal": for JSON and CSV */
	const char *title;
	const char *formula;  /* "(U - L) / U" */
	const char *meaning;  /* one sentence */
	bool of_run;
};

const struct zmm_measure_info *zmm_measure_info(enum zmm_measure measure);

/* What the letters in the formulas stand for. */
struct zmm_symbol {
	const char *letter;
	const char *meaning;
};
enum { ZMM_SYMBOLS = 7 };
extern const struct zmm_symbol zmm_measure_symbols[ZMM_SYMBOLS];

enum zmm_validity {
	ZMM_VALID,
	ZMM_INVALID_TINY,      /* see ZMM_RATIO_BYTES_MIN and ZMM_FIRST_UNIT_MAX */
	ZMM_INVALID_UNDEFINED  /* nothing to divide by */
};

struct zmm_ratio {
	enum zmm_validity validity;
	double value;          /* computed wherever it is defined, valid or not */
	int64_t part;          /* the bytes above the line, and below it */
	int64_t whole;
};

/* "12.3 %", or "invalid" where it is that. Writes to text and returns it. */
const char *zmm_ratio_text(const struct zmm_ratio *ratio, char *text, size_t size);

/* --- of a moment ----------------------------------------------------------------------------- */

enum {
	ZMM_CURVE_POINTS = 40,   /* request sizes 8, 16, 24, 32, 48, … 8 MiB */
	ZMM_BIN_CLASSES = 384,   /* block sizes of up to 3072 bytes by eights */
	ZMM_RUN_PAGES = 512
};

/* Blocks of one size: a modern bin's slots, a legacy heap's small blocks. */
struct zmm_bin {
	uint64_t used;           /* blocks */
	uint64_t idle;           /* slots free in runs; blocks in the cache or free in a bucket */
};

struct zmm_shape {
	zend_mm_mode mode;
	struct zmm_ledger ledger;
	uint64_t free_blocks;    /* pieces of free memory, and the bytes of the largest */
	uint64_t largest_free;
	struct zmm_bin bins[ZMM_BIN_CLASSES + 1]; /* by block size / 8 */
	uint64_t regions;        /* segments, or chunks in use */
	uint64_t pinned_regions;
	uint64_t pinned_bytes;   /* what freeing their blocks would give back */
	uint64_t used_bytes;     /* of blocks in use, headers included */
	uint64_t used_pages;     /* 4 KiB pages, from a region's start on, that such a block touches */

	/* Free bytes, sorted by what they could serve. */
	uint64_t holds[ZMM_CURVE_POINTS];       /* by the greatest point that fits into the piece */
	uint64_t list_serves[ZMM_CURVE_POINTS]; /* likewise, only what legacy allocation searches */
	uint64_t cache_serves[ZMM_BIN_CLASSES + 1]; /* in the cache, by block size / 8 */
	uint64_t slots_serve[ZMM_BIN_CLASSES + 1];  /* free slots, likewise */
	uint64_t pages_serve[ZMM_RUN_PAGES];    /* runs of free pages, by their length */

	/* Of the walk under way. */
	struct zmm_tenants tenants;
	uint64_t regions_begun;
	uint64_t pages_counted;  /* pages of the region that are counted already: those below this */
};

/* One walk of a heap. 0, or -1 with errno set where there was no memory for it. */
int zmm_shape_take(struct zmm_shape *shape, zend_mm_heap *heap, const struct zmm_live *live);

/* The same in three steps, as zmm_ledger_visit() and its companions. */
void zmm_shape_begin(struct zmm_shape *shape, zend_mm_mode mode);
void zmm_shape_visit(struct zmm_shape *shape, const zend_mm_region *region,
	const zend_mm_block_info *block);
void zmm_shape_end(struct zmm_shape *shape, const struct zmm_live *live, uint64_t held);

/* A measure of a moment. */
struct zmm_ratio zmm_shape_measure(const struct zmm_shape *shape, enum zmm_measure measure);

/* The unusable-free index for requests of a size: the share of the free bytes that cannot serve it.
 * size_only: (F - free bytes in pieces that can hold s bytes) / F, the index as it is defined;
 * otherwise a piece counts only where the design would look for such a request: a slot or a cached
 * block serves its own size alone, and the rest list nobody until the limit is near. */
struct zmm_unusable {
	uint64_t size;           /* s */
	struct zmm_ratio by_size;
	struct zmm_ratio by_design;
};
void zmm_shape_curve(const struct zmm_shape *shape, struct zmm_unusable curve[ZMM_CURVE_POINTS]);

/* --- of a run -------------------------------------------------------------------------------- */

struct zmm_course {
	uint64_t operation;      /* of the last sample */
	uint64_t samples;
	double weight;           /* operations that count for the mean */
	double ratios;           /* sums over these operations: of H / L - 1, of H, of L */
	double held;
	double live;
	uint64_t live_at_peak_live, held_at_peak_live, operation_at_peak_live;
	uint64_t live_at_peak_held, held_at_peak_held, operation_at_peak_held;
};

/* Adds a sample taken after an operation (numbered from 1): it stands for the operations since the
 * sample before. Samples with fewer than ZMM_RATIO_BYTES_MIN live bytes do not count for the mean.
 * All zero is a course without samples. */
void zmm_course_feed(struct zmm_course *course, uint64_t operation, uint64_t live, uint64_t held);

/* What is known of a malloc: the live bytes and how many of them its blocks say are usable. The
 * measure of it is ZMM_MEASURE_INTERNAL. */
struct zmm_usable {
	uint64_t live, usable;
};
struct zmm_ratio zmm_usable_measure(const struct zmm_usable *usable);

/* A measure of a run. For the mean, part and whole are the means of H - L and of L. */
struct zmm_ratio zmm_course_measure(const struct zmm_course *course, enum zmm_measure measure);

#endif
