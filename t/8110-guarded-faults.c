/* SPDX-License-Identifier: MIT */
/* Guarded heaps: each fault is found, for the reason that fits, over both designs and with
 * different guards; and sound programs stay undisturbed. */
#include <setjmp.h>

#include "t/tap.h"
#include "zend_alloc.h"

static jmp_buf caught;
static zend_mm_problem last;
static zend_mm_heap *heap, *other;
static const char *setting;

static void hook(const zend_mm_problem *problem)
{
	last = *problem;
	longjmp(caught, 1);
}

static zend_mm_heap *start(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.debug = setting;
	return zend_mm_startup_with(&options);
}

/* Evaluates an expression that has to be found out. */
#define FINDS(expression, why, ...) do { \
		volatile bool found_ = false; \
		if (setjmp(caught) == 0) { \
			expression; \
		} else { \
			found_ = true; \
		} \
		is_str(found_ ? last.reason : "nothing", why, __VA_ARGS__); \
	} while (0)

static const size_t sizes[] = { 0, 1, 8, 20, 100, 3072, 5000, 300000, 2500000 };

enum { SIZES = sizeof sizes / sizeof *sizes };

static void restart(zend_mm_mode mode)
{
	heap = start(mode);
}

static void check_sound(zend_mm_mode mode)
{
	char *blocks[SIZES];
	zend_mm_problem problem;
	bool whole = true;

	restart(mode);
	for (int i = 0; i < SIZES; i++) {
		blocks[i] = zend_mm_alloc(heap, sizes[i]);
		memset(blocks[i], i, sizes[i]);
		whole = whole && (uintptr_t)blocks[i] % 8 == 0 &&
			zend_mm_block_size(heap, blocks[i]) == sizes[i];
	}
	ok(whole, "%s: blocks are aligned and have their size", setting);
	is_int(zend_mm_check(heap, &problem), 0, "%s: the heap is sound", setting);
	for (int i = 0; i < SIZES; i++) {
		blocks[i] = zend_mm_realloc(heap, blocks[i], sizes[i] + 1000);
		for (size_t j = 0; j < sizes[i]; j++) {
			whole = whole && blocks[i][j] == i;
		}
	}
	ok(whole, "%s: resizing keeps the contents", setting);
	for (int i = 0; i < SIZES; i += 2) {
		zend_mm_free(heap, blocks[i]);
	}
	is_int(zend_mm_check(heap, &problem), 0, "%s: freeing leaves it sound", setting);
	zend_mm_shutdown(heap, 0, 1);
	is_int(zend_mm_check(heap, &problem), 0, "%s: and so does the end of the request", setting);
	zend_mm_free(heap, zend_mm_alloc(heap, 100));
	zend_mm_shutdown(heap, 1, 1);
}

static void check_pointers(zend_mm_mode mode)
{
	char on_stack[64] = "";
	char *volatile block;

	for (volatile int i = 1; i < SIZES; i++) {
		restart(mode);
		block = zend_mm_alloc(heap, sizes[i]);
		zend_mm_free(heap, block);
		FINDS(zend_mm_free(heap, block), "a block was freed twice", "%s: twice, %zu bytes",
			setting, sizes[i]);
		FINDS(zend_mm_realloc(heap, block, 10), "a freed block was resized",
			"%s: resized after", setting);
		FINDS(zend_mm_block_size(heap, block), "a freed block was asked for its size",
			"%s: asked", setting);
		zend_mm_shutdown(heap, 1, 1);
	}
	restart(mode);
	block = zend_mm_alloc(heap, 100);
	FINDS(zend_mm_free(heap, block + 8), "an address is inside a block, not its beginning",
		"%s: interior", setting);
	FINDS(zend_mm_free(heap, block + 3), "an address is inside a block, not its beginning",
		"%s: interior and misaligned", setting);
	FINDS(zend_mm_free(heap, (char *)(((uintptr_t)on_stack + 7) & ~(uintptr_t)7)),
		"an address is on the stack", "%s: stack", setting);
	FINDS(zend_mm_free(heap, (void *)(uintptr_t)4096), "no block begins at an address",
		"%s: nothing is there", setting);
	FINDS(zend_mm_free(heap, (void *)(uintptr_t)4097),
		"an address is not aligned as blocks are, and in none of them",
		"%s: nor can be", setting);
	other = start(mode);
	FINDS(zend_mm_free(other, block), "a block belongs to another heap", "%s: wrong heap", setting);
	zend_mm_shutdown(heap, 0, 1);
	FINDS(zend_mm_free(heap, block),
		"a block is used after the end of the request it was allocated in",
		"%s: after the request", setting);
	zend_mm_shutdown(heap, 1, 1);
	zend_mm_shutdown(other, 1, 1);
}

/* With guard pages a write further on would end the process. */
static void check_overflow(zend_mm_mode mode)
{
	static const size_t odd[] = { 1, 5, 20, 3071, 5001, 300001, 2500001 };
	char *volatile block;

	for (volatile int i = 0; i < 7; i++) {
		restart(mode);
		block = zend_mm_alloc(heap, odd[i]);
		block[odd[i]] ^= 1;
		FINDS(zend_mm_free(heap, block), "a block was written past its end",
			"%s: past %zu bytes", setting, odd[i]);
		ok(last.word == block + odd[i] && last.address == block, "%s: and where", setting);
		FINDS(zend_mm_shutdown(heap, 0, 1), "a block was written past its end",
			"%s: the end of the request finds it, too", setting);
		block[odd[i]] ^= 1;
		zend_mm_shutdown(heap, 1, 1);
	}
}

static void check_underflow(zend_mm_mode mode)
{
	char *volatile block;

	for (volatile int i = 1; i < SIZES; i++) {
		restart(mode);
		block = zend_mm_alloc(heap, 5 + sizes[i]);
		block[-1] ^= 8;
		FINDS(zend_mm_realloc(heap, block, 1), "a block was written before its beginning",
			"%s: before %zu bytes", setting, 5 + sizes[i]);
		block[-1] ^= 8;
		zend_mm_shutdown(heap, 1, 1);
	}
}

static void check_quarantine(zend_mm_mode mode)
{
	for (int i = 1; i < SIZES - 1; i++) {
		char *block;
		zend_mm_problem problem;

		restart(mode);
		block = zend_mm_alloc(heap, sizes[i]);
		zend_mm_free(heap, block);
		block[sizes[i] - 1] ^= 2;
		is_int(zend_mm_check(heap, &problem), 1, "%s: written after freeing, %zu bytes", setting,
			sizes[i]);
		is_str(problem.reason, "a block was written to after it was freed", "%s: is found",
			setting);
		block[sizes[i] - 1] ^= 2;
		zend_mm_shutdown(heap, 1, 1);
	}
}

static void check_poison(zend_mm_mode mode)
{
	char *block;

	setting = "poison_alloc=0xab,poison_free=0xcd,quarantine=1M";
	restart(mode);
	block = zend_mm_alloc(heap, 100);
	ok((unsigned char)block[0] == 0xab && (unsigned char)block[99] == 0xab,
		"new blocks are filled");
	zend_mm_free(heap, block);
	ok((unsigned char)block[0] == 0xcd && (unsigned char)block[99] == 0xcd,
		"freed blocks are filled");
	zend_mm_shutdown(heap, 1, 1);
}

static void check_every(zend_mm_mode mode)
{
	char *volatile damaged, *volatile filler = NULL;
	volatile int requests = 0;

	setting = "padding=8,check_every=10";
	restart(mode);
	damaged = zend_mm_alloc(heap, 16);
	damaged[16] ^= 1;
	FINDS(for (;;) { requests++; filler = zend_mm_realloc(heap, filler, 10); },
		"a block was written past its end", "check_every=10 finds damage without any free");
	ok(requests <= 10, "after %d requests", requests);
	damaged[16] ^= 1;
	zend_mm_shutdown(heap, 1, 1);
}

int main(void)
{
	static const char *const settings[] = {
		"padding=8", "padding=40,quarantine=64K", "guard_pages=1", "padding=1,sites=1",
		"guard_pages=1,quarantine=8M,sites=1"
	};

	if (strstr(getenv("SANITIZER") ? getenv("SANITIZER") : "", "address")) {
		skip_all("the sanitizer, which is told of blocks, finds the faults first");
	}
	zend_mm_set_corruption_hook(hook);
	for (zend_mm_mode mode = ZEND_MM_LEGACY; mode <= ZEND_MM_MODERN; mode++) {
		note("%s", mode == ZEND_MM_LEGACY ? "legacy" : "modern");
		for (int i = 0; i < 5; i++) {
			setting = settings[i];
			check_sound(mode);
			check_pointers(mode);
			check_overflow(mode);
			check_underflow(mode);
		}
		setting = "quarantine=1M";
		check_quarantine(mode);
		check_poison(mode);
		check_every(mode);
	}
	return done_testing();
}
