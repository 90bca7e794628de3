/* SPDX-License-Identifier: MIT */
/*
 * storage/probe.c - reading memory that may not be there, for reports about damaged heaps.
 */
#include "storage/storage.h"

#ifdef _WIN32

# define WIN32_LEAN_AND_MEAN
# include <windows.h>

bool zend_mm_read_memory(const void *address, void *copy, size_t size)
{
	SIZE_T got = 0;

	return ReadProcessMemory(GetCurrentProcess(), address, copy, size, &got) && got == size;
}

#elif defined(__linux__)

# include <sys/uio.h>
# include <unistd.h>

bool zend_mm_read_memory(const void *address, void *copy, size_t size)
{
	struct iovec to = { copy, size }, from = { (void *)(uintptr_t)address, size };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
}

#else

# include <unistd.h>

/* The system call fails where a plain read would fault; a pipe takes at least a page. */
bool zend_mm_read_memory(const void *address, void *copy, size_t size)
{
	int ends[2];
	bool done;

	if (pipe(ends) != 0) {
		return false;
	}
	done = write(ends[1], address, size) == (ssize_t)size &&
		read(ends[0], copy, size) == (ssize_t)size;
	close(ends[0]);
	close(ends[1]);
	return done;
}

#endif
