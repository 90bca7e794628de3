/* SPDX-License-Identifier: MIT */
/*
 * heap/report.c - the report about a corrupted heap, for the person who has to find the bug.
 *
 *	zend_mm_heap corrupted
 *	  a block's size word disagrees with its copy in the block after it
 *	  at      0x7f...40, in segment 0x7f...00 of 262144 bytes, offset 64
 *	  before  0x7f...10: 48 bytes, used, 24 asked at program.c(12)
 *	  block   0x7f...40: 120 bytes, free, bucket 11
 *	  after   0x7f...b8: 208 bytes, used
 *	  damaged 0x7f...40: a header that disagrees with its neighbours
 *	  owner   program.c(31), 100 bytes
 *	  word    0x7f...40: found 0x7800, expected 0x78, 8 bits differ: 0x7878
 *	  size    40 said, 100 asked for
 *	  allocated by fill+0x1f (program+0x12a7)
 *	  freed by     main+0x40 (program+0x1301)
 *	  called from  main+0x52 (program+0x1313)
 *	    0x7f...20  61 61 ... |aa..............|
 *
 * Lines of which nothing is known are left out.
 *
 * The first line is PHP's, which tools look for.  Nothing here allocates, and nothing in the heap
 * is believed: it may be the heap of the process's own malloc, and it is damaged.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "heap/failure.h"
#include "storage/address.h"
#include "storage/emergency.h"
#include "storage/readable.h"
#include "storage/stack.h"

enum {
	dump_width = 16,
	dump_rows_before = 2,
	dump_rows_behind = 4,       /* the row itself included */
	dump_rows_near = 8,         /* so far apart are two places that are shown together */
	stack_depth = 16
};

__thread const void *zend_mm_report_from;
void (*zend_mm_problem_witness)(const zend_mm_problem *problem);

/* {{{ Printing without stdio. */

__attribute__((format(printf, 1, 2))) static void print(const char *format, ...)
{
	char line[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	zend_mm_write_error(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

/* }}} */

static const char *region_name(zend_mm_region_kind kind)
{
	switch (kind) {
	case ZEND_MM_REGION_SEGMENT:
		return "segment";
	case ZEND_MM_REGION_CHUNK:
		return "chunk";
	case ZEND_MM_REGION_CACHED_CHUNK:
		return "cached chunk";
	case ZEND_MM_REGION_HUGE:
		return "huge block";
	case ZEND_MM_REGION_HEAP:
		return "the heap's own structure";
	}
	return "region";
}

static const char *state_name(zend_mm_block_state state)
{
	switch (state) {
	case ZEND_MM_BLOCK_HEADER:
		return "header";
	case ZEND_MM_BLOCK_GUARD:
		return "the segment's guard";
	case ZEND_MM_BLOCK_USED:
		return "used";
	case ZEND_MM_BLOCK_RESERVE:
		return "the reserve";
	case ZEND_MM_BLOCK_CACHED:
		return "freed, in the cache";
	case ZEND_MM_BLOCK_FREE:
		return "free";
	case ZEND_MM_BLOCK_FREE_PAGES:
		return "free pages";
	case ZEND_MM_BLOCK_TAIL:
		return "left over after the last slot";
	case ZEND_MM_BLOCK_QUARANTINED:
		return "freed, in quarantine";
	}
	return "unknown";
}

/* Text that a damaged header may lead to: as much of it as can be read. */
static const char *readable_text(const char *text, char copy[128])
{
	struct zend_mm_reader reader;
	size_t length = 0;

	zend_mm_reader_open(&reader);
	while (length < 127 && zend_mm_reader_copy(&reader, text + length, &copy[length], 1) &&
		copy[length]) {
		length++;
	}
	copy[length] = '\0';
	return copy;
}

/* A block, and who asked for it if that is told here. */
static void print_block(const char *label, const zend_mm_block_info *block,
	const zend_leak_info *owner)
{
	static const char *const lists[] = { "", ", bucket %u", ", bucket %u", ", tree %u",
		", rest list", ", bin %u" };
	char list[32] = "", name[128];

	if (block->size == 0) {
		return;
	}
	if (block->list != ZEND_MM_LIST_NONE) {
		snprintf(list, sizeof list, lists[block->list], block->index);
	}
	print("  %-7s " ZEND_MM_ADDRESS ": %zu bytes, %s%s%s", label, (uintptr_t)block->address,
		block->size, state_name(block->state), list, block->internal ? ", the heap's own" : "");
	if (owner && owner->addr) {
		print(", %zu asked", owner->size);
	}
	if (owner && owner->addr && owner->filename) {
		print(" at %s(%u)", readable_text(owner->filename, name), owner->lineno);
	}
	print("\n");
}

static void print_owner(const zend_leak_info *owner)
{
	char name[128];

	if (owner->addr && owner->filename) {
		print("  owner   %s(%u), %zu bytes\n", readable_text(owner->filename, name),
			owner->lineno, owner->size);
	} else if (owner->addr) {
		print("  asked   %zu bytes at " ZEND_MM_ADDRESS "\n", owner->size,
			(uintptr_t)owner->addr);
	}
	if (owner->addr && owner->orig_filename) {
		print("          by way of %s(%u)\n", readable_text(owner->orig_filename, name),
			owner->orig_lineno);
	}
}

/* What is known about the problem's address, and about the block before the one there: that is who
 * wrote past its end, where a header was overwritten. */
struct report {
	const zend_mm_problem *problem;
	zend_mm_place place;
	zend_mm_place before;
};

static void find_place(void *argument)
{
	struct report *report = argument;
	zend_mm_heap *heap = report->problem->heap;
	const zend_mm_block_info *before = &report->place.before;

	heap->design_verbs->locate(heap, report->problem->address, &report->place);
	if (before->size && before->data) {
		heap->design_verbs->locate(heap, before->data, &report->before);
	}
}

static void print_place(void *argument)
{
	const struct report *report = argument;
	const zend_mm_problem *problem = report->problem;
	const zend_mm_place *place = &report->place;
	const zend_mm_region *region = &place->region;
	size_t offset = (size_t)((const char *)problem->address - (const char *)region->address);

	if (!region->address) {
		print("  at      " ZEND_MM_ADDRESS ", in no region of the heap\n",
			(uintptr_t)problem->address);
		print_owner(&place->owner);
		return;
	}
	print("  at      " ZEND_MM_ADDRESS ", in %s " ZEND_MM_ADDRESS " of %zu bytes, offset %zu",
		(uintptr_t)problem->address, region_name(region->kind), (uintptr_t)region->address,
		region->size, offset);
	if (region->kind == ZEND_MM_REGION_CHUNK) {
		print(", page %u", place->page);
	}
	print("\n");
	print_block("before", &place->before, &report->before.owner);
	print_block("block", &place->block, NULL);
	print_block("after", &place->after, NULL);
	if (place->damaged) {
		print("  damaged " ZEND_MM_ADDRESS ": %s\n", (uintptr_t)place->damaged,
			region->kind == ZEND_MM_REGION_CHUNK ?
			"a word of the map that makes no sense" :
			"a header that disagrees with its neighbours");
	}
	print_owner(&place->owner);
}

/* Return addresses, one a line; those in this library are left out where it is a shared one. */
static void print_calls(const char *label, const void *const *frames)
{
	for (; frames && *frames; frames++) {
		char code[256];

		if (!zend_mm_is_own_code(*frames)) {
			zend_mm_describe_code(*frames, code, sizeof code);
			print("  %-12s %s\n", label, code);
			label = "";
		}
	}
}

static void print_owners_calls(void *argument)
{
	const struct report *report = argument;
	const zend_leak_info *owner = &report->place.owner;
	bool before_data = !owner->addr || (report->problem->word &&
		(const char *)report->problem->word < (const char *)owner->addr);

	print_calls("allocated by", report->place.allocated_at);
	print_calls("freed by", report->place.freed_at);
	if (before_data) {
		print_calls("before from", report->before.allocated_at);
	}
}

static void print_calls_here(void *unused)
{
	const void *frames[stack_depth + 1];

	(void)unused;
	zend_mm_call_stack(frames, stack_depth, zend_mm_report_from);
	frames[stack_depth] = NULL;
	print_calls("called from", frames);
}

/* What the program said about a block, and what is so. */
static void print_said(const zend_mm_problem *problem)
{
	print("  %-7s %zu said, %s%zu asked for\n", problem->said, problem->found,
		problem->expectation == ZEND_MM_EXPECT_AT_MOST ? "at most " :
		problem->expectation == ZEND_MM_EXPECT_AT_LEAST ? "at least " : "", problem->expected);
}

static void print_word(const zend_mm_problem *problem)
{
	size_t different = problem->found ^ problem->expected;
	bool one = (different & (different - 1)) == 0;

	print("  word    " ZEND_MM_ADDRESS ": found 0x%zx", (uintptr_t)problem->word, problem->found);
	switch (problem->expectation) {
	case ZEND_MM_EXPECT_UNKNOWN:
		break;
	case ZEND_MM_EXPECT_EXACTLY:
		print(", expected 0x%zx, %d bit%s differ%s: 0x%zx", problem->expected,
			__builtin_popcountll(different), one ? "" : "s", one ? "s" : "", different);
		break;
	case ZEND_MM_EXPECT_AT_MOST:
		print(", expected at most 0x%zx", problem->expected);
		break;
	case ZEND_MM_EXPECT_AT_LEAST:
		print(", expected at least 0x%zx", problem->expected);
		break;
	}
	print("\n");
}

/* {{{ The dump. */

static uintptr_t row_of(const void *address)
{
	return (uintptr_t)address / dump_width * dump_width;
}

/* One row; nothing where it cannot be read, but for a marked one. */
static void print_row(uintptr_t row, bool marked)
{
	unsigned char bytes[dump_width];
	char hex[3 * dump_width + 1], text[dump_width + 1];

	if (!zend_mm_read_memory((const void *)row, bytes, sizeof bytes)) {
		if (marked) {
			print("  > " ZEND_MM_ADDRESS "  cannot be read\n", row);
		}
		return;
	}
	for (int i = 0; i < dump_width; i++) {
		snprintf(hex + 3 * i, 4, "%02x ", bytes[i]);
		text[i] = isprint(bytes[i]) ? (char)bytes[i] : '.';
	}
	text[dump_width] = '\0';
	print("  %c " ZEND_MM_ADDRESS "  %s|%s|\n", marked ? '>' : ' ', row, hex, text);
}

/* The rows around two addresses, lower before higher, whose own are marked. */
static void print_rows(const void *lower, const void *higher)
{
	uintptr_t row = row_of(lower) - dump_rows_before * dump_width;
	uintptr_t end = row_of(higher) + dump_rows_behind * dump_width;

	for (; row != end; row += dump_width) {
		print_row(row, row == row_of(lower) || row == row_of(higher));
	}
}

/* What is around the word and around the address; once where they are near each other. */
static void print_dump(const zend_mm_problem *problem)
{
	const void *address = problem->address;
	const void *word = problem->word ? problem->word : address;
	bool is_before = (uintptr_t)address < (uintptr_t)word;
	uintptr_t distance = is_before ? row_of(word) - row_of(address) :
		row_of(address) - row_of(word);

	if (distance <= dump_rows_near * dump_width) {
		print_rows(is_before ? address : word, is_before ? word : address);
	} else {
		print_rows(word, word);
		print("  ...\n");
		print_rows(address, address);
	}
}

/* }}} */

void zend_mm_print_problem(const zend_mm_problem *problem)
{
	struct report report = { .problem = problem };

	if (zend_mm_problem_witness) {
		zend_mm_problem_witness(problem);
	}
	print("zend_mm_heap corrupted\n  %s\n", problem->reason);
	if (problem->heap && !zend_mm_shielded(find_place, &report)) {
		print("  the heap is damaged so far that its blocks cannot be told\n");
		report = (struct report){ .problem = problem };
	}
	zend_mm_shielded(print_place, &report);
	if (problem->word) {
		print_word(problem);
	} else if (problem->said) {
		print_said(problem);
	}
	zend_mm_shielded(print_owners_calls, &report);
	zend_mm_shielded(print_calls_here, NULL);
	print_dump(problem);
}
