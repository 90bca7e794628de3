/* SPDX-License-Identifier: MIT */
/* Requests that cannot be served: limits, refused storage, wrapping sizes, messages, states. */
#include "t/legacy.h"

#define TOO_MUCH (SIZE_MAX - 1000)

static zend_mm_figures figures_of(zend_mm_heap *heap)
{
	zend_mm_figures figures;

	zend_mm_get_figures(heap, &figures);
	return figures;
}

static void says(const char *what, const char *format, size_t first, size_t tried)
{
	char expected[256];

	snprintf(expected, sizeof expected, format, first, tried);
	is_str(host_message, expected, "%s", what);
}

#define LIMIT_TEXT "Allowed memory size of %zu bytes exhausted (tried to allocate %zu bytes)"
#define MEMORY_TEXT "Out of memory (allocated %zu) (tried to allocate %zu bytes)"

static void check_limit(void)
{
	zend_mm_heap *heap = legacy_start();

	is_int(zend_mm_set_limit(heap, 1), 0, "any limit can be set");
	is_size(figures_of(heap).limit, SEGMENT, "but never less than a segment");
	ok(bails_out(zend_mm_alloc(heap, SEGMENT)), "a request over the limit bails out");
	says("it says the limit and the request", LIMIT_TEXT, SEGMENT, SEGMENT);
	is_int(host_messages, 1, "once");
	ok(bails_out(zend_mm_alloc(heap, SEGMENT)), "so does the next");
	is_str(host_message, "", "saying nothing");
	is_int(heap->overflow, 2, "the heap is in its second overflow state");
	zend_mm_shutdown(heap, 0, 1);
	is_int(heap->overflow, 0, "the end of the request clears that");
	is_size(figures_of(heap).limit, SEGMENT, "and leaves the limit");
	ok(bails_out(zend_mm_alloc(heap, SEGMENT)), "so that the next error");
	says("is reported again", LIMIT_TEXT, SEGMENT, SEGMENT);
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static void check_reserve(void)
{
	zend_mm_heap *heap = legacy_start();
	char *block = take(heap, 96);
	void *reserve = ((legacy_heap_t *) heap)->reserve;

	zend_mm_set_limit(heap, SEGMENT);
	is_int(block_with(heap, reserve).state, ZEND_MM_BLOCK_RESERVE, "there is a reserve");
	(void) bails_out(zend_mm_alloc(heap, SEGMENT));
	is_int(block_with(heap, reserve).state, ZEND_MM_BLOCK_FREE, "an error frees it");
	is_size(figures_of(heap).size, 96, "and it does not count any more");
	ok(block && legacy_sound(heap), "the heap is sound");
	zend_mm_shutdown(heap, 0, 1);
	is_int(block_with(heap, ((legacy_heap_t *) heap)->reserve).state, ZEND_MM_BLOCK_RESERVE,
		"the next request has one again");
	legacy_end(heap);
}

/* Quirks: the cache is flushed, usage does not notice, and the request is not tried again. */
static void check_flush(void)
{
	zend_mm_heap *heap = legacy_start();
	void *blocks[100];
	size_t usage;

	use_up(heap);
	for (int i = 0; i < 100; i++) {
		blocks[i] = take(heap, 200);
	}
	for (int i = 0; i < 100; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	use_up(heap);
	zend_mm_set_limit(heap, 2 * SEGMENT);
	usage = figures_of(heap).size;
	ok(bails_out(take(heap, 100 * 200)), "what the cache has does not help a large request");
	is_size(figures_of(heap).cached, 0, "the cache was flushed");
	is_size(block_with(heap, blocks[0]).size, 100 * 200, "its blocks are free, and one");
	is_size(figures_of(heap).size, usage + 100 * 200 - legacy_true_size(8192),
		"usage counts them as used, and only the reserve not any more");
	ok(legacy_sound(heap), "the heap is sound");
	is_ptr(take(heap, 100 * 200), blocks[0], "the same request succeeds when it comes again");
	ok(legacy_sound(heap), "the heap is sound");
	zend_mm_shutdown(heap, 0, 1);
	ok(legacy_sound(heap), "also after the end of the request");
	legacy_end(heap);
}

static void check_storage_refuses(void)
{
	zend_mm_heap *heap = legacy_start();
	char *big;

	watched.refuse_next = 1;
	ok(bails_out(zend_mm_alloc(heap, SEGMENT)), "a request that storage refuses bails out");
	says("it says what is held and the request", MEMORY_TEXT, SEGMENT, SEGMENT);
	is_size(figures_of(heap).storage_refused, 1, "the refusal is counted");
	is_size(watched.regions, 0, "the empty segment went back with the reserve");
	zend_mm_shutdown(heap, 0, 1);
	is_size(watched.regions, 1, "the next request gets one again");
	big = take(heap, 2 * SEGMENT);
	memset(big, 'x', request_for(2 * SEGMENT));
	watched.refuse_next = 1;
	ok(bails_out(zend_mm_realloc(heap, big, 4 * SEGMENT)), "so does a refused resize");
	says("it says the same", MEMORY_TEXT, 4 * SEGMENT, 4 * SEGMENT);
	ok(big[request_for(2 * SEGMENT) - 1] == 'x' && legacy_sound(heap),
		"the block stays and the heap is sound");
	is_size(members_of(heap, ZEND_MM_LIST_REST, 0).count, 1, "with the segment's tail listed");
	zend_mm_free(heap, big);
	ok(legacy_sound(heap), "and absorbed when the block is freed");
	legacy_end(heap);
}

static void check_resize_over_limit(void)
{
	zend_mm_heap *heap = legacy_start();
	char *big = take(heap, 2 * SEGMENT);
	char *tail = big + 2 * SEGMENT;

	ok(is_in(heap, tail, ZEND_MM_LIST_REST), "a big block's tail is in the rest list");
	zend_mm_set_limit(heap, 4 * SEGMENT);
	ok(bails_out(zend_mm_realloc(heap, big, 4 * SEGMENT)), "a resize over the limit bails out");
	says("it says the limit", LIMIT_TEXT, 4 * SEGMENT, 4 * SEGMENT);
	ok(is_in(heap, tail, ZEND_MM_LIST_TRIE), "and the tail is in the ordinary lists now");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static void check_wrapping(void)
{
	zend_mm_heap *heap = legacy_start();
	void *cached = take(heap, 96);
	void *block = take(heap, 96);

	zend_mm_free(heap, cached);
	ok(bails_out(zend_mm_alloc(heap, SIZE_MAX)), "the greatest size is refused");
	says("as out of memory", MEMORY_TEXT, SEGMENT, SIZE_MAX);
	is_size(figures_of(heap).cached, 96, "without flushing the cache");
	zend_mm_shutdown(heap, 0, 1);
	ok(bails_out(zend_mm_alloc(heap, TOO_MUCH)), "a size that only a segment's wraps");
	says("is over the limit", LIMIT_TEXT, figures_of(heap).limit, TOO_MUCH);
	zend_mm_shutdown(heap, 0, 1);
	block = take(heap, 96);
	ok(bails_out(zend_mm_realloc(heap, block, SIZE_MAX)), "a resize to the greatest size");
	says("prints it signed", "Out of memory (allocated %zu) (tried to allocate -1 bytes)%.0zu",
		SEGMENT, 0);
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static void check_null_on_failure(void)
{
	zend_mm_options options = legacy_options();
	zend_mm_heap *heap;
	void *big;

	host_start();
	options.null_on_failure = true;
	heap = legacy_start_with(options);
	zend_mm_set_limit(heap, 2 * SEGMENT);
	big = take(heap, SEGMENT - legacy_segment_overhead);
	is_ptr(zend_mm_alloc(heap, SEGMENT), NULL, "over the limit: NULL");
	is_ptr(zend_mm_alloc(heap, SIZE_MAX), NULL, "wrapping: NULL");
	is_ptr(zend_mm_realloc(heap, big, SIZE_MAX), NULL, "wrapping resize: NULL");
	is_ptr(zend_mm_realloc(heap, big, 3 * SEGMENT), NULL, "resize over the limit: NULL");
	watched.refuse_next = 1;
	is_ptr(zend_mm_alloc(heap, SEGMENT - 100), NULL, "refused by storage: NULL");
	is_int(host_messages, 0, "and nothing is reported");
	ok(((legacy_heap_t *) heap)->reserve != NULL, "the reserve stays");
	is_int(heap->overflow, 0, "and so does the state");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

/* The host fails again while it reports, and jumps: the message is printed by the heap. */
static zend_mm_heap *failing_heap;

static void fail_again(const char *message)
{
	(void) message;
	zend_mm_alloc(failing_heap, 10 * SEGMENT);
}

static void name_location(const char **filename, unsigned int *lineno)
{
	*filename = "script.php";
	*lineno = 12;
}

static void lose_message(const char *argument)
{
	static const zend_mm_host host = { .fatal_error = fail_again, .location = name_location };

	(void) argument;
	failing_heap = legacy_start();
	zend_mm_set_host(&host);
	zend_mm_set_limit(failing_heap, SEGMENT);
	(void) bails_out(zend_mm_alloc(failing_heap, 2 * SEGMENT));
	printf("state %d\n", failing_heap->overflow);
}

static void check_lost_message(void)
{
	struct tap_child child = run_child(lose_message, NULL);

	is_int(child.status, 0, "a host that fails while it reports gets control back");
	is_str(child.err, "\nFatal error: Allowed memory size of 262144 bytes exhausted (tried to "
		"allocate 524288 bytes) in script.php on line 12\n", "the heap prints what was lost");
	is_str(child.out, "state 2\n", "the state is the second one");
}

int main(void)
{
	check_limit();
	check_reserve();
	check_flush();
	check_storage_refuses();
	check_resize_over_limit();
	check_wrapping();
	check_null_on_failure();
	check_lost_message();
	return done_testing();
}
