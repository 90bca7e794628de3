/* SPDX-License-Identifier: MIT */
/*
 * Each kind of report about a guarded heap, and about the marks of debug, protection and cookie
 * builds, and what it has: t/reports.h says what the letters mean.
 */
#include "heap/legacy/heap.h"
#include "t/reports.h"

static const char *setting;
static zend_mm_heap *heap, *other;
static zend_mm_mode mode;

static zend_mm_heap *start(void)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.debug = setting;
	return zend_mm_startup_with(&options);
}

#define FREES(data) CATCH(zend_mm_free(heap, data))

/* A page's number is known in chunks, a block's place in its heap alone. */
static const char *in(const char *items)
{
	static char filled[32];

	snprintf(filled, sizeof filled, "r%s%s", mode == ZEND_MM_MODERN ? "g" : "", items);
	return filled;
}

/* Plants a byte, has it found, and puts the old one back. */
#define PLANT(place, find, reason, items) do { \
		char before_ = *(place); \
		*(place) ^= 0x41; \
		find; \
		has_report(reason, items); \
		*(place) = before_; \
	} while (0)

/* Hides from the compiler where a pointer points. */
static char *hidden(char *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

/* {{{ Guards of blocks. */

static void check_padding(void)
{
	char *blocks[3], *outside;
	_Alignas(16) char on_stack[16] = { 0 };

	setting = "padding=16,quarantine=1M,sites=1";
	heap = start();
	other = start();
	for (int i = 0; i < 3; i++) {
		blocks[i] = zend_mm_alloc(heap, 100);
	}
	outside = zend_mm_alloc(other, 100);
	PLANT(blocks[1] + 100, FREES(blocks[1]), "a block was written past its end",
		in("pbnowxach"));
	PLANT(blocks[1] - 1, FREES(blocks[1]), "a block was written before its beginning",
		in("pbnowxaech"));
	PLANT(blocks[1] + 101, catch_by_check(heap), "a block was written past its end",
		in("pbnowxach"));
	FREES(outside);
	has_report("a block belongs to another heap", in("pbnoach"));
	FREES(blocks[1] + 16);
	has_report("an address is inside a block, not its beginning", in("pbnoach"));
	FREES(blocks[1] + 3);
	has_report("an address is inside a block, not its beginning", in("pbnoach"));
	FREES((char *)&on_stack);
	has_report("an address is on the stack", "ch");
	zend_mm_free(heap, blocks[1]);
	FREES(blocks[1]);
	has_report("a block was freed twice", in("pbnoafch"));
	CATCH(zend_mm_realloc(heap, blocks[1], 5));
	has_report("a freed block was resized", in("pbnoafch"));
	CATCH(zend_mm_block_size(heap, blocks[1]));
	has_report("a freed block was asked for its size", in("pbnoafch"));
	PLANT(blocks[1] + 50, catch_by_check(heap), "a block was written to after it was freed",
		in("pbnowxafch"));
	zend_mm_shutdown(other, 1, 1);
	zend_mm_shutdown(heap, 1, 1);
}

/* A block that was written past its end overwrites what is behind it: with sites alone, the report
 * about that says who has the block before. */
static void check_sites(void)
{
	char *blocks[3], *header, before[16];

	if (!legacy_plain || mode == ZEND_MM_MODERN) {
		return;
	}
	setting = "sites=1";
	heap = start();
	for (int i = 0; i < 3; i++) {
		blocks[i] = zend_mm_alloc(heap, 1000);
	}
	header = hidden(blocks[1] - 16);
	memcpy(before, header, 16);
	memset(header, 'x', 16);
	catch_by_check(heap);
	has_report("a block's size word disagrees with its copy in the block after it",
		"rpbndowxaech");
	memcpy(header, before, 16);
	zend_mm_shutdown(heap, 1, 1);
}

/* }}} */
/* {{{ Untouchable pages: the fault itself is reported. */

static void touch(const char *argument)
{
	char *block;

	mode = argument[0] == 'm' ? ZEND_MM_MODERN : ZEND_MM_LEGACY;
	setting = "guard_pages=1,quarantine=1M,sites=1";
	heap = start();
	block = zend_mm_alloc(heap, 100);
	if (argument[1] == 'f') {
		zend_mm_free(heap, block);
		*(volatile char *)block = 'x';
	} else {
		*(volatile char *)(block + 104) = 'x';
	}
}

static void check_fault(const char *argument, const char *reason, const char *items)
{
	struct tap_child child = run_child(touch, argument);

	contains(child.err, reason, "%s: is reported", reason);
	if (!is_str(report_items(child.err), items, "%s: has these items", reason)) {
		diag("%s", child.err);
	}
}

static void check_faults(void)
{
	bool modern = mode == ZEND_MM_MODERN;

	check_fault(modern ? "me" : "le", "the program touched memory behind a block's end",
		in("pbnoach"));
	check_fault(modern ? "mf" : "lf", "the program touched a block after it was freed",
		in("pbnoafch"));
}

/* }}} */
/* {{{ Marks of some builds. */

static void find_mark(char *place, char *block, const char *reason, const char *items)
{
	PLANT(place, FREES(block), reason, items);
}

static void check_legacy_marks(void)
{
	char *block = zend_mm_alloc(heap, 100);
	block_t *header = block_of(block);
	struct zend_mm_legacy_owner *owner = block_owner(header);

	if (config_debug) {
		find_mark((char *)&owner->magic, block, "a block's magic number is damaged",
			"rpbnowxch");
		find_mark((char *)&owner->heap_secret, block,
			"a block belongs to another heap, as one of another thread does", "rpbnowxch");
		owner->heap_secret ^= 1; /* with both marks wrong, no word of the owner is believed */
		find_mark((char *)&owner->magic, block, "a block's magic number is damaged",
			"rpbnwxch");
		owner->heap_secret ^= 1;
	}
	if (config_cookies) {
		find_mark((char *)block_cookie(header), block,
			"a block's cookie is damaged",
			legacy_keeps_requested ? "rpbnowxch" : "rpbnwxch");
	}
	if (legacy_keeps_requested) {
		find_mark((char *)block_requested(header) + sizeof(size_t) / 2, block,
			"a block's requested size is more than the block has", "rpbnwmch");
	}
	if (config_heap_protection) {
		find_mark(block + 100, block, "the canary behind a block is damaged", "rpbnowxch");
	}
	if (config_debug) {
		zend_mm_free(heap, block);
		FREES(block);
		has_report("a block has been freed already and is in the cache", "rpbnowxch");
	}
}

static void check_modern_marks(void)
{
	char *block = zend_mm_alloc(heap, 100);

	if (config_debug) {
		find_mark(block + 100, block, "the block was written past its end", "rgpbnowxch");
		zend_mm_free(heap, block);
		FREES(block);
		has_report("the block was freed before", "rgpbnowxch");
	}
}

static void check_marks(void)
{
	setting = NULL;
	heap = start();
	if (mode == ZEND_MM_LEGACY) {
		check_legacy_marks();
	} else {
		check_modern_marks();
	}
	zend_mm_shutdown(heap, 1, 1);
}

/* }}} */

int main(void)
{
	need_forks();
	if (REPORTS_SANITIZED) {
		skip_all("the sanitizer finds these itself");
	}
	for (mode = ZEND_MM_LEGACY; mode <= ZEND_MM_MODERN; mode++) {
		check_padding();
		check_sites();
		check_faults();
		check_marks();
	}
	return done_testing();
}
