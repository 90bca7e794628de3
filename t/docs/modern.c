/* SPDX-License-Identifier: MIT */
/*
 * t/docs/modern.c - the pictures and numbers of doc/modern.md, from the modern heap's headers.
 */
#include "heap/modern/heap.h"
#include "t/docs/picture.h"

static void draw_chunk(void)
{
	const struct cell cells[] = {
		{ 0, "header", NULL },
		{ ZEND_MM_PAGE_SIZE, "run of\na bin", NULL },
		{ 2 * ZEND_MM_PAGE_SIZE, "run of a bin\n(3 pages)", NULL },
		{ 5 * ZEND_MM_PAGE_SIZE, "large\nrun", NULL },
		{ 0, " ... ", "" },
		{ 0, "free pages", "free_tail" },
		{ ZEND_MM_CHUNK_SIZE, NULL, NULL },
	};

	draw_picture(cells);
}

static void draw_header(void)
{
	const struct cell cells[] = {
		{ offsetof(struct zend_mm_chunk, heap), "heap", NULL },
		{ offsetof(struct zend_mm_chunk, next), "next", NULL },
		{ offsetof(struct zend_mm_chunk, prev), "prev", NULL },
		{ offsetof(struct zend_mm_chunk, free_pages), "free\npages", NULL },
		{ offsetof(struct zend_mm_chunk, free_tail), "free\ntail", NULL },
		{ offsetof(struct zend_mm_chunk, num), "num", NULL },
		{ offsetof(struct zend_mm_chunk, heap_room), "the heap (main\nchunk only)", NULL },
		{ offsetof(struct zend_mm_chunk, used), "512 bits:\npage used", NULL },
		{ offsetof(struct zend_mm_chunk, map), "map: 512\nwords of 32", NULL },
		{ sizeof(struct zend_mm_chunk), NULL, NULL },
	};

	draw_picture(cells);
}

static void draw_entry(void)
{
	const struct cell cells[] = {
		{ offsetof(struct zend_mm_huge_entry, ptr), "block", NULL },
		{ offsetof(struct zend_mm_huge_entry, size), "size", NULL },
		{ offsetof(struct zend_mm_huge_entry, next), "next", NULL },
		{ sizeof(struct zend_mm_huge_entry), NULL, NULL },
	};

	draw_picture(cells);
}

static void draw_map(void)
{
	printf("0x%08x            free page, or inside a large run\n", 0u);
	printf("0x%08x + pages    first page of a large run\n", (unsigned) ZEND_MM_MAP_LARGE);
	printf("0x%08x + bin      first page of a bin's run; its free slots in bits %u to %u\n",
		(unsigned) ZEND_MM_MAP_SMALL, ZEND_MM_MAP_COUNT_SHIFT,
		ZEND_MM_MAP_COUNT_SHIFT + 8);
	printf("0x%08x + bin      later page of a bin's run; its distance in bits %u to %u\n",
		(unsigned) ZEND_MM_MAP_KIND, ZEND_MM_MAP_COUNT_SHIFT,
		ZEND_MM_MAP_COUNT_SHIFT + 8);
}

#define BIN(bin, size, elements, pages, x, y) { size, elements, pages },

static void draw_bins(void)
{
	static const struct {
		size_t size;
		size_t slots;
		size_t pages;
	} bins[] = { ZEND_MM_BINS_INFO(BIN, 0, 0) };

	puts("bin  requests     slot  slots  pages  left over");
	for (size_t i = 0; i < sizeof bins / sizeof bins[0]; i++) {
		printf("%3zu  %4zu to %4zu  %4zu  %5zu  %5zu  %9zu\n", i, i > 0 ? bins[i - 1].size + 1 : 0,
			bins[i].size, bins[i].size, bins[i].slots, bins[i].pages,
			bins[i].pages * ZEND_MM_PAGE_SIZE - bins[i].slots * bins[i].size);
	}
}

static void draw_numbers(void)
{
	print_heading("");
	print_number("chunk, and its alignment", ZEND_MM_CHUNK_SIZE);
	print_number("page", ZEND_MM_PAGE_SIZE);
	print_number("pages of a chunk", ZEND_MM_PAGES);
	print_number("of these for blocks", ZEND_MM_ALL_PAGES);
	print_number("bins", ZEND_MM_BIN_COUNT);
	print_number("smallest slot", ZEND_MM_MIN_SIZE);
	print_number("greatest small request", ZEND_MM_MAX_SMALL_SIZE);
	print_number("greatest large request", ZEND_MM_MAX_LARGE_SIZE);
	print_number("entry of a huge block", sizeof(struct zend_mm_huge_entry));
}

int main(int argc, char **argv)
{
	static const struct drawing drawings[] = {
		{ "chunk", draw_chunk },
		{ "header", draw_header },
		{ "entry", draw_entry },
		{ "map", draw_map },
		{ "bins", draw_bins },
		{ "numbers", draw_numbers },
		{ NULL, NULL },
	};

	return draw_named(drawings, argc, argv);
}
