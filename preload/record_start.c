/* SPDX-License-Identifier: MIT */
/*
 * preload/record_start.c - when a process begins to be recorded, and to which file.
 *
 * That is at its first call, or when the library is initialised. The first call usually comes
 * from the dynamic linker, long before the program's first line; environ is not set then, and
 * /proc tells the environment. ZEND_MM_RECORD is the file's absolute path, ZEND_MM_RECORD_SITES
 * asks for call stacks: "unwind" or "frame-pointers".
 *
 * The child of a fork finds the page zeroed and begins anew, with a file of its own. So does the
 * program that a process becomes with exec, since the library is preloaded there, too.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/record.h"

enum {
	ENVIRONMENT_MAX = 8 << 20,
	COMMAND_SHOWN_MAX = 1000, /* bytes of the command line in the trace */
};

static struct zend_mm_record_page before_start;
struct zend_mm_record_page *zend_mm_record_page = &before_start;

static char base[PATH_MAX]; /* the file's name, before any number is added */
static char sites[16];   /* how call stacks are to be taken; empty: not at all */
static bool have_sites;  /* they can be */
static bool started; /* here or in the process that this one was forked from */
static pid_t forked_from;
static pid_t process;

/* {{{ The lock. Held for a few system calls at most. */

enum { UNLOCKED, LOCKED, LOCKED_WAITED_FOR };

void zend_mm_record_lock(void)
{
	_Atomic uint32_t *lock = &zend_mm_record_page->lock;
	uint32_t was = UNLOCKED;

	if (atomic_compare_exchange_strong(lock, &was, LOCKED)) {
		return;
	}
	while (atomic_exchange(lock, LOCKED_WAITED_FOR) != UNLOCKED) {
		syscall(SYS_futex, lock, FUTEX_WAIT_PRIVATE, LOCKED_WAITED_FOR, NULL, NULL, 0);
	}
}

void zend_mm_record_unlock(void)
{
	_Atomic uint32_t *lock = &zend_mm_record_page->lock;

	if (atomic_exchange(lock, UNLOCKED) == LOCKED_WAITED_FOR) {
		syscall(SYS_futex, lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
}

/* }}} */
/* {{{ The page. */

static void wipe_page(void)
{
	memset(zend_mm_record_page, 0, sizeof *zend_mm_record_page);
}

/* A kernel before 4.14 does not zero it for us: then the C library's fork has to, and only that. */
static void make_page(void)
{
	void *page = mmap(NULL, sizeof *zend_mm_record_page, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED) {
		zend_mm_record_page = page;
	}
	if (page == MAP_FAILED || madvise(page, sizeof *zend_mm_record_page, MADV_WIPEONFORK) != 0) {
		pthread_atfork(NULL, NULL, wipe_page);
	}
}

/* }}} */
/* {{{ The environment. */

static const char *value_in(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=' ? entry + length + 1 : NULL;
}

static void take_entry(const char *entry)
{
	const char *path = value_in(entry, "ZEND_MM_RECORD");
	const char *way = value_in(entry, "ZEND_MM_RECORD_SITES");

	if (path && strlen(path) < sizeof base) {
		strcpy(base, path);
	}
	if (way && strlen(way) < sizeof sites) {
		strcpy(sites, way);
	}
}

/* Up to room - 1 bytes of a file of /proc, and a zero. Returns how many. */
static size_t read_file(const char *name, char *bytes, size_t room)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	size_t count = 0;
	ssize_t got = 1;

	while (fd >= 0 && count < room - 1 && got > 0) {
		got = read(fd, bytes + count, room - 1 - count);
		count += got > 0 ? (size_t)got : 0;
		got = got < 0 && errno == EINTR ? 1 : got;
	}
	if (fd >= 0) {
		close(fd);
	}
	bytes[count] = '\0';
	return count;
}

static void read_environment_of_system(void)
{
	char *bytes = mmap(NULL, ENVIRONMENT_MAX, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (bytes == MAP_FAILED) {
		return;
	}
	size_t count = read_file("/proc/self/environ", bytes, ENVIRONMENT_MAX);
	for (size_t at = 0; at < count; at += strlen(bytes + at) + 1) {
		take_entry(bytes + at);
	}
	munmap(bytes, ENVIRONMENT_MAX);
}

static void read_environment(void)
{
	static bool done;

	if (done) {
		return;
	}
	done = true;
	if (!environ) {
		read_environment_of_system();
		return;
	}
	for (char **entry = environ; *entry; entry++) {
		take_entry(*entry);
	}
}

/* }}} */
/* {{{ Starting. */

/* The page is fresh; the lock is held. */
static void start_process(void)
{
	static bool stopped;

	if (started) {
		zend_mm_record_forget_lanes();
		zend_mm_record_forget_file();
		zend_mm_record_forget_sites();
		forked_from = process;
	}
	read_environment();
	process = getpid();
	if (!started && base[0] != '/') {
		zend_mm_record_stop(NULL, "ZEND_MM_RECORD is not the absolute path of a file", 0);
		stopped = true;
	}
	started = true;
	/* What cannot be recorded once is not tried again in each child. */
	stopped = stopped || !zend_mm_record_create_file(base);
	atomic_store(&zend_mm_record_page->state, stopped ? ZEND_MM_RECORD_OFF
		: have_sites ? ZEND_MM_RECORD_SITES : ZEND_MM_RECORD_PLAIN);
}

void zend_mm_record_start(void)
{
	if (!started) {
		make_page(); /* there are no other threads before the first allocation */
	}
	zend_mm_record_lock();
	if (atomic_load(&zend_mm_record_page->state) == ZEND_MM_RECORD_FRESH) {
		start_process();
	}
	zend_mm_record_unlock();
}

void zend_mm_record_introduce(struct zmm_block *block)
{
	char command[COMMAND_SHOWN_MAX + 1];
	char text[COMMAND_SHOWN_MAX + 200];
	size_t length = read_file("/proc/self/cmdline", command, sizeof command);

	while (length > 0 && command[length - 1] == '\0') {
		length--;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)command[i];

		command[i] = byte < ' ' || byte == 127 ? ' ' : command[i];
	}
	int written = snprintf(text, sizeof text, " zmm record: process %d: %.*s", (int)process,
		(int)length, command);
	if (forked_from) {
		written += snprintf(text + written, sizeof text - (size_t)written,
			" (forked from %d, whose blocks are not known here)", (int)forked_from);
	}
	const struct zmm_event event = {
		.kind = ZMM_EVENT_COMMENT,
		.stamp = block->stamp,
		.text = text,
		.text_length = (size_t)written,
	};
	zmm_block_add(block, &event);
}

/* The dynamic linker can be asked for another library from here on. A program that asks malloc for
 * nothing leaves a trace of that. */
__attribute__((constructor)) static void loaded(void)
{
	uint32_t plain = ZEND_MM_RECORD_PLAIN;

	read_environment();
	bool by_frame_pointers = strcmp(sites, "frame-pointers") == 0;
	have_sites = sites[0] && zend_mm_record_prepare_sites(by_frame_pointers);
	if (zend_mm_record_enter()) {
		zend_mm_record_leave();
	}
	if (have_sites) {
		atomic_compare_exchange_strong(&zend_mm_record_page->state, &plain,
			ZEND_MM_RECORD_SITES);
	}
}

/* }}} */
