/* SPDX-License-Identifier: MIT */
/*
 * t/docs/legacy.c - the pictures and numbers of doc/legacy.md, from the legacy heap's headers.
 */
#include "heap/legacy/heap.h"
#include "t/docs/picture.h"

#define LINKS(member) (legacy_header_size + offsetof(struct zend_mm_legacy_links, member))

static void draw_segment(void)
{
	const struct cell cells[] = {
		{ 0, "segment\nheader", NULL },
		{ legacy_segment_header_size, "block", NULL },
		{ 0, "block", "" },
		{ 0, " ... ", "" },
		{ 0, "block", "" },
		{ 0, "guard", "size-16" },
		{ 0, NULL, "size" },
	};

	draw_picture(cells);
}

static void draw_segment_header(void)
{
	const struct cell cells[] = {
		{ offsetof(zend_mm_segment, size), "size", NULL },
		{ offsetof(zend_mm_segment, next_segment), "next segment", NULL },
		{ legacy_segment_header_size, NULL, NULL },
	};

	draw_picture(cells);
}

static void draw_block(void)
{
	const struct cell cells[] = {
		{ offsetof(block_t, word), "size | type\nof this one", NULL },
		{ offsetof(block_t, before), "size | type\nof the one\nbefore", NULL },
		{ legacy_header_size, "data\n\n(in the cache: the next one's data address)", NULL },
		{ 0, NULL, "size" },
	};

	draw_picture(cells);
}

static void draw_free(void)
{
	const struct cell cells[] = {
		{ offsetof(block_t, word), "size | 0", NULL },
		{ offsetof(block_t, before), "before", NULL },
		{ LINKS(ring.prev), "prev", NULL },
		{ LINKS(ring.next), "next", NULL },
		{ legacy_smallest_block, "unused", NULL },
		{ 0, NULL, "size" },
	};

	draw_picture(cells);
}

static void draw_large(void)
{
	const struct cell cells[] = {
		{ offsetof(block_t, word), "size | 0", NULL },
		{ offsetof(block_t, before), "before", NULL },
		{ LINKS(ring.prev), "prev", NULL },
		{ LINKS(ring.next), "next", NULL },
		{ LINKS(parent), "parent", NULL },
		{ LINKS(child[0]), "child 0", NULL },
		{ LINKS(child[1]), "child 1", NULL },
		{ legacy_header_size + sizeof(struct zend_mm_legacy_links), "unused", NULL },
		{ 0, NULL, "size" },
	};

	draw_picture(cells);
}

static void draw_numbers(void)
{
	print_heading("");
	print_number("alignment", legacy_alignment);
	print_number("segment header", legacy_segment_header_size);
	print_number("block header, and the guard", legacy_header_size);
	print_number("smallest block", legacy_smallest_block);
	print_number("buckets, and as many trees", legacy_bucket_count);
	print_number("size of the first bucket's blocks", bucket_size(0));
	print_number("size of the last bucket's blocks", bucket_size(legacy_bucket_count - 1));
	print_number("first large size", legacy_small_limit);
	print_number("greatest request that is small", legacy_largest_small_request);
	print_number("segment", 256 * 1024);
	print_number("greatest request in an ordinary segment",
		256 * 1024 - legacy_segment_overhead - legacy_header_size);
	print_number("capacity of the cache", legacy_cache_capacity);
	print_number("large blocks in the rest list", legacy_rest_length);
	print_number("reserve, its block", legacy_true_size(8192));
	print_number("first data after the reserve",
		legacy_segment_header_size + legacy_true_size(8192) + legacy_header_size);
}

static void draw_sizes(void)
{
	static const size_t requests[] = { 0, 1, 7, 8, 9, 15, 16, 17, 24, 25, 32, 100, 256, 257, 520,
		521, 1000, 4096, 262096, 262128 };

	print_heading("request, true size");
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		char name[24];

		snprintf(name, sizeof name, "%zu", requests[i]);
		print_number(name, legacy_true_size(requests[i]));
	}
}

int main(int argc, char **argv)
{
	static const struct drawing drawings[] = {
		{ "segment", draw_segment },
		{ "segment-header", draw_segment_header },
		{ "block", draw_block },
		{ "free", draw_free },
		{ "large", draw_large },
		{ "numbers", draw_numbers },
		{ "sizes", draw_sizes },
		{ NULL, NULL },
	};

	return draw_named(drawings, argc, argv);
}
