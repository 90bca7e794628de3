/* SPDX-License-Identifier: MIT */
/*
 * examples/arena.c - a storage of your own: both heaps in 8 MiB that the program has anyway, with
 * every call that they make to their storage.
 *
 * The arena is cut into units of 256 KiB, of which a bitmap says which are taken. Segments are one
 * unit or several; chunks are eight, at a multiple of 2 MiB. That is all a storage has to be: it
 * returns NULL where it has nothing, and the heap decides what that means.
 */
#include <stdio.h>
#include <zend_alloc.h>

enum { unit = 256 * 1024, units = 32 };

static char room[(units + 8) * unit];
static char *arena;                      /* in the room, at a multiple of 2 MiB */
static uint64_t taken;                   /* a bit for each unit */
static const char *word = "first word of a tale that is told";

/* count bits from bit first on */
static uint64_t bits(unsigned first, unsigned count)
{
	return (((uint64_t) 1 << count) - 1) << first;
}

static unsigned units_of(size_t size)
{
	return (unsigned) ((size + unit - 1) / unit);
}

static unsigned unit_of(const void *address)
{
	return (unsigned) (((const char *) address - arena) / unit);
}

/* The lowest free stretch of that size whose start is a multiple of step units; or NULL. */
static void *take(size_t size, unsigned step)
{
	unsigned first, count = units_of(size);

	for (first = 0; first + count <= units; first += step) {
		if ((taken & bits(first, count)) == 0) {
			taken |= bits(first, count);
			return arena + (size_t) first * unit;
		}
	}
	return NULL;
}

static void give_back(void *address, size_t size)
{
	taken &= ~bits(unit_of(address), units_of(size));
}

static void *tell(const char *what, size_t size, void *result)
{
	if (result == NULL) {
		printf("    %s: %zu KiB refused\n", what, size / 1024);
	} else {
		printf("    %s: %zu KiB at unit %u\n", what, size / 1024, unit_of(result));
	}
	return result;
}

/* {{{ Segments, for a legacy heap. */

static const zend_mm_mem_handlers segment_handlers;

static zend_mm_storage *segments_init(void *params)
{
	static zend_mm_storage storage;

	storage.handlers = &segment_handlers;
	storage.data = params;
	return &storage;
}

static void segments_dtor(zend_mm_storage *storage)
{
	(void) storage;
}

static zend_mm_segment *segments_alloc(zend_mm_storage *storage, size_t size)
{
	(void) storage;
	return tell("new segment", size, take(size, 1));
}

static void segments_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	(void) storage;
	tell("given back", segment->size, segment);
	give_back(segment, segment->size);
}

/* A segment may move, as with realloc; where there is no room the old one stays as it is. */
static zend_mm_segment *segments_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	size_t old_size = segment->size, kept = old_size < size ? old_size : size;
	void *moved;

	(void) storage;
	give_back(segment, old_size);
	moved = tell("resized segment", size, take(size, 1));
	if (moved == NULL) {
		taken |= bits(unit_of(segment), units_of(old_size));
		return NULL;
	}
	return memmove(moved, segment, kept);
}

static const zend_mm_mem_handlers segment_handlers = {
	"arena", segments_init, segments_dtor, segments_dtor, segments_alloc, segments_realloc,
	segments_free
};

/* }}} */
/* {{{ Chunks, for a modern heap. Truncating and extending in place may be left out. */

static void *chunks_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	(void) storage;
	return tell("new chunk", size, take(size, (unsigned) (alignment / unit)));
}

static void chunks_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void) storage;
	tell("given back", size, chunk);
	give_back(chunk, size);
}

static const zend_mm_chunk_handlers chunk_handlers = { chunks_alloc, chunks_free, NULL, NULL };

/* }}} */

/* A text that doubles until the arena is full. */
static void run(zend_mm_heap *heap)
{
	volatile size_t size = 100 * 1024;      /* changed between setjmp and longjmp */
	char *volatile text = NULL;

	zend_mm_set_heap(heap);
	zend_try {
		for (;; size *= 2) {
			printf("  %zu KiB\n", size / 1024);
			text = erealloc(text, size);
			strcpy(text, word);
		}
	} zend_catch {
		printf("  the text is still there: %s\n", strcmp(text, word) == 0 ? "yes" : "no");
	} zend_end_try();
	puts("  the request ends");
	shutdown_memory_manager(1, 0);
	puts("  the heap ends");
	zend_mm_shutdown(heap, 1, 1);
	printf("  units taken: %llu\n", (unsigned long long) taken);
}

static void report(const char *message)
{
	printf("  %s\n", message);
}

int main(void)
{
	static const zend_mm_host host = { .fatal_error = report };

	arena = room + (8 * unit - (uintptr_t) room % (8 * unit)) % (8 * unit);
	zend_mm_set_host(&host);
	puts("legacy");
	run(zend_mm_startup_ex(&segment_handlers, unit, 8 * 1024, 0, NULL));
	puts("modern");
	run(zend_mm_startup_chunks(&chunk_handlers, NULL, 0));
	return 0;
}
