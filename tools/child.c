/* SPDX-License-Identifier: MIT */
/*
 * tools/child.c - running work in a forked process, with a pipe for its result.
 *
 * A result is smaller than what a pipe takes at once, so the child never waits for its reader. The
 * child ends by _exit(), without flushing what its parent had buffered.
 */
#include "config.h"

#include "tools/child.h"

#ifdef _WIN32
bool zmm_run_in_child(zmm_child_work work, void *context, void *result, size_t size,
	struct zmm_error *error)
{
	(void)work;
	(void)context;
	(void)result;
	(void)size;
	zmm_error_set(error, ZMM_ERROR_INPUT,
		"this system cannot fork, so nothing can be run in a process of its own");
	return false;
}
#else
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static _Noreturn void be_child(int fd, zmm_child_work work, void *context, void *result,
	size_t size)
{
	struct zmm_error error = { .kind = ZMM_ERROR_NONE };
	bool done = work(context, result, &error);
	bool sent = write_all(fd, &done, sizeof done)
		&& (done ? write_all(fd, result, size) : write_all(fd, &error, sizeof error));

	_exit(sent ? 0 : 1);
}

/* How a child ended that brought nothing back. */
static void blame_end(pid_t pid, struct zmm_error *error)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (WIFSIGNALED(status)) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	} else {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "ended with status %d before it had a result",
			WEXITSTATUS(status));
	}
}

bool zmm_run_in_child(zmm_child_work work, void *context, void *result, size_t size,
	struct zmm_error *error)
{
	int ends[2];
	bool done = false;
	pid_t pid;

	if (pipe(ends) != 0) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
		return false;
	}
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		be_child(ends[1], work, context, result, size);
	}
	close(ends[1]);
	if (pid < 0) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot fork: %s", strerror(errno));
	} else if (!read_all(ends[0], &done, sizeof done)
			|| !(done ? read_all(ends[0], result, size)
				: read_all(ends[0], error, sizeof *error))) {
		blame_end(pid, error);
		done = false;
	} else {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	close(ends[0]);
	return done;
}
#endif
