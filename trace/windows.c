/* SPDX-License-Identifier: MIT */
/* See windows.h. Compiled on Windows only. */
#include "trace/windows.h"

#include <direct.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <windows.h>

/* All files are binary: a trace's bytes are the same everywhere. */
__attribute__((constructor)) static void use_binary_files(void)
{
	_fmode = _O_BINARY;
	for (int fd = 0; fd < 3; fd++)
		_setmode(fd, _O_BINARY);
}

/* --- signals and the environment ------------------------------------------------------------- */

int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	void (*before)(int) = signal(number, action ? action->sa_handler : SIG_DFL);

	if (before == SIG_ERR)
		return -1;
	if (!action)
		signal(number, before);
	if (old)
		*old = (struct sigaction){ .sa_handler = before };
	return 0;
}

int setenv(const char *name, const char *value, int overwrite)
{
	return !overwrite && getenv(name) ? 0 : _putenv_s(name, value);
}

/* --- memory ---------------------------------------------------------------------------------- */

char *strndup(const char *text, size_t most)
{
	size_t length = strnlen(text, most);
	char *copy = malloc(length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

void *memmem(const void *bytes, size_t count, const void *part, size_t part_count)
{
	for (const char *at = bytes; count >= part_count; at++, count--) {
		if (memcmp(at, part, part_count) == 0)
			return (void *)at;
	}
	return NULL;
}

void *memrchr(const void *bytes, int byte, size_t count)
{
	for (const unsigned char *at = (const unsigned char *)bytes + count; count > 0; count--) {
		if (*--at == (unsigned char)byte)
			return (void *)at;
	}
	return NULL;
}

/* --- files ----------------------------------------------------------------------------------- */

ssize_t pread(int fd, void *bytes, size_t count, off_t offset)
{
	int64_t position = _lseeki64(fd, 0, SEEK_CUR);
	int got = -1;

	if (position >= 0 && _lseeki64(fd, offset, SEEK_SET) >= 0)
		got = _read(fd, bytes, count > INT_MAX ? INT_MAX : (unsigned)count);
	return position >= 0 && _lseeki64(fd, position, SEEK_SET) >= 0 ? got : -1;
}

char *realpath(const char *path, char *resolved)
{
	return _fullpath(resolved, path, 0);
}

int fchmod(int fd, int mode)
{
	(void)fd;
	(void)mode; /* a new file has the permissions of its folder */
	return 0;
}

int zmm_windows_rename(const char *from, const char *to)
{
	if (MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING))
		return 0;
	errno = GetLastError() == ERROR_ACCESS_DENIED ? EACCES : ENOENT;
	return -1;
}

/* Puts other letters in place of the XXXXXX at the end. */
static bool vary(char *pattern)
{
	size_t length = strlen(pattern);
	char *at = length < 6 ? NULL : pattern + length - 6;
	unsigned bits;

	if (!at || rand_s(&bits) != 0) {
		errno = EINVAL;
		return false;
	}
	for (int i = 0; i < 6; i++, bits >>= 5)
		at[i] = "abcdefghijklmnopqrstuvwxyz012345"[bits & 31];
	return true;
}

int mkostemp(char *pattern, int flags)
{
	int fd = -1;

	do {
		if (!vary(pattern))
			return -1;
		fd = _open(pattern, _O_CREAT | _O_EXCL | _O_RDWR | _O_BINARY | flags, 0600);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

char *mkdtemp(char *pattern)
{
	int made = -1;

	do {
		if (!vary(pattern))
			return NULL;
		made = _mkdir(pattern);
	} while (made < 0 && errno == EEXIST);
	return made == 0 ? pattern : NULL;
}
