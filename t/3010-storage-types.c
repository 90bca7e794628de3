/* SPDX-License-Identifier: MIT */
/*
 * Every storage type of this build: segments and chunks come, keep their contents while they are
 * resized, and go; what is refused leaves everything as it was; nothing is left behind.
 */
#include "config.h"
#include "storage/storage.h"
#include "t/tap.h"

#define KIB ((size_t)1024)
#define MIB (KIB * 1024)

#if HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#ifdef __linux__
#include <fcntl.h>

/* Pages of address space that this process has; 0 under valgrind, whose own count there too. */
static size_t mapped_pages(void)
{
	FILE *file = RUNNING_ON_VALGRIND ? NULL : fopen("/proc/self/statm", "r");
	size_t pages = 0;

	if (RUNNING_ON_VALGRIND) {
		return 0;
	}
	if (!file || fscanf(file, "%zu", &pages) != 1) {
		bail_out("no /proc/self/statm");
	}
	fclose(file);
	return pages;
}

/* Open descriptors, and how many of them a program started from here would inherit. */
static int open_descriptors(int *inherited)
{
	int count = 0;

	*inherited = 0;
	for (int fd = 3; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);

		count += flags >= 0;
		*inherited += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return count;
}
#else
static size_t mapped_pages(void)
{
	return 0;
}

static int open_descriptors(int *inherited)
{
	*inherited = 0;
	return 0;
}
#endif

/* Fills memory with bytes that tell their place and a number. */
static void fill(void *memory, size_t from, size_t to, unsigned number)
{
	unsigned char *bytes = memory;

	for (size_t i = from; i < to; i++) {
		bytes[i] = (unsigned char)(i * 7 + i / 4096 + number);
	}
}

static bool filled(const void *memory, size_t from, size_t to, unsigned number)
{
	const unsigned char *bytes = memory;

	for (size_t i = from; i < to; i++) {
		if (bytes[i] != (unsigned char)(i * 7 + i / 4096 + number)) {
			return false;
		}
	}
	return true;
}

static const size_t too_much = (SIZE_MAX - 64 * MIB) & ~(2 * MIB - 1);
static const size_t header = sizeof(zend_mm_segment);

static zend_mm_segment *new_segment(const zend_mm_mem_handlers *handlers,
	zend_mm_storage *storage, size_t size, unsigned number)
{
	zend_mm_segment *segment = handlers->_alloc(storage, size);

	if (segment) {
		segment->size = size;
		segment->next_segment = NULL;
		fill(segment, header, size, number);
	}
	return segment;
}

/* Resizes a segment as a heap does: the header's size follows what storage said. */
static bool resize_segment(const zend_mm_mem_handlers *handlers, zend_mm_storage *storage,
	zend_mm_segment **segment, size_t size)
{
	zend_mm_segment *moved = handlers->_realloc(storage, *segment, size);

	if (!moved) {
		return false;
	}
	moved->size = size;
	*segment = moved;
	return true;
}

static void test_segments(const zend_mm_mem_handlers *handlers, zend_mm_storage *storage)
{
	enum { count = 6 };
	static const size_t sizes[count] = { 32, 4096, 100000, 262144, 1048576, 5 << 20 };
	zend_mm_segment *segments[count];
	bool aligned = true, kept = true, resized = true;

	for (unsigned i = 0; i < count; i++) {
		segments[i] = new_segment(handlers, storage, sizes[i], i);
		if (!segments[i]) {
			bail_out("no memory for a segment");
		}
		aligned = aligned && (uintptr_t)segments[i] % 8 == 0;
	}
	ok(aligned, "%s: segments are aligned to 8", handlers->name);
	for (unsigned i = 0; i < count; i++) {
		kept = kept && filled(segments[i], header, sizes[i], i);
	}
	ok(kept, "%s: segments do not overlap", handlers->name);
	for (unsigned i = 0; i < count; i++) {
		resized = resized && resize_segment(handlers, storage, &segments[i], sizes[i] * 3);
		kept = kept && filled(segments[i], header, sizes[i], i);
		fill(segments[i], sizes[i], sizes[i] * 3, i);
	}
	for (unsigned i = 0; i < count; i++) {
		kept = kept && filled(segments[i], header, sizes[i] * 3, i);
		resized = resized && resize_segment(handlers, storage, &segments[i], sizes[i]);
		kept = kept && filled(segments[i], header, sizes[i], i);
	}
	ok(resized, "%s: segments grow and shrink", handlers->name);
	ok(kept, "%s: resizing keeps the contents", handlers->name);
	ok(!resize_segment(handlers, storage, &segments[3], too_much)
		&& filled(segments[3], header, sizes[3], 3),
		"%s: a resize that is refused leaves the segment alone", handlers->name);
	ok(!handlers->_alloc(storage, too_much), "%s: too large a segment is refused",
		handlers->name);
	for (unsigned i = 0; i < count; i++) {
		handlers->_free(storage, segments[i]);
	}
	handlers->compact(storage);
	segments[0] = new_segment(handlers, storage, 262144, 9);
	ok(segments[0] && filled(segments[0], header, 262144, 9), "%s: serves after compact",
		handlers->name);
	handlers->compact(storage);
	ok(filled(segments[0], header, 262144, 9), "%s: compact keeps a segment in use",
		handlers->name);
	handlers->_free(storage, segments[0]);
}

static void test_alignments(const struct zend_mm_storage_type *type, zend_mm_storage *storage)
{
	const zend_mm_chunk_handlers *chunks = &type->chunks;
	bool aligned = true, kept = true;
	void *held[3][12];
	size_t page = zend_mm_page_size();

	for (unsigned round = 0; round < 3; round++) {
		size_t alignment = page;

		for (unsigned i = 0; i < 12; i++, alignment *= 2) {
			size_t size = page * (1 + (i * 5 + round) % 7);

			held[round][i] = chunks->chunk_alloc(storage, size, alignment);
			if (!held[round][i]) {
				bail_out("no memory for a chunk");
			}
			aligned = aligned && (uintptr_t)held[round][i] % alignment == 0;
			fill(held[round][i], 0, size, round * 16 + i);
		}
	}
	ok(aligned, "%s: chunks are aligned from %zu to %zu", type->segments.name, page, page << 11);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 12; i++) {
			size_t size = page * (1 + (i * 5 + round) % 7);

			kept = kept && filled(held[round][i], 0, size, round * 16 + i);
			chunks->chunk_free(storage, held[round][i], size);
		}
	}
	ok(kept, "%s: chunks do not overlap", type->segments.name);
}

static void test_in_place(const struct zend_mm_storage_type *type, zend_mm_storage *storage)
{
	const zend_mm_chunk_handlers *chunks = &type->chunks;
	const char *name = type->segments.name;
	char *chunk = chunks->chunk_alloc(storage, 8 * MIB, 2 * MIB);
	size_t size = 8 * MIB;

	if (!chunk) {
		bail_out("no memory for a chunk");
	}
	fill(chunk, 0, size, 1);
	if (!chunks->chunk_truncate || !chunks->chunk_extend) {
		ok(!chunks->chunk_truncate && !chunks->chunk_extend,
			"%s: has neither truncate nor extend", name);
		chunks->chunk_free(storage, chunk, size);
		skip(5, "the type resizes nothing in place");
		return;
	}
	ok(chunks->chunk_truncate(storage, chunk, size, 3 * MIB), "%s: truncates", name);
	ok(filled(chunk, 0, 3 * MIB, 1), "%s: truncating keeps the front", name);
	ok(chunks->chunk_extend(storage, chunk, 3 * MIB, 5 * MIB), "%s: extends into room", name);
	fill(chunk, 3 * MIB, 5 * MIB, 1);
	ok(chunks->chunk_extend(storage, chunk, 5 * MIB, 5 * MIB + 4 * zend_mm_page_size()),
		"%s: extends again", name);
	size = 5 * MIB + 4 * zend_mm_page_size();
	fill(chunk, 5 * MIB, size, 1);
	ok(filled(chunk, 0, size, 1), "%s: what was extended is usable as a whole", name);
	ok(!chunks->chunk_extend(storage, chunk, size, too_much)
		&& filled(chunk, 0, size, 1), "%s: too large an extension is refused", name);
	chunks->chunk_free(storage, chunk, size);
}

/* Chunks that fill the room behind each other: one cannot grow over the next. */
static void test_neighbours(const struct zend_mm_storage_type *type, zend_mm_storage *storage)
{
	enum { count = 16 };
	const zend_mm_chunk_handlers *chunks = &type->chunks;
	char *held[count];
	bool kept = true;
	size_t sizes[count];

	for (unsigned i = 0; i < count; i++) {
		held[i] = chunks->chunk_alloc(storage, 2 * MIB, 2 * MIB);
		sizes[i] = 2 * MIB;
		fill(held[i], 0, sizes[i], i);
	}
	for (unsigned i = 0; i < count; i++) {
		if (chunks->chunk_extend
				&& chunks->chunk_extend(storage, held[i], 2 * MIB, 4 * MIB)) {
			sizes[i] = 4 * MIB;
			fill(held[i], 2 * MIB, 4 * MIB, i);
		}
	}
	for (unsigned i = 0; i < count; i++) {
		kept = kept && filled(held[i], 0, sizes[i], i);
	}
	ok(kept, "%s: an extension never takes a neighbour", type->segments.name);
	for (unsigned i = 0; i < count; i++) {
		chunks->chunk_free(storage, held[i], sizes[i]);
	}
	ok(!chunks->chunk_alloc(storage, SIZE_MAX & ~(2 * MIB - 1), 2 * MIB)
		&& !chunks->chunk_alloc(storage, too_much, 2 * MIB),
		"%s: too large a chunk is refused", type->segments.name);
}

static void test_huge_pages(const struct zend_mm_storage_type *type, zend_mm_storage *storage)
{
	char *chunks[4];
	bool aligned = true, kept = true;

	for (unsigned i = 0; i < 4; i++) {
		chunks[i] = zend_mm_chunk_alloc_huge_pages(&type->chunks, storage, 2 * MIB, 2 * MIB);
		if (!chunks[i]) {
			bail_out("no memory for a chunk in huge pages");
		}
		aligned = aligned && (uintptr_t)chunks[i] % (2 * MIB) == 0;
		fill(chunks[i], 0, 2 * MIB, i);
	}
	for (unsigned i = 0; i < 4; i++) {
		kept = kept && filled(chunks[i], 0, 2 * MIB, i);
		type->chunks.chunk_free(storage, chunks[i], 2 * MIB);
	}
	ok(aligned && kept, "%s: chunks in huge pages come, serve and go", type->segments.name);
}

static void test_type(const struct zend_mm_storage_type *type)
{
	const char *name = type->segments.name;
	int inherited, descriptors = open_descriptors(&inherited);
	zend_mm_storage *storage = type->segments.init(NULL);
	int inherited_now, descriptors_now = open_descriptors(&inherited_now);
	size_t pages;

	if (!ok(storage && storage->handlers == &type->segments, "%s: init makes a storage", name)) {
		return;
	}
	is_int(inherited_now, inherited, "%s: no descriptor is passed on by exec", name);
	is_int(descriptors_now - descriptors, strcmp(name, "mmap_zero") == 0,
		"%s: descriptors while it lives", name);
	test_segments(&type->segments, storage);
	pages = mapped_pages();
	test_alignments(type, storage);
	test_in_place(type, storage);
	test_neighbours(type, storage);
	test_huge_pages(type, storage);
	if (strncmp(name, "mmap", 4) == 0) {
		is_size(mapped_pages(), pages, "%s: no mapping is left behind", name);
	}
	type->segments.dtor(storage);
	is_int(open_descriptors(&inherited_now), descriptors, "%s: no descriptor is left", name);
}

static void test_registry(void)
{
	size_t count = 0;
	const struct zend_mm_storage_type *type;

	for (; (type = zend_mm_storage_type_at(count)) != NULL; count++) {
		ok(zend_mm_storage_type(type->segments.name) == type, "%s is found by its name",
			type->segments.name);
		is_str(zend_mm_storage_name(count), type->segments.name, "and listed at %zu", count);
	}
	ok(count >= 2, "there are %zu types", count);
	ok(!zend_mm_storage_name(count), "the list ends after them");
	is_ptr(zend_mm_storage_type(NULL), zend_mm_storage_type_at(0), "the first is the default");
	is_ptr(zend_mm_storage_type("no such"), NULL, "an unknown name finds none");
	is_ptr(zend_mm_storage_type(""), NULL, "nor does an empty one");
}

static void test_scratch(void)
{
	size_t pages = mapped_pages();
	char *scratch = zend_mm_scratch_alloc(100000);
	bool zeroed = scratch != NULL;

	for (size_t i = 0; zeroed && i < 100000; i++) {
		zeroed = scratch[i] == 0;
	}
	ok(zeroed, "scratch memory is zeroed");
	zend_mm_scratch_free(scratch, 100000);
	zend_mm_scratch_free(NULL, 100000);
	is_size(mapped_pages(), pages, "and goes back to the system");
	ok(!zend_mm_scratch_alloc(SIZE_MAX - 100000), "more than there is is NULL");
	ok(zend_mm_page_size() >= 4096 && !(zend_mm_page_size() & (zend_mm_page_size() - 1)),
		"a page has %zu bytes", zend_mm_page_size());
}

int main(void)
{
	mapped_pages(); /* stdio's buffers are there from now on */
	test_registry();
	test_scratch();
	for (size_t i = 0; zend_mm_storage_type_at(i); i++) {
		test_type(zend_mm_storage_type_at(i));
	}
	return done_testing();
}
