/* SPDX-License-Identifier: MIT */
/*
 * preload/storage.c - what homes give their heaps as storage: regions of one of the library's
 * storage types, entered in the map of regions.
 *
 * Segments and chunks alike begin at a multiple of 256 KiB at least, so that the map can tell whose
 * an address is.  Over the mmap types a home keeps some regions that its heap gave back for the
 * next one of the same size: a program that goes back and forth over the end of a segment would pay
 * for a mapping and its page faults each time.  (The system's malloc, as a storage, does the same
 * by itself.)  Heaps hardened by `spares` give back at once: whoever still has a pointer into a
 * region that is gone is ended by it.
 *
 * Called by the heap of a home, and so by the home's owner alone.  errno stays as it was: requests
 * that succeed and free() do not change it, and the others set it themselves.
 */
#include <errno.h>
#include <sys/mman.h>

#include "preload/home.h"
#include "preload/request.h"

/* A home's spare regions are at most so many bytes, and each at most so big: what a program needs
 * that frees and takes a few segments or chunks again and again. */
static const size_t spare_bytes_max = (size_t)8 << 20;
static const size_t spare_size_max = (size_t)4 << 20;

static const size_t chunk_size = (size_t)2 << 20;

static struct {
	const struct zend_mm_storage_type *type;
	zend_mm_storage *storage;
	bool maps;   /* mappings: fresh ones are zeroed, and can be moved */
	bool spares; /* some of what heaps give back is kept */
} under;

bool zend_mm_home_storage_start(const struct zend_mm_storage_type *type, bool keeps_spares)
{
	const struct zend_mm_storage_type *anonymous = zend_mm_storage_type("mmap_anon");

	under.type = type;
	under.maps = type->chunks.chunk_free == anonymous->chunks.chunk_free;
	under.spares = under.maps && keeps_spares;
	under.storage = type->segments.init(NULL);
	return under.storage != NULL;
}

static struct zend_mm_home *home_of_storage(const zend_mm_storage *storage)
{
	return storage->data;
}

/* {{{ Figures. */

/* Whether a region of that size is one huge block of a modern heap (which does not use the storage
 * structure of its home). */
static bool is_apart(const struct zend_mm_home *home, size_t size)
{
	return size > chunk_size && home->storage.handlers == NULL;
}

/* A region of old_size bytes (0: none) became one of new_size bytes (0: none). */
static void count_region(struct zend_mm_home *home, size_t old_size, size_t new_size)
{
	struct zend_mm_home_figures *figures = &home->figures;

	if (is_apart(home, old_size)) {
		zend_mm_figure_add(&figures->apart, -old_size);
		zend_mm_figure_add(&figures->apart_count, (size_t)-1);
	}
	if (is_apart(home, new_size)) {
		zend_mm_figure_add(&figures->apart, new_size);
		zend_mm_figure_add(&figures->apart_count, 1);
	}
	zend_mm_figure_add(&figures->held, new_size - old_size);
	if (zend_mm_figure(&figures->held) > zend_mm_figure(&figures->held_peak)) {
		zend_mm_figure_set(&figures->held_peak, zend_mm_figure(&figures->held));
	}
	zend_mm_figure_add(&figures->regions, (size_t)(new_size != 0) - (size_t)(old_size != 0));
	zend_mm_figure_add(!old_size ? &figures->storage_allocs : !new_size ?
		&figures->storage_frees : &figures->storage_resizes, 1);
}

/* }}} */
/* {{{ Spare regions. */

/* Takes the spare at a place out of the list; the address is the caller's now. */
static char *spare_out(struct zend_mm_home *home, unsigned place)
{
	struct zend_mm_spare spare = home->spares[place];

	home->spare_count--;
	memmove(&home->spares[place], &home->spares[place + 1],
		(home->spare_count - place) * sizeof spare);
	zend_mm_figure_add(&home->figures.spare, -spare.size);
	return spare.address;
}

static void drop_oldest_spare(struct zend_mm_home *home)
{
	size_t size = home->spares[0].size;

	under.type->chunks.chunk_free(under.storage, spare_out(home, 0), size);
}

/* A spare region, the newest that is right; NULL where there is none. */
static char *spare_take(struct zend_mm_home *home, size_t size, size_t alignment)
{
	for (unsigned place = home->spare_count; place-- > 0;) {
		const struct zend_mm_spare *spare = &home->spares[place];

		if (spare->size == size && ((uintptr_t)spare->address & (alignment - 1)) == 0) {
			return spare_out(home, place);
		}
	}
	return NULL;
}

static void spare_keep(struct zend_mm_home *home, char *address, size_t size)
{
	while (home->spare_count == zend_mm_spares_max ||
		(home->spare_count && zend_mm_figure(&home->figures.spare) + size > spare_bytes_max)) {
		drop_oldest_spare(home);
	}
	home->spares[home->spare_count++] = (struct zend_mm_spare){ address, size };
	zend_mm_figure_add(&home->figures.spare, size);
}

size_t zend_mm_home_drop_spares(struct zend_mm_home *home)
{
	size_t bytes = zend_mm_figure(&home->figures.spare);

	while (home->spare_count) {
		drop_oldest_spare(home);
	}
	return bytes;
}

/* }}} */
/* {{{ Regions. */

static char *map_region(struct zend_mm_home *home, size_t size, size_t alignment)
{
	char *address = under.type->chunks.chunk_alloc(under.storage, size, alignment);

	if (!address && zend_mm_home_drop_spares(home) > 0) {
		address = under.type->chunks.chunk_alloc(under.storage, size, alignment);
	}
	return address;
}

static char *region_take(struct zend_mm_home *home, size_t size, size_t alignment)
{
	char *address;

	home->fresh = NULL;
	address = spare_take(home, size, alignment);
	if (!address) {
		address = map_region(home, size, alignment);
		if (address && under.maps) {
			home->fresh = address;
			home->fresh_size = size;
		}
	}
	if (!address) {
		return NULL;
	}
	if (!zend_mm_region_enter(home, address, size)) {
		under.type->chunks.chunk_free(under.storage, address, size);
		return NULL;
	}
	count_region(home, 0, size);
	return address;
}

static void region_give(struct zend_mm_home *home, char *address, size_t size)
{
	zend_mm_region_leave(address, size, 0);
	count_region(home, size, 0);
	if (under.spares && size <= spare_size_max) {
		spare_keep(home, address, size);
	} else {
		under.type->chunks.chunk_free(under.storage, address, size);
	}
}

static bool region_truncate(struct zend_mm_home *home, char *address, size_t old_size,
	size_t new_size)
{
	const zend_mm_chunk_handlers *handlers = &under.type->chunks;

	if (!handlers->chunk_truncate ||
		!handlers->chunk_truncate(under.storage, address, old_size, new_size)) {
		return false;
	}
	zend_mm_region_leave(address, old_size, new_size);
	count_region(home, old_size, new_size);
	return true;
}

static bool region_extend(struct zend_mm_home *home, char *address, size_t old_size,
	size_t new_size)
{
	const zend_mm_chunk_handlers *handlers = &under.type->chunks;

	if (!handlers->chunk_extend ||
		!handlers->chunk_extend(under.storage, address, old_size, new_size)) {
		return false;
	}
	if (!zend_mm_region_enter(home, address, new_size)) {
		handlers->chunk_truncate(under.storage, address, new_size, old_size);
		return false;
	}
	count_region(home, old_size, new_size);
	return true;
}

/* Moves the pages of a region, which may be several mappings; then the system refuses, after it has
 * unmapped the target, which is mapped again.  1 done, 0 to be copied, -1 the target is lost. */
static int move_pages(char *from, size_t size, char *to, size_t to_size)
{
	if (!under.maps) {
		return 0;
	}
	if (mremap(from, size, to_size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) {
		return 1;
	}
	return mmap(to, to_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == to ? 0 : -1;
}

/* Moves what a region holds to a larger one and gives the old one back.  False, with the old one as
 * it was, where the system refuses. */
static bool region_move(struct zend_mm_home *home, char *from, size_t size, char *to,
	size_t to_size)
{
	int moved = move_pages(from, size, to, to_size);

	if (moved < 0) {
		zend_mm_region_leave(to, to_size, 0);
		count_region(home, to_size, 0);
		return false;
	}
	zend_mm_region_leave(from, size, 0);
	count_region(home, size, 0);
	if (moved == 0) {
		memcpy(to, from, size);
		under.type->chunks.chunk_free(under.storage, from, size);
	}
	return true;
}

static char *region_resize(struct zend_mm_home *home, char *address, size_t old_size,
	size_t new_size)
{
	char *moved;

	if (new_size <= old_size || region_extend(home, address, old_size, new_size)) {
		return address;
	}
	moved = region_take(home, new_size, ZEND_MM_UNIT);
	return moved && region_move(home, address, old_size, moved, new_size) ? moved : NULL;
}

/* }}} */
/* {{{ Segments. */

static zend_mm_storage *segments_init(void *params)
{
	struct zend_mm_home *home = params;

	home->storage.handlers = &zend_mm_home_segments;
	return &home->storage;
}

static void segments_dtor(zend_mm_storage *storage)
{
	(void)storage;
}

static void segments_compact(zend_mm_storage *storage)
{
	(void)storage;
}

static zend_mm_segment *segment_in(char *region)
{
	return region ? (zend_mm_segment *)(region + ZEND_MM_SEGMENT_SHIFT) : NULL;
}

static char *region_around(zend_mm_segment *segment)
{
	return (char *)segment - ZEND_MM_SEGMENT_SHIFT;
}

static zend_mm_segment *segment_alloc(zend_mm_storage *storage, size_t size)
{
	int saved_errno = errno;
	char *region = region_take(home_of_storage(storage), size + ZEND_MM_SEGMENT_SHIFT,
		ZEND_MM_UNIT);

	errno = saved_errno;
	return segment_in(region);
}

static zend_mm_segment *segment_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	int saved_errno = errno;
	char *region = region_resize(home_of_storage(storage), region_around(segment),
		segment->size + ZEND_MM_SEGMENT_SHIFT, size + ZEND_MM_SEGMENT_SHIFT);

	errno = saved_errno;
	return segment_in(region);
}

static void segment_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	int saved_errno = errno;

	region_give(home_of_storage(storage), region_around(segment),
		segment->size + ZEND_MM_SEGMENT_SHIFT);
	errno = saved_errno;
}

const zend_mm_mem_handlers zend_mm_home_segments = {
	"home", segments_init, segments_dtor, segments_compact,
	segment_alloc, segment_realloc, segment_free
};

/* }}} */
/* {{{ Chunks. */

static void *chunk_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	int saved_errno = errno;
	char *region = region_take(home_of_storage(storage), size,
		alignment < ZEND_MM_UNIT ? ZEND_MM_UNIT : alignment);

	errno = saved_errno;
	return region;
}

static void chunk_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	int saved_errno = errno;

	region_give(home_of_storage(storage), chunk, size);
	errno = saved_errno;
}

static bool chunk_truncate(zend_mm_storage *storage, void *chunk, size_t old_size, size_t new_size)
{
	int saved_errno = errno;
	bool done = region_truncate(home_of_storage(storage), chunk, old_size, new_size);

	errno = saved_errno;
	return done;
}

static bool chunk_extend(zend_mm_storage *storage, void *chunk, size_t old_size, size_t new_size)
{
	int saved_errno = errno;
	bool done = region_extend(home_of_storage(storage), chunk, old_size, new_size);

	errno = saved_errno;
	return done;
}

const zend_mm_chunk_handlers zend_mm_home_chunks = {
	chunk_alloc, chunk_free, chunk_truncate, chunk_extend
};

/* }}} */
