/* SPDX-License-Identifier: MIT */
/*
 * Computes the measures of a moment and of a run. See fragmentation.h.
 */
#include "tools/fragmentation.h"

#include <stdio.h>

#include "tools/size_class.h"

const struct zmm_symbol zmm_measure_symbols[ZMM_SYMBOLS] = {
	{ "L", "live bytes, as they were requested" },
	{ "U", "live usable bytes: L and the rounding" },
	{ "M", "headers and other metadata, the reserve included" },
	{ "H", "bytes held from the system" },
	{ "F", "free bytes inside H that could be handed out" },
	{ "s", "bytes of a request" },
	{ "t", "operations of the trace" },
};

static const struct zmm_measure_info measures[ZMM_MEASURES] = {
	[ZMM_MEASURE_INTERNAL] = { "internal", "internal", "(U - L) / U",
		"the share of live blocks that nobody asked for", false },
	[ZMM_MEASURE_OVERHEAD] = { "overhead", "headers and metadata", "M / H",
		"the share of held memory that keeps the books", false },
	[ZMM_MEASURE_EXTERNAL] = { "external", "external", "(H - U - M) / H",
		"the share of held memory that is neither live nor metadata", false },
	[ZMM_MEASURE_RANDELL] = { "randell", "Randell's index", "1 - largest free / F",
		"the share of free memory outside its largest piece", false },
	[ZMM_MEASURE_PAGES] = { "page_occupancy", "page occupancy",
		"bytes of blocks in use / bytes of the 4 KiB pages they touch",
		"how full the pages are that have to stay resident", false },
	[ZMM_MEASURE_BINS] = { "bin_occupancy", "bin occupancy",
		"bytes of small blocks in use / the same and those free or cached in their size",
		"how much of the memory set aside for small sizes is in use", false },
	[ZMM_MEASURE_PINNED] = { "pinned", "pinned",
		"bytes of segments or chunks of which blocks in use take at most 1/16 / H",
		"the share of held memory that few blocks keep from going back", false },
	[ZMM_MEASURE_MEAN] = { "jw_mean", "mean over the run", "mean over t of H/L - 1",
		"Johnstone and Wilson's first measure; hides spikes", true },
	[ZMM_MEASURE_PEAK_LIVE] = { "jw_peak_live", "at peak live",
		"H/L - 1 at the t of the greatest L",
		"Johnstone and Wilson's second measure", true },
	[ZMM_MEASURE_PEAK_HELD] = { "jw_peak_held", "at peak held",
		"H/L - 1 at the t of the greatest H (of these, of the greatest L)",
		"Johnstone and Wilson's third measure; can overstate", true },
	[ZMM_MEASURE_PEAKS] = { "jw_peaks", "peak held over peak live",
		"greatest H / greatest L - 1",
		"Johnstone and Wilson's fourth measure; can understate", true },
	[ZMM_MEASURE_UTILISATION] = { "utilisation", "peak utilisation", "greatest L / greatest H",
		"the malloc lab's measure of space", true },
};

const struct zmm_measure_info *zmm_measure_info(enum zmm_measure measure)
{
	return &measures[measure];
}

/* --- ratios --- */

/* live and held are those of the moment. */
static struct zmm_ratio make_ratio(int64_t part, int64_t whole, uint64_t live, uint64_t held)
{
	struct zmm_ratio ratio = { ZMM_INVALID_UNDEFINED, 0, part, whole };

	if (whole <= 0)
		return ratio;
	ratio.value = (double)part / (double)whole;
	ratio.validity = ZMM_VALID;
	if ((uint64_t)whole < ZMM_RATIO_BYTES_MIN
		|| (live < ZMM_RATIO_BYTES_MIN && held <= ZMM_FIRST_UNIT_MAX))
		ratio.validity = ZMM_INVALID_TINY;
	return ratio;
}

const char *zmm_ratio_text(const struct zmm_ratio *ratio, char *text, size_t size)
{
	if (ratio->validity == ZMM_VALID)
		snprintf(text, size, "%.1f %%", ratio->value * 100);
	else
		snprintf(text, size, "invalid");
	return text;
}

/* --- the points of the curve: 8, 16, 24, 32, 48, 64, 96, … --- */

static uint64_t point_size(unsigned point)
{
	if (point == 0)
		return 8;
	return (point & 1 ? UINT64_C(16) : UINT64_C(24)) << (point - 1) / 2;
}

/* The greatest point up to size bytes, ZMM_CURVE_POINTS where even the first is more. */
static unsigned point_below(uint64_t size)
{
	unsigned point = ZMM_CURVE_POINTS;

	for (unsigned next = 0; next < ZMM_CURVE_POINTS && point_size(next) <= size; next++)
		point = next;
	return point;
}

static void add_by_point(uint64_t sums[ZMM_CURVE_POINTS], uint64_t size, uint64_t bytes)
{
	unsigned point = point_below(size);

	if (point < ZMM_CURVE_POINTS)
		sums[point] += bytes;
}

/* --- the walk --- */

void zmm_shape_begin(struct zmm_shape *shape, zend_mm_mode mode)
{
	*shape = (struct zmm_shape){ .mode = mode };
}

static void end_region(struct zmm_shape *shape)
{
	if (shape->regions_begun == 0)
		return;
	zend_mm_region_kind kind = shape->tenants.region.kind;
	if (kind == ZEND_MM_REGION_SEGMENT || kind == ZEND_MM_REGION_CHUNK)
		shape->regions++;
	if (zmm_tenants_pinned(&shape->tenants)) {
		shape->pinned_regions++;
		shape->pinned_bytes += shape->tenants.region.size;
	}
}

static void begin_region(struct zmm_shape *shape)
{
	end_region(shape);
	shape->regions_begun++;
	shape->pages_counted = 0;
}

/* Counts the pages that a block in use touches, each once. */
static void count_pages(struct zmm_shape *shape, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	uint64_t offset = (uint64_t)((const char *)block->address - (const char *)region->address);
	uint64_t first = offset / ZMM_PAGE_SIZE;
	uint64_t end = (offset + block->size + ZMM_PAGE_SIZE - 1) / ZMM_PAGE_SIZE;

	if (first < shape->pages_counted)
		first = shape->pages_counted;
	if (end > first)
		shape->used_pages += end - first;
	shape->pages_counted = end;
	shape->used_bytes += block->size;
}

/* The bin of a block, or NULL where its size has none. */
static struct zmm_bin *bin_of(struct zmm_shape *shape, const zend_mm_block_info *block)
{
	bool small = shape->mode == ZEND_MM_MODERN
		? block->list == ZEND_MM_LIST_BIN : block->size < ZMM_LEGACY_SMALL_LIMIT;

	return small && block->size / 8 <= ZMM_BIN_CLASSES ? &shape->bins[block->size / 8] : NULL;
}

/* The greatest request that a free piece could hold. */
static uint64_t greatest_request(const zend_mm_region *region, const zend_mm_block_info *block)
{
	if (block->usable)
		return block->usable;
	if (region->kind == ZEND_MM_REGION_SEGMENT)
		return block->size - ZMM_LEGACY_HEADER;
	return region->kind == ZEND_MM_REGION_CACHED_CHUNK ? block->size - ZMM_PAGE_SIZE : block->size;
}

static void count_free(struct zmm_shape *shape, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	struct zmm_bin *bin = bin_of(shape, block);
	uint64_t greatest = greatest_request(region, block);

	shape->free_blocks++;
	if (block->size > shape->largest_free)
		shape->largest_free = block->size;
	add_by_point(shape->holds, greatest, block->size);
	if (bin && block->list != ZEND_MM_LIST_REST)
		bin->idle++;
	if (block->state == ZEND_MM_BLOCK_FREE_PAGES)
		shape->pages_serve[block->size / ZMM_PAGE_SIZE % ZMM_RUN_PAGES] += block->size;
	else if (block->list == ZEND_MM_LIST_BIN && bin)
		shape->slots_serve[block->size / 8] += block->size;
	else if (block->list == ZEND_MM_LIST_CACHE && bin)
		shape->cache_serves[block->size / 8] += block->size;
	else if (block->list == ZEND_MM_LIST_BUCKET || block->list == ZEND_MM_LIST_TRIE)
		add_by_point(shape->list_serves, greatest, block->size);
}

void zmm_shape_visit(struct zmm_shape *shape, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	if (!block)
		begin_region(shape);
	zmm_tenants_visit(&shape->tenants, region, block, shape->regions_begun == 1);
	zmm_ledger_visit(&shape->ledger, region, block);
	if (!block)
		return;
	switch (block->state) {
	case ZEND_MM_BLOCK_USED:
		count_pages(shape, region, block);
		if (bin_of(shape, block))
			bin_of(shape, block)->used++;
		break;
	case ZEND_MM_BLOCK_CACHED:
	case ZEND_MM_BLOCK_FREE:
	case ZEND_MM_BLOCK_FREE_PAGES:
		count_free(shape, region, block);
		break;
	default:
		break;
	}
}

void zmm_shape_end(struct zmm_shape *shape, const struct zmm_live *live, uint64_t held)
{
	end_region(shape);
	zmm_ledger_close(&shape->ledger, live, held);
}

static int visit(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	zmm_shape_visit(context, region, block);
	return 0;
}

int zmm_shape_take(struct zmm_shape *shape, zend_mm_heap *heap, const struct zmm_live *live)
{
	zend_mm_figures figures;

	zmm_shape_begin(shape, zend_mm_get_mode(heap));
	if (zend_mm_walk(heap, visit, shape) != 0)
		return -1;
	zend_mm_get_figures(heap, &figures);
	zmm_shape_end(shape, live, figures.real_size);
	return 0;
}

/* --- measures of a moment --- */

static struct zmm_ratio shape_ratio(const struct zmm_shape *shape, int64_t part, int64_t whole)
{
	return make_ratio(part, whole, shape->ledger.live.requested, shape->ledger.held);
}

static struct zmm_ratio bin_occupancy(const struct zmm_shape *shape)
{
	uint64_t used = 0, all = 0;

	for (uint64_t i = 0; i <= ZMM_BIN_CLASSES; i++) {
		used += shape->bins[i].used * i * 8;
		all += (shape->bins[i].used + shape->bins[i].idle) * i * 8;
	}
	return shape_ratio(shape, (int64_t)used, (int64_t)all);
}

struct zmm_ratio zmm_shape_measure(const struct zmm_shape *shape, enum zmm_measure measure)
{
	const struct zmm_ledger *ledger = &shape->ledger;
	int64_t live = (int64_t)ledger->live.requested;
	int64_t usable = (int64_t)ledger->usable, held = (int64_t)ledger->held;
	int64_t metadata = (int64_t)zmm_ledger_family(ledger, ZMM_FAMILY_METADATA);
	int64_t idle = (int64_t)zmm_ledger_family(ledger, ZMM_FAMILY_FREE);

	switch (measure) {
	case ZMM_MEASURE_INTERNAL:
		return shape_ratio(shape, usable - live, usable);
	case ZMM_MEASURE_OVERHEAD:
		return shape_ratio(shape, metadata, held);
	case ZMM_MEASURE_EXTERNAL:
		return shape_ratio(shape, held - usable - metadata, held);
	case ZMM_MEASURE_RANDELL:
		return shape_ratio(shape, idle - (int64_t)shape->largest_free, idle);
	case ZMM_MEASURE_PAGES:
		return shape_ratio(shape, (int64_t)shape->used_bytes,
			(int64_t)shape->used_pages * ZMM_PAGE_SIZE);
	case ZMM_MEASURE_BINS:
		return bin_occupancy(shape);
	case ZMM_MEASURE_PINNED:
		return shape_ratio(shape, (int64_t)shape->pinned_bytes, held);
	default:
		return shape_ratio(shape, 0, 0);
	}
}

/* --- the unusable-free index --- */

static uint64_t modern_serves(const struct zmm_shape *shape, uint64_t size)
{
	uint64_t bytes = 0;
	uint64_t pages = (size + ZMM_PAGE_SIZE - 1) / ZMM_PAGE_SIZE;

	if (size > ZEND_MM_MAX_LARGE_SIZE)
		return 0;
	if (size <= ZEND_MM_MAX_SMALL_SIZE) {
		const struct zmm_bin_class *bin = zmm_modern_bin(size);
		bytes = shape->slots_serve[bin->size / 8];
		pages = bin->pages;
	}
	for (uint64_t length = pages; length < ZMM_RUN_PAGES; length++)
		bytes += shape->pages_serve[length];
	return bytes + shape->ledger.bytes[ZMM_CAUSE_CACHED_CHUNK];
}

static uint64_t sum_from(const uint64_t sums[ZMM_CURVE_POINTS], unsigned point)
{
	uint64_t sum = 0;

	for (; point < ZMM_CURVE_POINTS; point++)
		sum += sums[point];
	return sum;
}

static uint64_t legacy_serves(const struct zmm_shape *shape, unsigned point)
{
	uint64_t size = point_size(point);
	size_t block = zmm_legacy_true_size(size);
	uint64_t cached = block < ZMM_LEGACY_SMALL_LIMIT ? shape->cache_serves[block / 8] : 0;

	return cached + sum_from(shape->list_serves, point);
}

void zmm_shape_curve(const struct zmm_shape *shape, struct zmm_unusable curve[ZMM_CURVE_POINTS])
{
	int64_t idle = (int64_t)zmm_ledger_family(&shape->ledger, ZMM_FAMILY_FREE);

	for (unsigned point = 0; point < ZMM_CURVE_POINTS; point++) {
		int64_t holds = (int64_t)sum_from(shape->holds, point);
		int64_t serves = (int64_t)(shape->mode == ZEND_MM_MODERN
			? modern_serves(shape, point_size(point)) : legacy_serves(shape, point));
		curve[point] = (struct zmm_unusable){
			.size = point_size(point),
			.by_size = shape_ratio(shape, idle - holds, idle),
			.by_design = shape_ratio(shape, idle - serves, idle),
		};
	}
}

/* --- measures of a run --- */

void zmm_course_feed(struct zmm_course *course, uint64_t operation, uint64_t live, uint64_t held)
{
	double weight = (double)(operation - course->operation);

	course->operation = operation;
	course->samples++;
	if (live >= ZMM_RATIO_BYTES_MIN) {
		course->weight += weight;
		course->ratios += weight * ((double)held / (double)live - 1);
		course->held += weight * (double)held;
		course->live += weight * (double)live;
	}
	if (live > course->live_at_peak_live) {
		course->live_at_peak_live = live;
		course->held_at_peak_live = held;
		course->operation_at_peak_live = operation;
	}
	/* Some hold the same all along: then the worst of it is not the start, with nothing alive. */
	if (held > course->held_at_peak_held || (held == course->held_at_peak_held
			&& live > course->live_at_peak_held)) {
		course->live_at_peak_held = live;
		course->held_at_peak_held = held;
		course->operation_at_peak_held = operation;
	}
}

static struct zmm_ratio course_mean(const struct zmm_course *course)
{
	double weight = course->weight;

	if (weight == 0)
		return make_ratio(0, course->live_at_peak_live > 0, 0, 0);
	return (struct zmm_ratio){ ZMM_VALID, course->ratios / weight,
		(int64_t)((course->held - course->live) / weight), (int64_t)(course->live / weight) };
}

/* H/L - 1 */
static struct zmm_ratio excess(uint64_t held, uint64_t live)
{
	return make_ratio((int64_t)(held - live), (int64_t)live, live, held);
}

struct zmm_ratio zmm_usable_measure(const struct zmm_usable *usable)
{
	return make_ratio((int64_t)(usable->usable - usable->live), (int64_t)usable->usable,
		usable->live, usable->usable);
}

struct zmm_ratio zmm_course_measure(const struct zmm_course *course, enum zmm_measure measure)
{
	uint64_t live = course->live_at_peak_live, held = course->held_at_peak_held;

	switch (measure) {
	case ZMM_MEASURE_MEAN:
		return course_mean(course);
	case ZMM_MEASURE_PEAK_LIVE:
		return excess(course->held_at_peak_live, live);
	case ZMM_MEASURE_PEAK_HELD:
		return excess(held, course->live_at_peak_held);
	case ZMM_MEASURE_PEAKS:
		return excess(held, live);
	case ZMM_MEASURE_UTILISATION:
		return make_ratio((int64_t)live, (int64_t)held, live, held);
	default:
		return make_ratio(0, 0, live, held);
	}
}
