/* SPDX-License-Identifier: MIT */
/* Hardened heaps: each attack on lists is found before a wrong link is followed, and sound programs
 * find their blocks where they are in other heaps. */
#include <setjmp.h>

#include "heap/hardened/hardened.h"
#include "heap/legacy/heap.h"
#include "t/tap.h"
#include "zend_alloc.h"

static jmp_buf caught;
static zend_mm_problem last;
static zend_mm_heap *heap;

static void hook(const zend_mm_problem *problem)
{
	last = *problem;
	longjmp(caught, 1);
}

static zend_mm_heap *start(zend_mm_mode mode, const char *checks)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.debug = NULL;
	options.hardened = checks;
	return zend_mm_startup_with(&options);
}

#define FINDS(expression, why, ...) do { \
		volatile bool found_ = false; \
		if (setjmp(caught) == 0) { \
			expression; \
		} else { \
			found_ = true; \
		} \
		is_str(found_ ? last.reason : "nothing", why, __VA_ARGS__); \
	} while (0)

static char *taken(size_t size)
{
	char *block = zend_mm_alloc(heap, size);

	memset(block, 'x', size);
	return block;
}

static void attack_slots(void)
{
	char *volatile a, *volatile b;
	size_t words[2];

	heap = start(ZEND_MM_MODERN, "links");
	a = taken(64);
	zend_mm_free(heap, a);
	a[0] ^= 1;
	FINDS(taken(64), "a free slot's link does not agree with its shadow",
		"modern: one bit of a link");
	zend_mm_shutdown(heap, 1, 1);
	heap = start(ZEND_MM_MODERN, "links");
	a = taken(64);
	b = taken(64);
	zend_mm_free(heap, a);
	zend_mm_free(heap, b);
	memcpy(words, a, sizeof words);
	memcpy(b, words, sizeof words);
	FINDS(taken(64), "a free slot's link does not agree with its shadow",
		"modern: link and shadow of another slot");
	zend_mm_shutdown(heap, 1, 1);
	heap = start(ZEND_MM_MODERN, "links");
	a = taken(64);
	zend_mm_free(heap, a);
	((size_t *)(void *)a)[1] = 0;
	FINDS(taken(64), "a free slot's link does not agree with its shadow", "modern: the shadow");
	zend_mm_shutdown(heap, 1, 1);
	heap = start(ZEND_MM_MODERN, "all");
	a = taken(1);
	b = taken(8);
	ok(b - a == 2 * sizeof(void *), "modern: the smallest slot has two words");
	zend_mm_shutdown(heap, 1, 1);
}

static void attack_chunks(void)
{
	char *volatile filler[4], *volatile chunk;
	size_t word;

	heap = start(ZEND_MM_MODERN, "lists");
	for (int i = 0; i < 4; i++) {
		filler[i] = zend_mm_alloc(heap, (size_t)1500 << 10);
	}
	chunk = (char *)((uintptr_t)filler[1] & ~(uintptr_t)0x1fffff);
	memcpy(&word, chunk + sizeof(void *), sizeof word);
	memset(chunk + sizeof(void *), 0, 1);
	*(void **)(void *)(chunk + sizeof(void *)) = (void *)((uintptr_t)filler[3] &
		~(uintptr_t)0x1fffff);
	FINDS(zend_mm_free(heap, filler[1]), "the next chunk does not point back",
		"modern: a chunk's link");
	memcpy(chunk + sizeof(void *), &word, sizeof word);
	zend_mm_shutdown(heap, 1, 1);
	heap = start(ZEND_MM_MODERN, "lists");
	for (int i = 0; i < 4; i++) {
		filler[i] = zend_mm_alloc(heap, (size_t)1500 << 10);
	}
	chunk = (char *)((uintptr_t)filler[1] & ~(uintptr_t)0x1fffff);
	chunk = *(char **)(void *)(chunk + 2 * sizeof(void *));
	memcpy(&word, chunk + sizeof(void *), sizeof word);
	*(void **)(void *)(chunk + sizeof(void *)) = (void *)((uintptr_t)filler[3] &
		~(uintptr_t)0x1fffff);
	FINDS(zend_mm_free(heap, filler[1]), "the previous chunk does not point back",
		"modern: the link of the chunk before");
	memcpy(chunk + sizeof(void *), &word, sizeof word);
	zend_mm_shutdown(heap, 1, 1);
}

static void attack_pointers(zend_mm_mode mode, const char *again, const char *inside,
	const char *outside)
{
	static char foreign[256];
	char *volatile a;
	const char *name = mode == ZEND_MM_LEGACY ? "legacy" : "modern";

	heap = start(mode, "links,frees");
	a = taken(100);
	taken(100);
	zend_mm_free(heap, a);
	FINDS(zend_mm_free(heap, a), again, "%s: twice", name);
	FINDS(zend_mm_realloc(heap, a, 1000), again, "%s: resized after", name);
	a = taken(100);
	FINDS(zend_mm_free(heap, a + 24), inside, "%s: interior", name);
	FINDS(zend_mm_free(heap, foreign + 128), outside, "%s: static memory", name);
	FINDS(zend_mm_free(heap, (char *)(((uintptr_t)&a + 15) & ~(uintptr_t)15)), outside,
		"%s: stack", name);
	zend_mm_shutdown(heap, 1, 1);
}

static void attack_blocks(void)
{
	char *volatile a, *volatile b, *volatile c;

	heap = start(ZEND_MM_LEGACY, "links");
	a = taken(64);
	zend_mm_free(heap, a);
	a[3] ^= 1;
	FINDS(taken(64), "a cached block's link does not agree with its shadow",
		"legacy: one bit of a cached block's link");
	zend_mm_shutdown(heap, 1, 1);
	heap = start(ZEND_MM_LEGACY, "lists");
	a = taken(2000);
	b = taken(2000);
	c = taken(2000);
	zend_mm_free(heap, b);
	*(void **)(void *)b = &last;
	FINDS(zend_mm_free(heap, c), "a link of a list leads out of the heap's segments",
		"legacy: a ring's link out of the heap");
	zend_mm_shutdown(heap, 1, 1);
	heap = start(ZEND_MM_LEGACY, "lists");
	b = taken(2000);
	taken(2000);
	zend_mm_free(heap, b);
	block_of(b)->word |= (size_t)1 << 28;
	FINDS(taken(2000), "a free block's header is overwritten", "legacy: a free block's size");
	block_of(b)->word &= ~((size_t)1 << 28);
	zend_mm_shutdown(heap, 1, 1);
}

static void attack_tags(void)
{
	char *volatile a, *volatile b;

	if (!legacy_plain) {
		skip(2, "marks stand between blocks and tags in this build, and are found first");
		return;
	}
	heap = start(ZEND_MM_LEGACY, "frees");
	a = taken(64);
	b = taken(64);
	a[64] ^= 0x10;
	FINDS(zend_mm_free(heap, a), "the header of the block behind is overwritten",
		"legacy: one byte past the end");
	a[64] ^= 0x10;
	b[-(int)sizeof(size_t)] ^= 0x10;
	FINDS(zend_mm_free(heap, b), "a block's copy of the size before it is overwritten",
		"legacy: before the beginning");
	b[-(int)sizeof(size_t)] ^= 0x10;
	zend_mm_shutdown(heap, 1, 1);
}

static unsigned next_number(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 8;
}

/* Where in its segment or chunk a block lies. */
static size_t offset_of(zend_mm_heap *of, const char *data)
{
	zend_mm_place place;

	zend_mm_locate(of, data, &place);
	return (size_t)(data - (const char *)place.region.address);
}

/* The same requests on a plain and on a hardened heap, through requests, collections and keys. */
static void check_placements(zend_mm_mode mode, size_t least)
{
	zend_mm_heap *heaps[2] = { start(mode, NULL), start(mode, "all") };
	enum { blocks = 300 };
	char *data[2][blocks] = { { NULL } };
	zend_mm_figures figures[2];
	unsigned state = 7;
	bool same = true;
	zend_mm_problem problem;

	for (int request = 0; request < 3; request++) {
		memset(data, 0, sizeof data);
		for (int i = 0; i < 2000; i++) {
			unsigned at = next_number(&state) % blocks;
			size_t size = least + next_number(&state) % (at % 7 ? 300 : 9000);

			for (int j = 0; j < 2; j++) {
				if (data[j][at] && i % 3) {
					zend_mm_free(heaps[j], data[j][at]);
					data[j][at] = NULL;
				} else {
					data[j][at] = zend_mm_realloc(heaps[j], data[j][at], size);
					memset(data[j][at], i, size);
				}
			}
			same = same && (!data[0][at] || i % 40 ||
				offset_of(heaps[0], data[0][at]) == offset_of(heaps[1], data[1][at]));
			if (i % 500 == 0) {
				zend_mm_gc(heaps[0]);
				zend_mm_gc(heaps[1]);
				zend_mm_refresh_key_child(heaps[1]);
			}
		}
		is_int(zend_mm_check(heaps[1], &problem), 0, "the hardened heap is sound");
		zend_mm_get_figures(heaps[0], &figures[0]);
		zend_mm_get_figures(heaps[1], &figures[1]);
		ok(figures[0].size == figures[1].size && figures[0].real_peak == figures[1].real_peak,
			"and holds what the plain one does");
		for (int j = 0; j < 2; j++) {
			zend_mm_shutdown(heaps[j], 0, 1);
		}
	}
	ok(same, "%s: blocks lie where they do without hardening", mode ? "modern" : "legacy");
	zend_mm_shutdown(heaps[0], 1, 1);
	zend_mm_shutdown(heaps[1], 1, 1);
}

/* Memory of blocks that were free once holds their links, which are no sign of a second free. */
static void check_old_links(zend_mm_mode mode)
{
	char *blocks[200];
	int round;

	heap = start(mode, "all");
	for (round = 0; round < 3; round++) {
		for (int i = 0; i < 200; i++) {
			blocks[i] = zend_mm_alloc(heap, 64);
		}
		FINDS(for (int i = 0; i < 200; i++) zend_mm_free(heap, blocks[i]), "nothing",
			"%s: blocks that nobody wrote to are freed, round %d", mode ? "modern" : "legacy",
			round);
		heap->verbs->trim(heap);
	}
	zend_mm_shutdown(heap, 1, 1);
}

/* {{{ Canaries at the ends of blocks. */

static const char *const end_overwritten = "the canary at a block's end is overwritten";

static void fill(char *block, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		((volatile char *)block)[i] = 'x';
	}
}

/* What the program may use can be written to; one byte more is found out. */
static void check_end(size_t size, size_t moved_size)
{
	zend_mm_problem problem;
	char *block = zend_mm_alloc(heap, size);
	size_t usable = zend_mm_block_size(heap, block);

	ok(usable >= size, "%zu bytes: there is room for what was asked", size);
	fill(block, 0, usable);
	is_int(zend_mm_check(heap, &problem), 0, "%zu bytes: the block may be written to", size);
	block = zend_mm_realloc(heap, block, moved_size);
	ok(block[0] == 'x' && block[(size < moved_size ? size : moved_size) - 1] == 'x',
		"%zu bytes: a resize keeps what was written", size);
	usable = zend_mm_block_size(heap, block);
	fill(block, usable, usable + 1);
	ok(zend_mm_check(heap, &problem) == 1 && problem.address == block &&
		strcmp(problem.reason, end_overwritten) == 0,
		"%zu bytes: the check finds one byte more", moved_size);
	FINDS(zend_mm_block_size(heap, block), end_overwritten, "asking for its size does");
	FINDS(zend_mm_realloc(heap, block, size), end_overwritten, "resizing it does");
}

static void check_string_end(void)
{
	char *block = zend_mm_alloc(heap, 100);
	size_t usable = zend_mm_block_size(heap, block);

	((volatile char *)block)[usable] = '\0';
	FINDS(zend_mm_free(heap, block), end_overwritten, "a string's end past a block's end is found");
	block = zend_mm_alloc(heap, 112);
	fill(block, 0, zend_mm_block_size(heap, block));
	FINDS(zend_mm_free(heap, block), "nothing", "a block that is filled has no canary");
	block = zend_mm_alloc(heap, 100);
	block = zend_mm_realloc(heap, block, 112);
	fill(block, 0, 112);
	FINDS(zend_mm_free(heap, block), "nothing", "nor has one that is filled later");
}

static void check_ends(void)
{
	heap = start(ZEND_MM_MODERN, "ends");
	check_end(100, 66);
	check_end(66, 100);
	check_end(100, 101);
	check_end(9000, 5000);
	check_end(5000, 9000);
	check_end(3000000, 4000000);
	check_end(100, 3000000);
	check_string_end();
	zend_mm_shutdown(heap, 0, 1);
	check_end(100, 66);
	zend_mm_shutdown(heap, 1, 1);
}

/* }}} */

static void check_settings(void)
{
	struct zend_mm_hardening hardening, other;
	char unknown[64];

	ok(zend_mm_hardening_read("all", &hardening, unknown) && hardening.links && hardening.lists &&
		hardening.cached && hardening.frees && hardening.spares && hardening.ends &&
		hardening.sizes, "all is all");
	ok(zend_mm_hardening_read("lists,frees", &other, unknown) && !other.links && other.lists &&
		!other.cached && other.frees, "single checks");
	ok(hardening.key != other.key, "each heap has a key of its own");
	ok(!zend_mm_hardening_read("links,chunk", &other, unknown), "an unknown one is refused");
	is_str(unknown, "chunk", "and named");
	errno = 0;
	ok(!start(ZEND_MM_MODERN, "none") && errno == EINVAL, "a bad list of a call is EINVAL");
}

static void start_with(const char *list)
{
	set_environment("ZEND_MM_HARDENED", list);
	efree(emalloc(10));
	printf("started\n");
}

int main(void)
{
	struct tap_child child;

	if (ZEND_DEBUG) {
		skip_all("debug builds find these with their own marks first");
	}
	check_settings();
	is_str(run_child(start_with, "all").out, "started\n", "the environment hardens");
	child = run_child(start_with, "links,safe");
	is_int(child.status, 255, "a bad value exits with 255");
	is_str(child.err, "Wrong ZEND_MM_HARDENED: 'safe' is none of all, links, lists, cached, "
		"frees, spares, ends, sizes\n", "and says what there is");
	zend_mm_set_corruption_hook(hook);
	attack_slots();
	attack_chunks();
	attack_pointers(ZEND_MM_MODERN, "a slot was freed already",
		"an address is inside a slot, not its beginning",
		"an address is in no chunk of the heap");
	attack_pointers(ZEND_MM_LEGACY, "a block was freed already and is in the cache",
		"an address is inside a block, not its beginning",
		"no block of the heap can begin at an address");
	attack_blocks();
	attack_tags();
	check_ends();
	check_old_links(ZEND_MM_LEGACY);
	check_old_links(ZEND_MM_MODERN);
	check_placements(ZEND_MM_LEGACY, 1);
	check_placements(ZEND_MM_MODERN, 9);
	return done_testing();
}
