/* SPDX-License-Identifier: MIT */
/*
 * bugs emalloc|malloc WHAT SIZE: one bug in a block of that size, for a sanitizer or valgrind to
 * find, or "none": the same use of blocks without it.
 *
 * emalloc: blocks of the current heap, made as the environment says; malloc: of whatever malloc is.
 */
#define ZEND_MM_NO_SIZED_ENTRY_POINTS
#include <stdio.h>

#include "zend_alloc.h"

static bool request_memory;

static void *allocate(size_t size)
{
	return request_memory ? emalloc(size) : malloc(size);
}

static void release(void *block)
{
	if (request_memory) {
		efree(block);
	} else {
		free(block);
	}
}

/* Hides from the compiler where a pointer points. */
static volatile char *any(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

/* Reports name the function; valgrind takes the smallest ones for parts of their callers. */
#define KEEP_APART() fflush(stdout)

static __attribute__((noinline)) void overflow(volatile char *data, size_t size)
{
	KEEP_APART();
	data[size] = 1;
}

static __attribute__((noinline)) void underflow(volatile char *data)
{
	KEEP_APART();
	data[-1] = 1;
}

static __attribute__((noinline)) void write_after_free(volatile char *data)
{
	KEEP_APART();
	data[3] = 1;
}

static __attribute__((noinline)) int read_after_free(volatile char *data)
{
	KEEP_APART();
	return data[3];
}

static __attribute__((noinline)) void leak(size_t size)
{
	void *volatile lost = allocate(size);

	lost = NULL;
	(void)lost;
}

/* A block of malloc that only a block of the heap knows is no leak. */
struct owner {
	void *persistent;
};

static struct owner *owner;

int main(int argc, char **argv)
{
	size_t size = argc > 3 ? (size_t)atol(argv[3]) : 0;
	const char *what = argc > 3 ? argv[2] : "";
	void *between[3];

	request_memory = argc > 1 && strcmp(argv[1], "emalloc") == 0;
	for (int i = 0; i < 3; i++) {
		between[i] = allocate(size);
		memset(between[i], 'b', size);
	}
	if (strcmp(what, "overflow") == 0) {
		overflow(any(between[1]), size);
	} else if (strcmp(what, "underflow") == 0) {
		underflow(any(between[1]));
	} else if (strcmp(what, "leak") == 0) {
		leak(size);
	} else if (strcmp(what, "kept") == 0) {
		owner = allocate(sizeof *owner);
		owner->persistent = malloc(size);
	}
	for (int i = 0; i < 3; i++) {
		release(between[i]);
	}
	if (strcmp(what, "write-after-free") == 0) {
		write_after_free(any(between[1]));
	} else if (strcmp(what, "read-after-free") == 0) {
		printf("%d\n", read_after_free(any(between[1])));
	}
	if (request_memory && strcmp(what, "kept") != 0) {
		shutdown_memory_manager(0, 0);
		shutdown_memory_manager(1, 1);
	}
	puts("went on");
	return 0;
}
