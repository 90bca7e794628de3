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
	void *last; /* used, behind the last of them */
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
	scene.last = take(scene.heap, 96);
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

/* A used block's copy of the size of the free block before it. */
static void check_coalescing(void *(*block_in)(const struct scene *), size_t size,
	const char *where)
{
	struct scene scene = set_scene(size);
	void *block = block_in(&scene);

	block_of(block)->before += 8;
	ok(bails_out(zend_mm_free(scene.heap, block)),
		"size %zu: freeing %s with a damaged copy fails", size, where);
	is_int(found_count, 1, "with one report");
	clear_scene(&scene);
}

static void *between(const struct scene *scene)
{
	return scene->used[1];
}

static void *behind(const struct scene *scene)
{
	return scene->last;
}

/* A limit flushes the cache, and what was in it coalesces. */
static void check_flushing(void)
{
	zend_mm_heap *heap = legacy_start();
	void *large = take(heap, 2000), *cached = take(heap, 96);

	take(heap, 96);
	zend_mm_free(heap, cached);
	zend_mm_free(heap, large);
	block_of(cached)->before += 8;
	found_count = 0;
	zend_mm_set_corruption_hook(note_problem);
	zend_mm_set_limit(heap, SEGMENT);
	ok(bails_out(take(heap, 2 * SEGMENT)), "a damaged copy before a cached block");
	is_int(found_count, 1, "is found when the cache is flushed");
	zend_mm_set_corruption_hook(NULL);
	legacy_end(heap);
}

/* A node of a tree is taken, whose child does not lead back. */
static void check_tree_child(void)
{
	static const size_t sizes[] = { 1104, 1304, 1600, 1704 };
	zend_mm_heap *heap = legacy_start();
	void *blocks[4];
	const block_t *root;
	int damaged = 0;

	for (int i = 0; i < 4; i++) {
		blocks[i] = take(heap, sizes[i]);
		take(heap, 96);
	}
	fill_cache(heap);
	use_up(heap);
	for (int i = 0; i < 4; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	root = ((legacy_heap_t *) heap)->trees[10];
	for (int side = 0; side < 2; side++) {
		block_t *child = block_links(root)->child[side];

		if (child && (block_links(child)->child[0] || block_links(child)->child[1])) {
			block_links(child)->parent++;
			damaged++;
		}
	}
	is_int(damaged, 1, "a tree whose root has one child with children");
	found_count = 0;
	zend_mm_set_corruption_hook(note_problem);
	ok(bails_out(take(heap, block_size(root))), "the root is not taken");
	is_int(found_count, 1, "where that child does not lead back");
	zend_mm_set_corruption_hook(NULL);
	legacy_end(heap);
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

/* {{{ A storage whose segments move whenever they are resized. */

static zend_mm_storage *moving_init(void *params)
{
	static zend_mm_storage storage;

	storage.handlers = params;
	return &storage;
}

static void moving_nothing(zend_mm_storage *storage)
{
	(void) storage;
}

static zend_mm_segment *moving_alloc(zend_mm_storage *storage, size_t size)
{
	(void) storage;
	return malloc(size);
}

static void moving_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	(void) storage;
	free(segment);
}

static zend_mm_segment *moving_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	zend_mm_segment *moved = malloc(size);

	(void) storage;
	memcpy(moved, segment, segment->size < size ? segment->size : size);
	free(segment);
	return moved;
}

static void check_lost_and_moved(void)
{
	static const zend_mm_mem_handlers moving = { "moving", moving_init, moving_nothing,
		moving_nothing, moving_alloc, moving_realloc, moving_free };
	zend_mm_heap *heap = zend_mm_startup_ex(&moving, SEGMENT, 8192, 0,
		(void *) (uintptr_t) &moving);
	void *big = take(heap, SEGMENT - legacy_segment_overhead);
	zend_mm_segment **first = &((legacy_heap_t *) heap)->segments, *listed;

	big = zend_mm_realloc(heap, big, 2 * SEGMENT);
	ok(legacy_sound(heap), "a segment that moves is listed at its new place");
	listed = *first;
	*first = listed->next_segment;
	found_count = 0;
	zend_mm_set_corruption_hook(note_problem);
	ok(bails_out(zend_mm_realloc(heap, big, 4 * SEGMENT)) && found_count == 1,
		"one that is not listed is noticed when it has moved");
	zend_mm_set_corruption_hook(NULL);
	zend_mm_shutdown(heap, 1, 1);
	free((void *) (uintptr_t) found.address);
}

/* }}} */

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

/* Canaries differ from heap to heap, and by chance a byte of one could be any. */
static bool end_of_string_is_found(void)
{
	zend_mm_heap *heap = legacy_start();
	char *data = take(heap, 600);
	bool found;

	data[request_for(600)] = '\0';
	found = bails_out(zend_mm_free(heap, data));
	legacy_end(heap);
	return found;
}

static void check_canary(void)
{
	zend_mm_heap *heap = legacy_start();
	char *data = take(heap, 600);
	int found = 0;

	if (!config_heap_protection) {
		skip(3, "this build has no canaries");
		legacy_end(heap);
		return;
	}
	zend_mm_set_corruption_hook(note_problem);
	data[request_for(600) - 1] ^= 1;
	ok(!bails_out(data = zend_mm_realloc(heap, data, request_for(700))),
		"writing to the last byte is fine");
	data[request_for(700)] ^= 1;
	ok(bails_out(zend_mm_free(heap, data)), "writing behind it is found");
	legacy_end(heap);
	for (int i = 0; i < 2000; i++) {
		found += end_of_string_is_found();
	}
	is_int(found, 2000, "so is the end of a string, in all heaps");
	zend_mm_set_corruption_hook(NULL);
}

static void corrupt_and_free(const char *argument)
{
	struct scene scene = set_scene(1000);

	(void) argument;
	zend_mm_set_corruption_hook(NULL);
	damage_copy(&scene);
	zend_mm_free(scene.heap, scene.used[0]);
}

#ifdef _WIN32
enum { on_windows = true };
#else
enum { on_windows = false };
#endif

static void check_end_of_process(void)
{
	struct tap_child child = run_child(corrupt_and_free, NULL);

	contains(child.err, "zend_mm_heap corrupted\n", "a damaged heap ends the process, saying so");
	if (config_debug && on_windows) {
		is_int(child.status, 3, "with the status of a signal that nobody handles");
	} else if (config_debug) {
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
	check_coalescing(between, 200, "the block between two");
	check_coalescing(between, 1000, "the block between two");
	check_coalescing(behind, 1000, "the block behind one");
	check_flushing();
	check_tree_child();
	check_freed_twice();
	check_lost_segment();
	check_lost_and_moved();
	check_mark(config_cookies, (size_t *) (uintptr_t) legacy_cookie_offset, "cookie");
	check_mark(config_debug, (size_t *) (uintptr_t) (legacy_owner_offset
		+ offsetof(struct zend_mm_legacy_owner, magic)), "magic number");
	check_mark(legacy_keeps_requested, (size_t *) (uintptr_t) legacy_requested_offset,
		"requested size");
	check_canary();
	check_end_of_process();
	return done_testing();
}
