/* SPDX-License-Identifier: MIT */
/*
 * The tables of sentences. See explore_words.h.
 */
#include "tools/explore_words.h"

#include <inttypes.h>
#include <string.h>

#define CACHE "legacy.md#four-families-of-free-memory"
#define BUCKETS "legacy.md#four-families-of-free-memory"
#define TREES "legacy.md#four-families-of-free-memory"
#define REST "legacy.md#four-families-of-free-memory"
#define BLOCKS "legacy.md#layout"
#define TAKING "legacy.md#allocating"
#define FREEING "legacy.md#freeing"
#define SEGMENTS "legacy.md#layout"
#define GIVING_BACK "legacy.md#when-memory-goes-back-to-the-system"
#define LEGACY_RESIZE "legacy.md#resizing"
#define LIMITS "legacy.md#the-limit-and-errors"
#define FIGURES "legacy.md#figures"
#define REQUESTS "legacy.md#the-start-and-the-end-of-a-request"
#define BINS "modern.md#small-blocks"
#define PAGES "modern.md#pages"
#define CHUNKS "modern.md#when-memory-goes-back-to-the-system"
#define CHUNK_LAYOUT "modern.md#layout"
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
		"Bucket {n} loses its bit although a block is in it: hidden until the bucket is "
		"refilled.",
		BUCKETS },
	[ZEND_MM_EVENT_TREES_TEST] = {
		"Best fit: the search begins at tree {n}; the large bitmap is {bits}.", TREES },
	[ZEND_MM_EVENT_TREE_NODE] = {
		"Tree {n}: look at the node of {size} bytes at {at}.", TREES },
	[ZEND_MM_EVENT_TREE_TURN] = {
		"Turn: bit {size} is {n}, so on to child {n} of {at}.", TREES },
	[ZEND_MM_EVENT_TREE_BEST] = {
		"Best so far: {size} bytes at {at}.", TREES },
	[ZEND_MM_EVENT_TREE_EXACT] = {
		"Exact fit: {size} bytes at {at}.", TREES },
	[ZEND_MM_EVENT_TREE_RIGHT] = {
		"Remembered: child 1 at {at}, passed by; all of its subtree is larger.", TREES },
	[ZEND_MM_EVENT_TREE_BESIDE] = {
		"Beside the path: from {at} down, tree {n}, everything is large enough.", TREES },
	[ZEND_MM_EVENT_TREE_TAKEN] = {
		"Tree {n}: the block of {size} bytes at {at} is taken.", TREES },
	[ZEND_MM_EVENT_TREES_EMPTY] = {
		"Nothing found: no tree has a block of {size} bytes or more.", TREES },
	[ZEND_MM_EVENT_TREE_NEW_NODE] = {
		"Listed: {size} bytes at {at} become a node of tree {n}.", TREES },
	[ZEND_MM_EVENT_TREE_NEW_MEMBER] = {
		"Listed: {size} bytes at {at} join the ring of the node of their size in tree {n}.",
			TREES },
	[ZEND_MM_EVENT_TREE_LEAF_GONE] = {
		"Unlinked: the leaf of {size} bytes at {at} leaves tree {n}.", TREES },
	[ZEND_MM_EVENT_TREE_INNER_GONE] = {
		"Unlinked: the node of {size} bytes at {at} leaves tree {n}; a leaf has to take "
		"its place.",
		TREES },
	[ZEND_MM_EVENT_TREE_REPLACED] = {
		"In its place: tree {n} has the block of {size} bytes at {at} there now.", TREES },
	[ZEND_MM_EVENT_LIST_SEARCH] = {
		"List: {n} blocks are looked at for {size} bytes; found: {at}.", TREES },
	[ZEND_MM_EVENT_REST_SEARCH] = {
		"Limit near: the rest list is searched for {size} bytes.", REST },
	[ZEND_MM_EVENT_REST_TAKEN] = {
		"Rest list: the block of {size} bytes at {at} is taken.", REST },
	[ZEND_MM_EVENT_REST_INSERT] = {
		"Set apart: {size} bytes at {at} go to the rest list, which has {n} large blocks now.",
			REST },
	[ZEND_MM_EVENT_REST_EVICTED] = {
		"Rest list full: its oldest block, {size} bytes at {at}, goes to the ordinary lists.",
		REST },
	[ZEND_MM_EVENT_SPLIT] = {
		"Split: the first {size} bytes at {at} are used, {n} are left over.", BLOCKS },
	[ZEND_MM_EVENT_WHOLE] = {
		"Taken whole: all {size} bytes at {at}; the {n} too many are no block.", BLOCKS },
	[ZEND_MM_EVENT_CACHE_PUSH] = {
		"To the cache: {size} bytes at {at} are pushed on stack {n}; the block stays "
		"marked as used.",
		CACHE },
	[ZEND_MM_EVENT_CACHE_FULL] = {
		"Cache full: it holds {size} bytes.", CACHE },
	[ZEND_MM_EVENT_MERGE_AFTER] = {
		"Coalescing right: the block after, {size} bytes at {at}, is free and "
		"absorbed.", FREEING },
	[ZEND_MM_EVENT_MERGE_BEFORE] = {
		"Coalescing left: the block before, {size} bytes at {at}, is free and absorbs this one.",
		FREEING },
	[ZEND_MM_EVENT_BUCKET_INSERT] = {
		"Listed: {size} bytes at {at} go to the new end of bucket {n}.", BUCKETS },
	[ZEND_MM_EVENT_CACHE_FLUSHED] = {
		"Cache flushed: {size} bytes go to the free lists.", CACHE },
	[ZEND_MM_EVENT_SEGMENT_NEW] = {
		"New segment from storage: {size} bytes at {at}.", TAKING },
	[ZEND_MM_EVENT_SEGMENT_RESIZED] = {
		"Segment resized: at {at}, from {n} to {size} bytes.", SEGMENTS },
	[ZEND_MM_EVENT_SEGMENT_GONE] = {
		"Segment given back: {size} bytes at {at} return to storage.", GIVING_BACK },
	[ZEND_MM_EVENT_SEGMENT_KEPT] = {
		"Segment kept: the oldest, {size} bytes at {at}, for the next request.", REQUESTS },
	[ZEND_MM_EVENT_RESIZE_STAYS] = {
		"Stays: {size} bytes at {at} serve {n}.", LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_SHRINKS] = {
		"Shrinks in place: at {at}, from {size} to {n} bytes.", LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_SWAPS] = {
		"Swaps with the cache: a cached block of {n} bytes takes the data, the one at "
		"{at} its place.",
		LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_GROWS] = {
		"Grows in place: at {at}, from {size} to {n} bytes.", LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_SEGMENT] = {
		"Grows its segment: the block at {at} has it for itself and needs {n} bytes.",
		LEGACY_RESIZE },
	[ZEND_MM_EVENT_RESIZE_MOVES] = {
		"Moves: {n} bytes are allocated anew, the data of {at} copied, the old block freed.",
		LEGACY_RESIZE },
	[ZEND_MM_EVENT_OVER_LIMIT] = {
		"Refused: {size} bytes more would pass the limit of {n} bytes.", LIMITS },
	[ZEND_MM_EVENT_REFUSED] = {
		"Refused: storage has nothing for {size} bytes.", LIMITS },
	[ZEND_MM_EVENT_RESERVE_FREED] = {
		"Reserve freed: the block at {at} is given up, so that the error can be "
		"reported.", LIMITS },
	[ZEND_MM_EVENT_REQUEST_ENDED] = {
		"Request ends: {size} bytes that were never freed are gone.", REQUESTS },
	[ZEND_MM_EVENT_SLOT_TAKEN] = {
		"Bin {n}: the slot of {size} bytes at {at} is popped from its list.", BINS },
	[ZEND_MM_EVENT_SLOT_GIVEN] = {
		"Bin {n}: the slot of {size} bytes at {at} is pushed on its list.", BINS },
	[ZEND_MM_EVENT_BIN_EMPTY] = {
		"Bin {n}: there is no free slot of {size} bytes, it needs a run of pages.", BINS },
	[ZEND_MM_EVENT_RUN_MADE] = {
		"Run made: {size} bytes at {at} are cut into slots of bin {n}; the first is "
		"handed out.", BINS },
	[ZEND_MM_EVENT_CHUNK_SKIPPED] = {
		"Passed over: the chunk at {at} has {size} free pages, {n} are wanted.", CHUNKS },
	[ZEND_MM_EVENT_PAGES_SEARCH] = {
		"Page search: {n} wanted in the bitmap of the chunk at {at}; its free tail "
		"begins at {size}.",
		PAGES },
	[ZEND_MM_EVENT_PAGES_RANGE] = {
		"Free range: {size} pages at {at}.", PAGES },
	[ZEND_MM_EVENT_PAGES_BEST] = {
		"Best fit: the range at {at} is the shortest that is enough for {n}.", PAGES },
	[ZEND_MM_EVENT_PAGES_EXACT] = {
		"Exact fit: a range of {n} at {at}.", PAGES },
	[ZEND_MM_EVENT_PAGES_TAIL] = {
		"Free tail: nothing shorter is enough, {n} are taken from it, at {at}.", PAGES },
	[ZEND_MM_EVENT_PAGES_NONE] = {
		"No range: the chunk at {at} has none of {n}.", PAGES },
	[ZEND_MM_EVENT_PAGES_TAKEN] = {
		"Pages taken: {size} at {at}; the chunk has {n} free ones left.", PAGES },
	[ZEND_MM_EVENT_PAGES_GIVEN] = {
		"Pages back: {size} at {at}; the chunk has {n} free ones now.", PAGES },
	[ZEND_MM_EVENT_CHUNK_NEW] = {
		"New chunk from the system: {size} bytes at {at}; {n} chunks now.", CHUNKS },
	[ZEND_MM_EVENT_CHUNK_REUSED] = {
		"Cached chunk: the one at {at} is used again; {n} chunks now.", CHUNKS },
	[ZEND_MM_EVENT_CHUNK_TO_FRONT] = {
		"To the front: the chunk at {at}, found after {n} moves, goes to the front of "
		"the circle.", CHUNKS },
	[ZEND_MM_EVENT_CHUNK_CACHED] = {
		"To the cache: the chunk at {at} has no run any more and is cached; {n} are.", CHUNKS },
	[ZEND_MM_EVENT_CHUNK_GONE] = {
		"Chunk given back: {size} bytes at {at} return to the system.", CHUNKS },
	[ZEND_MM_EVENT_HUGE_NEW] = {
		"Huge block: a mapping of its own, {size} bytes at {at}.", HUGE_BLOCKS },
	[ZEND_MM_EVENT_HUGE_RESIZED] = {
		"Mapping resized: in place at {at}, from {n} to {size} bytes.", HUGE_BLOCKS },
	[ZEND_MM_EVENT_HUGE_GONE] = {
		"Mapping given back: {size} bytes at {at} return to the system.", HUGE_BLOCKS },
	[ZEND_MM_EVENT_COLLECT] = {
		"Collection: the free slots of each run are counted.", COLLECTION },
	[ZEND_MM_EVENT_RUN_COLLECTED] = {
		"Run collected: {size} bytes at {at}, bin {n}, have no used slot, so the pages go back.",
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
	{ "header", "header", "What the heap itself needs of a region: a segment's size and link, or "
		"a chunk's first page with its bitmap and map.", SEGMENTS },
	{ "guard", "guard", "Marks a segment's end, so that freeing the last block needs no question.",
		SEGMENTS },
	{ "free pages", "free pages", "Pages of a chunk that belong to no run.", PAGES },
	{ "tail", "tail of a run", "What a bin's pages have left over after the last slot.", BINS },
	{ "heap's own", "the heap's own block", "Memory that the heap asked itself for, such as the "
		"entry of a huge block.", HUGE_BLOCKS },
	{ "cache", "cache", "One stack per small size, last in, first out; 256 KiB in all.", CACHE },
	{ "bucket", "free_buckets", "One queue per small size: the oldest block is taken first. A "
		"bitmap says which queues have one.", BUCKETS },
	{ "tree", "large_free_buckets", "One bitwise trie per power of two. Each node is a free "
		"block; the bits of a size lead down; equal sizes form a ring.", TREES },
	{ "rest list", "rest_buckets", "What oversized segments have left over, kept out of the "
		"ordinary lists until the limit is near.", REST },
	{ "bin", "bin", "One of 30 slot sizes with its list of free slots, last in, first out.", BINS },
	{ "real_size", "real size", "Bytes held from storage: memory_get_usage(true).", FIGURES },
	{ "size", "size", "Bytes of blocks handed out, headers and rounding included: "
		"memory_get_usage().", FIGURES },
	{ "peak", "peak", "The most that size has been in this request.", FIGURES },
	{ "bytes_cached", "in the cache", "Legacy: bytes in cached blocks. Modern: bytes of cached "
		"chunks.", CACHE },
	{ "live", "live", "Bytes that the program asked for and has not freed: what the trace says.",
		"glossary.md" },
	{ "segment", "segment", "Memory from storage, 256 KiB or a multiple: a header, blocks without "
		"a gap, a guard.", SEGMENTS },
	{ "chunk", "chunk", "2 MiB at a multiple of 2 MiB: 512 pages, of which the first says what "
		"the others are.", CHUNK_LAYOUT },
	{ "cached chunk", "cached chunk", "An empty chunk that was not given back: it is expected to "
		"be needed again.", CHUNKS },
	{ "huge block", "huge block", "A mapping for one request that no chunk can serve.",
		HUGE_BLOCKS },
	{ "bitmap", "bitmap of pages", "A bit for each page of the chunk, 1 for those in use. Free "
		"ranges are found in it, a word of 64 at a time.", PAGES },
	{ "word: size and type", "size and type", "The block's size in bytes; its two lowest bits are "
		"the type: 0 free, 1 used, 3 guard.", BLOCKS },
	{ "word: of the block before", "of the block before", "A copy of the size and type of the "
		"block before: the boundary tag by which a block finds its left "
		"neighbour.", BLOCKS },
	{ "word: next cached", "next cached", "The next block down the cache's stack.", CACHE },
	{ "word: previous", "previous", "The previous block of the list or ring; 'in the heap' is the "
		"list's head, or the block itself in a ring of one.", BLOCKS },
	{ "word: next", "next", "The next block of the list or ring.", BLOCKS },
	{ "word: parent", "parent", "The place that points at this node: its parent's child, or the "
		"tree's root in the heap. NULL for members of a ring, 1 in the rest "
		"list.", TREES },
	{ "word: child 0", "child 0", "Where sizes go whose next bit is 0.", TREES },
	{ "word: child 1", "child 1", "Where sizes go whose next bit is 1.", TREES },
	{ "word: next free", "next free", "The next free slot of the bin.", BINS },
	{ "word: next chunk", "next chunk", "The circle of chunks, in the order in which they are "
		"searched.", CHUNK_LAYOUT },
	{ "word: previous chunk", "previous chunk", "The circle of chunks, backward.", CHUNK_LAYOUT },
	{ "word: free pages", "free pages", "How many of the 512 are free: a chunk with too few is "
		"passed over.", PAGES },
	{ "word: free tail", "free tail", "From this page on all are free: the search need not read "
		"on.", PAGES },
	{ "word: number", "number", "Counted up from chunk to chunk; decides which one is kept.",
		CHUNKS },
	{ "word: size", "size", "The segment's size in bytes.", SEGMENTS },
	{ "word: next segment", "next segment", "The segment taken before this one.", SEGMENTS }
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
		strcpy(text, "none");
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
