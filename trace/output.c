/* SPDX-License-Identifier: MIT */
/*
 * See output.h. Invariant: buffer[0 .. used) waits to be packed and written; `temporary` is the
 * name of a file that exists and has to be removed or renamed, or NULL.
 */
#include "trace/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/compressed.h"
#include "trace/ending.h"
#include "trace/error.h"

enum {
	BUFFER_BYTES = (1 << 20) + 65536,
	FLUSH_BYTES = 1 << 16,
	PACKED_BYTES = 1 << 17
};

struct zmm_output {
	int fd;
	char *name;      /* for messages */
	char *target;    /* the file's name in the end */
	char *temporary; /* its name until then */
	struct zmm_packer *packer;
	unsigned char *packed; /* PACKED_BYTES bytes */
	unsigned char *buffer; /* BUFFER_BYTES bytes */
	size_t used;
};

/* --- signals --------------------------------------------------------------------------------- */

/* The temporary file that exists now. */
static char *volatile file_to_remove;

static void remove_file(void)
{
	if (file_to_remove)
		unlink(file_to_remove);
}

/* From now on until set_file_to_remove(NULL), a signal removes `name`. */
static void set_file_to_remove(char *name)
{
	file_to_remove = name;
	zmm_on_ending(name ? remove_file : NULL);
}

/* --- writing --------------------------------------------------------------------------------- */

static bool write_error(struct zmm_output *output, struct zmm_error *error)
{
	int why = errno;

	zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: cannot write: %s%s", output->name, strerror(why),
		why != ENOSPC && why != EDQUOT && why != EFBIG ? ""
		: output->temporary ? "; make room or choose another place (nothing was left behind)"
		: "; make room or choose another place");
	return false;
}

static bool write_all(struct zmm_output *output, const unsigned char *bytes, size_t count,
	struct zmm_error *error)
{
	while (count) {
		ssize_t done = write(output->fd, bytes, count);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return write_error(output, error);
		bytes += done;
		count -= (size_t)done;
	}
	return true;
}

static bool write_packed(struct zmm_output *output, bool finish, struct zmm_error *error)
{
	struct zmm_pieces pieces = { output->buffer, output->used, NULL, 0 };
	bool done = false;

	while (pieces.in_left || (finish && !done)) {
		pieces.out = output->packed;
		pieces.out_left = PACKED_BYTES;
		if (!zmm_packer_step(output->packer, &pieces, finish, &done, error))
			return false;
		if (!write_all(output, output->packed, PACKED_BYTES - pieces.out_left, error))
			return false;
	}
	return true;
}

static bool flush_buffer(struct zmm_output *output, bool finish, struct zmm_error *error)
{
	bool good = output->packer
		? write_packed(output, finish, error)
		: write_all(output, output->buffer, output->used, error);

	output->used = 0;
	return good;
}

unsigned char *zmm_output_reserve(struct zmm_output *output, size_t count, struct zmm_error *error)
{
	bool full = output->used >= FLUSH_BYTES || output->used + count > BUFFER_BYTES;

	if (full && !flush_buffer(output, false, error))
		return NULL;
	return output->buffer + output->used;
}

void zmm_output_commit(struct zmm_output *output, size_t count)
{
	output->used += count;
}

bool zmm_output_put(struct zmm_output *output, const char *bytes, size_t count,
	struct zmm_error *error)
{
	while (count) {
		size_t piece = count < FLUSH_BYTES ? count : FLUSH_BYTES;
		unsigned char *room = zmm_output_reserve(output, piece, error);
		if (!room)
			return false;
		memcpy(room, bytes, piece);
		zmm_output_commit(output, piece);
		bytes += piece;
		count -= piece;
	}
	return true;
}

/* --- opening and closing --------------------------------------------------------------------- */

/* Open a new file beside the target, with the permissions any new file gets. */
static bool open_temporary(struct zmm_output *output, struct zmm_error *error)
{
	if (asprintf(&output->temporary, "%s.XXXXXX", output->target) < 0) {
		output->temporary = NULL;
		zmm_error_no_memory(error, output->name);
		return false;
	}
	output->fd = mkostemp(output->temporary, O_CLOEXEC);
	if (output->fd < 0) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: cannot create a file there: %s; choose a "
			"folder that exists and that you may write to", output->name, strerror(errno));
		free(output->temporary);
		output->temporary = NULL;
		return false;
	}
	set_file_to_remove(output->temporary);
	mode_t mask = umask(0);
	umask(mask);
	fchmod(output->fd, 0666 & ~mask);
	return true;
}

static bool open_as_it_is(struct zmm_output *output, const char *path, struct zmm_error *error)
{
	output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (output->fd >= 0)
		return true;
	zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: cannot open it for writing: %s", output->name,
		strerror(errno));
	return false;
}

static bool open_file(struct zmm_output *output, const char *path, struct zmm_error *error)
{
	struct stat status;

	if (strcmp(path, "-") == 0) {
		output->fd = STDOUT_FILENO;
		return true;
	}
	if (stat(path, &status) != 0) {
		output->target = strdup(path);
	} else if (S_ISDIR(status.st_mode)) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: it is a directory; name a file in it",
			output->name);
		return false;
	} else if (!S_ISREG(status.st_mode)) {
		return open_as_it_is(output, path, error);
	} else {
		output->target = realpath(path, NULL); /* a link stays one */
	}
	if (!output->target) {
		zmm_error_no_memory(error, output->name);
		return false;
	}
	return open_temporary(output, error);
}

static void release(struct zmm_output *output)
{
	if (output->fd > STDOUT_FILENO)
		close(output->fd);
	if (output->temporary) {
		unlink(output->temporary); /* where open files stay, it has to be closed */
		set_file_to_remove(NULL);
	}
	zmm_packer_close(output->packer);
	free(output->temporary);
	free(output->target);
	free(output->name);
	free(output->packed);
	free(output->buffer);
	free(output);
}

struct zmm_output *zmm_output_open(const char *path, bool compress, struct zmm_error *error)
{
	struct zmm_output *output = calloc(1, sizeof *output);

	if (!output) {
		zmm_error_no_memory(error, path);
		return NULL;
	}
	signal(SIGXFSZ, SIG_IGN); /* a file that grows too big is an error like a full disk */
	output->fd = -1;
	output->name = strdup(strcmp(path, "-") == 0 ? "standard output" : path);
	output->buffer = malloc(BUFFER_BYTES);
	output->packed = malloc(PACKED_BYTES);
	bool good = output->name && output->buffer && output->packed;
	if (!good)
		zmm_error_no_memory(error, path);
	if (good && compress) {
		output->packer = zmm_packer_open(output->name, error);
		good = output->packer;
	}
	if (!good || !open_file(output, path, error)) {
		release(output);
		return NULL;
	}
	return output;
}

bool zmm_output_close(struct zmm_output *output, struct zmm_error *error)
{
	bool good = flush_buffer(output, true, error);
	int fd = output->fd;

	output->fd = -1;
	if (fd > STDOUT_FILENO && close(fd) != 0 && good)
		good = write_error(output, error);
	if (good && output->temporary) {
		if (rename(output->temporary, output->target) == 0) {
			set_file_to_remove(NULL);
			free(output->temporary);
			output->temporary = NULL;
		} else {
			zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: cannot give the file its name: %s",
				output->name, strerror(errno));
			good = false;
		}
	}
	release(output);
	return good;
}

void zmm_output_abandon(struct zmm_output *output)
{
	if (output)
		release(output);
}
