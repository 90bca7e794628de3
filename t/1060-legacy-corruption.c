/* SPDX-License-Identifier: MIT */
/* The checks of running requests: each damage is found by the request that would use it. */
#include "t/legacy.h"

static zend_mm_problem found;
static int found_count;

static void note_problem(const zend_mm_problem *problem)
{
	found = *problem;
	found_count++;
	zend_mm_bailout();
}

/* Four free blocks apart from each other, and a used block before each. */
struct scene {
	zend_mm_heap *heap;
	void *used[4];
	void *free[4];
};

static struct scene set_scene(size_t size)
{
	struct scene scene = { .heap = legacy_start() };

	found_count = 0;
	zend_mm_set_corruption_hook(note_problem);
	for (int i = 0; i < 4; i++) {
		scene.used[i] = take(scene.heap, 96);
		scene.free[i] = take(scene.heap, size);
	}
	take(scene.heap, 96);
	do {
		/* where a free block happens to have the size of the cached ones, those go first */
		fill_cache(scene.heap);
		use_up(scene.heap);
	} while (((legacy_heap_t *) scene.heap)->cached < legacy_cache_capacity);
	for (int i = 0; i < 4; i++) {
		zend_mm_free(scene.heap, scene.free[i]);
	}
	return scene;
}

static void clear_scene(struct scene *scene)
{
	zend_mm_set_corruption_hook(NULL);
	legacy_end(scene->heap);
}

static struct zend_mm_legacy_links *links(void *data)
{
	return block_links(block_of(data));
}

/* Each damages what scene.free[0] is listed by; then a request of its size comes. */
static void damage_copy(struct scene *scene)
{
	block_after(block_of(scene->free[0]))->before += 8;
}

static void damage_before(struct scene *scene)
{
	block_of(scene->free[0])->before += 8;
}

static void damage_prev(struct scene *scene)
{
	links(scene->free[0])->ring.prev = links(scene->free[1])->ring.prev;
	if (links(scene->free[0])->ring.prev == block_of(scene->free[0])) {
		links(scene->free[0])->ring.prev = block_of(scene->free[2]);
	}
}

static void damage_neighbour(struct scene *scene)
{
	block_t *block = block_of(scene->free[0]);
	block_t *next = links(scene->free[0])->ring.next;

	block_ring(next)->prev = next == block ? block_of(scene->free[2]) : next;
}

static void damage_parent(struct scene *scene)
{
	links(scene->free[0])->parent = &links(scene->free[2])->child[0];
}

static void damage_size(struct scene *scene)
{
	block_of(scene->free[0])->word += 8;
}

static const struct {
	const char *name;
	void (*damage)(struct scene *scene);
	bool small;
	bool large;
} damages[] = {
	{ "copy of the size", damage_copy, true, true },
	{ "copy of the size before", damage_before, true, true },
	{ "previous link", damage_prev, true, true },
	{ "link of the next block", damage_neighbour, true, true },
	{ "parent link", damage_parent, false, true },
	{ "size", damage_size, true, true },
};

static void check_taking(size_t i, size_t size)
{
	struct scene scene = set_scene(size);

	if (size >= legacy_small_limit) {
		/* the only block of its size, so that no other is taken */
		for (int k = 1; k < 4; k++) {
			take(scene.heap, size);
		}
	}
	damages[i].damage(&scene);
	ok(bails_out(take(scene.heap, size)), "size %zu, %s: taking the block fails", size,
		damages[i].name);
	is_int(found_count, 1, "with one report");
	ok(found.reason && found.heap == scene.heap && found.address, "that says what and where");
	clear_scene(&scene);
}

static void check_absorbing(size_t i, size_t size)
{
	struct scene scene = set_scene(size);

	damages[i].damage(&scene);
	ok(bails_out(zend_mm_free(scene.heap, scene.used[0])),
		"size %zu, %s: freeing the block before fails", size, damages[i].name);
	is_int(found_count, 1, "with one report");
	clear_scene(&scene);
}

static void check_growing(size_t i, size_t size)
{
	struct scene scene = set_scene(size);

	damages[i].damage(&scene);
	ok(bails_out(zend_mm_realloc(scene.heap, scene.used[0], request_for(96 + 64))),
		"size %zu, %s: growing into the block fails", size, damages[i].name);
	is_int(found_count, 1, "with one report");
	clear_scene(&scene);
}

static void check_freed_twice(void)
{
	struct scene scene = set_scene(1000);

	ok(bails_out(zend_mm_free(scene.heap, scene.free[1])), "freeing a free block fails");
	ok(bails_out(zend_mm_realloc(scene.heap, scene.free[1], 5000)), "so does resizing it");
	is_int(found_count, 2, "with a report each");
	clear_scene(&scene);
}

static void check_lost_segment(void)
{
	zend_mm_heap *heap = legacy_start();
	void *big = take(heap, SEGMENT - legacy_segment_overhead);

	found_count = 0;
	zend_mm_set_corruption_hook(note_problem);
	((legacy_heap_t *) heap)->segments = ((legacy_heap_t *) heap)->segments->next_segment;
	ok(bails_out(zend_mm_free(heap, big)), "giving back a segment that is not listed fails");
	zend_mm_set_corruption_hook(NULL);
	legacy_end(heap);
}

/* Marks that only some builds have. */
static void check_mark(bool present, size_t *word, const char *name)
{
	zend_mm_heap *heap = legacy_start();
	void *data = take(heap, 600);

	if (!present) {
		skip(1, "this build has no such mark");
		legacy_end(heap);
		return;
	}
	found_count = 0;
	zend_mm_set_corruption_hook(note_problem);
	word = (size_t *) ((uintptr_t) block_of(data) + (uintptr_t) word);
	*word ^= 0x100;
	ok(bails_out(zend_mm_free(heap, data)), "a damaged %s is found", name);
	zend_mm_set_corruption_hook(NULL);
	legacy_end(heap);
}

static void check_canary(void)
{
	zend_mm_heap *heap = legacy_start();
	char *data = take(heap, 600);

	if (!config_heap_protection) {
		skip(2, "this build has no canaries");
		legacy_end(heap);
		return;
	}
	zend_mm_set_corruption_hook(note_problem);
	data[request_for(600) - 1] ^= 1;
	ok(!bails_out(data = zend_mm_realloc(heap, data, request_for(700))),
		"writing to the last byte is fine");
	data[request_for(700)] ^= 1;
	ok(bails_out(zend_mm_free(heap, data)), "writing behind it is found");
	zend_mm_set_corruption_hook(NULL);
	legacy_end(heap);
}

static void corrupt_and_free(const char *argument)
{
	struct scene scene = set_scene(1000);

	(void) argument;
	zend_mm_set_corruption_hook(NULL);
	damage_copy(&scene);
	zend_mm_free(scene.heap, scene.used[0]);
}

static void check_end_of_process(void)
{
	struct tap_child child = run_child(corrupt_and_free, NULL);

	contains(child.err, "zend_mm_heap corrupted\n", "a damaged heap ends the process, saying so");
	if (config_debug) {
		is_int(child.signal, SIGSEGV, "by a signal that leaves a core, in debug builds");
	} else {
		is_int(child.status, 1, "with status 1");
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		if (damages[i].small) {
			check_taking(i, 200);
			check_absorbing(i, 200);
			check_growing(i, 200);
		}
		if (damages[i].large) {
			check_taking(i, 1000);
		}
	}
	check_absorbing(0, 1000);
	check_growing(1, 1000);
	check_freed_twice();
	check_lost_segment();
	check_mark(config_cookies, (size_t *) (uintptr_t) legacy_cookie_offset, "cookie");
	check_mark(config_debug, (size_t *) (uintptr_t) (legacy_owner_offset
		+ offsetof(struct zend_mm_legacy_owner, magic)), "magic number");
	check_mark(legacy_keeps_requested, (size_t *) (uintptr_t) legacy_requested_offset,
		"requested size");
	check_canary();
	check_end_of_process();
	return done_testing();
}
