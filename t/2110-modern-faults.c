/* SPDX-License-Identifier: MIT */
/*
 * A fixed run of requests, over and over, with another storage call refused each time.
 */
#include "t/modern.h"

/* {{{ The run: what it needs of storage is a dozen chunks and mappings, two of them extended. */

static size_t bailouts;

static void *alloc(zend_mm_heap *heap, size_t size)
{
	void *volatile ptr = NULL;

	bailouts += bails_out(ptr = zend_mm_alloc(heap, size));
	return ptr;
}

static void *resize(zend_mm_heap *heap, void *block, size_t size)
{
	void *volatile ptr = block;

	bailouts += bails_out(ptr = zend_mm_realloc(heap, block, size));
	return ptr;
}

static void run(zend_mm_heap *heap)
{
	void *blocks[30];

	for (int i = 0; i < 10; i++) {
		blocks[i] = alloc(heap, (size_t)i * 150);
	}
	for (int i = 10; i < 20; i++) {
		blocks[i] = alloc(heap, LARGEST / 2 + (size_t)i * PAGE);
	}
	for (int i = 20; i < 25; i++) {
		blocks[i] = alloc(heap, 2 * CHUNK + (size_t)i);
	}
	blocks[20] = resize(heap, blocks[20], 3 * CHUNK);
	blocks[21] = resize(heap, blocks[21], 100);
	blocks[3] = resize(heap, blocks[3], 2 * CHUNK);
	blocks[10] = resize(heap, blocks[10], 4 * CHUNK);
	blocks[10] = resize(heap, blocks[10], 5 * CHUNK);
	for (int i = 0; i < 25; i += 2) {
		zend_mm_free(heap, blocks[i]);
	}
	zend_mm_gc(heap);
	alloc(heap, LARGEST);
	alloc(heap, LARGEST);
}
/* }}} */

/* How many calls there are to refuse. */
static size_t count_calls(void)
{
	zend_mm_heap *heap = modern_start();
	size_t calls;

	run(heap);
	zend_mm_shutdown(heap, 0, 1);
	run(heap);
	calls = (size_t)watched.requests;
	is_size(bailouts, 0, "nothing is refused, nothing bails out");
	modern_end(heap);
	return calls;
}

static void refuse(size_t call)
{
	zend_mm_heap *heap;
	bool sound;

	host_start();
	bailouts = 0;
	spaced = zmm_spaced_new();
	zmm_watch(&watched, &zmm_spaced_type, spaced);
	watched.refuse_at = call;
	{
		zend_mm_options options = modern_options();

		zmm_watched_use(&watched, &options);
		heap = zend_mm_startup_with(&options);
	}
	if (call == 1) {
		ok(heap == NULL, "call 1 refused: no heap");
		modern_end(NULL);
		return;
	}
	run(heap);
	sound = modern_sound(heap);
	zend_mm_shutdown(heap, 0, 1);
	run(heap);
	sound = sound && modern_sound(heap) && watched.bytes == figures_of(heap).real_size;
	ok(sound && watched.refused == 1 && bailouts == (size_t)host_messages,
		"call %zu refused: %zu bailed out, each with a message, the heap is sound", call, bailouts);
	modern_end(heap);
}

int main(void)
{
	size_t calls = count_calls();

	ok(calls > 20, "the run makes %zu calls", calls);
	for (size_t call = 1; call <= calls; call++) {
		refuse(call);
	}
	return done_testing();
}
