/* SPDX-License-Identifier: MIT */
/*
 * trace/windows.h - what the tools use of POSIX and the C library of Windows does not have.
 *
 * Builds for Windows include this before each file (Makefile.in), other builds never see it: so no
 * file of trace/, tools/ or t/ needs a conditional for these. The heaps and storage/ use none of
 * it: libzend_alloc.a needs Windows alone.
 */
#ifndef ZMM_TRACE_WINDOWS_H
#define ZMM_TRACE_WINDOWS_H

/* rand_s() of stdlib.h */
#define _CRT_RAND_S

/* io.h has a name that programs may use. */
#define tell zmm_windows_tell
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#undef tell

#define O_CLOEXEC O_NOINHERIT
#define O_NOCTTY 0
#ifndef EDQUOT
# define EDQUOT ENOSPC
#endif

/* Closing a console window comes as SIGBREAK; SIGXFSZ never comes. */
#define SIGHUP SIGBREAK
#define SIGXFSZ SIGABRT_COMPAT

typedef struct {
	int unused;
} zmm_windows_sigset;
struct sigaction {
	void (*sa_handler)(int);
	int sa_flags;
	zmm_windows_sigset sa_mask;
};

/* With a handler alone: flags and masks are not looked at. */
int sigaction(int number, const struct sigaction *action, struct sigaction *old);

int setenv(const char *name, const char *value, int overwrite);
char *strndup(const char *text, size_t most);
void *memmem(const void *bytes, size_t count, const void *part, size_t part_count);
void *memrchr(const void *bytes, int byte, size_t count);

ssize_t pread(int fd, void *bytes, size_t count, off_t offset);
/* NULL as second argument only. */
char *realpath(const char *path, char *resolved);
int fchmod(int fd, int mode);
int mkostemp(char *pattern, int flags);
char *mkdtemp(char *pattern);

/* Replaces a file that has the new name. */
int zmm_windows_rename(const char *from, const char *to);
#define rename zmm_windows_rename

#endif
