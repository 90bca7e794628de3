/* SPDX-License-Identifier: MIT */
/*
 * tools/memory.c - reading /proc/PID/statm and smaps_rollup, and asking glibc's malloc about
 * itself.
 */
#include "tools/memory.h"

#ifdef __linux__
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

static bool read_file(long pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0) {
		close(fd);
	}
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

bool zmm_memory_of(long pid, struct zmm_memory *memory)
{
	char statm[200], rollup[2048];
	const char *line;
	unsigned long long data, anonymous, page = (unsigned long long)sysconf(_SC_PAGESIZE);

	if (!read_file(pid, "statm", statm, sizeof statm)
			|| !read_file(pid, "smaps_rollup", rollup, sizeof rollup)) {
		return false;
	}
	line = strstr(rollup, "\nAnonymous:");
	if (sscanf(statm, "%*s %*s %*s %*s %*s %llu", &data) != 1
			|| !line || sscanf(line, "\nAnonymous: %llu kB", &anonymous) != 1) {
		return false;
	}
	*memory = (struct zmm_memory){ data * page, anonymous * 1024 };
	return true;
}
bool zmm_memory_reset_mark(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "5", 1) == 1;

	if (fd >= 0) {
		close(fd);
	}
	return done;
}

/* A line "NAME: N kB" of /proc/PID/status, as bytes. */
static bool status_field(const char *text, const char *name, uint64_t *bytes)
{
	const char *line = strstr(text, name);
	unsigned long long kib;

	if (!line || sscanf(line + strlen(name), " %llu kB", &kib) != 1) {
		return false;
	}
	*bytes = kib * 1024;
	return true;
}

bool zmm_memory_mark_of(long pid, struct zmm_memory_mark *mark)
{
	char status[4096];
	uint64_t file, shared, most;

	if (!read_file(pid, "status", status, sizeof status)
			|| !status_field(status, "\nVmHWM:", &most)
			|| !status_field(status, "\nRssAnon:", &mark->resident)
			|| !status_field(status, "\nRssFile:", &file)
			|| !status_field(status, "\nRssShmem:", &shared)) {
		return false;
	}
	mark->high_water = most > file + shared ? most - file - shared : 0;
	return true;
}
#else
bool zmm_memory_reset_mark(void)
{
	return false;
}

bool zmm_memory_mark_of(long pid, struct zmm_memory_mark *mark)
{
	(void)pid;
	(void)mark;
	return false;
}

bool zmm_memory_of(long pid, struct zmm_memory *memory)
{
	(void)pid;
	(void)memory;
	return false;
}

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

#ifdef __GLIBC__
#include <malloc.h>

size_t zmm_memory_usable(const void *block)
{
	return malloc_usable_size((void *)block);
}
#else
size_t zmm_memory_usable(const void *block)
{
	(void)block;
	return 0;
}
#endif
