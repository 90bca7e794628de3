/* SPDX-License-Identifier: MIT */
/*
 * heap/report.c - the report about a corrupted heap, for the person who has to find the bug.
 *
 *	zend_mm_heap corrupted
 *	  the canary behind a block is damaged
 *	  at      0x7f...40, in segment 0x7f...00 of 262144 bytes
 *	  word    0x7f...a8: found 0x6261a5a5, expected 0xa5a5a5a5, 12 bits differ: 0xc3c40000
 *	  before  0x7f...30: 16 bytes, segment or chunk header
 *	  block   0x7f...40: 120 bytes, used
 *	  after   0x7f...b8: 208 bytes, free, in bucket 22
 *	  owner   program.c(12), 100 bytes
 *	  allocated by fill+0x1f (program+0x12a7)
 *	  freed by     main+0x40 (program+0x1301)
 *	  called from  main+0x52 (program+0x1313)
 *	  0x7f...90  00 00 ... |................|
 *
 * The first line is PHP's, which tools look for.  Nothing here allocates, and nothing in the heap
 * is believed: it may be the heap of the process's own malloc, and it is damaged.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "heap/failure.h"
#include "storage/readable.h"
#include "storage/stack.h"

enum { dump_width = 16, dump_rows_before = 2, dump_rows = 6, stack_depth = 16 };

__thread const void *zend_mm_report_from;
void (*zend_mm_problem_witness)(const zend_mm_problem *problem);

/* {{{ Printing without stdio. */

static void write_all(const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, text, length);

		if (written <= 0) {
			return;
		}
		text += written;
		length -= (size_t)written;
	}
}

__attribute__((format(printf, 1, 2))) static void print(const char *format, ...)
{
	char line[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	write_all(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
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

static void print_block(const char *label, const zend_mm_block_info *block)
{
	static const char *const lists[] = { "", ", bucket %u", ", bucket %u", ", tree %u",
		", rest list", ", bin %u" };
	char list[32] = "";

	if (block->size == 0) {
		return;
	}
	if (block->list != ZEND_MM_LIST_NONE) {
		snprintf(list, sizeof list, lists[block->list], block->index);
	}
	print("  %-7s %p: %zu bytes, %s%s%s\n", label, block->address, block->size,
		state_name(block->state), list, block->internal ? ", the heap's own" : "");
}

static void print_place(const zend_mm_problem *problem, const zend_mm_place *place)
{
	const zend_leak_info *owner = &place->owner;

	if (!place->region.address) {
		print("  at      %p, in no region of the heap\n", problem->address);
		return;
	}
	print("  at      %p, in %s %p of %zu bytes, offset %zu", problem->address,
		region_name(place->region.kind), place->region.address, place->region.size,
		(size_t)((const char *)problem->address - (const char *)place->region.address));
	if (place->region.kind == ZEND_MM_REGION_CHUNK) {
		print(", page %u", place->page);
	}
	print("\n");
	print_block("before", &place->before);
	print_block("block", &place->block);
	print_block("after", &place->after);
	if (place->damaged) {
		print("  damaged %p: no block can begin here\n", place->damaged);
	}
	if (owner->addr && owner->filename) {
		print("  owner   %s(%u), %zu bytes\n", owner->filename, owner->lineno, owner->size);
	} else if (owner->addr) {
		print("  asked   %zu bytes at %p\n", owner->size, owner->addr);
	}
	if (owner->addr && owner->orig_filename) {
		print("          by way of %s(%u)\n", owner->orig_filename, owner->orig_lineno);
	}
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

static void print_calls_here(void)
{
	const void *frames[stack_depth + 1];

	zend_mm_call_stack(frames, stack_depth, zend_mm_report_from);
	frames[stack_depth] = NULL;
	print_calls("called from", frames);
}

static void print_word(const zend_mm_problem *problem)
{
	size_t different = problem->found ^ problem->expected;

	print("  word    %p: found 0x%zx, expected 0x%zx", problem->word, problem->found,
		problem->expected);
	print(", %d bit%s differ%s: 0x%zx\n", __builtin_popcountll(different),
		different & (different - 1) ? "s" : "", different & (different - 1) ? "" : "s", different);
}

/* The rows around an address; the row of the address is marked. */
static void print_dump(const void *address)
{
	uintptr_t row = (uintptr_t)address / dump_width * dump_width - dump_rows_before * dump_width;

	for (int i = 0; i < dump_rows; i++, row += dump_width) {
		unsigned char bytes[dump_width];
		char hex[3 * dump_width + 1], text[dump_width + 1];

		if (!zend_mm_read_memory((const void *)row, bytes, sizeof bytes)) {
			continue;
		}
		for (int j = 0; j < dump_width; j++) {
			snprintf(hex + 3 * j, 4, "%02x ", bytes[j]);
			text[j] = isprint(bytes[j]) ? (char)bytes[j] : '.';
		}
		text[dump_width] = '\0';
		print("  %c %p  %s|%s|\n", i == dump_rows_before ? '>' : ' ', (void *)row, hex, text);
	}
}

void zend_mm_print_problem(const zend_mm_problem *problem)
{
	zend_mm_place place = { .page = 0 };

	if (zend_mm_problem_witness) {
		zend_mm_problem_witness(problem);
	}
	print("zend_mm_heap corrupted\n  %s\n", problem->reason);
	if (problem->heap) {
		problem->heap->design_verbs->locate(problem->heap, problem->address, &place);
	}
	print_place(problem, &place);
	if (problem->word) {
		print_word(problem);
	}
	print_calls("allocated by", place.allocated_at);
	print_calls("freed by", place.freed_at);
	print_calls_here();
	print_dump(problem->word ? problem->word : problem->address);
}
