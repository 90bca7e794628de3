/* SPDX-License-Identifier: MIT */
/*
 * tools/memory.c - reading /proc/self/statm, and asking glibc's malloc about itself.
 */
#include "tools/memory.h"

#ifdef __linux__
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int statm = -1;

bool zmm_memory_open(void)
{
	if (statm < 0) {
		statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	}
	return statm >= 0;
}

/* Fields: size resident shared text lib data dirty, in pages. data includes the stack. */
struct zmm_memory zmm_memory_now(void)
{
	char line[200];
	ssize_t length = statm < 0 ? 0 : pread(statm, line, sizeof line - 1, 0);
	unsigned long long resident, data, page = (unsigned long long)sysconf(_SC_PAGESIZE);

	if (length <= 0) {
		return (struct zmm_memory){ 0, 0 };
	}
	line[length] = '\0';
	if (sscanf(line, "%*s %llu %*s %*s %*s %llu", &resident, &data) != 2) {
		return (struct zmm_memory){ 0, 0 };
	}
	return (struct zmm_memory){ data * page, resident * page };
}
#else
bool zmm_memory_open(void)
{
	return false;
}

struct zmm_memory zmm_memory_now(void)
{
	return (struct zmm_memory){ 0, 0 };
}
#endif

#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
#include <malloc.h>

uint64_t zmm_memory_held_by_malloc(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.arena + info.hblkhd;
}
#else
uint64_t zmm_memory_held_by_malloc(void)
{
	return 0;
}
#endif
