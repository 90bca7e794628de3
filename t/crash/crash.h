/* SPDX-License-Identifier: MIT */
/*
 * t/crash/crash.h - what the programs of the catalogue of heap bugs share.
 *
 *	t/crash/NAME small|large|huge
 *
 * Each program has one bug, in a function bug(size), on blocks of 100 bytes, 20,000 bytes or
 * 3,000,000 bytes.  It runs on the heap that the environment asks for.  Before each step it says on
 * standard output what comes next, so that the last line says when the bug was found, if it was:
 *
 *	at once         by the faulty statement itself
 *	when freed      when a block that was damaged is freed
 *	when used       when memory is used further: allocations and frees of other blocks
 *	at the end      at the end of the request
 *	not found       the program came to its end
 *
 * t/crash/table runs all of them; t/8200 compares with what is expected.
 */
#ifndef T_CRASH_CRASH_H
#define T_CRASH_CRASH_H

#define ZEND_MM_NO_SIZED_ENTRY_POINTS
#include <stdint.h>
#include <stdio.h>
#ifndef _WIN32
# include <sys/mman.h>
#endif

#include "zend_alloc.h"

static void stage(const char *name)
{
	printf("%s\n", name);
	fflush(stdout);
}

/* Hides from the compiler that a pointer was freed, or where it points. */
static char *any(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

/* A block between two others of its size, so that it has neighbours in use. */
static char *between[2];

static inline char *block(size_t size)
{
	char *data;

	between[0] = emalloc(size);
	data = emalloc(size);
	between[1] = emalloc(size);
	memset(data, 'd', size);
	return any(data);
}

/* 4096 bytes of zeros that are no heap's.  A modern heap looks for a chunk's head at the 2 MiB
 * boundary before an address, and before static memory something lies there by chance: before this
 * there is nothing. */
#ifdef _WIN32
static inline char *foreign(void)
{
	static char memory[4096];

	return memory;
}
#else
static inline char *foreign(void)
{
	const size_t chunk = (size_t)2 << 20;
	char *space = mmap(NULL, 2 * chunk, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *memory = space + (-(uintptr_t)space & (chunk - 1)) + chunk / 2;

	mprotect(memory, 4096, PROT_READ | PROT_WRITE);
	return memory;
}
#endif

static void bug(size_t size);

/* Uses the heap as a program goes on: requests of the bug's size and of others. */
static void go_on(size_t size)
{
	char *blocks[40];

	stage("when used");
	for (int i = 0; i < 40; i++) {
		blocks[i] = any(emalloc(i % 4 ? size : size / 2 + 64));
		memset(blocks[i], 'g', i % 4 ? size : size / 2 + 64);
	}
	for (int i = 0; i < 40; i += 2) {
		efree(blocks[i]);
	}
	for (int i = 1; i < 40; i += 2) {
		blocks[i] = erealloc(blocks[i], 2 * size);
		efree(blocks[i]);
	}
}

int main(int argc, char **argv)
{
	size_t size = argc < 2 || !strcmp(argv[1], "small") ? 100 :
		!strcmp(argv[1], "large") ? 20000 : 3000000;

	start_memory_manager();
	bug(size);
	go_on(size);
	stage("at the end");
	shutdown_memory_manager(0, 0);
	shutdown_memory_manager(0, 1);
	stage("not found");
	return 0;
}

#endif
