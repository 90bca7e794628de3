/* SPDX-License-Identifier: MIT */
/*
 * preload/record_sites.c - call stacks: taking one, giving equal ones a number, telling the trace
 * about new ones and about the modules that their addresses lie in.
 *
 * A stack is known by a hash of its addresses, of which a word of the table keeps 40 bits and the
 * place in the table some more: of a million stacks two are taken for one with a chance of about
 * one to a million. The other 24 bits are its number, so a single exchange of a word makes it
 * known. The table has a fixed size; stacks that are new when it is full get number 0, unknown.
 *
 * A stack's number is in the table before the event that tells about it is written, but that
 * event's stamp is older still, so no event about a site comes before it.
 *
 * The unwinder is libunwind, opened when call stacks are wanted and only then, since a program
 * should not get libraries that it would not have otherwise; or the chain of frame pointers.
 */
#include "config.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/record_notes.h"

enum {
	FRAMES_KEPT = 64,
	FRAMES_OWN = 8, /* of the recorder itself, at most */
	TABLE_LOG2 = 21,
	TABLE_SIZE = 1 << TABLE_LOG2,
	SITES_MAX = TABLE_SIZE / 2,
	NUMBER_BITS = 24,
	STACK_EVENT_BYTES = ZMM_SMALL_EVENT_BYTES_MAX + FRAMES_KEPT * 10,
	MODULE_EVENT_BYTES = ZMM_SMALL_EVENT_BYTES_MAX + PATH_MAX,
};

struct stack {
	size_t count;
	uint64_t frames[FRAMES_KEPT];
};

typedef int unwind_function(void **addresses, int room);

static unwind_function *unwind; /* NULL: frame pointers */
static _Atomic uint64_t *table;
static _Atomic uint32_t last_site;
static _Atomic uint64_t modules_told; /* how often modules had been loaded when they were told */
static uintptr_t own_start, own_end;
static char program[PATH_MAX];

/* The stack of the thread, for frame pointers; 0 before it was asked for. */
static __thread uintptr_t stack_low, stack_high;

/* {{{ Taking a stack. */

static void find_stack_limits(void)
{
	pthread_attr_t attributes;
	void *low;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
		if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
			stack_low = (uintptr_t)low;
			stack_high = stack_low + size;
		}
		pthread_attr_destroy(&attributes);
	}
}

/* Code that was compiled without frame pointers leaves anything in their place, so each is believed
 * only if it lies further up the stack. */
static int follow_frame_pointers(void **addresses, int room)
{
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
	int count = 0;

	if (stack_high == 0) {
		find_stack_limits();
	}
	while (count < room && frame >= stack_low && frame + 2 * sizeof(void *) <= stack_high
		&& frame % sizeof(void *) == 0) {
		void **record = (void **)frame;

		if (!record[1]) {
			break;
		}
		addresses[count++] = record[1];
		if ((uintptr_t)record[0] <= frame) {
			break;
		}
		frame = (uintptr_t)record[0];
	}
	return count;
}

/* The unwinder may call malloc; the lane is in order, so that can be noted in between. */
static int call_unwinder(void **addresses, int room)
{
	struct zend_mm_record_here *here = &zend_mm_record_here;
	int count;

	here->unwinding = true;
	atomic_signal_fence(memory_order_seq_cst);
	here->inside = false;
	count = unwind(addresses, room);
	here->inside = true;
	atomic_signal_fence(memory_order_seq_cst);
	here->unwinding = false;
	return count;
}

static void take_stack(struct stack *stack)
{
	void *addresses[FRAMES_OWN + FRAMES_KEPT];
	int count = (unwind ? call_unwinder : follow_frame_pointers)(addresses,
		FRAMES_OWN + FRAMES_KEPT);
	int first = 0;

	while (first < count && (uintptr_t)addresses[first] - own_start < own_end - own_start) {
		first++;
	}
	stack->count = 0;
	while (first < count && stack->count < FRAMES_KEPT) {
		stack->frames[stack->count++] = (uintptr_t)addresses[first++];
	}
}

/* }}} */
/* {{{ Modules. */

/* The first entry tells how many modules there ever were; that is all. */
static int count_modules(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	*(uint64_t *)context = info->dlpi_adds + info->dlpi_subs;
	return 1;
}

static int tell_module(struct dl_phdr_info *info, size_t size, void *context)
{
	struct zend_mm_record_lane *lane = context;
	const char *name = info->dlpi_name[0] ? info->dlpi_name : program;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) {
			continue;
		}
		if (!zend_mm_record_make_room(lane, MODULE_EVENT_BYTES)) {
			return 1;
		}
		const struct zmm_event event = {
			.kind = ZMM_EVENT_MODULE,
			.thread = lane->thread,
			.id = info->dlpi_addr + part->p_vaddr,
			.size = part->p_memsz,
			.offset = part->p_offset,
			.text = name,
			.text_length = strnlen(name, PATH_MAX),
			.stamp = zend_mm_record_stamp(),
		};
		zmm_block_add(&lane->block, &event);
	}
	return 0;
}

static void tell_new_modules(struct zend_mm_record_lane *lane)
{
	uint64_t count = 0;

	dl_iterate_phdr(count_modules, &count);
	if (atomic_exchange(&modules_told, count) != count) {
		dl_iterate_phdr(tell_module, lane);
	}
}

/* }}} */
/* {{{ Numbers. */

static uint64_t hash_of(const struct stack *stack)
{
	uint64_t hash = stack->count;

	for (size_t i = 0; i < stack->count; i++) {
		hash = (hash ^ stack->frames[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return hash;
}

static void tell_stack(struct zend_mm_record_lane *lane, uint32_t number,
	const struct stack *stack, uint64_t stamp)
{
	const struct zmm_event event = {
		.kind = ZMM_EVENT_STACK,
		.thread = lane->thread,
		.id = number,
		.frames = stack->frames,
		.frame_count = stack->count,
		.stamp = stamp,
	};

	zmm_block_add(&lane->block, &event);
}

/* The number that goes with the hash: 0 if there is none, with `*place` where it belongs. */
static uint32_t look_up(uint64_t hash, size_t *place)
{
	size_t at = hash & (TABLE_SIZE - 1);
	uint64_t word;

	while ((word = atomic_load_explicit(&table[at], memory_order_acquire)) != 0
		&& word >> NUMBER_BITS != hash >> NUMBER_BITS) {
		at = (at + 1) & (TABLE_SIZE - 1);
	}
	*place = at;
	return (uint32_t)(word & ((1u << NUMBER_BITS) - 1));
}

static uint32_t add_stack(struct zend_mm_record_lane *lane, const struct stack *stack,
	uint64_t hash, size_t place)
{
	uint64_t none = 0;

	if (atomic_load(&last_site) >= SITES_MAX) {
		return 0;
	}
	tell_new_modules(lane);
	if (!zend_mm_record_make_room(lane, STACK_EVENT_BYTES)) {
		return 0;
	}
	uint32_t number = atomic_fetch_add(&last_site, 1) + 1;
	uint64_t stamp = zend_mm_record_stamp();
	uint64_t word = (hash >> NUMBER_BITS) << NUMBER_BITS | number;
	while (!atomic_compare_exchange_strong(&table[place], &none, word)) {
		/* Another thread was faster: with this stack, or with one that collides. */
		uint32_t known = look_up(hash, &place);

		if (known) {
			return known;
		}
		none = 0;
	}
	tell_stack(lane, number, stack, stamp);
	return number;
}

uint32_t zend_mm_record_site(struct zend_mm_record_lane *lane)
{
	struct stack stack;
	size_t place;

	take_stack(&stack);
	if (stack.count == 0) {
		return 0;
	}
	uint64_t hash = hash_of(&stack);
	uint32_t number = look_up(hash, &place);
	return number ? number : add_stack(lane, &stack, hash, place);
}

/* }}} */
/* {{{ Beginning. */

static int find_own_code(struct dl_phdr_info *info, size_t size, void *context)
{
	uintptr_t here = (uintptr_t)&zend_mm_record_site;

	(void)size;
	(void)context;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + part->p_vaddr;

		if (part->p_type == PT_LOAD && here - start < part->p_memsz) {
			own_start = start;
			own_end = start + part->p_memsz;
			return 1;
		}
	}
	return 0;
}

static void open_unwinder(void)
{
	void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
	void *function = library ? dlsym(library, "unw_backtrace") : NULL;

	memcpy(&unwind, &function, sizeof unwind);
}

static void *map_table(void *place, int flags)
{
	return mmap(place, TABLE_SIZE * sizeof *table, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

bool zend_mm_record_prepare_sites(bool by_frame_pointers)
{
	void *memory = map_table(NULL, 0);

	if (memory == MAP_FAILED) {
		return false;
	}
	table = memory;
	if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) {
		program[0] = '\0';
	}
	dl_iterate_phdr(find_own_code, NULL);
	if (HAVE_UNWIND && !by_frame_pointers) {
		open_unwinder();
	}
	return true;
}

void zend_mm_record_forget_sites(void)
{
	if (table) {
		map_table(table, MAP_FIXED);
	}
	atomic_store(&last_site, 0);
	atomic_store(&modules_told, 0);
}

/* }}} */
