/* SPDX-License-Identifier: MIT */
/*
 * System calls that are refused or forbidden: random words, reading memory without a fault, hiding
 * it, giving back a part.  The calls are this program's own, which refuse when they are told to.
 */
#define TAP_REAL_ENTROPY /* getentropy() is this program's own */
#include "t/tap.h"

#ifdef _WIN32
int main(void)
{
	skip_all("these are calls of Unix");
}
#else
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "storage/hidden.h"
#include "storage/random.h"
#include "storage/readable.h"
#include "storage/sanitizer.h"
#include "storage/stack.h"
#include "storage/storage.h"
#include "storage/types.h"

static bool refusing;
static size_t refused;

int getentropy(void *buffer, size_t length)
{
	static int (*next)(void *, size_t);

	if (refusing) {
		refused++;
		errno = ENOSYS;
		return -1;
	}
	next = next ? next : (int (*)(void *, size_t))(uintptr_t)dlsym(RTLD_NEXT, "getentropy");
	return next(buffer, length);
}

ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long local_count,
	const struct iovec *remote, unsigned long remote_count, unsigned long flags)
{
	static ssize_t (*next)(pid_t, const struct iovec *, unsigned long, const struct iovec *,
		unsigned long, unsigned long);

	if (refusing) {
		refused++;
		errno = EPERM;
		return -1;
	}
	*(void **)&next = dlsym(RTLD_NEXT, "process_vm_readv");
	return next(pid, local, local_count, remote, remote_count, flags);
}

/* {{{ Random words. */

static int by_value(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void check_random(const char *name)
{
	enum { count = 1000 };
	static size_t words[count];
	size_t same = 0, ones = 0;

	for (int i = 0; i < count; i++) {
		words[i] = zend_mm_random_word();
		ones |= words[i];
	}
	qsort(words, count, sizeof *words, by_value);
	for (int i = 1; i < count; i++) {
		same += words[i] == words[i - 1];
	}
	is_size(same, 0, "%s: no word comes twice", name);
	is_size(~ones, 0, "%s: and each bit is in some", name);
}

/* }}} */
/* {{{ Reading. */

static void check_reading(void)
{
	size_t page = zend_mm_page_size();
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char copy[8];

	memcpy(pages + page - 4, "readable", 8);
	ok(zend_mm_read_memory(pages + page - 4, copy, 8) && memcmp(copy, "readable", 8) == 0,
		"memory is read over the border of two pages");
	munmap(pages + page, page);
	errno = 5;
	ok(!zend_mm_read_memory(pages + page - 4, copy, 8), "not into one that is not there");
	is_int(errno, 5, "which leaves errno as it was");
	ok(!zend_mm_readable((void *)(UINTPTR_MAX - 3), 8), "nor past the end of all memory");
	/* In AddressSanitizer's shadow, where there is one, and nowhere else. */
	ok(!zend_mm_readable((void *)(uintptr_t)0x82600000, 8), "nor what a sanitizer keeps");
	refusing = true;
	refused = 0;
	memset(copy, 0, sizeof copy);
	ok(zend_mm_read_memory(pages, copy, 8) && memcmp(copy, pages, 8) == 0,
		"where the system forbids to look, memory counts as readable");
	ok(refused > 0, "it was asked");
	if (zend_mm_sanitizer_forbids((void *)(UINTPTR_MAX - 7), 7)) {
		skip(1, "the sanitizer knows that there is no last page");
	} else {
		ok(zend_mm_readable((void *)(UINTPTR_MAX - 7), 7), "up to the last page");
	}
	is_int(errno, 5, "and errno is as it was");
	refusing = false;
	munmap(pages, page);
}

/* }}} */
/* {{{ Hiding, and giving back a part. */

static void check_hiding(void)
{
	size_t page = zend_mm_page_size();
	char *pages = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ok(zend_mm_hide(pages, page) && !zend_mm_readable(pages, 1), "a page is hidden");
	ok(zend_mm_show(pages, page) && zend_mm_readable(pages, 1), "and shown again");
	munmap(pages, page);
	errno = 5;
	ok(!zend_mm_hide(pages, page), "what is not there is not hidden");
	ok(!zend_mm_show(pages, page), "nor shown");
	is_int(errno, 5, "errno is as it was");
}

static void check_truncating(void)
{
	const zend_mm_chunk_handlers *handlers = &zend_mm_storage_mmap_anon.chunks;
	zend_mm_storage *storage = zend_mm_storage_mmap_anon.segments.init(NULL);
	size_t page = zend_mm_page_size();
	char *chunk = handlers->chunk_alloc(storage, 4 * page, page);

	memset(chunk, 7, 4 * page);
	ok(!handlers->chunk_truncate(storage, chunk, 4 * page, page + 1),
		"no chunk ends within a page");
	is_int(chunk[4 * page - 1], 7, "it stays as long as it was");
	ok(handlers->chunk_truncate(storage, chunk, 4 * page, page), "at the end of one it does");
	ok(zend_mm_readable(chunk, page) && !zend_mm_readable(chunk + page, 1),
		"and the rest is gone");
	handlers->chunk_free(storage, chunk, page);
	zend_mm_storage_mmap_anon.segments.dtor(storage);
}

/* }}} */
/* {{{ What a reader does not copy. */

static void check_reader(void)
{
	static const char known[64] = "what can be read";
	static struct zend_mm_reader reader;
	uintptr_t nowhere = zend_mm_page_size();
	char copy[64] = "";

	if (zend_mm_sanitizer_listens()) {
		skip(4, "readers ask the sanitizer, and nobody else");
		return;
	}
	zend_mm_reader_open(&reader);
	ok(!zend_mm_reader_copy(&reader, (const void *)(UINTPTR_MAX - 7), copy, sizeof copy),
		"what would wrap around the end of memory is not read");
	for (int i = 0; i < ZEND_MM_READER_CALLS; i++) {
		zend_mm_reader_copy(&reader, (const void *)nowhere, copy, 1);
		nowhere += ZEND_MM_READER_PAGES * zend_mm_page_size(); /* nothing is known there */
	}
	ok(!zend_mm_reader_copy(&reader, known, copy, sizeof copy),
		"a reader that has asked very often asks no more");
	zend_mm_reader_open(&reader);
	ok(zend_mm_reader_copy(&reader, known, copy, sizeof copy), "a new one does");
	is_str(copy, known, "and reads");
}

/* }}} */
/* {{{ Places in the program. */

static void check_stack(void)
{
	const void *frames[16], *whole[16];
	char text[64], expected[64];
	unsigned count = zend_mm_call_stack(whole, 16, NULL);
	int local;

	ok(count > 0, "there is a call stack");
	is_size(zend_mm_call_stack(frames, 16, &local), count,
		"from a place that is not on it, all of it is given");
	snprintf(expected, sizeof expected, "0x%" PRIxPTR, (uintptr_t)&local);
	zend_mm_describe_code(&local, text, sizeof text);
	is_str(text, expected, "what is in no file of code is described by its address");
}

/* }}} */

int main(void)
{
	check_random("the system's");
	refusing = true;
	check_random("makeshift");
	ok(refused >= 1000, "the system was asked first");
	refusing = false;
	check_reading();
	check_hiding();
	check_truncating();
	check_reader();
	check_stack();
	return done_testing();
}
#endif
