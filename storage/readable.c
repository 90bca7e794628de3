/* SPDX-License-Identifier: MIT */
/*
 * storage/readable.c - asks the system whether an address can be read.
 *
 * Called by the deep checks and by reports, which follow pointers that may be damaged.  The
 * question is put as a system call that reads from the address and says EFAULT instead of ending
 * the process.
 *
 * A reader (readable.h) remembers the answers, by windows of 64 pages: a list of thousands of
 * blocks costs one call for each window that it leads through, not one for each block.
 */
#include "storage/hidden.h"
#include "storage/readable.h"
#include "storage/sanitizer.h"
#include "storage/storage.h"

#if defined(_WIN32)
# define WIN32_LEAN_AND_MEAN
# include <windows.h>

static bool byte_readable(const void *address)
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
 * that.  One byte of each page: how many pages can be read before the first that cannot.  Where the
 * system forbids the call, addresses count as readable. */
static unsigned pages_readable(uintptr_t page, unsigned count, size_t page_size)
{
	int saved_errno = errno;
	char bytes[ZEND_MM_READER_PAGES];
	struct iovec here = { bytes, count }, there[ZEND_MM_READER_PAGES];
	ssize_t got;

	for (unsigned i = 0; i < count; i++) {
		there[i] = (struct iovec) { (void *)(page + i * page_size), 1 };
	}
	got = process_vm_readv(getpid(), &here, 1, there, count, 0);
	if (got < 0) {
		got = errno == EFAULT ? 0 : count;
	}
	errno = saved_errno;
	return (unsigned)got;
}

static bool byte_readable(const void *address)
{
	return pages_readable((uintptr_t)address, 1, 0) == 1;
}

/* Not memcpy(), where it can be helped: sanitizers would complain of memory that is theirs. */
static bool copy_memory(const void *address, void *copy, size_t size)
{
	int saved_errno = errno;
	struct iovec here = { copy, size }, there = { (void *)(uintptr_t)address, size };
	ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	bool allowed = got >= 0 || errno == EFAULT;

	errno = saved_errno;
	if (!allowed) {
		memcpy(copy, address, size);
	}
	return !allowed || got == (ssize_t)size;
}
# define ZEND_MM_PAGES_READABLE pages_readable
# define ZEND_MM_PAGES_AT_ONCE ZEND_MM_READER_PAGES
# define ZEND_MM_COPY_MEMORY copy_memory
#else
# include <errno.h>
# include <unistd.h>

/* A pipe takes bytes from the address or says that it cannot. */
static bool byte_readable(const void *address)
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

#ifndef ZEND_MM_PAGES_READABLE
static unsigned one_page_readable(uintptr_t page, unsigned count, size_t page_size)
{
	(void)count;
	(void)page_size;
	return byte_readable((const void *)page);
}

static bool copy_if_readable(const void *address, void *copy, size_t size)
{
	if (!zend_mm_readable(address, size)) {
		return false;
	}
	memcpy(copy, address, size);
	return true;
}
# define ZEND_MM_PAGES_READABLE one_page_readable
# define ZEND_MM_PAGES_AT_ONCE 1u
# define ZEND_MM_COPY_MEMORY copy_if_readable
#endif

bool zend_mm_readable(const void *address, size_t size)
{
	uintptr_t page = zend_mm_page_size();
	uintptr_t place = (uintptr_t)address;
	uintptr_t end = place + size;

	if (end < place || zend_mm_sanitizer_forbids(address, size)) {
		return false;
	}
	while (place < end) {
		if (!byte_readable((const void *)place)) {
			return false;
		}
		place = (place & ~(page - 1)) + page;
		if (place == 0) {
			return true;
		}
	}
	return true;
}

bool zend_mm_may_be_touched(const void *address, size_t size)
{
	return zend_mm_ever_hidden() ? zend_mm_readable(address, size)
		: !zend_mm_sanitizer_forbids(address, size);
}

bool zend_mm_read_memory(const void *address, void *copy, size_t size)
{
	return ZEND_MM_COPY_MEMORY(address, copy, size);
}

/* {{{ Readers. */

void zend_mm_reader_open(struct zend_mm_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
	reader->page_size = zend_mm_page_size();
	reader->directly = !zend_mm_sanitizer_listens();
}

static uint64_t first_bits(unsigned count)
{
	return count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
}

/* The window of a page's number, remembered or to be filled.  Eight places in a row are its own, by
 * its mixed number, because regions lie at round distances. */
static struct zend_mm_reader_window *window_of(struct zend_mm_reader *reader, uintptr_t base)
{
	enum { ways = 8 };
	uint64_t mixed = (uint64_t)base * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	struct zend_mm_reader_window *set = &reader->windows[mixed % (ZEND_MM_READER_WINDOWS / ways)
		* ways];

	for (int i = 0; i < ways; i++) {
		if (set[i].base == base && set[i].known != 0) {
			return &set[i];
		}
	}
	set += reader->calls % ways;
	*set = (struct zend_mm_reader_window) { .base = base };
	return set;
}

/* Whether a page can be read, from what is known, or from a question about it and those behind it
 * in its window. */
static bool page_known_readable(struct zend_mm_reader *reader, uintptr_t page)
{
	uintptr_t number = page / reader->page_size;
	unsigned bit = number % ZEND_MM_READER_PAGES;
	unsigned rest = ZEND_MM_READER_PAGES - bit;
	uintptr_t base = number - bit;
	struct zend_mm_reader_window *window = window_of(reader, base);
	unsigned readable, known;

	if (rest > ZEND_MM_PAGES_AT_ONCE) {
		rest = ZEND_MM_PAGES_AT_ONCE;
	}
	if (!(window->known >> bit & 1)) {
		if (reader->calls == ZEND_MM_READER_CALLS) {
			return false;
		}
		reader->calls++;
		readable = ZEND_MM_PAGES_READABLE(page, rest, reader->page_size);
		known = readable < rest ? readable + 1 : rest;
		window->readable |= first_bits(readable) << bit;
		window->known |= first_bits(known) << bit;
	}
	return window->readable >> bit & 1;
}

bool zend_mm_reader_copy(struct zend_mm_reader *reader, const void *address, void *copy,
	size_t size)
{
	uintptr_t page = (uintptr_t)address & ~(uintptr_t)(reader->page_size - 1);

	if ((uintptr_t)address + size < (uintptr_t)address) {
		return false;
	}
	if (!reader->directly) {
		return zend_mm_read_memory(address, copy, size);
	}
	for (; page < (uintptr_t)address + size; page += reader->page_size) {
		if (!page_known_readable(reader, page)) {
			return false;
		}
	}
	memcpy(copy, address, size);
	return true;
}

/* }}} */
