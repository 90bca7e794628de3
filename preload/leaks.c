/* SPDX-License-Identifier: MIT */
/*
 * preload/leaks.c - leaks=1: which blocks nothing leads to any more when the program ends.
 *
 * As other leak checkers do, this takes every word that may be a pointer into a block for one:
 * words of all memory that can be read and is not shared (variables, stacks, thread-local storage,
 * what other allocators have), and of the blocks that are reached so.  What is left is lost.  Of
 * lost blocks those that lead to others are named, with who allocated them.
 *
 * Not looked at: the heaps' regions, of which only blocks in use count, and the records of guarded
 * heaps, which know every block.  Other threads may still run; they stop at their next request, and
 * what they have in registers alone is not seen.
 *
 * Called at exit by report.c.  All memory is scratch memory from the system.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "heap/guarded/guarded.h"
#include "preload/home.h"
#include "preload/leaks.h"
#include "preload/maps.h"
#include "preload/report.h"
#include "storage/address.h"
#include "storage/readable.h"
#include "storage/stack.h"
#include "storage/storage.h"

enum { most_named = 50, pages_at_once = 512 };

enum state {
	UNSEEN,
	REACHED,
	POINTED,     /* another lost block points to it */
	LOST,        /* named, or one of those of the same calls */
	LED_TO       /* lost, and a lost one leads to it */
};

struct search {
	struct guard_record **blocks;    /* all live ones, by address */
	unsigned char *states;
	uint32_t *pending;               /* blocks to look into */
	size_t count, capacity, pending_count;
	int pagemap;                     /* tells which pages there are; -1: all have to be read */
	/* What a word that points into a block does: blocks of states up to below get state. */
	enum state below, state;
	size_t from;                     /* the block that is looked into, or count */
};

/* {{{ All blocks in use. */

static int count_live(void *context, struct guard_record *record)
{
	struct search *search = context;

	search->capacity += record->state == guard_live;
	return 0;
}

static int take_live(void *context, struct guard_record *record)
{
	struct search *search = context;

	if (record->state == guard_live) {
		search->blocks[search->count++] = record;
	}
	return 0;
}

static void visit_all(struct search *search, int (*visit)(void *, struct guard_record *))
{
	for (struct guard_layer *guard = zend_mm_guarded_heaps; guard; guard = guard->next) {
		zend_mm_guard_records_visit(&guard->records, visit, search);
	}
}

static void sift_down(struct guard_record **blocks, size_t at, size_t count)
{
	struct guard_record *record = blocks[at];

	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		child += child + 1 < count && blocks[child + 1]->data > blocks[child]->data;
		if (blocks[child]->data <= record->data) {
			break;
		}
		blocks[at] = blocks[child];
	}
	blocks[at] = record;
}

/* By heaps: nothing is allocated. */
static void sort(struct guard_record **blocks, size_t count)
{
	for (size_t i = count / 2; i > 0; i--) {
		sift_down(blocks, i - 1, count);
	}
	for (size_t i = count; i > 1; i--) {
		struct guard_record *greatest = blocks[0];

		blocks[0] = blocks[i - 1];
		blocks[i - 1] = greatest;
		sift_down(blocks, 0, i - 1);
	}
}

static void close_search(struct search *search)
{
	if (search->blocks) {
		zend_mm_scratch_free(search->blocks, search->capacity * sizeof *search->blocks);
	}
	if (search->states) {
		zend_mm_scratch_free(search->states, search->capacity);
	}
	if (search->pending) {
		zend_mm_scratch_free(search->pending, search->capacity * sizeof *search->pending);
	}
	if (search->pagemap >= 0) {
		close(search->pagemap);
	}
}

/* False where there is no block, or no memory. */
static bool open_search(struct search *search)
{
	*search = (struct search){ .pagemap = -1 };
	visit_all(search, count_live);
	if (search->capacity == 0 || search->capacity > UINT32_MAX) {
		return false;
	}
	search->blocks = zend_mm_scratch_alloc(search->capacity * sizeof *search->blocks);
	search->states = zend_mm_scratch_alloc(search->capacity);
	search->pending = zend_mm_scratch_alloc(search->capacity * sizeof *search->pending);
	if (!search->blocks || !search->states || !search->pending) {
		close_search(search);
		return false;
	}
	visit_all(search, take_live);
	sort(search->blocks, search->count);
	search->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return true;
}

/* }}} */
/* {{{ Words. */

/* The block that an address is in; count where there is none.  A block of no bytes has one. */
static size_t find_block(const struct search *search, uintptr_t address)
{
	size_t low = 0, high = search->count;
	const struct guard_record *record;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t)search->blocks[middle]->data <= address) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == 0) {
		return search->count;
	}
	record = search->blocks[low - 1];
	return address - (uintptr_t)record->data < record->size + (record->size == 0) ? low - 1 :
		search->count;
}

static void follow(struct search *search, uintptr_t word)
{
	size_t at;

	if (EXPECTED(!zend_mm_home_of((const void *)word))) {
		return;
	}
	at = find_block(search, word);
	if (at < search->count && at != search->from && search->states[at] <= search->below &&
		search->states[at] != REACHED) {
		search->states[at] = (unsigned char)search->state;
		if (search->state != POINTED) {
			search->pending[search->pending_count++] = (uint32_t)at;
		}
	}
}

/* Follows the words from one address to another within a page. */
static void look_at_page(struct search *search, uintptr_t from, uintptr_t to)
{
	uintptr_t words[512];

	while (from < to) {
		size_t bytes = to - from < sizeof words ? to - from : sizeof words;

		if (zend_mm_read_memory((const void *)from, words, bytes)) {
			for (size_t i = 0; i < bytes / sizeof *words; i++) {
				follow(search, words[i]);
			}
		}
		from += bytes;
	}
}

/* Whether a page's entry says that it is in memory or swapped; others were never written. */
static bool is_there(uint64_t entry)
{
	return entry >> 62 != 0;
}

/* Where the piece ends that an address is in, unit bytes long, or the limit, which lies behind the
 * address, where that is less.  The end of the last piece of all is no number. */
static uintptr_t end_of_piece(uintptr_t address, uintptr_t unit, uintptr_t limit)
{
	uintptr_t last = address | (unit - 1);

	return last < limit - 1 ? last + 1 : limit;
}

/* Follows all words from one address to another. */
static void look_at(struct search *search, uintptr_t from, uintptr_t to)
{
	uintptr_t page = zend_mm_page_size();
	uint64_t entries[pages_at_once];

	from = (from + sizeof(uintptr_t) - 1) & ~(sizeof(uintptr_t) - 1);
	while (from < to) {
		uintptr_t first = from / page;
		uintptr_t end = end_of_piece(from, pages_at_once * page, to);
		size_t wanted = ((end - 1) / page - first + 1) * sizeof *entries;
		bool known = search->pagemap >= 0 && pread(search->pagemap, entries, wanted,
			(off_t)(first * sizeof *entries)) == (ssize_t)wanted;

		while (from < end) {
			uintptr_t next = end_of_piece(from, page, end);

			if (!known || is_there(entries[from / page - first])) {
				look_at_page(search, from, next);
			}
			from = next;
		}
	}
}

static void look_into(struct search *search, size_t at)
{
	const struct guard_record *record = search->blocks[at];

	search->from = at;
	look_at(search, (uintptr_t)record->data, (uintptr_t)record->data + record->size);
	search->from = search->count;
}

static void look_into_pending(struct search *search)
{
	while (search->pending_count > 0) {
		look_into(search, search->pending[--search->pending_count]);
	}
}

/* }}} */
/* {{{ What the program can reach. */

/* The end of the region that an address is in, or behind, within a unit that a home holds: what
 * lies behind it in its last unit is somebody else's. */
static uintptr_t end_of_region(uintptr_t address)
{
	uintptr_t begins = address & ~(ZEND_MM_UNIT - 1);

	while (zend_mm_region_size((const void *)begins) == 0 &&
		zend_mm_home_of((const void *)(begins - ZEND_MM_UNIT))) {
		begins -= ZEND_MM_UNIT;
	}
	return begins + zend_mm_region_size((const void *)begins);
}

/* The first address from one on that is neither in a region of a heap nor in records; *to becomes
 * the first behind it that is, if that is less. */
static uintptr_t skip(uintptr_t from, uintptr_t *to)
{
	const struct guard_layer *guard = zend_mm_guarded_heaps;

	while (guard && from < *to) {
		const void *end = NULL;
		uintptr_t begins = (uintptr_t)zend_mm_guard_records_memory(&guard->records,
			(const void *)from, &end);

		if (zend_mm_home_of((const void *)from) && from < end_of_region(from)) {
			from = end_of_region(from);
			guard = zend_mm_guarded_heaps;
		} else if (end && begins <= from) {
			from = (uintptr_t)end;
			guard = zend_mm_guarded_heaps;
		} else {
			*to = end && begins < *to ? begins : *to;
			guard = guard->next;
		}
	}
	return from;
}

/* All of a mapping; regions begin at multiples of a unit. */
static void look_at_mapping(struct search *search, uintptr_t from, uintptr_t to)
{
	while (from < to) {
		uintptr_t end = end_of_piece(from, ZEND_MM_UNIT, to);

		from = skip(from, &end);
		if (from < end) {
			look_at(search, from, end);
			from = end;
		}
	}
}

/* Whether the program can have pointers there. */
static bool is_root(const struct zend_mm_mapping *mapping)
{
	return mapping->access[0] == 'r' && mapping->access[2] != 'x' && mapping->access[3] == 'p' &&
		strncmp(mapping->name, "[v", 2) != 0;
}

/* All that can be reached from outside of the heaps.  Of this thread's stack, only what whoever
 * called exit() has there: below lie remains of what the program did before. */
static bool reach(struct search *search)
{
	uintptr_t registers[ZEND_MM_KEPT_REGISTERS];
	uintptr_t here = (uintptr_t)zend_mm_stack_of_caller((const void *)(uintptr_t)exit, registers);
	struct zend_mm_mapping mapping;
	struct zend_mm_maps maps;

	if (!zend_mm_maps_open(&maps)) {
		return false;
	}
	search->below = UNSEEN;
	search->state = REACHED;
	here = here ? here : (uintptr_t)registers;
	look_at(search, (uintptr_t)registers, (uintptr_t)(registers + ZEND_MM_KEPT_REGISTERS));
	while (zend_mm_maps_next(&maps, &mapping)) {
		if (is_root(&mapping)) {
			bool is_stack = here >= mapping.from && here < mapping.to;

			look_at_mapping(search, is_stack ? here : mapping.from, mapping.to);
			look_into_pending(search);
		}
	}
	zend_mm_maps_close(&maps);
	return true;
}

/* }}} */
/* {{{ What it cannot. */

/* Makes a block one to be named, and those that it leads to others. */
static void lose(struct search *search, enum state state)
{
	search->below = POINTED;
	search->state = LED_TO;
	for (size_t i = 0; i < search->count; i++) {
		if (search->states[i] == state) {
			search->states[i] = LOST;
			look_into(search, i);
			look_into_pending(search);
		}
	}
}

/* Of blocks that lead to each other in a circle the first stands for all. */
static void sort_out_lost(struct search *search)
{
	search->below = UNSEEN;
	search->state = POINTED;
	for (size_t i = 0; i < search->count; i++) {
		if (search->states[i] == UNSEEN || search->states[i] == POINTED) {
			look_into(search, i);
		}
	}
	lose(search, UNSEEN);
	lose(search, POINTED);
}

/* }}} */
/* {{{ Saying it. */

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_sums(const struct search *search, int fd)
{
	size_t blocks[2] = { 0, 0 }, bytes[2] = { 0, 0 };

	for (size_t i = 0; i < search->count; i++) {
		bool led_to = search->states[i] == LED_TO;

		if (led_to || search->states[i] == LOST) {
			blocks[led_to]++;
			bytes[led_to] += search->blocks[i]->size;
		}
	}
	if (blocks[0] > 0) {
		zend_mm_say(fd, "zend_malloc: %s (pid %d): %zu byte%s in %zu block%s lost",
			program_invocation_short_name, (int)getpid(), bytes[0], plural(bytes[0]),
			blocks[0], plural(blocks[0]));
		if (blocks[1] > 0) {
			zend_mm_say(fd, ", and %zu in %zu that only lost blocks lead to", bytes[1], blocks[1]);
		}
		zend_mm_say(fd, "\n");
	}
}

static bool same_calls(const struct guard_record *a, const struct guard_record *b, bool sites)
{
	return sites ? memcmp(&a->calls[0], &b->calls[0], sizeof a->calls[0]) == 0 :
		a->size == b->size;
}

static void print_calls(int fd, const void *const *frame)
{
	const char *label = "  allocated by";

	for (; *frame; frame++) {
		char code[256];

		if (!zend_mm_is_own_code(*frame)) {
			zend_mm_describe_code(*frame, code, sizeof code);
			zend_mm_say(fd, "%s %s\n", label, code);
			label = "              ";
		}
	}
}

/* All lost blocks of one's calls. */
static void name(struct search *search, size_t first, bool sites, int fd)
{
	const struct guard_record *record = search->blocks[first];
	size_t blocks = 0, bytes = 0;

	for (size_t i = first; i < search->count; i++) {
		if (search->states[i] == LOST && same_calls(record, search->blocks[i], sites)) {
			search->states[i] = LED_TO; /* said */
			blocks++;
			bytes += search->blocks[i]->size;
		}
	}
	zend_mm_say(fd, "  lost    %zu byte%s in %zu block%s, the first at " ZEND_MM_ADDRESS "\n",
		bytes, plural(bytes), blocks, plural(blocks), (uintptr_t)record->data);
	if (sites) {
		print_calls(fd, record->calls[0].frames);
	}
}

static void name_lost(struct search *search, bool sites, int fd)
{
	size_t named = 0;

	print_sums(search, fd);
	for (size_t i = 0; i < search->count; i++) {
		if (search->states[i] != LOST) {
			continue;
		}
		if (named++ == most_named) {
			zend_mm_say(fd, "  and more\n");
			break;
		}
		name(search, i, sites, fd);
	}
}

/* }}} */

bool zend_mm_leaks_wanted(void)
{
	return zend_mm_guarded_heaps && zend_mm_guarded_heaps->settings.leaks;
}

/* In the child of a fork heaps may be abandoned, and what their blocks lead to is not known. */
static bool all_known(void)
{
	for (const struct zend_mm_home *home = zend_mm_homes(); home; home = home->next) {
		if (home->heap && zend_mm_guard_abandoned(home->heap)) {
			return false;
		}
	}
	return true;
}

void zend_mm_leaks_report(int fd)
{
	struct guard_layer *guard = zend_mm_guarded_heaps;
	struct search search;

	zend_mm_guard_lock(guard);
	if (all_known() && open_search(&search)) {
		search.from = search.count;
		if (reach(&search)) {
			sort_out_lost(&search);
			name_lost(&search, guard->settings.sites, fd);
		}
		close_search(&search);
	}
	zend_mm_guard_unlock(guard);
}
