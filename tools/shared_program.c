/* SPDX-License-Identifier: MIT */
/*
 * tools/shared_program.c - writing programs to a file in memory, and mapping them.
 *
 *    | struct zmm_program | wide … | ops … | left … |
 *
 * Both sides are the same executable, so the structures need no other form.
 */
#include "config.h"

#include "tools/shared_program.h"

#ifdef _WIN32
int zmm_program_share(const zmm_program *program, struct zmm_error *error)
{
	(void)program;
	zmm_error_set(error, ZMM_ERROR_INPUT, "this system cannot share a program with children");
	return -1;
}

const zmm_program *zmm_program_attach(int fd, struct zmm_error *error)
{
	zmm_program_share(NULL, error);
	(void)fd;
	return NULL;
}
#else
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __linux__
int zmm_nameless_file(void)
{
	return memfd_create("zmm", 0);
}
#else
#include <stdlib.h>

int zmm_nameless_file(void)
{
	char path[] = "/tmp/zmm-program-XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	return fd;
}
#endif

static size_t ops_size(const zmm_program *program)
{
	return program->op_count * sizeof *program->ops;
}

static size_t wide_size(const zmm_program *program)
{
	return program->wide_count * sizeof *program->wide;
}

static size_t left_size(const zmm_program *program)
{
	return program->left_length * sizeof *program->left;
}

static void *map(int fd, size_t size, int protection)
{
	void *address = mmap(NULL, size, protection, fd < 0 ? MAP_PRIVATE : MAP_SHARED, fd, 0);

	return address == MAP_FAILED ? NULL : address;
}

/* Returns where the next part goes. */
static char *put(char *at, const void *part, size_t size)
{
	return size > 0 ? (char *)memcpy(at, part, size) + size : at;
}

int zmm_program_share(const zmm_program *program, struct zmm_error *error)
{
	size_t size = sizeof *program + wide_size(program) + ops_size(program) + left_size(program);
	int fd = zmm_nameless_file();
	char *bytes = fd >= 0 && ftruncate(fd, (off_t)size) == 0
		? map(fd, size, PROT_READ | PROT_WRITE) : NULL, *at;

	if (!bytes) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot make a file of %zu bytes in memory: %s",
			size, strerror(errno));
		if (fd >= 0) {
			close(fd);
		}
		return -1;
	}
	at = put(bytes, program, sizeof *program);
	at = put(at, program->wide, wide_size(program));
	at = put(at, program->ops, ops_size(program));
	put(at, program->left, left_size(program));
	munmap(bytes, size);
	return fd;
}

/* The operations are read once here, so that a timed run does not wait for their pages. */
static void read_pages(const char *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += 4096) {
		(void)*(const volatile char *)(bytes + at);
	}
}

const zmm_program *zmm_program_attach(int fd, struct zmm_error *error)
{
	static zmm_program program;
	off_t size = lseek(fd, 0, SEEK_END);
	char *bytes = size >= (off_t)sizeof program ? map(fd, (size_t)size, PROT_READ) : NULL;

	if (!bytes) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot map the program: %s", strerror(errno));
		return NULL;
	}
	memcpy(&program, bytes, sizeof program);
	program.wide = (struct zmm_wide *)(void *)(bytes + sizeof program);
	program.ops = (struct zmm_op *)(void *)(bytes + sizeof program + wide_size(&program));
	program.left = (uint32_t *)(void *)((char *)program.ops + ops_size(&program));
	program.thread = NULL;
	program.site = NULL;
	read_pages(bytes, (size_t)size);
	return &program;
}
#endif
