/* SPDX-License-Identifier: MIT */
/*
 * The system has no memory left: what is asked of it comes back as an error that says so, and
 * nothing that was there before is lost.
 */
#include "config.h"
#include "heap/heap.h"
#include "heap/modern/layout.h"
#include "heap/places.h"
#include "storage/storage.h"
#include "storage/types.h"
#include "t/host.h"
#include "t/tap.h"

#ifdef _WIN32
int main(void)
{
	skip_all("no limit of the address space can be set here");
}
#else
#include <sys/resource.h>

/* {{{ No new mapping, and nothing left in malloc either; and an end of that. */

static struct rlimit space_before;
static void *hoard;

static void exhaust_mappings(void)
{
	struct rlimit none;

	getrlimit(RLIMIT_AS, &space_before);
	none = (struct rlimit){ 1, space_before.rlim_max };
	setrlimit(RLIMIT_AS, &none);
}

static void exhaust(void)
{
	exhaust_mappings();
	for (size_t size = (size_t)1 << 20; size >= 16; size /= 2) {
		void **more;

		while ((more = malloc(size)) != NULL) {
			*more = hoard;
			hoard = more;
		}
	}
}

static void recover(void)
{
	setrlimit(RLIMIT_AS, &space_before);
	while (hoard) {
		void *next = *(void **)hoard;

		free(hoard);
		hoard = next;
	}
}

/* }}} */
/* {{{ Starting. */

static zend_mm_options options_for(zend_mm_mode mode, const char *storage, const char *debug)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.storage = storage;
	options.debug = debug;
	return options;
}

static void check_start(zend_mm_mode mode, const char *storage, const char *debug)
{
	zend_mm_options options = options_for(mode, storage, debug);
	zend_mm_heap *heap;
	int error;

	exhaust();
	errno = 0;
	heap = zend_mm_startup_with(&options);
	error = errno;
	recover();
	ok(!heap && error == ENOMEM, "mode %d on %s%s%s: no heap, ENOMEM", mode, storage,
		debug ? ", " : "", debug ? debug : "");
}

/* A storage that fails to start, with an error of its own. */
static zend_mm_storage *init_refused(void *params)
{
	(void)params;
	errno = EACCES;
	return NULL;
}

static void check_storage_refused(void)
{
	static const zend_mm_mem_handlers refusing = { .name = "refusing", .init = init_refused };
	zend_mm_options options = options_for(ZEND_MM_LEGACY, NULL, NULL);
	struct rlimit before, none;
	int error;

	options.segment_handlers = &refusing;
	errno = 0;
	ok(!zend_mm_startup_with(&options), "a storage that does not start leaves no heap");
	is_int(errno, EACCES, "and its error");
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ 0, before.rlim_max };
	for (int mode = ZEND_MM_LEGACY; mode <= ZEND_MM_MODERN; mode++) {
		zend_mm_heap *heap;

		options = options_for((zend_mm_mode)mode, "mmap_zero", NULL);
		setrlimit(RLIMIT_NOFILE, &none);
		errno = 0;
		heap = zend_mm_startup_with(&options);
		error = errno;
		setrlimit(RLIMIT_NOFILE, &before);
		ok(!heap, "mode %d: nor does mmap_zero without a descriptor", mode);
		is_int(error, EMFILE, "which is what it says");
	}
}

static void start_as_environment_says(const char *tracked)
{
	atexit(recover);
	set_environment("USE_ZEND_ALLOC", *tracked ? "0" : NULL);
	set_environment("USE_TRACKED_ALLOC", tracked);
	setvbuf(stderr, NULL, _IONBF, 0);
	exhaust();
	start_memory_manager();
}

static void start_ex(const char *block_size)
{
	zend_mm_startup_ex(&zend_mm_storage_mmap_anon.segments, (size_t)atoi(block_size), 0, 0, NULL);
}

static void check_start_messages(void)
{
	struct tap_child child = run_child(start_as_environment_says, "");

	is_str(child.err, "Cannot initialize zend_mm storage [malloc]: Cannot allocate memory\n",
		"the manager says why it cannot start");
	is_int(child.status, 255, "with PHP's status");
	child = run_child(start_as_environment_says, "1");
	is_str(child.err, "Out of memory\n", "so does the tracked system heap");
	is_int(child.status, 1, "with its status");
	child = run_child(start_ex, "1000");
	is_str(child.err, "'block_size' must be a power of two\n", "a size of segments is checked");
	is_int(child.status, 255, "it ends the process");
	child = run_child(start_ex, "16");
	is_str(child.err, "'block_size' is too small\n", "as does a tiny one");
	is_int(child.status, 255, "in the same way");
}

/* }}} */
/* {{{ Looking at a heap. */

static int look(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	(void)region;
	(void)block;
	++*(int *)context;
	return 0;
}

static void check_looking(zend_mm_mode mode)
{
	zend_mm_options options = options_for(mode, NULL, NULL);
	zend_mm_heap *heap = zend_mm_startup_with(&options);
	zend_mm_problem problem = { .reason = "none" };
	int seen = 0, walked, checked, walk_error, check_error;

	zend_mm_alloc(heap, 3 << 20);
	zend_mm_alloc(heap, 5 << 20);
	exhaust();
	errno = 0;
	walked = zend_mm_walk(heap, look, &seen);
	walk_error = errno;
	errno = 0;
	checked = zend_mm_check(heap, &problem);
	check_error = errno;
	recover();
	ok(walked == -1 && walk_error == ENOMEM && seen == 0, "mode %d: no walk without memory", mode);
	ok(checked == -1 && check_error == ENOMEM, "mode %d: nor a check, which finds nothing", mode);
	is_str(problem.reason, "none", "and says nothing");
	is_int(zend_mm_check(heap, &problem), 0, "mode %d: later there is one", mode);
	zend_mm_shutdown(heap, 1, 1);
}

/* }}} */
/* {{{ The system's malloc as a heap. */

/* "2": tracked, and for the first block there is no table yet. */
static void allocate_plain(const char *tracked)
{
	set_environment("USE_ZEND_ALLOC", "0");
	set_environment("USE_TRACKED_ALLOC", *tracked == '0' ? "0" : "1");
	setvbuf(stderr, NULL, _IONBF, 0);
	start_memory_manager();
	if (*tracked != '2') {
		efree(emalloc(1));
	}
	atexit(recover);
	exhaust();
	emalloc(*tracked == '2' ? 8 : (size_t)64 << 20);
}

static void check_system(void)
{
	static const char *const ways[] = { "0", "1", "2" };

	for (int i = 0; i < 3; i++) {
		struct tap_child child = run_child(allocate_plain, ways[i]);

		is_str(child.err, "Out of memory\n", "the system's malloc, USE_TRACKED_ALLOC=%s: refused",
			ways[i]);
		is_int(child.status, 1, "and the process ends");
	}
}

/* }}} */
/* {{{ Guards: a block without a record is refused as the heap refuses. */

static void check_guards(zend_mm_mode mode, bool null_on_failure)
{
	zend_mm_options options = options_for(mode, NULL, "padding=16");
	/* more than there is room for, but not in the heap first */
	enum { most = 200000 };
	static char *blocks[most];
	zend_mm_heap *heap;
	zend_mm_problem problem;
	volatile int count = 0;
	volatile bool refused = false;
	bool whole = true;

	options.segment_size = (size_t)16 << 20;
	options.null_on_failure = null_on_failure;
	heap = zend_mm_startup_with(&options);
	host_start();
	zend_mm_free(heap, zend_mm_alloc(heap, 8));
	exhaust_mappings();
	zend_try {
		while (count < most && (blocks[count] = zend_mm_alloc(heap, 8)) != NULL) {
			memset(blocks[count], count, 8);
			count++;
		}
	} zend_catch {
		refused = true;
	} zend_end_try();
	recover();
	ok(count > 0 && count < most, "mode %d: guarded, %d blocks fit", mode, count);
	ok(refused != null_on_failure, "the next one %s", null_on_failure ? "is NULL" : "bails out");
	contains(host_message, null_on_failure ? "" : "(tried to allocate 8 bytes)",
		"with the heap's message");
	for (int i = 0; i < count; i++) {
		whole = whole && blocks[i][7] == (char)i;
		zend_mm_free(heap, blocks[i]);
	}
	ok(whole && zend_mm_check(heap, &problem) == 0, "and nothing was lost");
	zend_mm_shutdown(heap, 1, 1);
	zend_mm_set_host(NULL);
}

/* A heap that needs no mapping, for its chunk is there already. */
static char *only_chunk;

static void *give_only_chunk(zend_mm_storage *storage, size_t size, size_t alignment)
{
	(void)storage;
	(void)alignment;
	return size == ZEND_MM_CHUNK_SIZE ? only_chunk : NULL;
}

static void take_only_chunk(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void)storage;
	(void)size;
	only_chunk[0] = chunk == only_chunk ? 'b' : 'x';
}

static void check_layer_refused(const char *guards, const char *hardened)
{
	static const zend_mm_chunk_handlers handlers = {
		.chunk_alloc = give_only_chunk, .chunk_free = take_only_chunk
	};
	zend_mm_options options = options_for(ZEND_MM_MODERN, NULL, guards);
	zend_mm_heap *heap;
	int error;

	options.hardened = hardened;
	only_chunk = aligned_alloc(ZEND_MM_CHUNK_SIZE, ZEND_MM_CHUNK_SIZE);
	options.chunk_handlers = &handlers;
	exhaust_mappings();
	errno = 0;
	heap = zend_mm_startup_with(&options);
	error = errno;
	recover();
	ok(!heap && error == ENOMEM, "no heap without the %s that were asked for",
		guards ? "guards" : "checked ends");
	is_int(only_chunk[0], 'b', "and its chunk is given back");
	free(only_chunk);
}

/* }}} */
/* {{{ The index of a list's members. */

struct member {
	struct member *next;
};

static void *next_member(const void *member)
{
	return ((const struct member *)member)->next;
}

static const void *key_of(const void *member)
{
	return member;
}

static const struct zend_mm_places_list list_kind = { next_member, key_of };

/* Puts so many members more before the first. */
static void lengthen(struct zend_mm_places *places, struct member *members, int *have, int count)
{
	for (; count > 0; count--, ++*have) {
		struct member *first = *have ? &members[*have - 1] : NULL;

		members[*have].next = first;
		zend_mm_places_add_first(places, &list_kind, &members[*have], &members[*have], first);
	}
}

static void check_places(void)
{
	static struct member members[4096];
	struct zend_mm_places places = { .members = 0 };
	void *before;
	int have = 0, wrong = 0;

	exhaust();
	lengthen(&places, members, &have, 3 * zend_mm_places_from);
	recover();
	ok(!zend_mm_places_find(&places, &members[3], &before), "a list without memory for its index");
	is_size(places.members, (size_t)have, "is known by its length");
	lengthen(&places, members, &have, zend_mm_places_from);
	ok(zend_mm_places_find(&places, &members[3], &before) && before == &members[4],
		"and gets the index when it is twice as long");
	exhaust();
	lengthen(&places, members, &have, 2000);
	recover();
	ok(!places.entries && places.noted == 0, "an index that cannot grow is given up");
	zend_mm_places_remove(&places, &members[have - 1], NULL, &members[have - 2]);
	have--;
	lengthen(&places, members, &have, 2048);
	for (int i = 0; i < have; i++) {
		void *expected = i + 1 < have ? &members[i + 1] : NULL;

		wrong += !zend_mm_places_find(&places, &members[i], &before) || before != expected;
	}
	is_int(wrong, 0, "later there is one again, of all %d members", have);
	zend_mm_places_clear(&places);
}

/* }}} */

int main(void)
{
	static const char *const storages[] = { "mmap_anon", "mmap_zero", "malloc" };

	if (HAVE_TCMALLOC) {
		skip_all("tcmalloc, as malloc, has words of its own for this");
	}
	if (getenv("SANITIZER") && *getenv("SANITIZER")) {
		skip_all("a sanitizer needs all of the address space");
	}
	for (int mode = ZEND_MM_LEGACY; mode <= ZEND_MM_MODERN; mode++) {
		for (int i = 0; i < 3; i++) {
			check_start((zend_mm_mode)mode, storages[i], NULL);
		}
		check_looking((zend_mm_mode)mode);
		check_guards((zend_mm_mode)mode, false);
		check_guards((zend_mm_mode)mode, true);
	}
	check_storage_refused();
	check_layer_refused("padding=16", NULL);
	if (ZEND_DEBUG) {
		skip(2, "debug builds have marks of their own at the ends of blocks");
	} else {
		check_layer_refused(NULL, "ends");
	}
	check_start_messages();
	check_system();
	check_places();
	return done_testing();
}
#endif
