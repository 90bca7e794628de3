/* SPDX-License-Identifier: MIT */
/*
 * The tables of sentences. See explore_words.h.
 */
#include "tools/explore_words.h"

#include <inttypes.h>
#include <string.h>

#define CACHE "legacy.md#the-cache"
#define BUCKETS "legacy.md#free_buckets"
#define TREES "legacy.md#large_free_buckets"
#define REST "legacy.md#rest_buckets"
#define BLOCKS "legacy.md#blocks"
#define FREEING "legacy.md#freeing"
#define SEGMENTS "legacy.md#segments"
#define LEGACY_RESIZE "legacy.md#resizing"
#define LIMITS "legacy.md#the-limit"
#define REQUESTS "legacy.md#the-end-of-a-request"
#define BINS "modern.md#bins"
#define PAGES "modern.md#pages"
#define CHUNKS "modern.md#chunks"
#define HUGE_BLOCKS "modern.md#huge-blocks"
#define COLLECTION "modern.md#garbage-collection"

static const struct zmm_step_words words[ZEND_MM_EVENT_KINDS] = {
	[ZEND_MM_EVENT_CACHE_HIT] = {
		"Cache hit: the newest block of {size} bytes is popped from stack {n}, at {at}.", CACHE },
	[ZEND_MM_EVENT_CACHE_MISS] = {
		"Cache miss: a block of {size} bytes is needed, and stack {n} is empty.", CACHE },
	[ZEND_MM_EVENT_BITMAP_TEST] = {
		"Bitmap test: is there a bit at or above {n} in the small bitmap {bits}?", BUCKETS },
	[ZEND_MM_EVENT_BUCKET_TAKEN] = {
		"Bucket {n}: its oldest block, {size} bytes at {at}, is taken.", BUCKETS },
	[ZEND_MM_EVENT_BUCKET_HIDDEN] = {
		"Bucket {n} loses its bit although a block is in it: hidden until the bucket is refilled.",
		BUCKETS },
	[ZEND_MM_EVENT_TREES_TEST] = {
		"Best fit: the search begins at tree {n}; the large bitmap is {bits}.", TREES },
	[ZEND_MM_EVENT_TREE_NODE] = {
		"Tree {n}: look at the node of {size} bytes at {at}.", TREES },
	[ZEND_MM_EVENT_TREE_TURN] = {
		"Turn: bit {size} is {n}, so on to child {n} of {at}.", TREES },
	[ZEND_MM_EVENT_TREE_BEST] = {
		"The smallest so far that is enough: {size} bytes at {at}.", TREES },
	[ZEND_MM_EVENT_TREE_EXACT] = {
		"Exact fit: {size} bytes at {at}.", TREES },
	[ZEND_MM_EVENT_TREE_RIGHT] = {
		"Child 1 at {at} is passed by and remembered: all of its subtree is larger.", TREES },
	[ZEND_MM_EVENT_TREE_BESIDE] = {
		"Beside the request's path everything is large enough: from {at} down, tree {n}.", TREES },
	[ZEND_MM_EVENT_TREE_TAKEN] = {
		"Tree {n}: the block of {size} bytes at {at} is taken.", TREES },
	[ZEND_MM_EVENT_TREES_EMPTY] = {
		"No tree has a block of {size} bytes or more.", TREES },
	[ZEND_MM_EVENT_TREE_NEW_NODE] = {
		"Listed: {size} bytes at {at} become a node of tree {n}.", TREES },
	[ZEND_MM_EVENT_TREE_NEW_MEMBER] = {
		"Listed: {size} bytes at {at} join the ring of the node of their size in tree {n}.",
			TREES },
	[ZEND_MM_EVENT_TREE_LEAF_GONE] = {
		"Unlinked: the leaf of {size} bytes at {at} leaves tree {n}.", TREES },
	[ZEND_MM_EVENT_TREE_INNER_GONE] = {
		"Unlinked: the node of {size} bytes at {at} leaves tree {n}; a leaf has to take its place.",
		TREES },
	[ZEND_MM_EVENT_TREE_REPLACED] = {
		"Its place in tree {n} goes to the block of {size} bytes at {at}.", TREES },
	[ZEND_MM_EVENT_LIST_SEARCH] = {
		"List: {n} blocks are looked at for {size} bytes; found at {at}.", TREES },
	[ZEND_MM_EVENT_REST_SEARCH] = {
		"The limit is near: the rest list is searched for {size} bytes.", REST },
	[ZEND_MM_EVENT_REST_TAKEN] = {
		"Rest list: the block of {size} bytes at {at} is taken.", REST },
	[ZEND_MM_EVENT_REST_INSERT] = {
		"Set apart: {size} bytes at {at} go to the rest list, which has {n} large blocks now.",
			REST },
	[ZEND_MM_EVENT_REST_EVICTED] = {
		"The rest list is full: its oldest block, {size} bytes at {at}, goes to the ordinary "
		"lists.",
		REST },
	[ZEND_MM_EVENT_SPLIT] = {
		"Split: the first {size} bytes at {at} are used, {n} are left over.", BLOCKS },
	[ZEND_MM_EVENT_WHOLE] = {
		"Taken whole: all {size} bytes at {at}; the {n} too many are no block.", BLOCKS },
	[ZEND_MM_EVENT_CACHE_PUSH] = {
		"To the cache: {size} bytes at {at} are pushed on stack {n}; the block stays marked as "
		"used.",
		CACHE },
	[ZEND_MM_EVENT_CACHE_FULL] = {
		"The cache is full: it holds {size} bytes.", CACHE },
	[ZEND_MM_EVENT_MERGE_AFTER] = {
		"Coalescing right: the block after, {size} bytes at {at}, is free and absorbed.", FREEING },
	[ZEND_MM_EVENT_MERGE_BEFORE] = {
		"Coalescing left: the block before, {size} bytes at {at}, is free and absorbs this one.",
		FREEING },
	[ZEND_MM_EVENT_BUCKET_INSERT] = {
		"Listed: {size} bytes at {at} go to the new end of bucket {n}.", BUCKETS },
	[ZEND_MM_EVENT_CACHE_FLUSHED] = {
		"The cache is flushed: {size} bytes go to the free lists.", CACHE },
	[ZEND_MM_EVENT_SEGMENT_NEW] = {
		"New segment from storage: {size} bytes at {at}.", SEGMENTS },
	[ZEND_MM_EVENT_SEGMENT_RESIZED] = {
		"Storage resizes the segment at {at} from {n} to {size} bytes.", SEGMENTS },
	[ZEND_MM_EVENT_SEGMENT_GONE] = {
		"Segment given back: {size} bytes at {at} return to storage.", SEGMENTS },
	[ZEND_MM_EVENT_SEGMENT_KEPT] = {
		"The oldest segment, {size} bytes at {at}, is kept for the next request.", REQUESTS },
	[ZEND_MM_EVENT_RESIZE_STAYS] = {
		"Stays where it is: {size} bytes at {at} serve {n}.", LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_SHRINKS] = {
		"Shrinks in place, at {at}: from {size} to {n} bytes.", LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_SWAPS] = {
		"Swaps with the cache: a cached block of {n} bytes takes the data, the one at {at} its "
		"place.",
		LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_GROWS] = {
		"Grows in place, at {at}: from {size} to {n} bytes.", LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_SEGMENT] = {
		"The block at {at} has its segment for itself: the segment has to grow for {n} bytes.",
		LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_MOVES] = {
		"Moves: {n} bytes are allocated anew, the data of {at} copied, the old block freed.",
		LEGACY_RESIZE },
	[ZEND_MM_EVENT_OVER_LIMIT] = {
		"Refused: {size} bytes more would pass the limit of {n} bytes.", LIMITS },
	[ZEND_MM_EVENT_REFUSED] = {
		"Refused: storage has nothing for {size} bytes.", LIMITS },
	[ZEND_MM_EVENT_RESERVE_FREED] = {
		"The reserve at {at} is freed, so that the error can be reported.", LIMITS },
	[ZEND_MM_EVENT_REQUEST_ENDED] = {
		"The request ends: {size} bytes that were never freed are gone.", REQUESTS },
	[ZEND_MM_EVENT_SLOT_TAKEN] = {
		"Bin {n}: the slot of {size} bytes at {at} is popped from its list.", BINS },
	[ZEND_MM_EVENT_SLOT_GIVEN] = {
		"Bin {n}: the slot of {size} bytes at {at} is pushed on its list.", BINS },
	[ZEND_MM_EVENT_BIN_EMPTY] = {
		"Bin {n} has no free slot of {size} bytes: it needs a run of pages.", BINS },
	[ZEND_MM_EVENT_RUN_MADE] = {
		"Run made: {size} bytes at {at} are cut into slots of bin {n}; the first is handed "
		"out.", BINS },
	[ZEND_MM_EVENT_CHUNK_SKIPPED] = {
		"The chunk at {at} is passed over: it has {size} free pages, {n} are wanted.", CHUNKS },
	[ZEND_MM_EVENT_PAGES_SEARCH] = {
		"Page search over the bitmap of the chunk at {at}: {n} pages; the free tail begins at "
		"{size}.",
		PAGES },
	[ZEND_MM_EVENT_PAGES_RANGE] = {
		"A free range of {size} pages at {at}.", PAGES },
	[ZEND_MM_EVENT_PAGES_BEST] = {
		"The shortest range that is enough for {n} pages is the one at {at}.", PAGES },
	[ZEND_MM_EVENT_PAGES_EXACT] = {
		"Exact fit: a range of {n} pages at {at}.", PAGES },
	[ZEND_MM_EVENT_PAGES_TAIL] = {
		"Nothing shorter is enough: {n} pages from the tail, at {at}.", PAGES },
	[ZEND_MM_EVENT_PAGES_NONE] = {
		"The chunk at {at} has no range of {n} pages.", PAGES },
	[ZEND_MM_EVENT_PAGES_TAKEN] = {
		"{size} pages at {at} are marked as used; the chunk has {n} free ones left.", PAGES },
	[ZEND_MM_EVENT_PAGES_GIVEN] = {
		"{size} pages at {at} are free again; the chunk has {n} free ones now.", PAGES },
	[ZEND_MM_EVENT_CHUNK_NEW] = {
		"New chunk from the system: {size} bytes at {at}; {n} chunks now.", CHUNKS },
	[ZEND_MM_EVENT_CHUNK_REUSED] = {
		"A cached chunk is used again: the one at {at}; {n} chunks now.", CHUNKS },
	[ZEND_MM_EVENT_CHUNK_TO_FRONT] = {
		"Found after {n} moves: the chunk at {at} goes to the front of the circle.", CHUNKS },
	[ZEND_MM_EVENT_CHUNK_CACHED] = {
		"The chunk at {at} has no run any more and is cached; {n} are.", CHUNKS },
	[ZEND_MM_EVENT_CHUNK_GONE] = {
		"Chunk given back: {size} bytes at {at} return to the system.", CHUNKS },
	[ZEND_MM_EVENT_HUGE_NEW] = {
		"Huge block: a mapping of its own, {size} bytes at {at}.", HUGE_BLOCKS },
	[ZEND_MM_EVENT_HUGE_RESIZED] = {
		"The mapping at {at} is resized in place, from {n} to {size} bytes.", HUGE_BLOCKS },
	[ZEND_MM_EVENT_HUGE_GONE] = {
		"The mapping of {size} bytes at {at} is given back.", HUGE_BLOCKS },
	[ZEND_MM_EVENT_COLLECT] = {
		"Collection: the free slots of each run are counted.", COLLECTION },
	[ZEND_MM_EVENT_RUN_COLLECTED] = {
		"The run of {size} bytes at {at} (bin {n}) has no used slot: its pages go back.",
			COLLECTION },
	[ZEND_MM_EVENT_COLLECTED] = {
		"Collected: {size} bytes of pages.", COLLECTION }
};

static const struct zmm_element_words elements[] = {
	{ "used", "used block", "Handed out to the program, and not freed yet.", BLOCKS },
	{ "cached", "cached block", "Freed, but in the cache: its header still says used, so nothing "
		"coalesces with it, and the next request of its size takes it at once.", CACHE },
	{ "free", "free block", "In one of the free lists. Its first words are the list's links.",
		BUCKETS },
	{ "reserve", "reserve", "8 KiB kept back so that running out of memory can be reported.",
		LIMITS },
	{ "header", "header", "What the heap itself needs of a region: a segment's size and link, or a "
		"chunk's first page with its bitmap and map.", SEGMENTS },
	{ "guard", "guard", "Marks a segment's end, so that freeing the last block needs no question.",
		SEGMENTS },
	{ "free pages", "free pages", "Pages of a chunk that belong to no run.", PAGES },
	{ "tail", "tail of a run", "What a bin's pages have left over after the last slot.", BINS },
	{ "heap's own", "the heap's own block", "Memory that the heap asked itself for, such as the "
		"entry of a huge block.", HUGE_BLOCKS },
	{ "cache", "cache", "One stack per small size, last in, first out; 256 KiB in all.", CACHE },
	{ "bucket", "free_buckets", "One queue per small size: the oldest block is taken first. A "
		"bitmap "
		"says which queues have one.", BUCKETS },
	{ "tree", "large_free_buckets", "One bitwise trie per power of two. Each node is a free block; "
		"the bits of a size lead down; equal sizes form a ring.", TREES },
	{ "rest list", "rest_buckets", "What oversized segments have left over, kept out of the "
		"ordinary "
		"lists until the limit is near.", REST },
	{ "bin", "bin", "One of 30 slot sizes with its list of free slots, last in, first out.", BINS },
	{ "real_size", "real size", "Bytes held from storage: memory_get_usage(true).",
		"legacy.md#figures" },
	{ "size", "size", "Bytes of blocks handed out, headers and rounding included: "
		"memory_get_usage().", "legacy.md#figures" },
	{ "peak", "peak", "The most that size has been in this request.", "legacy.md#figures" },
	{ "bytes_cached", "in the cache", "Legacy: bytes in cached blocks. Modern: bytes of cached "
		"chunks.",
		CACHE },
	{ "live", "live", "Bytes that the program asked for and has not freed: what the trace says.",
		"glossary.md" }
};

const struct zmm_step_words *zmm_step_words(enum zend_mm_study_event_kind kind)
{
	return &words[kind];
}

const struct zmm_element_words *zmm_element_words(size_t index)
{
	return index < sizeof elements / sizeof elements[0] ? &elements[index] : NULL;
}

const char *zmm_spot_text(struct zmm_spot spot, char text[48])
{
	if (spot.region == ZMM_SPOT_NONE)
		strcpy(text, "-");
	else
		snprintf(text, 48, "%" PRId64 "+%" PRIu64, spot.region, spot.offset);
	return text;
}

static void bits_text(uint64_t word, char text[72])
{
	char *out = text;
	int bit = word ? 63 - __builtin_clzll(word) : 0;

	for (; bit >= 0; bit--)
		*out++ = word >> bit & 1 ? '1' : '0';
	*out = '\0';
}

/* The value of the placeholder at the template's brace; its length in the template. */
static size_t fill_in(const struct zmm_scene_step *step, const char *brace, char value[72])
{
	if (strncmp(brace, "{at}", 4) == 0) {
		zmm_spot_text(step->spot, value);
		return 4;
	}
	if (strncmp(brace, "{size}", 6) == 0) {
		snprintf(value, 72, "%" PRIu64, step->size);
		return 6;
	}
	if (strncmp(brace, "{bits}", 6) == 0) {
		bits_text(step->size, value);
		return 6;
	}
	snprintf(value, 72, "%" PRIu64, step->number);
	return 3; /* {n} */
}

static void fill_in_all(const char *template, const struct zmm_scene_step *step, char *text,
	size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	while (*template && length + 1 < size) {
		char value[72] = { *template, '\0' };

		template += *template == '{' ? fill_in(step, template, value) : 1;
		length += (size_t)snprintf(text + length, size - length, "%s", value);
	}
}

void zmm_step_text(const struct zmm_scene_step *step, char *text, size_t size)
{
	fill_in_all(words[step->kind].sentence, step, text, size);
}

/* --- operations ------------------------------------------------------------------------------ */

static const char *const forms[ZMM_OPERATION_FORMS] = {
	[ZMM_OP_ALLOC] = "allocate {size} bytes", [ZMM_OP_FREE] = "free: the block of operation {n}",
	[ZMM_OP_RESIZE] = "resize to {size} bytes: the block of operation {n}",
	[ZMM_OP_ALIGNED] = "allocate {size} bytes, aligned",
	[ZMM_OP_LIMIT] = "set the limit to {size} bytes",
	[ZMM_OP_END_REQUEST] = "end of the request", [ZMM_OP_GC] = "collect garbage",
	[ZMM_OP_REFUSE] = "storage will refuse {size} calls", [ZMM_OP_USAGE] = "usage",
	[ZMM_OP_THREAD_START] = "a thread starts", [ZMM_OP_THREAD_END] = "a thread ends",
	[ZMM_OP_KINDS] = "the heap is made"
};

const char *zmm_operation_form(unsigned form)
{
	return forms[form];
}

uint64_t zmm_operation_origin(const zmm_program *program, uint64_t operation)
{
	uint32_t slot = zmm_op_slot(&program->ops[operation - 1]);

	for (uint64_t at = operation; at > 0; at--) {
		const struct zmm_op *op = &program->ops[at - 1];
		bool fresh = zmm_op_kind(op) == ZMM_OP_ALLOC || zmm_op_kind(op) == ZMM_OP_ALIGNED;

		if (fresh && zmm_op_slot(op) == slot)
			return at;
	}
	return 0;
}

struct zmm_operation_words zmm_operation_words(const zmm_program *program, uint64_t operation)
{
	const struct zmm_op *op = operation ? &program->ops[operation - 1] : NULL;
	struct zmm_operation_words words = { .form = ZMM_OP_KINDS };

	if (op) {
		words.form = zmm_op_kind(op);
		words.size = zmm_op_size(program, op);
		if (words.form == ZMM_OP_FREE || words.form == ZMM_OP_RESIZE)
			words.origin = zmm_operation_origin(program, operation);
	}
	return words;
}

void zmm_operation_text(const zmm_program *program, uint64_t operation, char *text, size_t size)
{
	struct zmm_operation_words words = zmm_operation_words(program, operation);
	struct zmm_scene_step values = { .size = words.size, .number = words.origin };

	fill_in_all(forms[words.form], &values, text, size);
}
