/* SPDX-License-Identifier: MIT */
/*
 * tools/memory.h - what this process has from the system, as the kernel counts it.
 */
#ifndef ZMM_MEMORY_H
#define ZMM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zmm_memory {
	uint64_t held;     /* bytes of private writable mappings */
	uint64_t resident; /* bytes of memory behind all mappings */
};

/* Opens what the figures are read from; false where the system has nothing like it. */
bool zmm_memory_open(void);

/* Two microseconds, about. All zero where nothing is open. */
struct zmm_memory zmm_memory_now(void);

/* Bytes that malloc holds from the system, in use or not; 0 where malloc does not tell. */
uint64_t zmm_memory_held_by_malloc(void);

/* The same of another process, by its number, and to the byte: resident is its anonymous memory, as
 * /proc/PID/smaps_rollup counts it. False where that cannot be read. */
bool zmm_memory_of(long pid, struct zmm_memory *memory);

/* Lets the kernel's high water mark of this process's resident memory begin anew from what is
 * resident now. False where it cannot. */
bool zmm_memory_reset_mark(void);

/* A process's resident memory, and its high water mark, anonymous memory only: the kernel's mark is
 * of all memory (VmHWM), so what is resident of files and shared memory is taken off. False where
 * that cannot be read. */
struct zmm_memory_mark {
	uint64_t resident, high_water;
};
bool zmm_memory_mark_of(long pid, struct zmm_memory_mark *mark);

/* Bytes of a block of this process's malloc that may be used; 0 where malloc does not tell. */
size_t zmm_memory_usable(const void *block);

#endif
