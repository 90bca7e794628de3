/* SPDX-License-Identifier: MIT */
/*
 * trace/watched.c - the storage that counts and refuses. Used by replays and by tests.
 *
 * Invariant: regions == allocs - frees, and bytes is the sum of their sizes (a segment's size is
 * in its header whenever the heap calls).
 */
#include "trace/watched.h"

static const zend_mm_mem_handlers watched_segments;
static const zend_mm_chunk_handlers watched_chunks;

/* Counts a request for memory and decides whether it is refused. */
static bool refuses(struct zmm_watched *watched)
{
	watched->requests++;
	if (watched->refuse_next > 0) {
		watched->refuse_next--;
	} else if (watched->requests != watched->refuse_at) {
		return false;
	}
	watched->refused++;
	return true;
}

static void held_changes(struct zmm_watched *watched, size_t from, size_t to)
{
	watched->bytes += to;
	watched->bytes -= from;
	if (watched->bytes > watched->peak_bytes) {
		watched->peak_bytes = watched->bytes;
	}
}

static void *count_alloc(struct zmm_watched *watched, void *region, size_t size)
{
	if (!region) {
		watched->refused++;
		return NULL;
	}
	watched->allocs++;
	if (++watched->regions > watched->peak_regions) {
		watched->peak_regions = watched->regions;
	}
	held_changes(watched, 0, size);
	return region;
}

static void count_free(struct zmm_watched *watched, size_t size)
{
	watched->frees++;
	watched->regions--;
	held_changes(watched, size, 0);
}

/* --- segments -------------------------------------------------------------------------------- */

static struct zmm_watched *watched_of(zend_mm_storage *storage)
{
	return storage->data;
}

static zend_mm_storage *watched_init(void *params)
{
	struct zmm_watched *watched = params;

	return &watched->outer;
}

static void watched_dtor(zend_mm_storage *storage)
{
	(void)storage; /* zmm_unwatch() does it */
}

static void watched_compact(zend_mm_storage *storage)
{
	struct zmm_watched *watched = watched_of(storage);

	watched->type->segments.compact(watched->inner);
}

static zend_mm_segment *watched_alloc(zend_mm_storage *storage, size_t size)
{
	struct zmm_watched *watched = watched_of(storage);

	if (refuses(watched)) {
		return NULL;
	}
	return count_alloc(watched, watched->type->segments._alloc(watched->inner, size), size);
}

static zend_mm_segment *watched_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	struct zmm_watched *watched = watched_of(storage);
	size_t old_size = segment->size;

	if (refuses(watched)) {
		return NULL;
	}
	segment = watched->type->segments._realloc(watched->inner, segment, size);
	if (!segment) {
		watched->refused++;
		return NULL;
	}
	watched->resizes++;
	held_changes(watched, old_size, size);
	return segment;
}

static void watched_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	struct zmm_watched *watched = watched_of(storage);

	count_free(watched, segment->size);
	watched->type->segments._free(watched->inner, segment);
}

static const zend_mm_mem_handlers watched_segments = {
	"watched", watched_init, watched_dtor, watched_compact,
	watched_alloc, watched_realloc, watched_free
};

/* --- chunks ---------------------------------------------------------------------------------- */

/* A modern heap's storage has a copy of `self` as its data. */
static struct zmm_watched *watched_of_chunks(zend_mm_storage *storage)
{
	return *(struct zmm_watched **)storage->data;
}

static void *watched_chunk_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	struct zmm_watched *watched = watched_of_chunks(storage);

	if (refuses(watched)) {
		return NULL;
	}
	return count_alloc(watched,
		watched->type->chunks.chunk_alloc(watched->inner, size, alignment), size);
}

static void watched_chunk_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	struct zmm_watched *watched = watched_of_chunks(storage);

	count_free(watched, size);
	watched->type->chunks.chunk_free(watched->inner, chunk, size);
}

static bool watched_chunk_truncate(zend_mm_storage *storage, void *chunk, size_t old_size,
	size_t new_size)
{
	struct zmm_watched *watched = watched_of_chunks(storage);
	const zend_mm_chunk_handlers *chunks = &watched->type->chunks;

	if (!chunks->chunk_truncate
			|| !chunks->chunk_truncate(watched->inner, chunk, old_size, new_size)) {
		return false;
	}
	watched->truncates++;
	held_changes(watched, old_size, new_size);
	return true;
}

static bool watched_chunk_extend(zend_mm_storage *storage, void *chunk, size_t old_size,
	size_t new_size)
{
	struct zmm_watched *watched = watched_of_chunks(storage);
	const zend_mm_chunk_handlers *chunks = &watched->type->chunks;

	if (refuses(watched)) {
		return false;
	}
	if (!chunks->chunk_extend
			|| !chunks->chunk_extend(watched->inner, chunk, old_size, new_size)) {
		watched->refused++;
		return false;
	}
	watched->extends++;
	held_changes(watched, old_size, new_size);
	return true;
}

static const zend_mm_chunk_handlers watched_chunks = {
	watched_chunk_alloc, watched_chunk_free, watched_chunk_truncate, watched_chunk_extend
};

/* --- the object ------------------------------------------------------------------------------ */

bool zmm_watch(struct zmm_watched *watched, const struct zend_mm_storage_type *type, void *params)
{
	*watched = (struct zmm_watched){ .type = type };
	watched->inner = type->segments.init(params);
	watched->outer = (zend_mm_storage){ &watched_segments, watched };
	watched->self = watched;
	return watched->inner != NULL;
}

void zmm_watched_use(struct zmm_watched *watched, zend_mm_options *options)
{
	options->segment_handlers = &watched_segments;
	options->segment_params = watched;
	options->chunk_handlers = &watched_chunks;
	options->chunk_data = &watched->self;
	options->chunk_data_size = sizeof watched->self;
}

void zmm_unwatch(struct zmm_watched *watched)
{
	watched->type->segments.dtor(watched->inner);
	watched->inner = NULL;
}
