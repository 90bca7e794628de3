/* SPDX-License-Identifier: MIT */
/*
 * tools/child.c - starting this program anew, with a pipe for its result.
 *
 * What goes through the pipe is a flag, and then the result or the error. Both are smaller than
 * what a pipe takes at once, so the child never waits for its reader.
 */
#include "config.h"

#include "tools/child.h"

#include "trace/ticks.h"

#ifdef _WIN32
bool zmm_child_open(struct zmm_child *child, struct zmm_error *error)
{
	(void)child;
	zmm_error_set(error, ZMM_ERROR_INPUT, "this system has no processes of the kind needed here");
	return false;
}

bool zmm_child_start(struct zmm_child *child, char **argv, const struct zmm_child_setup *setup,
	struct zmm_error *error)
{
	(void)argv;
	(void)setup;
	return zmm_child_open(child, error);
}

bool zmm_child_finish(struct zmm_child *child, void *result, size_t size,
	struct zmm_error *error)
{
	(void)result;
	(void)size;
	return zmm_child_open(child, error);
}

bool zmm_child_wait(struct zmm_child *child, int fd, struct zmm_error *error)
{
	(void)fd;
	return zmm_child_open(child, error);
}

int zmm_child_report(int result_fd, bool done, const void *result, size_t size,
	const struct zmm_error *error)
{
	(void)result_fd;
	(void)done;
	(void)result;
	(void)size;
	(void)error;
	return 1;
}
#else
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>

/* Whatever ends the parent, be it SIGKILL, ends the child. */
static void die_with_parent(long parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) {
		_exit(1);
	}
}
#else
static void die_with_parent(long parent)
{
	(void)parent; /* notices when it reports */
}
#endif

/* Both return whether all bytes went through. */
static bool write_all(int fd, const void *data, size_t size)
{
	const char *bytes = data;

	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written <= 0) {
			return false;
		}
		bytes += written;
		size -= (size_t)written;
	}
	return true;
}

static bool read_all(int fd, void *data, size_t size)
{
	char *bytes = data;

	while (size > 0) {
		ssize_t got = read(fd, bytes, size);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return false;
		}
		bytes += got;
		size -= (size_t)got;
	}
	return true;
}

bool zmm_child_open(struct zmm_child *child, struct zmm_error *error)
{
	int ends[2];

	if (pipe(ends) != 0) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
		return false;
	}
	child->read_fd = ends[0];
	child->result_fd = ends[1];
	child->pid = -1;
	fcntl(child->read_fd, F_SETFD, FD_CLOEXEC);
	return true;
}

enum { arguments_max = 32 };

static void set_environment(const struct zmm_child_setup *setup)
{
	if (setup->preload) {
		setenv("LD_PRELOAD", setup->preload, 1);
	}
	for (const char *const *entry = setup->environment; entry && *entry; entry++) {
		putenv((char *)*entry);
	}
}

/* The wrapper's words, our own path, and our arguments behind argv[0]. */
static void wrap(char *wrapped[arguments_max + 1], const char *const *wrapper, char *path,
	char **argv)
{
	int count = 0;

	while (*wrapper && count < arguments_max) {
		wrapped[count++] = (char *)*wrapper++;
	}
	if (count < arguments_max) {
		wrapped[count++] = path;
	}
	for (argv++; *argv && count < arguments_max; argv++) {
		wrapped[count++] = *argv;
	}
	wrapped[count] = NULL;
}

static _Noreturn void become(const struct zmm_child *child, char **argv,
	const struct zmm_child_setup *setup)
{
	struct zmm_error error;
	char path[4096], *wrapped[arguments_max + 1];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

	set_environment(setup);
	path[length > 0 ? length : 0] = '\0';
	if (length > 0 && setup->wrapper) {
		wrap(wrapped, setup->wrapper, path, argv);
		execvp(wrapped[0], wrapped);
	} else if (!setup->wrapper) {
		execv("/proc/self/exe", argv); /* this very program, even if it was replaced meanwhile */
	}
	zmm_error_set(&error, ZMM_ERROR_SYSTEM, "cannot start %s: %s",
		setup->wrapper ? setup->wrapper[0] : "/proc/self/exe", strerror(errno));
	_exit(zmm_child_report(child->result_fd, false, NULL, 0, &error));
}

bool zmm_child_start(struct zmm_child *child, char **argv, const struct zmm_child_setup *setup,
	struct zmm_error *error)
{
	long parent = getpid();

	child->limit_seconds = setup->limit_seconds;
	child->pid = fork();
	if (child->pid == 0) {
		die_with_parent(parent);
		become(child, argv, setup);
	}
	close(child->result_fd);
	if (child->pid < 0) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot fork: %s", strerror(errno));
		close(child->read_fd);
		return false;
	}
	return true;
}

static int wait_for(const struct zmm_child *child)
{
	int status = 0;

	while (waitpid((pid_t)child->pid, &status, 0) < 0 && errno == EINTR) {
	}
	return status;
}

static void blame_end(int status, struct zmm_error *error)
{
	if (WIFSIGNALED(status)) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "ended by signal %d (%s%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)),
			WTERMSIG(status) == SIGKILL ? ", perhaps for want of memory" : "");
	} else {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "ended with status %d before it had a result",
			WEXITSTATUS(status));
	}
}

bool zmm_child_wait(struct zmm_child *child, int fd, struct zmm_error *error)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	uint64_t began = zmm_monotonic_ns();
	double left = child->limit_seconds;

	while (left > 0) {
		int ready = poll(&wanted, 1, left < 1000 ? (int)(left * 1000) + 1 : 1000000);

		if (ready > 0 || (ready < 0 && errno != EINTR)) {
			return true;
		}
		left = child->limit_seconds - (double)(zmm_monotonic_ns() - began) / 1e9;
	}
	if (child->limit_seconds > 0) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM,
			"was ended when it had not answered for %.4g s (--timeout)", child->limit_seconds);
		kill((pid_t)child->pid, SIGKILL);
		return false;
	}
	return true;
}

/* Takes what the child sends: true if that was all of its result, or its error. */
static bool receive(const struct zmm_child *child, void *result, size_t size, bool *done,
	struct zmm_error *error)
{
	return read_all(child->read_fd, done, sizeof *done)
		&& (*done ? read_all(child->read_fd, result, size)
			: read_all(child->read_fd, error, sizeof *error));
}

bool zmm_child_finish(struct zmm_child *child, void *result, size_t size,
	struct zmm_error *error)
{
	bool done = false, in_time = zmm_child_wait(child, child->read_fd, error);
	bool reported = in_time && receive(child, result, size, &done, error);
	int status = wait_for(child);

	close(child->read_fd);
	if (in_time && !reported) {
		blame_end(status, error);
	}
	return reported && done;
}

int zmm_child_report(int result_fd, bool done, const void *result, size_t size,
	const struct zmm_error *error)
{
	return write_all(result_fd, &done, sizeof done)
		&& (done ? write_all(result_fd, result, size)
			: write_all(result_fd, error, sizeof *error)) ? 0 : 1;
}
#endif
