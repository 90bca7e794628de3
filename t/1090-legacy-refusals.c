/* SPDX-License-Identifier: MIT */
/*
 * One scenario that uses storage in every way is run again and again, and each time the next of its
 * requests to storage is refused: whatever fails, the heap stays sound and nothing is lost.
 */
#include "t/legacy.h"

enum { block_count = 40 };

static void *blocks[block_count];
static size_t refused_requests;
static bool sound;

static void attempt(zend_mm_heap *heap, size_t i, size_t size)
{
	void *volatile data = NULL;

	if (bails_out(data = zend_mm_realloc(heap, blocks[i], size)) || !data) {
		refused_requests++;
	} else {
		blocks[i] = data;
	}
	sound = sound && legacy_sound(heap);
}

static void end_request(zend_mm_heap *heap)
{
	refused_requests += bails_out(zend_mm_shutdown(heap, 0, 1));
	memset(blocks, 0, sizeof blocks);
	sound = sound && legacy_sound(heap);
}

static void scenario(zend_mm_heap *heap)
{
	for (size_t i = 0; i < 8; i++) {
		attempt(heap, i, 5 + 97 * i);
		attempt(heap, 8 + i, SEGMENT / 3);
		attempt(heap, 16 + i, SEGMENT * (i + 1) / 2);
	}
	for (size_t i = 0; i < 8; i++) {
		attempt(heap, 16 + i, SEGMENT * (i + 3));
	}
	for (size_t i = 0; i < 8; i++) {
		zend_mm_free(heap, blocks[2 * i]);
		blocks[2 * i] = NULL;
	}
	attempt(heap, 30, 3 * SEGMENT);
	end_request(heap);
	attempt(heap, 0, 10 * SEGMENT);
	attempt(heap, 0, 12 * SEGMENT);
	end_request(heap);
}

/* Runs the scenario with its n-th request to storage refused; false where it has none. */
static bool run(zend_mm_options options, const char *name, uint64_t n)
{
	zend_mm_heap *heap;
	bool reached;

	host_start();
	memset(blocks, 0, sizeof blocks);
	refused_requests = 0;
	sound = true;
	spaced = zmm_spaced_new();
	if (!zmm_watch(&watched, &zmm_spaced_type, spaced)) {
		bail_out("no address space for a storage");
	}
	zmm_watched_use(&watched, &options);
	watched.refuse_at = n;
	heap = zend_mm_startup_with(&options);
	if (heap) {
		scenario(heap);
		reached = watched.refused > 0;
		ok(!reached || refused_requests > 0, "%s: refusal %u is noticed", name, (unsigned) n);
		ok(sound, "%s: and the heap stays sound", name);
	} else {
		reached = true;
		is_int(errno, ENOMEM, "%s: refusal %u: no heap", name, (unsigned) n);
	}
	legacy_end(heap);
	is_size(watched.regions, 0, "%s: nothing is left behind", name);
	return reached;
}

static void run_all(zend_mm_options options, const char *name)
{
	uint64_t n = 1;

	while (run(options, name, n)) {
		n++;
	}
	ok(n > 20, "%s: %u refusals were tried", name, (unsigned) n - 1);
}

int main(void)
{
	zend_mm_options options = legacy_options();

	run_all(options, "ordinary");
	options.null_on_failure = true;
	run_all(options, "NULL on failure");
	options.null_on_failure = false;
	options.internal = true;
	run_all(options, "internal");
	options.reserve_size = 0;
	run_all(options, "internal without reserve");
	return done_testing();
}
