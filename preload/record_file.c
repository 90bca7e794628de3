/* SPDX-License-Identifier: MIT */
/*
 * preload/record_file.c - the file of a process.
 *
 *	| header, rest of its page | slot | full | full | slot | full | …
 *
 * A lane writes into a slot: a block of the file that stays mapped, so whatever ends the process,
 * what is in it stays. When it is full, it is copied to the end of the file and begins anew. That
 * is a quarter of what fresh mapped pages would cost. Where the process is killed between the
 * two, the block is there twice, and the copy perhaps not whole: both have the same stamp, which
 * no other block has, and readers take the first.
 *
 * Slots are reserved on the disk before they are mapped, so that a full disk is an error here and
 * not a signal in the middle of an event.
 *
 * The file gets its name when its header is written: nobody sees a trace without one.
 *
 * The descriptor lies high, where programs that count on or close the low ones do not meet it. It
 * is not trusted: before each use it is compared with the file, and opened again by name if the
 * program has closed it or uses its number for something else.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "preload/record.h"

enum {
	NAMES_TRIED_MAX = 100000, /* so many processes with one number, and their execs */
	HIGH_DESCRIPTOR = 1000,   /* below the usual limit of 1024 */
	LESS_HIGH_DESCRIPTOR = 200,
};

static struct {
	char path[PATH_MAX];
	int fd;
	dev_t device;
	ino_t inode;
	_Atomic uint64_t end; /* where the next block goes */
} file = { .fd = -1 };

/* {{{ Texts, without stdio. */

struct text {
	char *at;
	char *end; /* of the room, less the zero */
};

static void add_text(struct text *text, const char *more)
{
	while (*more && text->at < text->end) {
		*text->at++ = *more++;
	}
	*text->at = '\0';
}

static void add_number(struct text *text, unsigned number)
{
	char digits[12];
	char *at = digits + sizeof digits - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	add_text(text, at);
}

/* }}} */
/* {{{ Saying why there is no more. */

/* A reader of standard error that is gone must not be the program's end. */
static void say(const char *line)
{
	const struct timespec no_time = { 0, 0 };
	sigset_t pipe_signal, before;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	if (pthread_sigmask(SIG_BLOCK, &pipe_signal, &before) != 0) {
		return;
	}
	if (write(STDERR_FILENO, line, strlen(line)) < 0 && errno == EPIPE
		&& !sigismember(&before, SIGPIPE)) {
		sigtimedwait(&pipe_signal, NULL, &no_time);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void zend_mm_record_stop(const char *name, const char *what, int error)
{
	static char line[PATH_MAX + 256];
	struct text text = { line, line + sizeof line - 2 };
	const char *why = error ? strerrordesc_np(error) : NULL;

	atomic_store(&zend_mm_record_page->state, ZEND_MM_RECORD_OFF);
	add_text(&text, "zmm record: process ");
	add_number(&text, (unsigned)getpid());
	add_text(&text, ": ");
	if (name) {
		add_text(&text, name);
		add_text(&text, ": ");
	}
	add_text(&text, what);
	if (why) {
		add_text(&text, ": ");
		add_text(&text, why);
	}
	add_text(&text, "; the program goes on, not recorded from here on\n");
	say(line);
}

/* }}} */
/* {{{ The descriptor. */

static bool is_ours(int fd)
{
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 && status.st_dev == file.device
		&& status.st_ino == file.inode;
}

static int move_up(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);

	if (high < 0) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, LESS_HIGH_DESCRIPTOR);
	}
	if (high < 0) {
		return fd;
	}
	close(fd);
	return high;
}

/* Where the program has all descriptors that it may have, there is one more beyond its limit, as
 * long as the hard limit is higher.  There neither is in the other's way. */
static int open_beyond_limit(void)
{
	struct rlimit limit, raised;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		return -1;
	}
	raised = limit;
	raised.rlim_cur++;
	if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
		errno = EMFILE;
		return -1;
	}
	fd = open(file.path, O_RDWR | O_CLOEXEC);
	setrlimit(RLIMIT_NOFILE, &limit);
	return fd;
}

static bool have_descriptor(void)
{
	if (is_ours(file.fd)) {
		return true;
	}
	file.fd = open(file.path, O_RDWR | O_CLOEXEC);
	if (file.fd < 0 && errno == EMFILE) {
		file.fd = open_beyond_limit();
	}
	if (file.fd < 0) {
		return false;
	}
	file.fd = move_up(file.fd);
	if (!is_ours(file.fd)) {
		close(file.fd);
		file.fd = -1;
		errno = ESTALE; /* there is another file of that name now */
	}
	return file.fd >= 0;
}

/* }}} */
/* {{{ Writing: each returns 0 or an error number. */

static int write_at(const void *bytes, size_t count, off_t offset)
{
	const unsigned char *at = bytes;

	while (count > 0) {
		ssize_t written = pwrite(file.fd, at, count, offset);

		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written <= 0) {
			return written < 0 ? errno : ENOSPC;
		}
		at += written;
		offset += written;
		count -= (size_t)written;
	}
	return 0;
}

/* Growing beyond the limit of file sizes would raise a signal. */
static int check_limit(off_t end)
{
	struct rlimit limit;
	bool limited = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;

	return limited && (rlim_t)end > limit.rlim_cur ? EFBIG : 0;
}

/* Where the file system cannot reserve, zeros are written. */
static int reserve_block(off_t offset)
{
	static const unsigned char zeros[ZEND_MM_RECORD_BLOCK_BYTES];
	int error;

	do {
		error = fallocate(file.fd, 0, offset, sizeof zeros) == 0 ? 0 : errno;
	} while (error == EINTR);
	if (error == EOPNOTSUPP || error == ENOSYS) {
		error = write_at(zeros, sizeof zeros, offset);
	}
	return error;
}

/* Claim the place of a block at the end of the file, with a descriptor to write it through. */
static int claim_block(off_t *offset)
{
	*offset = 0;
	if (!have_descriptor()) {
		return errno;
	}
	*offset = (off_t)atomic_fetch_add(&file.end, ZEND_MM_RECORD_BLOCK_BYTES);
	return check_limit(*offset + ZEND_MM_RECORD_BLOCK_BYTES);
}

void *zend_mm_record_new_slot(void)
{
	off_t offset;
	int error = claim_block(&offset);
	void *slot = MAP_FAILED;

	error = error ? error : reserve_block(offset);
	if (!error) {
		slot = mmap(NULL, ZEND_MM_RECORD_BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd,
			offset);
	}
	if (slot == MAP_FAILED) {
		zend_mm_record_stop(file.path, "the trace cannot grow", error ? error : errno);
		return NULL;
	}
	return slot;
}

bool zend_mm_record_copy_block(const void *block)
{
	static const unsigned char no_block[4];
	off_t offset;
	int error = claim_block(&offset);

	if (error) {
		zend_mm_record_stop(file.path, "the trace cannot grow", error);
		return false;
	}
	error = write_at(block, ZEND_MM_RECORD_BLOCK_BYTES, offset);
	if (error) {
		write_at(no_block, sizeof no_block, offset);
		zend_mm_record_stop(file.path, "the trace cannot grow", error);
	}
	return !error;
}

/* }}} */
/* {{{ Making the file. */

/* The file's name until it has a header. */
static void name_unfinished(char name[PATH_MAX], const char *path)
{
	struct text text = { name, name + PATH_MAX - 1 };

	add_text(&text, path);
	add_text(&text, ".");
	add_number(&text, (unsigned)getpid());
	add_text(&text, ".new");
}

/* The name to try as number `attempt`, from 0. */
static void choose_name(const char *path, unsigned attempt)
{
	struct text text = { file.path, file.path + sizeof file.path - 1 };

	add_text(&text, path);
	if (attempt > 0) {
		add_text(&text, ".");
		add_number(&text, (unsigned)getpid());
	}
	if (attempt > 1) {
		add_text(&text, ".");
		add_number(&text, attempt);
	}
}

/* Give the file its name if nothing has it: 0 or an error number. */
static int take_name(const char *unfinished)
{
	if (renameat2(AT_FDCWD, unfinished, AT_FDCWD, file.path, RENAME_NOREPLACE) == 0) {
		return 0;
	}
	if (errno != EINVAL && errno != ENOSYS) {
		return errno;
	}
	if (link(unfinished, file.path) != 0) {
		return errno;
	}
	unlink(unfinished);
	return 0;
}

static int write_header(void)
{
	unsigned char bytes[ZMM_FILE_HEADER_BYTES];
	struct timespec now = { 0, 0 };
	long page = sysconf(_SC_PAGESIZE);

	clock_gettime(CLOCK_REALTIME, &now);
	const struct zmm_file_header header = {
		.version = ZMM_BINARY_VERSION,
		.flags = ZMM_FILE_MERGE | ZMM_FILE_BY_ADDRESS | ZMM_FILE_RECORDED,
		.first = (uint32_t)page,
		.stride = ZEND_MM_RECORD_BLOCK_BYTES,
		.process = (uint32_t)getpid(),
		.id_shift = ZEND_MM_RECORD_ID_SHIFT,
		.start_time = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
	};
	zmm_file_header_write(bytes, &header);
	atomic_store(&file.end, (uint64_t)page);
	int error = check_limit(sizeof bytes);
	return error ? error : write_at(bytes, sizeof bytes, 0);
}

static int make_unfinished(const char *unfinished)
{
	struct stat status;

	file.fd = open(unfinished, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (file.fd < 0) {
		return errno;
	}
	file.fd = move_up(file.fd);
	if (fstat(file.fd, &status) != 0) {
		return errno;
	}
	file.device = status.st_dev;
	file.inode = status.st_ino;
	return write_header();
}

bool zend_mm_record_create_file(const char *path)
{
	static char unfinished[PATH_MAX];
	unsigned attempt = 0;

	name_unfinished(unfinished, path);
	int error = make_unfinished(unfinished);
	if (!error) {
		do {
			choose_name(path, attempt++);
			error = take_name(unfinished);
		} while (error == EEXIST && attempt < NAMES_TRIED_MAX);
	}
	if (error) {
		unlink(unfinished);
		zend_mm_record_stop(path, "cannot make the trace", error);
	}
	return !error;
}

void zend_mm_record_forget_file(void)
{
	if (is_ours(file.fd)) {
		close(file.fd);
	}
	file.fd = -1;
}

/* }}} */
