/* SPDX-License-Identifier: MIT */
/*
 * The storage that counts and refuses: what it passes on, what it counts, and that it refuses
 * exactly the requests that it was told to.
 */
#include "t/tap.h"
#include "trace/watched.h"

#define MIB ((size_t)1 << 20)

static void test_segments(const struct zend_mm_storage_type *type)
{
	struct zmm_watched watched;
	zend_mm_options options;
	zend_mm_storage *storage;
	zend_mm_segment *a, *b, *moved;

	zend_mm_default_options(&options);
	ok(zmm_watch(&watched, type, NULL), "%s can be watched", type->segments.name);
	zmm_watched_use(&watched, &options);
	storage = options.segment_handlers->init(options.segment_params);
	a = options.segment_handlers->_alloc(storage, 262144);
	a->size = 262144;
	watched.refuse_next = 2;
	ok(!options.segment_handlers->_alloc(storage, 262144)
		&& !options.segment_handlers->_realloc(storage, a, 524288), "two requests are refused");
	is_size(a->size, 262144, "the segment is left alone");
	moved = options.segment_handlers->_realloc(storage, a, 524288);
	ok(moved != NULL, "and no more than two");
	moved->size = 524288;
	b = options.segment_handlers->_alloc(storage, 65536);
	b->size = 65536;
	is_size(watched.bytes, 524288 + 65536, "it knows the bytes held");
	options.segment_handlers->_free(storage, moved);
	options.segment_handlers->compact(storage);
	is_size(watched.regions, 1, "the regions held");
	is_size(watched.peak_regions, 2, "their peak");
	is_size(watched.peak_bytes, 524288 + 65536, "and that of the bytes");
	options.segment_handlers->_free(storage, b);
	options.segment_handlers->dtor(storage);
	ok(watched.requests == 5 && watched.refused == 2 && watched.allocs == 2
		&& watched.resizes == 1 && watched.frees == 2 && watched.bytes == 0,
		"and has counted each call");
	zmm_unwatch(&watched);
}

/* The calls by which a modern heap would reach it. */
static void test_chunks(const struct zend_mm_storage_type *type)
{
	struct zmm_watched watched;
	zend_mm_options options;
	zend_mm_storage storage;
	const zend_mm_chunk_handlers *chunks;
	void *chunk;

	zend_mm_default_options(&options);
	zmm_watch(&watched, type, NULL);
	zmm_watched_use(&watched, &options);
	chunks = options.chunk_handlers;
	storage = (zend_mm_storage){ NULL, options.chunk_data };
	watched.refuse_at = 2;
	chunk = chunks->chunk_alloc(&storage, 4 * MIB, 2 * MIB);
	ok(chunk && (uintptr_t)chunk % (2 * MIB) == 0, "a chunk comes from %s", type->segments.name);
	ok(!chunks->chunk_alloc(&storage, 2 * MIB, 2 * MIB), "request 2 is refused");
	if (type->chunks.chunk_truncate) {
		ok(chunks->chunk_truncate(&storage, chunk, 4 * MIB, 2 * MIB), "truncating is passed on");
		ok(chunks->chunk_extend(&storage, chunk, 2 * MIB, 4 * MIB), "so is extending");
		ok(watched.truncates == 1 && watched.extends == 1, "both are counted");
	} else {
		ok(!chunks->chunk_truncate(&storage, chunk, 4 * MIB, 2 * MIB)
			&& !chunks->chunk_extend(&storage, chunk, 4 * MIB, 6 * MIB),
			"what the storage underneath cannot do fails");
		ok(watched.truncates == 0 && watched.extends == 0 && watched.refused == 2,
			"and is not counted as done");
	}
	is_size(watched.bytes, 4 * MIB, "it knows the bytes held");
	chunks->chunk_free(&storage, chunk, 4 * MIB);
	ok(watched.regions == 0 && watched.bytes == 0 && watched.frees == 1, "and that all went back");
	zmm_unwatch(&watched);
}

int main(void)
{
	for (size_t i = 0; zend_mm_storage_type_at(i); i++) {
		test_segments(zend_mm_storage_type_at(i));
		test_chunks(zend_mm_storage_type_at(i));
	}
	return done_testing();
}
