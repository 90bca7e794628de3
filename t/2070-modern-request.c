/* SPDX-License-Identifier: MIT */
/*
 * The end of a request, the end of a heap, and the caller's storage data that lives in it.
 */
#include "t/modern.h"

static void test_figures(zend_mm_heap *heap)
{
	zend_mm_figures figures;

	for (int i = 0; i < 5; i++) {
		zend_mm_alloc(heap, LARGEST / 2);
		zend_mm_alloc(heap, 100);
		zend_mm_alloc(heap, 3 * CHUNK);
	}
	zend_mm_shutdown(heap, 0, 1);
	figures = figures_of(heap);
	is_size(figures.size, 0, "nothing is handed out after a request");
	is_size(figures.peak, 0, "the peak begins anew");
	is_size(figures.real_size, CHUNK + figures.cached, "what is held: the main chunk, kept ones");
	is_size(figures.real_peak, figures.real_size, "and so does its peak");
	is_size(figures.real_size, watched.bytes, "the storage says the same");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_same_places(zend_mm_heap *heap)
{
	void *first[50];
	size_t wrong = 0;

	for (int request = 0; request < 3; request++) {
		for (size_t i = 0; i < 50; i++) {
			void *ptr = zend_mm_alloc(heap, i * i * 30 % 5000);

			if (request == 0) {
				first[i] = ptr;
			}
			wrong += ptr != first[i];
		}
		zend_mm_shutdown(heap, 0, 1);
	}
	is_size(wrong, 0, "equal requests get equal places in the main chunk");
}

/* {{{ Data of the storage. */

struct big_data {
	struct zmm_watched *watched; /* first: what the watching storage reads */
	unsigned char bytes[3 * 4096];
};

static struct big_data big;

static bool data_is_whole(zend_mm_heap *heap, size_t size)
{
	const struct big_data *copy = zend_mm_get_storage(heap)->data;

	return copy != &big && memcmp(copy, &big, size) == 0;
}

static void test_data(size_t size, const char *what)
{
	zend_mm_options options = modern_options();
	zend_mm_heap *heap;

	host_start();
	spaced = zmm_spaced_new();
	zmm_watch(&watched, &zmm_spaced_type, spaced);
	zmm_watched_use(&watched, &options);
	big.watched = &watched;
	memset(big.bytes, 0x77, sizeof big.bytes);
	options.chunk_data = &big;
	options.chunk_data_size = size;
	heap = zend_mm_startup_with(&options);
	ok(heap != NULL, "a heap whose storage has %s", what);
	ok(data_is_whole(heap, size), "has a copy of the data");
	is_ptr(zend_mm_get_storage(heap)->handlers, NULL, "the storage has no handlers for segments");
	is_size(figures_of(heap).size, 0, "the copy counts as nothing handed out");
	for (int i = 0; i < 100; i++) {
		memset(zend_mm_alloc(heap, 3000), 1, 3000);
	}
	ok(modern_sound(heap), "the heap is sound");
	ok(data_is_whole(heap, size), "blocks leave the data alone");
	zend_mm_shutdown(heap, 0, 1);
	memset(zend_mm_alloc(heap, LARGEST - 4 * PAGE), 2, LARGEST - 4 * PAGE);
	ok(data_is_whole(heap, size), "it survives the end of a request");
	ok(modern_sound(heap), "the heap is sound");
	modern_end(heap);
}
/* }}} */

static void test_startup_failures(void)
{
	zend_mm_options options = modern_options();

	spaced = zmm_spaced_new();
	zmm_watch(&watched, &zmm_spaced_type, spaced);
	zmm_watched_use(&watched, &options);
	watched.refuse_next = 1;
	errno = 0;
	ok(zend_mm_startup_with(&options) == NULL, "without a first chunk there is no heap");
	is_int(errno, ENOMEM, "errno says why");
	options.chunk_data = &big;
	options.chunk_data_size = CHUNK;
	errno = 0;
	ok(zend_mm_startup_with(&options) == NULL, "nor with data that no chunk can hold");
	is_int(errno, EINVAL, "which is a mistake of the caller's");
	modern_end(NULL);
}

static void test_storage_types(void)
{
	for (size_t index = 0; zend_mm_storage_name(index) != NULL; index++) {
		zend_mm_options options = modern_options();
		zend_mm_heap *heap;
		char *huge;

		options.storage = zend_mm_storage_name(index);
		options.huge_pages = index % 2 == 0;
		heap = zend_mm_startup_with(&options);
		ok(heap != NULL, "a heap on storage %s", options.storage);
		for (int i = 0; i < 3; i++) {
			memset(zend_mm_alloc(heap, 1500000), 3, 1500000);
		}
		huge = zend_mm_alloc(heap, 3 * CHUNK);
		huge[0] = 'h';
		huge = zend_mm_realloc(heap, huge, 4 * CHUNK);
		huge = zend_mm_realloc(heap, huge, 2 * CHUNK);
		ok(huge[0] == 'h', "resizes huge blocks");
		ok(modern_sound(heap), "is sound");
		zend_mm_shutdown(heap, 0, 1);
		ok(modern_sound(heap), "also after a request");
		zend_mm_shutdown(heap, 1, 1);
	}
}

int main(void)
{
	zend_mm_heap *heap = modern_start();

	test_figures(heap);
	test_same_places(heap);
	modern_end(heap);
	test_data(sizeof big.watched, "a word of data");
	test_data(sizeof big.watched + 900, "some data, beside the heap structure");
	test_data(sizeof big, "data of several pages");
	test_startup_failures();
	test_storage_types();
	return done_testing();
}
