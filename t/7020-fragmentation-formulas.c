/* SPDX-License-Identifier: MIT */
/*
 * Every measure of fragmentation against figures computed by hand: in the layouts of t/made_up.h,
 * on both heaps, and over a course of samples.
 */
#include <math.h>

#include "heap/config.h"
#include "t/tap.h"
#include "t/made_up.h"
#include "tools/fragmentation.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-12;
}

static void check_ratio(struct zmm_ratio ratio, int64_t part, int64_t whole, const char *what)
{
	enum zmm_validity expected = whole < 262144 ? ZMM_INVALID_TINY : ZMM_VALID;

	ok(ratio.validity == expected && ratio.part == part && ratio.whole == whole
		&& near(ratio.value, (double) part / (double) whole), "%s is %jd of %jd bytes", what,
		(intmax_t) part, (intmax_t) whole);
	if (ratio.part != part || ratio.whole != whole) {
		diag("got %jd of %jd, validity %d", (intmax_t) ratio.part, (intmax_t) ratio.whole,
			ratio.validity);
	}
}

struct expected {
	int64_t part, whole;
};

static void check_measures(const struct zmm_shape *shape, const struct expected *expected,
	const char *heap)
{
	for (int i = ZMM_MEASURE_INTERNAL; i <= ZMM_MEASURE_PINNED; i++) {
		char what[100];

		snprintf(what, sizeof what, "%s: %s", heap,
			zmm_measure_info((enum zmm_measure) i)->title);
		check_ratio(zmm_shape_measure(shape, (enum zmm_measure) i), expected[i].part,
			expected[i].whole, what);
	}
}

/* The free bytes that cannot serve a request, by size alone and by the design's own rules. */
struct point {
	uint64_t size;
	int64_t by_size, by_design;
};

static void check_curve(const struct zmm_shape *shape, const struct point *points, size_t count,
	int64_t idle, const char *heap)
{
	struct zmm_unusable curve[ZMM_CURVE_POINTS];

	zmm_shape_curve(shape, curve);
	for (size_t i = 0; i < count; i++) {
		char what[100];
		int at = 0;

		while (at < ZMM_CURVE_POINTS - 1 && curve[at].size != points[i].size) {
			at++;
		}
		is_size(curve[at].size, points[i].size, "the curve has a point there");
		snprintf(what, sizeof what, "%s: unusable for %" PRIu64 " bytes, by size", heap,
			points[i].size);
		check_ratio(curve[at].by_size, points[i].by_size, idle, what);
		snprintf(what, sizeof what, "%s: unusable for %" PRIu64 " bytes, by design", heap,
			points[i].size);
		check_ratio(curve[at].by_design, points[i].by_design, idle, what);
	}
}

static int visit(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	zmm_shape_visit(context, region, block);
	return 0;
}

/* --- layouts made by hand --- */

static void test_made_up_legacy(void)
{
	static const struct expected expected[ZMM_MEASURES] = {
		[ZMM_MEASURE_INTERNAL] = { 311, 524352 },
		[ZMM_MEASURE_OVERHEAD] = { 8320, 1310720 },
		[ZMM_MEASURE_EXTERNAL] = { 778048, 1310720 },
		[ZMM_MEASURE_RANDELL] = { 378048, 778048 },
		[ZMM_MEASURE_PAGES] = { 524400, 130 * 4096 },
		[ZMM_MEASURE_BINS] = { 64 + 32, 64 + 32 + 48 + 96 },
		[ZMM_MEASURE_PINNED] = { 262144, 1310720 }
	};
	static const struct point points[] = {
		{ 8, 0, 48 + 115824 },
		{ 24, 0, 48 + 115824 },
		{ 32, 0, 115824 },
		{ 48, 48, 48 + 115824 },
		{ 96, 144, 144 + 115824 },
		{ 131072, 144 + 115824, 144 + 115824 },
		{ 262144, 378048, 378048 },
		{ 393216, 378048, 378048 },
		{ 524288, 778048, 778048 },
		{ 8388608, 778048, 778048 }
	};
	static struct zmm_shape shape;

	zmm_shape_begin(&shape, ZEND_MM_LEGACY);
	made_up_legacy(visit, &shape);
	zmm_shape_end(&shape, &made_up_legacy_live, made_up_legacy_held);
	check_measures(&shape, expected, "made-up legacy");
	check_curve(&shape, points, sizeof points / sizeof points[0], 778048, "made-up legacy");
	is_size(shape.free_blocks, 5, "made-up legacy: pieces of free memory");
	is_size(shape.regions, 2, "made-up legacy: segments");
	is_size(shape.pinned_regions, 1, "made-up legacy: one is pinned");
}

static void test_made_up_modern(void)
{
	static const struct expected expected[ZMM_MEASURES] = {
		[ZMM_MEASURE_INTERNAL] = { 1866, 2511016 },
		[ZMM_MEASURE_OVERHEAD] = { 2 * 4096 + 24, 8392704 },
		[ZMM_MEASURE_EXTERNAL] = { 5873472, 8392704 },
		[ZMM_MEASURE_RANDELL] = { 5873448 - 2097152, 5873448 },
		[ZMM_MEASURE_PAGES] = { 2511040, 615 * 4096 },
		[ZMM_MEASURE_BINS] = { 3 * 56 + 24, 73 * 56 + 170 * 24 },
		[ZMM_MEASURE_PINNED] = { 2097152, 8392704 }
	};
	static const struct point points[] = {
		{ 8, 0, 70 * 56 + 169 * 24 },
		{ 24, 0, 70 * 56 },
		{ 32, 169 * 24, 70 * 56 + 169 * 24 },
		{ 64, 7976, 7976 },
		{ 1572864, 7976, 7976 },
		{ 2097152, 5873448, 5873448 }
	};
	static struct zmm_shape shape;

	zmm_shape_begin(&shape, ZEND_MM_MODERN);
	made_up_modern(visit, &shape);
	zmm_shape_end(&shape, &made_up_modern_live, made_up_modern_held);
	check_measures(&shape, expected, "made-up modern");
	check_curve(&shape, points, sizeof points / sizeof points[0], 5873448, "made-up modern");
	is_size(shape.regions, 2, "made-up modern: chunks in use");
	is_size(shape.pinned_regions, 1, "made-up modern: one is pinned");
}

/* --- the same on real heaps --- */

static zend_mm_heap *make_heap(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.segment_size = 1048576;
	return zend_mm_startup_with(&options);
}

/* One segment of 1 MiB: header 16, reserve 8208, three blocks, the rest, guard 16. The block in the
 * middle is freed. True sizes: 524001 -> 524024, 50000 -> 50016, 600 -> 616. */
static void test_legacy(void)
{
	static const struct expected expected[ZMM_MEASURES] = {
		[ZMM_MEASURE_INTERNAL] = { 7, 524008 + 600 },
		[ZMM_MEASURE_OVERHEAD] = { 8208 + 32 + 32, 1048576 },
		[ZMM_MEASURE_EXTERNAL] = { 50016 + 465680, 1048576 },
		[ZMM_MEASURE_RANDELL] = { 50016, 50016 + 465680 },
		/* From 8224 to 532248, and from 582264 to 582880: pages 2 to 129, and 142. */
		[ZMM_MEASURE_PAGES] = { 524024 + 616, 129 * 4096 },
		[ZMM_MEASURE_BINS] = { 0, 0 },
		[ZMM_MEASURE_PINNED] = { 0, 1048576 }
	};
	static const struct point points[] = {
		{ 32768, 0, 0 },
		{ 49152, 0, 0 },
		{ 65536, 50016, 50016 },
		{ 524288, 515696, 515696 }
	};
	struct zmm_live live = { 2, 524001 + 600, 0 };
	zend_mm_heap *heap = make_heap(ZEND_MM_LEGACY);
	static struct zmm_shape shape;
	void *middle;

	zend_mm_alloc(heap, 524001);
	middle = zend_mm_alloc(heap, 50000);
	zend_mm_alloc(heap, 600);
	zend_mm_free(heap, middle);
	is_int(zmm_shape_take(&shape, heap, &live), 0, "legacy: walked");
	is_int(zmm_ledger_difference(&shape.ledger), 0, "legacy: the ledger sums");
	for (int i = ZMM_MEASURE_INTERNAL; i <= ZMM_MEASURE_PINNED; i++) {
		if (i != ZMM_MEASURE_BINS) {
			check_ratio(zmm_shape_measure(&shape, (enum zmm_measure) i), expected[i].part,
				expected[i].whole, zmm_measure_info((enum zmm_measure) i)->title);
		}
	}
	is_int(zmm_shape_measure(&shape, ZMM_MEASURE_BINS).validity, ZMM_INVALID_UNDEFINED,
		"legacy: without small blocks there is no bin occupancy");
	check_curve(&shape, points, sizeof points / sizeof points[0], 515696, "legacy");
	zend_mm_shutdown(heap, 1, 1);
}

/* One chunk: header page; 300000 bytes are a run of 74 pages; 100 bytes are one of 36 slots of 112
 * in a page with a tail of 64; 436 pages are free. */
static void test_modern(void)
{
	static const struct expected expected[ZMM_MEASURES] = {
		[ZMM_MEASURE_INTERNAL] = { 3104 + 12, 303104 + 112 },
		[ZMM_MEASURE_OVERHEAD] = { 4096, 2097152 },
		[ZMM_MEASURE_EXTERNAL] = { 35 * 112 + 64 + 436 * 4096, 2097152 },
		[ZMM_MEASURE_RANDELL] = { 35 * 112, 35 * 112 + 436 * 4096 },
		[ZMM_MEASURE_PAGES] = { 303104 + 112, 75 * 4096 },
		[ZMM_MEASURE_BINS] = { 112, 36 * 112 },
		[ZMM_MEASURE_PINNED] = { 0, 2097152 }
	};
	static const struct point points[] = {
		{ 64, 0, 35 * 112 },
		{ 96, 0, 35 * 112 },
		{ 128, 35 * 112, 35 * 112 },
		{ 1572864, 35 * 112, 35 * 112 },
		{ 2097152, 35 * 112 + 436 * 4096, 35 * 112 + 436 * 4096 }
	};
	struct zmm_live live = { 2, 300100, 0 };
	zend_mm_heap *heap = make_heap(ZEND_MM_MODERN);
	static struct zmm_shape shape;

	zend_mm_alloc(heap, 300000);
	zend_mm_alloc(heap, 100);
	is_int(zmm_shape_take(&shape, heap, &live), 0, "modern: walked");
	is_int(zmm_ledger_difference(&shape.ledger), 0, "modern: the ledger sums");
	check_measures(&shape, expected, "modern");
	check_curve(&shape, points, sizeof points / sizeof points[0], 35 * 112 + 436 * 4096, "modern");
	zend_mm_shutdown(heap, 1, 1);
}

/* --- validity --- */

static enum zmm_validity validity_of(zend_mm_heap *heap, size_t requested, enum zmm_measure measure)
{
	struct zmm_live live = { 1, requested, 0 };
	static struct zmm_shape shape;

	zmm_shape_take(&shape, heap, &live);
	return zmm_shape_measure(&shape, measure).validity;
}

static void test_tiny(void)
{
	zend_mm_heap *heap = make_heap(ZEND_MM_LEGACY);
	struct zmm_live live = { 1, 262143, 0 };
	static struct zmm_shape shape;
	struct zmm_ratio ratio;
	char text[20];
	void *big;

	zend_mm_alloc(heap, 262143);
	zmm_shape_take(&shape, heap, &live);
	ratio = zmm_shape_measure(&shape, ZMM_MEASURE_EXTERNAL);
	is_int(ratio.validity, ZMM_INVALID_TINY, "a byte less than the least makes a ratio invalid");
	ok(ratio.part > 0 && ratio.whole == 1048576, "its bytes are told all the same");
	is_str(zmm_ratio_text(&ratio, text, sizeof text), "invalid", "and it says so");
	live.requested = 262144;
	zmm_shape_take(&shape, heap, &live);
	ratio = zmm_shape_measure(&shape, ZMM_MEASURE_INTERNAL);
	is_int(ratio.validity, ZMM_VALID, "with one more it is valid");
	is_str(zmm_ratio_text(&ratio, text, sizeof text), "0.0 %", "and shown");

	/* Segments that are held although next to nothing is live are no matter of their size. */
	big = zend_mm_alloc(heap, 1000000);
	zend_mm_alloc(heap, 800000);
	zend_mm_free(heap, big);
	is_int(validity_of(heap, 262143, ZMM_MEASURE_EXTERNAL), ZMM_INVALID_TINY,
		"2 MiB held are the least that a heap may hold");
	zend_mm_alloc(heap, 800000);
	zend_mm_alloc(heap, 800000);
	is_int(validity_of(heap, 262143, ZMM_MEASURE_EXTERNAL), ZMM_VALID,
		"what a heap holds beyond its first unit counts");
	zend_mm_shutdown(heap, 1, 1);
}

/* --- runs --- */

enum { mib = 1 << 20 };

static void test_course(void)
{
	struct zmm_course course = { .samples = 0 };
	struct zmm_ratio mean;

	zmm_course_feed(&course, 0, 0, 256 << 10);
	zmm_course_feed(&course, 1000, mib, 2 * mib);
	zmm_course_feed(&course, 2000, 2 * mib, 3 * mib);
	zmm_course_feed(&course, 4000, mib, 4 * mib);
	zmm_course_feed(&course, 9000, 100, 4 * mib);
	mean = zmm_course_measure(&course, ZMM_MEASURE_MEAN);
	ok(mean.validity == ZMM_VALID && near(mean.value, (1.0 + 0.5 + 2 * 3.0) / 4),
		"the mean weighs samples by operations and leaves tiny ones out");
	is_int(mean.whole, 5 * mib / 4, "mean live bytes beside it");
	is_int(mean.part, 2 * mib, "mean excess beside it");
	check_ratio(zmm_course_measure(&course, ZMM_MEASURE_PEAK_LIVE), mib, 2 * mib, "at peak live");
	check_ratio(zmm_course_measure(&course, ZMM_MEASURE_PEAK_HELD), 3 * mib, mib, "at peak held");
	check_ratio(zmm_course_measure(&course, ZMM_MEASURE_PEAKS), 2 * mib, 2 * mib, "peaks");
	check_ratio(zmm_course_measure(&course, ZMM_MEASURE_UTILISATION), 2 * mib, 4 * mib,
		"utilisation");
	is_size(course.operation_at_peak_live, 2000, "the greatest live bytes came there");
	is_size(course.operation_at_peak_held, 4000, "the greatest held bytes came there first");
}

static void test_steady_course(void)
{
	struct zmm_course course = { .samples = 0 };

	zmm_course_feed(&course, 0, 0, 4 * mib);
	zmm_course_feed(&course, 10, 2 * mib, 4 * mib);
	zmm_course_feed(&course, 20, mib, 4 * mib);
	check_ratio(zmm_course_measure(&course, ZMM_MEASURE_PEAK_HELD), 2 * mib, 2 * mib,
		"held the same all along, at peak held is where most is alive:");
	is_size(course.operation_at_peak_held, 10, "which is told");
}

static void test_usable(void)
{
	struct zmm_usable usable = { 3 * mib, 4 * mib };

	check_ratio(zmm_usable_measure(&usable), mib, 4 * mib, "of a malloc's usable bytes:");
}

static void test_resident_below_live(void)
{
	struct zmm_course course = { .samples = 0 };

	zmm_course_feed(&course, 1, 4 * mib, 3 * mib);
	check_ratio(zmm_course_measure(&course, ZMM_MEASURE_PEAK_LIVE), -mib, 4 * mib,
		"memory that was never touched makes it negative:");
}

static void test_empty_course(void)
{
	struct zmm_course course = { .samples = 0 };

	is_int(zmm_course_measure(&course, ZMM_MEASURE_MEAN).validity, ZMM_INVALID_UNDEFINED,
		"no samples, no mean");
	is_int(zmm_course_measure(&course, ZMM_MEASURE_PEAKS).validity, ZMM_INVALID_UNDEFINED,
		"and no peaks");
	zmm_course_feed(&course, 1, 1000, 262144);
	is_int(zmm_course_measure(&course, ZMM_MEASURE_MEAN).validity, ZMM_INVALID_TINY,
		"only tiny samples: the mean is invalid");
	is_int(zmm_course_measure(&course, ZMM_MEASURE_PEAK_LIVE).validity, ZMM_INVALID_TINY,
		"and so is what is taken at the peak");
}

int main(void)
{
	if (sizeof(void *) != 8 || config_debug || config_heap_protection || config_cookies) {
		skip_all("the layouts are those of 64-bit release builds");
	}
	test_made_up_legacy();
	test_made_up_modern();
	test_legacy();
	test_modern();
	test_tiny();
	test_course();
	test_steady_course();
	test_usable();
	test_resident_below_live();
	test_empty_course();
	return done_testing();
}
