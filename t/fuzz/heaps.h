/* SPDX-License-Identifier: MIT */
/*
 * t/fuzz/heaps.h - heaps of every kind, made and used as an input says, beside a shadow of what
 * they should hold.
 *
 *   input:  kind (4 bytes) | operations: code, operands
 *
 * The kind chooses design, storage, layers (plain, hardened, guarded, studied), segment size and
 * policy; see heaps_choose(). The shadow knows each block's address, size and content, the figures'
 * peaks, and what storage gave. heaps_verify() compares all of it with the walker and the deep
 * check.
 *
 * Users: heap.c and damage.c.
 */
#ifndef T_FUZZ_HEAPS_H
#define T_FUZZ_HEAPS_H

#include "heap/config.h"
#include "heap/heap.h"
#include "heap/study/study.h"
#include "t/fuzz/target.h"
#include "t/host.h"
#include "trace/spaced.h"
#include "trace/watched.h"

enum {
	HEAPS_SLOTS = 256,
	HEAPS_EDGE = 64,          /* bytes written and verified at both ends of a block */
	HEAPS_TABLE = 1024,       /* entries of the table by address; a power of two */
	HEAPS_NOTED = 4096        /* placements kept for a comparison */
};

/* How the heap is made. */
enum heaps_layer { HEAPS_PLAIN, HEAPS_HARDENED, HEAPS_GUARDED, HEAPS_BOTH, HEAPS_STUDIED };

struct heaps_kind {
	zend_mm_options options;
	enum heaps_layer layer;
	const struct zend_mm_storage_type *storage;
	struct zend_mm_study study;
	bool twin;                /* another layer must place all blocks alike */
};

struct heaps_block {
	unsigned char *data;
	size_t size;
	unsigned char fill;
};

/* Where a block was put: region and offset, in a storage that spaces regions. */
struct heaps_placement {
	int64_t region;
	size_t offset;
};

/* A heap and its shadow. */
struct heaps {
	zend_mm_heap *heap;
	struct heaps_kind kind;
	struct zmm_watched watched;
	zmm_spaced *spaced;
	struct heaps_block blocks[HEAPS_SLOTS];
	size_t live;
	size_t failures;          /* requests refused in this request of the heap */
	size_t most_size;         /* the greatest figures that were seen in it */
	size_t most_real_size;
	struct heaps_placement noted[HEAPS_NOTED];
	size_t note_count;
};

/* --- the kind -------------------------------------------------------------------------------- */

static const char *heaps_guards(unsigned choice)
{
	static const char *const lists[] = {
		"padding=16", "padding=8,poison_alloc=0x5a,poison_free=0xa5", "quarantine=64K",
		"guard_pages=1", "padding=64,quarantine=4K,check_every=5", "check_freelists_on_shutdown=1",
		"sites=1,poison_free=1,padding=24,mismatch=1", "quarantine=1M,guard_pages=1,poison_free=0"
	};

	return lists[choice % (sizeof lists / sizeof *lists)];
}

static const char *heaps_checks(unsigned choice)
{
	static const char *const lists[] = { "all", "links", "lists", "cached,frees", "frees",
		"links,lists,frees,ends,sizes" };

	return lists[choice % (sizeof lists / sizeof *lists)];
}

static void heaps_choose_layer(struct heaps_kind *kind, unsigned code, unsigned detail)
{
	static const enum heaps_layer layers[] = { HEAPS_PLAIN, HEAPS_PLAIN, HEAPS_HARDENED,
		HEAPS_GUARDED, HEAPS_STUDIED, HEAPS_BOTH, HEAPS_PLAIN, HEAPS_STUDIED };

	kind->layer = layers[code & 7];
	kind->twin = (code & 7) >= 6;
	if (kind->layer == HEAPS_GUARDED || kind->layer == HEAPS_BOTH) {
		kind->options.debug = heaps_guards(detail);
		kind->options.malloc_rules = detail & 8;
	}
	if (kind->layer == HEAPS_HARDENED || kind->layer == HEAPS_BOTH) {
		kind->options.hardened = heaps_checks(detail >> 4);
	}
	kind->study = zend_mm_study_default();
	if (kind->layer == HEAPS_STUDIED && !kind->twin) {
		static const size_t capacities[] = { 0, 2048, 32 * 1024, 256 * 1024 };

		kind->study.switches.cache_capacity = capacities[detail & 3];
		kind->study.switches.large = (enum zend_mm_study_large) (((detail >> 2) & 3) % 3);
		kind->study.switches.no_rest_list = detail & 16;
		kind->study.switches.no_kept_segment = detail & 32;
		kind->study.switches.no_coalescing = detail & 64;
	}
}

static const struct zend_mm_storage_type *heaps_storage(unsigned choice)
{
	const struct zend_mm_storage_type *type = NULL;

	if (choice > 0) {
		type = zend_mm_storage_type_at(choice - 1);
	}
	return type ? type : &zmm_spaced_type;
}

/* Reads four bytes. */
static struct heaps_kind heaps_choose(struct fuzz_input *input)
{
	static const size_t segments[] = { 262144, 4096, 65536, 32, 1048576, 256, 2097152, 16384 };
	static const size_t reserves[] = { 8192, 0, 1, 100000 };
	static const size_t thresholds[] = { 0, 2097152, 1, 300000 };
	unsigned design = fuzz_byte(input);
	unsigned layer = fuzz_byte(input);
	unsigned detail = fuzz_byte(input);
	unsigned policy = fuzz_byte(input);
	struct heaps_kind kind = {
		.options = {
			.struct_size = sizeof(zend_mm_options),
			.mode = design & 1 ? ZEND_MM_MODERN : ZEND_MM_LEGACY,
			.segment_size = segments[policy & 7],
			.reserve_size = reserves[(policy >> 3) & 3],
			.compact_threshold = thresholds[(policy >> 5) & 3],
			.null_on_failure = design & 2,
			.internal = design & 4
		},
		.storage = heaps_storage(design >> 5)
	};

	heaps_choose_layer(&kind, layer, detail);
	if (kind.twin) {
		kind.storage = &zmm_spaced_type;
		kind.options.internal = false;
	}
	if (kind.layer == HEAPS_STUDIED) {
		kind.options.internal = false;
	}
	return kind;
}

/* --- beginning and end ----------------------------------------------------------------------- */

static void heaps_corrupted(const zend_mm_problem *problem)
{
	fuzz_fail("the heap says of itself: %s, at %p, word %p: found 0x%zx, expected 0x%zx",
		problem->reason, problem->address, problem->word, problem->found, problem->expected);
}

/* Makes the heap. False where the system refused. */
static bool heaps_open(struct heaps *heaps, const struct heaps_kind *kind)
{
	zend_mm_options options = kind->options;

	*heaps = (struct heaps) { .kind = *kind };
	host_start();
	zend_mm_set_corruption_hook(heaps_corrupted);
	if (kind->storage == &zmm_spaced_type && !(heaps->spaced = zmm_spaced_new())) {
		return false;
	}
	if (!zmm_watch(&heaps->watched, kind->storage, heaps->spaced)) {
		zmm_spaced_free(heaps->spaced);
		return false;
	}
	zmm_watched_use(&heaps->watched, &options);
	heaps->heap = kind->layer == HEAPS_STUDIED
		? zend_mm_study_startup(&options, &heaps->kind.study) : zend_mm_startup_with(&options);
	if (!heaps->heap) {
		zmm_unwatch(&heaps->watched);
		zmm_spaced_free(heaps->spaced);
		return false;
	}
	zend_mm_set_limit(heaps->heap, (size_t) 64 << 20);
	return true;
}

/* Takes the heap away; storage must have everything back. */
static void heaps_close(struct heaps *heaps)
{
	heaps->watched.refuse_next = 0;
	zend_mm_shutdown(heaps->heap, 1, 1);
	if (heaps->watched.regions != 0 || heaps->watched.bytes != 0) {
		fuzz_fail("storage misses %" PRIu64 " regions, %" PRIu64 " bytes",
			heaps->watched.regions, heaps->watched.bytes);
	}
	zmm_unwatch(&heaps->watched);
	zmm_spaced_free(heaps->spaced);
}

/* --- contents -------------------------------------------------------------------------------- */

static size_t heaps_edge(size_t size)
{
	return size < HEAPS_EDGE ? size : HEAPS_EDGE;
}

static void heaps_fill(struct heaps_block *block)
{
	static unsigned char next;
	size_t edge = heaps_edge(block->size);

	block->fill = ++next;
	memset(block->data, block->fill, edge);
	memset(block->data + block->size - edge, block->fill, edge);
}

static void heaps_verify_bytes(const struct heaps_block *block, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (block->data[i] != block->fill) {
			fuzz_fail("byte %zu of the block of %zu bytes at %p changed from %u to %u", i,
				block->size, (void *) block->data, block->fill, block->data[i]);
		}
	}
}

static void heaps_verify_block(const struct heaps_block *block)
{
	size_t edge = heaps_edge(block->size);

	heaps_verify_bytes(block, 0, edge);
	heaps_verify_bytes(block, block->size - edge, block->size);
}

/* --- requests -------------------------------------------------------------------------------- */

/* What the program asks for. */
struct heaps_request {
	size_t size;
	size_t alignment;        /* a power of two; 0: none */
	size_t copy_size;        /* SIZE_MAX: all */
	bool current;            /* by way of the current heap */
};

static void heaps_note(struct heaps *heaps, const void *data)
{
	struct heaps_placement *placement = &heaps->noted[heaps->note_count];

	if (heaps->kind.twin && heaps->note_count < HEAPS_NOTED) {
		*placement = (struct heaps_placement) { ZMM_SPACED_NOWHERE, 0 };
		if (data) {
			placement->region = zmm_spaced_region(heaps->spaced, data, &placement->offset);
		}
		heaps->note_count++;
	}
}

/* A block has come: is it what was asked for? */
static void heaps_take_in(struct heaps *heaps, struct heaps_block *block, unsigned char *data,
	const struct heaps_request *request, size_t alignment)
{
	size_t least = heaps->kind.options.malloc_rules ? 16 : 8;
	size_t holds = zend_mm_block_size(heaps->heap, data);

	alignment = alignment > least ? alignment : least;
	if ((uintptr_t) data % alignment != 0) {
		fuzz_fail("%p is not aligned to %zu", (void *) data, alignment);
	}
	if (holds < request->size) {
		fuzz_fail("a block for %zu bytes holds %zu", request->size, holds);
	}
	heaps->live += block->data == NULL;
	block->data = data;
	block->size = request->size;
}

static void *heaps_ask(struct heaps *heaps, const struct heaps_request *request)
{
	if (request->alignment && heaps->heap->verbs->alloc_aligned) {
		return heaps->heap->verbs->alloc_aligned(heaps->heap, request->alignment, request->size);
	}
	if (request->current) {
		return emalloc(request->size);
	}
	return zend_mm_alloc(heaps->heap, request->size);
}

static void heaps_allocate(struct heaps *heaps, struct heaps_block *block,
	const struct heaps_request *request)
{
	void *volatile data = NULL;

	if (bails_out(data = heaps_ask(heaps, request)) || !data) {
		heaps->failures++;
		heaps_note(heaps, NULL);
		return;
	}
	heaps_note(heaps, data);
	heaps_take_in(heaps, block, data, request, request->alignment);
	heaps_fill(block);
}

static void *heaps_ask_again(struct heaps *heaps, void *data, const struct heaps_request *request)
{
	if (request->current && request->copy_size != SIZE_MAX) {
		return erealloc2(data, request->size, request->copy_size);
	}
	if (request->current) {
		return erealloc(data, request->size);
	}
	if (request->copy_size != SIZE_MAX) {
		return zend_mm_realloc2(heaps->heap, data, request->size, request->copy_size);
	}
	return zend_mm_realloc(heaps->heap, data, request->size);
}

static size_t heaps_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void heaps_resize(struct heaps *heaps, struct heaps_block *block,
	const struct heaps_request *request)
{
	size_t kept = heaps_least(heaps_least(block->size, request->size), request->copy_size);
	void *volatile data = NULL;

	heaps_verify_block(block);
	if (bails_out(data = heaps_ask_again(heaps, block->data, request)) || !data) {
		heaps->failures++;
		heaps_note(heaps, NULL);
		heaps_verify_block(block);
		return;
	}
	heaps_note(heaps, data);
	struct heaps_block moved = { data, block->size, block->fill };

	heaps_verify_bytes(&moved, 0, heaps_edge(kept));
	heaps_take_in(heaps, block, data, request, 0); /* one that moves loses its alignment */
	heaps_fill(block);
}

static void heaps_release(struct heaps *heaps, struct heaps_block *block, bool current)
{
	heaps_verify_block(block);
	if (current) {
		efree(block->data);
	} else {
		zend_mm_free(heaps->heap, block->data);
	}
	block->data = NULL;
	heaps->live--;
}

/* The end of a request; everything is gone. A legacy heap that gets no memory for its reserve then
 * reports that. */
static void heaps_end_request(struct heaps *heaps)
{
	if (bails_out(zend_mm_shutdown(heaps->heap, 0, 1))) {
		heaps->failures++;
	} else {
		heaps->failures = 0;
	}
	memset(heaps->blocks, 0, sizeof heaps->blocks);
	heaps->live = 0;
	heaps->most_size = heaps->most_real_size = 0;
}

/* Keeps the greatest figures, and compares the heap's peaks with them. */
static void heaps_watch_figures(struct heaps *heaps)
{
	zend_mm_figures figures;

	zend_mm_get_figures(heaps->heap, &figures);
	if (figures.size > heaps->most_size) {
		heaps->most_size = figures.size;
	}
	if (figures.real_size > heaps->most_real_size) {
		heaps->most_real_size = figures.real_size;
	}
	if (figures.peak < heaps->most_size || figures.real_peak < heaps->most_real_size) {
		fuzz_fail("peaks %zu and %zu are less than %zu and %zu, which were seen", figures.peak,
			figures.real_peak, heaps->most_size, heaps->most_real_size);
	}
	if (figures.real_size != heaps->watched.bytes) {
		fuzz_fail("real_size is %zu, but storage gave %" PRIu64, figures.real_size,
			heaps->watched.bytes);
	}
}

/* --- the shadow against the walker ----------------------------------------------------------- */

struct heaps_walk {
	const struct heaps *heaps;
	const struct heaps_block *table[HEAPS_TABLE];
	zend_mm_region region;
	uintptr_t at;             /* where the next block has to begin */
	size_t regions;
	size_t held;
	size_t used;              /* bytes of blocks handed out */
	size_t found;             /* blocks of the shadow */
};

static size_t heaps_hash(const void *data)
{
	return (size_t) (((uintptr_t) data >> 3) * 0x9e3779b97f4a7c15u >> 40) & (HEAPS_TABLE - 1);
}

static void heaps_index(struct heaps_walk *walk)
{
	for (size_t i = 0; i < HEAPS_SLOTS; i++) {
		const struct heaps_block *block = &walk->heaps->blocks[i];
		size_t place = heaps_hash(block->data);

		if (block->data) {
			while (walk->table[place]) {
				place = (place + 1) & (HEAPS_TABLE - 1);
			}
			walk->table[place] = block;
		}
	}
}

static const struct heaps_block *heaps_find(const struct heaps_walk *walk, const void *data)
{
	size_t place = heaps_hash(data);

	while (walk->table[place] && walk->table[place]->data != data) {
		place = (place + 1) & (HEAPS_TABLE - 1);
	}
	return walk->table[place];
}

static void heaps_end_region(const struct heaps_walk *walk)
{
	if (walk->regions && walk->at != (uintptr_t) walk->region.address + walk->region.size) {
		fuzz_fail("the blocks of the region at %p end at 0x%zx", walk->region.address,
			(size_t) walk->at);
	}
}

static void heaps_see_used(struct heaps_walk *walk, const zend_mm_block_info *info)
{
	const struct heaps_block *block = heaps_find(walk, info->data);

	if (!block) {
		fuzz_fail("the walker shows a used block at %p that nobody has", info->data);
	}
	if (info->usable < block->size) {
		fuzz_fail("the walker shows %zu usable bytes at %p, where %zu are used", info->usable,
			info->data, block->size);
	}
	walk->found++;
}

static int heaps_visit(void *context, const zend_mm_region *region, const zend_mm_block_info *info)
{
	struct heaps_walk *walk = context;

	if (!info) {
		heaps_end_region(walk);
		walk->region = *region;
		walk->at = (uintptr_t) region->address;
		walk->held += region->size;
		walk->regions++;
		return 0;
	}
	if ((uintptr_t) info->address != walk->at || info->size == 0) {
		fuzz_fail("a gap in the walk: the next block is at %p, not at 0x%zx", info->address,
			(size_t) walk->at);
	}
	if (info->data && ((uintptr_t) info->data < walk->at
			|| (uintptr_t) info->data + info->usable > walk->at + info->size)) {
		fuzz_fail("the data of the block at %p lies outside of it", info->address);
	}
	walk->at += info->size;
	switch (info->state) {
	case ZEND_MM_BLOCK_USED:
		walk->used += info->size;
		if (!info->internal) {
			heaps_see_used(walk, info);
		}
		break;
	case ZEND_MM_BLOCK_RESERVE:
	case ZEND_MM_BLOCK_QUARANTINED:
		walk->used += info->size;
		break;
	default:
		break;
	}
	return 0;
}

static void heaps_compare_figures(const struct heaps *heaps, const struct heaps_walk *walk)
{
	zend_mm_figures figures;

	zend_mm_get_figures(heaps->heap, &figures);
	if (figures.real_size != walk->held || figures.regions != walk->regions
			|| heaps->watched.regions != walk->regions) {
		fuzz_fail("%zu bytes in %zu regions were shown; figures: %zu in %zu, storage: %" PRIu64,
			walk->held, walk->regions, figures.real_size, figures.regions,
			heaps->watched.regions);
	}
	/* Refused requests leave bytes in size until the request ends, in both designs as in PHP. */
	if (heaps->failures ? figures.size < walk->used : figures.size != walk->used) {
		fuzz_fail("size is %zu, but used blocks have %zu", figures.size, walk->used);
	}
	if (figures.storage_allocs - figures.storage_frees != walk->regions) {
		fuzz_fail("%zu allocations and %zu frees of storage do not leave %zu regions",
			figures.storage_allocs, figures.storage_frees, walk->regions);
	}
}

/* The deep check, then everything else that the shadow knows. */
static void heaps_verify(const struct heaps *heaps)
{
	struct heaps_walk walk = { .heaps = heaps };
	zend_mm_problem problem;
	int found = zend_mm_check(heaps->heap, &problem);

	if (found > 0) {
		fuzz_fail("the deep check: %s, at %p, word %p: found 0x%zx, expected 0x%zx",
			problem.reason, problem.address, problem.word, problem.found, problem.expected);
	}
	heaps_index(&walk);
	if (found == 0 && zend_mm_walk(heaps->heap, heaps_visit, &walk) == 0) {
		heaps_end_region(&walk);
		if (walk.found != heaps->live) {
			fuzz_fail("the walker shows %zu blocks of %zu", walk.found, heaps->live);
		}
		heaps_compare_figures(heaps, &walk);
	}
	for (size_t i = 0; i < HEAPS_SLOTS; i++) {
		if (heaps->blocks[i].data) {
			heaps_verify_block(&heaps->blocks[i]);
		}
	}
}

/* --- operations ------------------------------------------------------------------------------ */

/* One byte, or up to three: most sizes are small, and some are at the borders of what there is. */
static size_t heaps_size(struct fuzz_input *input)
{
	static const size_t special[] = { 0, SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2, 2097152, 2093056,
		2093057, 3072, 3073, 4096, 262144 - 32, 262144 - 48, 528, 2097152 * 3 - 4096,
		(size_t) 1 << (8 * sizeof(size_t) - 2), 8208 };
	unsigned code = fuzz_byte(input);

	if (code < 128) {
		return code * 5;
	}
	if (code < 180) {
		return 640 + (size_t) (code - 128) * 67;
	}
	if (code < 216) {
		return (size_t) (code - 179) * 4096 + fuzz_byte(input) - 128;
	}
	if (code < 240) {
		return (size_t) fuzz_pair(input) * (code < 228 ? 8 : 64);
	}
	return special[code - 240];
}

/* Up to 64 MiB, or more than there is: what lies between costs sanitizers gigabytes, and the
 * greatest are too much for the malloc of sanitizers. */
static size_t heaps_alignment(const struct heaps *heaps, struct fuzz_input *input)
{
	unsigned log2 = fuzz_byte(input) & 31;
	bool on_malloc = strcmp(heaps->kind.storage->segments.name, "malloc") == 0;

	if (log2 <= 26) {
		return (size_t) 1 << log2;
	}
	return on_malloc ? 16 : (size_t) 1 << (8 * sizeof(size_t) + log2 - 32);
}

static struct heaps_block *heaps_slot(struct heaps *heaps, struct fuzz_input *input)
{
	return &heaps->blocks[fuzz_byte(input) % HEAPS_SLOTS];
}

/* Allocates into a slot, or frees what is there. */
static void heaps_toggle(struct heaps *heaps, struct heaps_block *block,
	const struct heaps_request *request)
{
	if (block->data) {
		heaps_release(heaps, block, request->current);
	} else {
		heaps_allocate(heaps, block, request);
	}
}

/* A row of slots at once. */
static void heaps_many(struct heaps *heaps, struct fuzz_input *input,
	const struct heaps_request *request)
{
	unsigned first = fuzz_byte(input);
	unsigned count = fuzz_byte(input) & 63;
	unsigned step = 1 + (fuzz_byte(input) & 3);

	for (unsigned i = 0; i < count; i++) {
		heaps_toggle(heaps, &heaps->blocks[(first + i * step) % HEAPS_SLOTS], request);
	}
}

static void heaps_set_limit(struct heaps *heaps, struct fuzz_input *input)
{
	unsigned limit = fuzz_pair(input);

	zend_mm_set_limit(heaps->heap, limit < 16384 ? (size_t) limit * 4096 : (size_t) limit);
}

static void heaps_ask_about(struct heaps *heaps, const struct heaps_block *block)
{
	if (heaps->heap->verbs->owns(heaps->heap, block->data) != (block->data != NULL)) {
		fuzz_fail("owns(%p) is wrong", (void *) block->data);
	}
	if (block->data && zend_mm_block_size(heaps->heap, block->data) < block->size) {
		fuzz_fail("the block at %p has become smaller", (void *) block->data);
	}
}

static void heaps_operate(struct heaps *heaps, unsigned code, struct fuzz_input *input)
{
	struct heaps_request request = { .copy_size = SIZE_MAX, .current = code & 32 };
	struct heaps_block *block;

	switch (code & 31) {
	case 0:
		heaps_verify(heaps);
		return;
	case 1:
		heaps->watched.refuse_next = fuzz_byte(input) & 3;
		return;
	case 2:
		heaps_set_limit(heaps, input);
		return;
	case 3:
		zend_mm_gc(heaps->heap);
		return;
	case 4:
		heaps_end_request(heaps);
		return;
	case 5:
		zend_mm_refresh_key_child(heaps->heap);
		return;
	case 6:
		heaps_ask_about(heaps, heaps_slot(heaps, input));
		return;
	case 7:
	case 8:
		request.size = heaps_size(input);
		heaps_many(heaps, input, &request);
		return;
	case 9:
	case 10:
		request.alignment = heaps_alignment(heaps, input);
		break;
	case 11:
		request.copy_size = heaps_size(input);
		break;
	default:
		break;
	}
	block = heaps_slot(heaps, input);
	if (block->data && (code & 31) >= 24) {
		heaps_release(heaps, block, request.current);
		return;
	}
	request.size = heaps_size(input);
	if (block->data) {
		heaps_resize(heaps, block, &request);
	} else {
		heaps_allocate(heaps, block, &request);
	}
}

/* Runs operations until the input ends, or so many. */
static void heaps_run(struct heaps *heaps, struct fuzz_input *input, unsigned most)
{
	zend_mm_heap *before = zend_mm_set_heap(heaps->heap);

	while (!fuzz_ended(input) && most-- > 0) {
		heaps_operate(heaps, fuzz_byte(input), input);
		heaps_watch_figures(heaps);
	}
	heaps->watched.refuse_next = 0;
	zend_mm_set_heap(before);
}

#endif
