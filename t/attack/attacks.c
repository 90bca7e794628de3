/* SPDX-License-Identifier: MIT */
/*
 * attacks NAME small|large|huge: one misuse of malloc, on whatever malloc is.  attacks, alone,
 * lists the names with the sizes that make sense.
 *
 * The bugs are those of public collections (the tests of hardened_malloc, how2heap, the
 * weaknesses CWE 122, 124, 126, 127, 415, 416, 590, 690, 761, 762): overflows, underflows, double
 * and invalid frees, frees that say something wrong, uses after free, and what attackers make of
 * them.  A run that ends by itself
 * was not caught, and says so with exit status 0; where an attack needs the allocator to hand
 * out something it should not, it says "harmless" and exits with 3 if it was not handed out.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum sizes { SMALL = 1, LARGE = 2, HUGE = 4, ALL = 7 };
enum { harmless = 3 };

/* Hides from the compiler where a pointer points. */
static char *any(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

/* A block between two others, and its size as malloc rounded it. */
static char *around[2];
static size_t usable;

static char *block(size_t size)
{
	char *data;

	around[0] = any(malloc(size));
	data = any(malloc(size));
	around[1] = any(malloc(size));
	memset(data, 'a', size);
	usable = malloc_usable_size(data);
	return data;
}

static void free_all(char *data)
{
	free(around[0]);
	free(data);
	free(around[1]);
}

/* As a program goes on: other requests of the size, and of others. */
static void go_on(size_t size)
{
	char *blocks[32];

	for (int i = 0; i < 32; i++) {
		blocks[i] = any(malloc(i % 4 ? size : size / 2 + 40));
		memset(blocks[i], 'g', i % 4 ? size : size / 2 + 40);
	}
	for (int i = 0; i < 32; i++) {
		free(blocks[(i * 5) % 32]);
	}
}

/* {{{ Overflows and underflows. */

static void overflow_by(size_t size, size_t bytes, bool read)
{
	char *data = block(size);
	volatile char sum = 0;

	for (size_t i = 0; i < bytes; i++) {
		if (read) {
			sum = (char)(sum + any(data + usable)[i]);
		} else {
			any(data + usable)[i] = 'x';
		}
	}
	free_all(data);
}

static void overflow_1(size_t size) { overflow_by(size, 1, false); }
static void overflow_8(size_t size) { overflow_by(size, 8, false); }
static void overflow_16(size_t size) { overflow_by(size, 16, false); }
static void overflow_page(size_t size) { overflow_by(size, 4096, false); }
static void overread_1(size_t size) { overflow_by(size, 1, true); }
static void overread_16(size_t size) { overflow_by(size, 16, true); }

/* Past what was asked for, but not past what was rounded up to. */
static void overflow_requested(size_t size)
{
	char *data = block(size - 1);

	any(data)[size - 1] = 'x';
	free_all(data);
}

static void underflow_by(size_t size, size_t bytes)
{
	char *data = block(size);

	memset(any(data - bytes), 'x', bytes);
	free_all(data);
}

static void underflow_1(size_t size) { underflow_by(size, 1); }
static void underflow_8(size_t size) { underflow_by(size, 8); }
static void underflow_16(size_t size) { underflow_by(size, 16); }

static void underread(size_t size)
{
	char *data = block(size);
	volatile char read = *any(data - 1);

	(void)read;
	free_all(data);
}

static void off_by_null(size_t size)
{
	char *data = block(size);

	*any(data + usable) = '\0';
	free_all(data);
}

static void string_overflow(size_t size)
{
	char *data = block(size);

	memset(data, 'a', usable);
	if (strlen(any(data)) != usable) {
		puts("a string ran on into the next block");
	}
	free_all(data);
}

static void write_zero_size(size_t size)
{
	char *data = any(malloc(0));

	(void)size;
	*data = 'x';
	free(data);
}

static void read_zero_size(size_t size)
{
	char *data = any(malloc(0));
	volatile char read = *data;

	(void)size;
	(void)read;
	free(data);
}

static void overflow_never_freed(size_t size)
{
	char *data = block(size);

	*any(data + usable) = 'x';
}

static void overflow_after_shrink(size_t size)
{
	char *data = any(realloc(block(size), size / 2));

	any(data)[malloc_usable_size(data)] = 'x';
	free(data);
}

static void aligned_overflow(size_t size)
{
	void *data = NULL;

	if (posix_memalign(&data, 256, size) == 0) {
		*any((char *)data + malloc_usable_size(data)) = 'x';
		free(data);
	}
}

static void calloc_product(size_t size)
{
	char *data = any(calloc(SIZE_MAX / size + 2, size));

	if (data) {
		data[size * 4] = 'x';
	} else {
		_exit(harmless);
	}
}

/* }}} */
/* {{{ Frees. */

static void double_free(size_t size)
{
	char *data = block(size);

	free(data);
	free(any(data));
}

static void double_free_delayed(size_t size)
{
	char *data = block(size);

	free(data);
	free(around[0]);
	free(any(data));
}

static void double_free_much_later(size_t size)
{
	char *data = block(size);

	free(data);
	for (int i = 0; i < 20; i++) {
		char *other = any(malloc(size + 64 * (size_t)i + 64));

		memset(other, 'o', size);
		free(other);
	}
	free(any(data));
}

static void double_free_many(size_t size)
{
	char *blocks[16];

	for (int i = 0; i < 16; i++) {
		blocks[i] = any(malloc(size));
	}
	for (int i = 0; i < 16; i++) {
		free(blocks[i]);
	}
	free(any(blocks[12]));
	go_on(size);
}

static void double_free_after_consolidation(size_t size)
{
	char *data = block(size);

	free(around[0]);
	free(data);
	free(around[1]);
	around[0] = any(malloc(3 * size));
	free(any(data));
}

static void double_free_through_realloc(size_t size)
{
	char *data = block(size), *moved = any(realloc(data, 4 * size));

	if (moved == data) {
		_exit(harmless);
	}
	free(any(data));
}

static void free_twice_by_realloc_zero(size_t size)
{
	char *data = block(size);

	around[0] = realloc(data, 0);
	free(any(data));
}

static void realloc_freed(size_t size)
{
	char *data = block(size);

	free(data);
	around[0] = any(realloc(any(data), 2 * size));
}

static void usable_size_of_freed(size_t size)
{
	char *data = block(size);

	free(data);
	usable = malloc_usable_size(any(data));
}

static void free_interior(size_t size)
{
	free(any(block(size) + 16));
}

static void free_middle(size_t size)
{
	free(any(block(size) + size / 2 / 16 * 16));
}

static void free_unaligned(size_t size)
{
	free(any(block(size) + 1));
}

static void free_before(size_t size)
{
	free(any(block(size) - 16));
}

static void realloc_interior(size_t size)
{
	around[0] = any(realloc(any(block(size) + 16), 2 * size));
}

static void usable_size_of_interior(size_t size)
{
	usable = malloc_usable_size(any(block(size) + 16));
}

static void free_stack(size_t size)
{
	_Alignas(16) char local[256] = { 0 };

	(void)size;
	free(any(local + 32));
}

static void free_static(size_t size)
{
	static _Alignas(16) char area[256];

	(void)size;
	free(any(area + 64));
}

static void free_literal(size_t size)
{
	(void)size;
	free(any((void *)(uintptr_t)"a string that is long enough"));
}

static void free_small_number(size_t size)
{
	(void)size;
	free(any((void *)(uintptr_t)1));
}

static void free_untouchable(size_t size)
{
	char *page = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)size;
	free(any(page + 4096));
}

static void free_mapped(size_t size)
{
	char *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)size;
	free(any(page + 4096));
}

static void free_far(size_t size)
{
	free(any(block(size) + (1 << 20)));
}

static void realloc_small_number(size_t size)
{
	around[0] = any(realloc(any((void *)(uintptr_t)1), size));
}

static void usable_size_of_small_number(size_t size)
{
	(void)size;
	usable = malloc_usable_size(any((void *)(uintptr_t)1));
}

static void free_uninitialised(size_t size)
{
	char *data = block(size);
	void **pointers;

	memset(data, 0x41, size);
	free(data);
	pointers = (void **)(void *)any(malloc(size));
	free(pointers[size / 2 / sizeof(void *)]);
}

/* }}} */

#include "t/attack/claims.inc.c"

/* {{{ Uses after free. */

/* Writes to what the heap keeps of a free block, which is random, and by chance what is written. */
static void overwrite(char *at)
{
	char before = *any(at);

	*any(at) = before == 'x' ? 'y' : 'x';
}

static void write_after_free(size_t size)
{
	char *data = block(size);

	free(data);
	overwrite(data);
	go_on(size);
}

static void write_after_free_deep(size_t size)
{
	char *data = block(size);

	free(data);
	any(data)[size / 2] = 'x';
	go_on(size);
}

static void write_after_free_last(size_t size)
{
	char *data = block(size);

	free(data);
	any(data)[size - 1] = 'x';
	go_on(size);
}

static void write_after_free_late(size_t size)
{
	char *data = block(size);

	free(data);
	go_on(size);
	overwrite(data + 8);
}

static void read_after_free(size_t size)
{
	char *data = block(size);

	free(data);
	if (any(data)[size / 2] != 'a') {
		_exit(harmless);
	}
	puts("what was freed can still be read");
}

static void write_after_reuse(size_t size)
{
	char *data = block(size), *again;

	free(data);
	again = any(malloc(size));
	memset(again, 'n', size);
	any(data)[size / 2] = 'x';
	if (again[size / 2] != 'x') {
		go_on(size);
		free(again);
		_exit(harmless);
	}
}

static void write_after_realloc(size_t size)
{
	char *data = block(size), *moved = any(realloc(data, 8 * size));

	if (moved == data) {
		_exit(harmless);
	}
	any(data)[size / 2] = 'x';
	go_on(size);
	free(moved);
}

static void read_uninitialised(size_t size)
{
	char *data = block(size), *again;

	memset(data, 's', size);
	free(data);
	again = any(malloc(size));
	if (again[size / 2] != 's') {
		_exit(harmless);
	}
	puts("a secret was handed out");
}

/* }}} */
/* {{{ What attackers make of it: a block where they want one. */

static _Alignas(16) size_t target[64];

static bool hands_out_target(size_t size)
{
	for (int i = 0; i < 24; i++) {
		char *got = any(malloc(size));

		if ((uintptr_t)got - ((uintptr_t)target - 64) < sizeof target + 64) {
			puts("memory of the attacker's choice was handed out");
			return true;
		}
	}
	return false;
}

/* Overwrites a freed block's link (fastbin and tcache poisoning). */
static void poison_link(size_t size)
{
	char *data = block(size);
	size_t *fake = target + 8;

	free(around[1]);
	free(around[0]);
	free(data);
	memcpy(any(data), &fake, sizeof fake);
	if (!hands_out_target(size)) {
		_exit(harmless);
	}
}

/* Overflows a block into the link of a freed one behind it. */
static void poison_link_by_overflow(size_t size)
{
	char *data = block(size);
	size_t *fake = target + 8;

	free(around[1]);
	for (size_t i = 0; i < 6; i++) {
		memcpy(any(data + usable + 8 * i), &fake, sizeof fake);
	}
	if (!hands_out_target(size)) {
		_exit(harmless);
	}
}

/* Changes the lowest byte of a link only (CVE-2024-2961). */
static void poison_link_partly(size_t size)
{
	char *data = block(size), *first, *second;

	free(around[0]);
	free(around[1]);
	free(data);
	*any(data) = (char)(*data + 8);
	first = any(malloc(size));
	second = any(malloc(size));
	if ((uintptr_t)first % 16 == 0 && (uintptr_t)second % 16 == 0) {
		_exit(harmless);
	}
	puts("a block inside another was handed out");
}

/* The same block twice (fastbin_dup). */
static void duplicate(size_t size)
{
	char *data = block(size), *got[8];

	free(data);
	free(around[0]);
	free(any(data));
	for (int i = 0; i < 8; i++) {
		got[i] = any(malloc(size));
		for (int j = 0; j < i; j++) {
			if (got[i] == got[j]) {
				puts("one block was handed out twice");
				return;
			}
		}
	}
	_exit(harmless);
}

/* A fake block on the stack or in static memory (house of spirit). */
static void fake_block(size_t size)
{
	size_t rounded = (size + 8 + 15) / 16 * 16;

	target[9] = rounded | 1;
	target[9 + rounded / 8] = 0x20001;
	free(any(target + 10));
	if (!hands_out_target(size)) {
		_exit(harmless);
	}
}

/* Enlarges a block by its header, so that it overlaps the next one (overlapping chunks). */
static void grow_by_header(size_t size)
{
	char *data = block(size), *got;
	size_t header;

	memcpy(&header, any(around[1] - 8), sizeof header);
	header += (size + 24) / 16 * 16 + 16;
	memcpy(any(around[1] - 8), &header, sizeof header);
	free(around[1]);
	got = any(malloc(2 * size));
	memset(got, 'n', 2 * size);
	free(data);
	go_on(size);
}

/* A forged neighbour that unlinking writes through (unsafe unlink). */
static void unlink_forged(size_t size)
{
	char *data = block(size);
	size_t header[2] = { usable & ~(size_t)15, (usable + 8) & ~(size_t)15 };

	memset(data, 0, size);
	((size_t *)(void *)data)[1] = header[0];
	((size_t **)(void *)data)[2] = target;
	((size_t **)(void *)data)[3] = target + 1;
	memcpy(any(around[1] - 16), header, sizeof header);
	free(around[1]);
	go_on(size);
}

/* Makes the last block's size enormous, so that all memory follows it (house of force). */
static void enlarge_top(size_t size)
{
	char *data = any(malloc(size));

	memset(any(data + malloc_usable_size(data)), 0xff, 16);
	go_on(4 * size);
	free(data);
}

/* Overwrites the whole of a freed large block, links and all (unsorted and large bin attacks). */
static void overwrite_freed(size_t size)
{
	char *data = block(size);
	size_t *fake = target;

	free(data);
	for (size_t i = 0; i < 4; i++) {
		memcpy(any(data + 8 * i), &fake, sizeof fake);
	}
	go_on(size);
}

/* A freed block reused for other data while the old owner still has it. */
static void stale_function(size_t size)
{
	char *data = block(size), *got;

	free(data);
	got = any(malloc(size));
	memset(got, 'n', size);
	if (got != data) {
		_exit(harmless);
	}
	puts("a stale pointer leads to another's data");
}

/* }}} */

static const struct attack {
	const char *name;
	void (*run)(size_t size);
	enum sizes sizes;
} attacks[] = {
#define ATTACK(name, sizes) { #name, name, sizes }
	ATTACK(overflow_1, ALL), ATTACK(overflow_8, ALL), ATTACK(overflow_16, ALL),
	ATTACK(overflow_page, ALL), ATTACK(overflow_requested, ALL), ATTACK(off_by_null, ALL),
	ATTACK(overflow_never_freed, ALL), ATTACK(overflow_after_shrink, ALL),
	ATTACK(aligned_overflow, ALL), ATTACK(string_overflow, SMALL | LARGE),
	ATTACK(overread_1, ALL), ATTACK(overread_16, ALL),
	ATTACK(underflow_1, ALL), ATTACK(underflow_8, ALL), ATTACK(underflow_16, ALL),
	ATTACK(underread, ALL), ATTACK(write_zero_size, SMALL), ATTACK(read_zero_size, SMALL),
	ATTACK(calloc_product, SMALL),
	ATTACK(double_free, ALL), ATTACK(double_free_delayed, ALL),
	ATTACK(double_free_much_later, ALL), ATTACK(double_free_many, ALL),
	ATTACK(double_free_after_consolidation, ALL), ATTACK(double_free_through_realloc, ALL),
	ATTACK(free_twice_by_realloc_zero, ALL), ATTACK(realloc_freed, ALL),
	ATTACK(usable_size_of_freed, ALL), ATTACK(free_interior, ALL), ATTACK(free_middle, ALL),
	ATTACK(free_unaligned, ALL), ATTACK(free_before, ALL), ATTACK(realloc_interior, ALL),
	ATTACK(usable_size_of_interior, ALL), ATTACK(free_stack, SMALL), ATTACK(free_static, SMALL),
	ATTACK(free_literal, SMALL), ATTACK(free_small_number, SMALL), ATTACK(free_untouchable, SMALL),
	ATTACK(free_mapped, SMALL), ATTACK(free_far, SMALL), ATTACK(realloc_small_number, SMALL),
	ATTACK(usable_size_of_small_number, SMALL), ATTACK(free_uninitialised, ALL),
	ATTACK(free_said_less, ALL), ATTACK(free_said_more, ALL), ATTACK(free_said_1_less, ALL),
	ATTACK(free_said_old_size, ALL), ATTACK(free_said_aligned, SMALL), ATTACK(delete_base, ALL),
	ATTACK(delete_twice, ALL), ATTACK(free_of_new, SMALL), ATTACK(realloc_of_new, SMALL),
	ATTACK(delete_of_malloc, SMALL), ATTACK(delete_of_array, SMALL),
	ATTACK(delete_array_of_one, SMALL),
	ATTACK(write_after_free, ALL), ATTACK(write_after_free_deep, ALL),
	ATTACK(write_after_free_last, ALL), ATTACK(write_after_free_late, ALL),
	ATTACK(read_after_free, ALL), ATTACK(write_after_reuse, ALL), ATTACK(write_after_realloc, ALL),
	ATTACK(read_uninitialised, ALL),
	ATTACK(poison_link, SMALL | LARGE), ATTACK(poison_link_by_overflow, SMALL | LARGE),
	ATTACK(poison_link_partly, SMALL), ATTACK(duplicate, ALL), ATTACK(fake_block, SMALL),
	ATTACK(grow_by_header, SMALL | LARGE), ATTACK(unlink_forged, SMALL | LARGE),
	ATTACK(enlarge_top, SMALL | LARGE), ATTACK(overwrite_freed, ALL), ATTACK(stale_function, ALL),
};

static const struct {
	const char *name;
	size_t size;
} sizes[] = { { "small", 104 }, { "large", 20008 }, { "huge", 3000008 } };

static int list(void)
{
	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
		for (int j = 0; j < 3; j++) {
			if (attacks[i].sizes & 1 << j) {
				printf("%s %s\n", attacks[i].name, sizes[j].name);
			}
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc != 3) {
		return list();
	}
	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
		for (int j = 0; j < 3; j++) {
			if (strcmp(attacks[i].name, argv[1]) == 0 && strcmp(sizes[j].name, argv[2]) == 0) {
				attacks[i].run(sizes[j].size);
				puts("not caught");
				return 0;
			}
		}
	}
	fprintf(stderr, "attacks: there is no %s %s\n", argv[1], argv[2]);
	return 2;
}
