/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: heaps with damage. Whatever is overwritten in a heap's memory, the deep check says
 * so or the heap can be used on; reports and questions about any place neither crash nor last; and
 * none of them changes a byte.
 *
 *   input:  number of damages (1 byte) | each: where (5 bytes), how (1), with what (2) | as heap.c
 *
 * Not damaged is the head of a heap, which has the functions by which it is reached, and blocks
 * that nobody may touch (guard pages).
 */
#include "heap/failure.h"
#include "heap/legacy/heap.h"
#include "storage/readable.h"
#include "t/fuzz/files.h"
#include "t/fuzz/heaps.h"

enum { MOST_DAMAGES = 8, MOST_OPERATIONS = 300, MOST_AREAS = 120, DAMAGE_BYTES = 8, AROUND = 12 };

/* Memory of the heap that can be damaged. */
struct area {
	unsigned char *address;
	size_t size;
};

static struct heaps heaps;
static struct area areas[MOST_AREAS];
static size_t area_count;

/* --- where ----------------------------------------------------------------------------------- */

static void add_area(const void *address, size_t size)
{
	if (area_count < MOST_AREAS) {
		areas[area_count++] = (struct area) { (unsigned char *) (uintptr_t) address, size };
	}
}

/* Regions as a whole, and what a heap is made of: headers, guards, free blocks, the heap's own. */
static int note_area(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	(void) context;
	if (!block) {
		add_area(region->address, region->size);
	} else if (block->state == ZEND_MM_BLOCK_HEADER || block->state == ZEND_MM_BLOCK_GUARD
			|| block->internal) {
		add_area(block->address, block->size);
	} else {
		/* the headers of legacy blocks, the links of free ones */
		add_area(block->address, block->size < 56 ? block->size : 56);
	}
	return 0;
}

static void find_areas(void)
{
	area_count = 0;
	if (heaps.kind.options.mode == ZEND_MM_LEGACY && !heaps.kind.options.internal) {
		add_area((char *) heaps.heap + sizeof *heaps.heap,
			sizeof(legacy_heap_t) - sizeof *heaps.heap);
	}
	zend_mm_walk(heaps.heap, note_area, NULL);
}

/* Copies memory that AddressSanitizer may have been told to keep everybody off, as guards are. */
__attribute__((no_sanitize_address))
static void copy_anything(volatile unsigned char *to, const volatile unsigned char *from,
	size_t count)
{
	while (count-- > 0) {
		*to++ = *from++;
	}
}

/* Whether the system lets memory be read, whatever a sanitizer was told of it. */
static bool is_there(const unsigned char *at, size_t count)
{
	unsigned char byte;

	for (size_t i = 0; i < count; i += 4096) {
		if (!zend_mm_read_memory(at + i, &byte, 1)) {
			return false;
		}
	}
	return count == 0 || zend_mm_read_memory(at + count - 1, &byte, 1);
}

/* --- damages --------------------------------------------------------------------------------- */

struct damage {
	unsigned char *at;
	unsigned char before[DAMAGE_BYTES];
	size_t count;
};

static struct damage damages[MOST_DAMAGES];
static size_t damage_count;

static bool may_be_damaged(const unsigned char *at, size_t count)
{
	const unsigned char *head = (const unsigned char *) heaps.heap;
	/* a heap under study has a pointer to its maker's switches, too */
	size_t spared = heaps.kind.layer == HEAPS_STUDIED ? 4096 : sizeof *heaps.heap;

	return (at + count <= head || at >= head + spared) && is_there(at, count);
}

/* A word that a list could have: the address of some area, or near it. */
static size_t some_address(unsigned choice)
{
	const struct area *area = &areas[choice % area_count];

	return (size_t) (uintptr_t) area->address + (choice / area_count) % 4 * 16;
}

static void overwrite(unsigned char *at, size_t count, unsigned how, unsigned what)
{
	uint64_t word = 0;

	copy_anything((unsigned char *) &word, at, count);
	switch (how & 7) {
	case 0:
		word ^= (uint64_t) 1 << (what & 63);
		break;
	case 1:
		word = what;
		break;
	case 2:
		word = some_address(what);
		break;
	case 3:
		word += (uint64_t) what * 8;
		break;
	case 4:
		word -= (uint64_t) what;
		break;
	case 5:
		word = ~(uint64_t) 0 << (what & 63);
		break;
	case 6:
		memset(&word, (int) (what & 255), sizeof word);
		break;
	default:
		word = (uint64_t) what << (how & 56);
		break;
	}
	copy_anything(at, (const unsigned char *) &word, count);
}

static void do_damage(struct fuzz_input *input)
{
	unsigned choice = fuzz_pair(input);
	size_t offset = fuzz_pair(input) | (size_t) fuzz_byte(input) << 16;
	unsigned how = fuzz_byte(input);
	unsigned what = fuzz_pair(input);
	const struct area *area = &areas[choice % area_count];
	struct damage *damage = &damages[damage_count];
	size_t at = (offset % area->size) & ~(size_t) (how & 64 ? 0 : 7);

	damage->at = area->address + at;
	damage->count = area->size - at < DAMAGE_BYTES ? area->size - at : DAMAGE_BYTES;
	if (may_be_damaged(damage->at, damage->count)) {
		copy_anything(damage->before, damage->at, damage->count);
		overwrite(damage->at, damage->count, how, what);
		damage_count++;
	}
}

static void mend_all(void)
{
	while (damage_count > 0) {
		const struct damage *damage = &damages[--damage_count];

		copy_anything(damage->at, damage->before, damage->count);
	}
}

/* --- what is asked about the damaged heap ---------------------------------------------------- */

static void ask_about(const unsigned char *address)
{
	zend_mm_place place;
	zend_mm_problem problem;

	if (zend_mm_locate(heaps.heap, address, &place) && place.block.size
			&& (uintptr_t) address - (uintptr_t) place.block.address >= place.block.size) {
		fuzz_fail("%p is said to be in the block at %p of %zu bytes", (const void *) address,
			place.block.address, place.block.size);
	}
	if (heaps.heap->verbs->check_block) {
		heaps.heap->verbs->check_block(heaps.heap, address, &problem);
	}
}

static void print_report(const zend_mm_problem *problem)
{
	int kept = fuzz_redirect(2, "/dev/null");

	zend_mm_print_problem(problem);
	fuzz_restore(2, kept);
}

static void ask_everything(void)
{
	for (size_t i = 0; i < damage_count; i++) {
		ask_about(damages[i].at);
		ask_about(damages[i].at - 8);
	}
	for (size_t i = 0; i < HEAPS_SLOTS && i < AROUND; i++) {
		if (heaps.blocks[i].data) {
			ask_about(heaps.blocks[i].data);
		}
	}
	for (size_t i = 0; i < area_count && i < AROUND; i++) {
		ask_about(areas[i].address + areas[i].size - 1);
		ask_about(areas[i].address + areas[i].size);
	}
	ask_about(NULL);
	ask_about((const unsigned char *) &heaps);
	ask_about((const unsigned char *) UINTPTR_MAX);
}

/* A hash of the heap's headers and links, as far as they can be read. */
static uint64_t hash_of_heap(void)
{
	uint64_t hash = 0, words[8];

	for (size_t i = 0; i < area_count; i++) {
		size_t size = areas[i].size < sizeof words ? areas[i].size : sizeof words;

		if (is_there(areas[i].address, size)) {
			memset(words, 0, sizeof words);
			copy_anything((unsigned char *) words, areas[i].address, size);
			for (int j = 0; j < 8; j++) {
				hash = (hash ^ words[j]) * 0x9e3779b97f4a7c15u;
			}
		}
	}
	return hash;
}

/* A heap that the check finds sound can be used: all is freed, and more is asked for. The damage
 * was to contents, then, which are not looked at. */
static void use_on(void)
{
	struct heaps_request request = { .size = 700, .copy_size = SIZE_MAX };

	for (size_t i = 0; i < HEAPS_SLOTS; i++) {
		if (heaps.blocks[i].data) {
			heaps_fill(&heaps.blocks[i]);
		}
	}
	heaps_verify(&heaps);
	for (size_t i = 0; i < HEAPS_SLOTS; i++) {
		request.size = i * 37 % 5000;
		heaps_toggle(&heaps, &heaps.blocks[i], &request);
	}
	heaps_verify(&heaps);
}

/* --------------------------------------------------------------------------------------------- */

static void fuzz_one(const uint8_t *bytes, size_t count)
{
	struct fuzz_input input = { bytes, bytes + count };
	struct fuzz_input plan = input;
	unsigned wanted = 1 + fuzz_byte(&input) % MOST_DAMAGES;
	zend_mm_problem problem = { .reason = NULL };

	for (unsigned i = 0; i < 8 * wanted; i++) {
		fuzz_byte(&input);
	}
	struct heaps_kind kind = heaps_choose(&input);

	kind.twin = false;
	if (!heaps_open(&heaps, &kind)) {
		return;
	}
	heaps_run(&heaps, &input, MOST_OPERATIONS);
	find_areas();
	fuzz_byte(&plan);
	while (wanted-- > 0) {
		do_damage(&plan);
	}
	uint64_t before = hash_of_heap();
	int found = zend_mm_check(heaps.heap, &problem);

	if (found > 0) {
		if (!problem.reason || problem.heap != heaps.heap) {
			fuzz_fail("the check finds something and does not say what");
		}
		print_report(&problem);
	}
	ask_everything();
	if (hash_of_heap() != before) {
		fuzz_fail("looking at the heap has changed it");
	}
	if (found == 0) {
		damage_count = 0;
		use_on();
	}
	mend_all();
	heaps_verify(&heaps);
	heaps_close(&heaps);
}
