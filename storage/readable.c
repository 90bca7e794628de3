/* SPDX-License-Identifier: MIT */
/*
 * storage/readable.c - asks the system whether an address can be read.
 *
 * Called by the deep checks and by reports, which follow pointers that may be damaged.  The
 * question is put as a system call that reads from the address and says EFAULT instead of ending
 * the process.
 */
#include "storage/readable.h"
#include "storage/storage.h"

#if defined(_WIN32)
# define WIN32_LEAN_AND_MEAN
# include <windows.h>

static bool zend_mm_byte_readable(const void *address)
{
	const DWORD unreadable = PAGE_NOACCESS | PAGE_GUARD;
	MEMORY_BASIC_INFORMATION info;

	return VirtualQuery(address, &info, sizeof(info)) == sizeof(info) &&
		info.State == MEM_COMMIT && (info.Protect & unreadable) == 0;
}
#elif defined(__linux__)
# include <errno.h>
# include <sys/uio.h>
# include <unistd.h>

/* The process reads from itself as it would from another one; valgrind knows nothing to say about
 * that.  Where the system forbids the call, the address counts as readable. */
static bool zend_mm_byte_readable(const void *address)
{
	int saved_errno = errno;
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)address, 1 };
	bool readable = process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1 || errno != EFAULT;

	errno = saved_errno;
	return readable;
}

/* Not memcpy(), where it can be helped: sanitizers would complain of memory that is theirs. */
static void copy_readable(const void *address, void *copy, size_t size)
{
	int saved_errno = errno;
	struct iovec here = { copy, size }, there = { (void *)(uintptr_t)address, size };

	if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != (ssize_t)size) {
		memcpy(copy, address, size);
	}
	errno = saved_errno;
}
# define COPY(address, copy, size) copy_readable(address, copy, size)
#else
# include <errno.h>
# include <unistd.h>

/* A pipe takes bytes from the address or says that it cannot. */
static bool zend_mm_byte_readable(const void *address)
{
	int saved_errno = errno;
	int ends[2];
	bool readable;

	if (pipe(ends) != 0) {
		return true;
	}
	readable = write(ends[1], address, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	errno = saved_errno;
	return readable;
}
#endif

#ifndef COPY
# define COPY(address, copy, size) memcpy(copy, address, size)
#endif

bool zend_mm_readable(const void *address, size_t size)
{
	uintptr_t page = zend_mm_page_size();
	uintptr_t place = (uintptr_t)address;
	uintptr_t end = place + size;

	if (end < place) {
		return false;
	}
	while (place < end) {
		if (!zend_mm_byte_readable((const void *)place)) {
			return false;
		}
		place = (place & ~(page - 1)) + page;
		if (place == 0) {
			return true;
		}
	}
	return true;
}

bool zend_mm_read_memory(const void *address, void *copy, size_t size)
{
	if (!zend_mm_readable(address, size)) {
		return false;
	}
	COPY(address, copy, size);
	return true;
}
