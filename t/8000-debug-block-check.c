/* SPDX-License-Identifier: MIT */
/* Debug builds: mem_block_check() and full_mem_check() on sound and damaged heaps of both designs,
 * and what they print. */
#include "heap/heap.h"
#include "t/tap.h"
#include "zend_alloc.h"

#if !ZEND_DEBUG
int main(void)
{
	skip_all("not a debug build");
}
#else

static zend_mm_heap *start(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	zend_mm_set_heap(zend_mm_startup_with(&options));
	return zend_mm_get_heap();
}

static const char *name_of(zend_mm_mode mode)
{
	return mode == ZEND_MM_LEGACY ? "legacy" : "modern";
}

static void check_sound(zend_mm_mode mode)
{
	static const size_t sizes[] = { 0, 1, 100, 5000, 300000, 3000000 };
	zend_mm_heap *heap = start(mode);
	char *blocks[6];

	for (int i = 0; i < 6; i++) {
		blocks[i] = emalloc(sizes[i]);
		memset(blocks[i], 'x', sizes[i]);
	}
	for (int i = 0; i < 6; i++) {
		is_int(mem_block_check(blocks[i], 1), 1, "%s: a block of %zu bytes is sound",
			name_of(mode), sizes[i]);
		is_int(mem_block_check(blocks[i] + 8, 1), 0, "%s: 8 bytes into it no block begins",
			name_of(mode));
	}
	is_int(full_mem_check(1), 0, "%s: no block is damaged", name_of(mode));
	efree(blocks[2]);
	is_int(mem_block_check(blocks[2], 1), 0, "%s: a freed block is none", name_of(mode));
	is_int(mem_block_check((void *)(uintptr_t)4096, 1), 0, "%s: neither is an address of nothing",
		name_of(mode));
	is_int(mem_block_check(NULL, 1), 0, "%s: nor NULL", name_of(mode));
	zend_mm_shutdown(heap, 1, 1);
}

/* The word before the magic number, or the guard bytes: past the end of a block of 30 bytes. */
static void damage(zend_mm_mode mode, char *block)
{
	zend_mm_place place;

	if (mode == ZEND_MM_MODERN) {
		block[30] ^= 1;
		return;
	}
	/* legacy: the magic number of the block itself */
	zend_mm_locate(zend_mm_get_heap(), block, &place);
	for (const char *word = (const char *)place.block.address + 2 * sizeof(size_t); word < block;
		word += sizeof(size_t)) {
		if (*(const size_t *)(const void *)word == 0x5a11c0deu) {
			*(size_t *)(uintptr_t)word ^= 4;
			return;
		}
	}
}

static void check_damaged(zend_mm_mode mode)
{
	zend_mm_heap *heap = start(mode);
	char *blocks[10];

	for (int i = 0; i < 10; i++) {
		blocks[i] = emalloc(30);
	}
	damage(mode, blocks[3]);
	is_int(mem_block_check(blocks[3], 1), 0, "%s: a damaged block is found", name_of(mode));
	is_int(mem_block_check(blocks[4], 1), 1, "%s: its neighbour is sound", name_of(mode));
	is_int(full_mem_check(1), 1, "%s: one block is damaged", name_of(mode));
	damage(mode, blocks[7]);
	is_int(full_mem_check(1), 2, "%s: then two", name_of(mode));
	zend_mm_shutdown(heap, 1, 1);
}

/* Damage of the heap's own words, while its blocks are whole. */
static void damage_structure(const char *silent)
{
	zend_mm_heap *heap = start(ZEND_MM_LEGACY);

	efree(emalloc(30));
	heap->real_peak = 0;
	printf("%d\n", full_mem_check(*silent == '1'));
}

static void check_structure(void)
{
	struct tap_child child = run_child(damage_structure, "1");

	is_str(child.out, "1\n", "a damaged heap with sound blocks counts as one");
	is_str(child.err, "", "silently");
	child = run_child(damage_structure, "0");
	is_str(child.out, "1\n", "and also aloud");
	contains(child.err, "the real peak is less than real_size", "where it says what is damaged");
}

static void speak(const char *argument)
{
	zend_mm_mode mode = strcmp(argument, "modern") == 0 ? ZEND_MM_MODERN : ZEND_MM_LEGACY;
	char *block;

	start(mode);
	block = emalloc(30);
	damage(mode, block);
	mem_block_check(block, 0);
	full_mem_check(0);
	printf("still here\n");
}

static void check_report(zend_mm_mode mode)
{
	struct tap_child child = run_child(speak, name_of(mode));

	is_str(child.out, "still here\n", "%s: a report does not end the process", name_of(mode));
	contains(child.err, "8000-debug-block-check.c(", "%s: it says who asked", name_of(mode));
	contains(child.err, ") : Block 0x", "%s: and which block", name_of(mode));
	contains(child.err, " is damaged\nzend_mm_heap corrupted\n", "%s: and goes on as a corruption",
		name_of(mode));
	contains(child.err, "owner   ", "%s: with the owner", name_of(mode));
}

int main(void)
{
	for (zend_mm_mode mode = ZEND_MM_LEGACY; mode <= ZEND_MM_MODERN; mode++) {
		check_sound(mode);
		check_damaged(mode);
		check_report(mode);
	}
	check_structure();
	return done_testing();
}

#endif
