/* SPDX-License-Identifier: MIT */
/*
 * See input.h. Invariant: window[start .. end) holds the next bytes of the unpacked input, of which
 * `taken` were taken before; `ended` tells that nothing follows them.
 */
#include "trace/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/compressed.h"
#include "trace/error.h"

enum { READ_BYTES = 1 << 17 }; /* at a time: what was read is still in the cache when it is used */

struct zmm_input {
	int fd;
	char *name;
	unsigned char *window; /* ZMM_INPUT_WINDOW bytes */
	size_t start, end;
	uint64_t taken;
	uint64_t line;
	bool ended;

	/* Compressed inputs only. */
	struct zmm_unpacker *unpacker;
	unsigned char *packed; /* READ_BYTES bytes */
	size_t packed_start, packed_end;

	/* Where the file's first byte is for read_at, and the file to read there. */
	int seekable_fd;
	uint64_t seekable_size; /* bytes that can be read by it */
	off_t origin;
};

/* --- reading --------------------------------------------------------------------------------- */

static bool read_some(struct zmm_input *input, unsigned char *bytes, size_t room, size_t *count,
	struct zmm_error *error)
{
	ssize_t got;

	do
		got = read(input->fd, bytes, room);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: cannot read at byte %llu: %s", input->name,
			(unsigned long long)(input->taken + input->end - input->start), strerror(errno));
		return false;
	}
	*count = (size_t)got;
	return true;
}

/* Put some more bytes behind `end`, or set `ended`. */
static bool fill_plain(struct zmm_input *input, struct zmm_error *error)
{
	size_t room = ZMM_INPUT_WINDOW - input->end;
	size_t count = 0;

	if (!read_some(input, input->window + input->end, room < READ_BYTES ? room : READ_BYTES, &count,
		error))
		return false;
	input->end += count;
	input->ended = count == 0;
	return true;
}

static bool bad_compression(struct zmm_input *input, const char *why, struct zmm_error *error)
{
	zmm_error_set(error, ZMM_ERROR_INPUT, "%s: %s after byte %llu unpacked; get the whole file "
		"again (zstd -t checks one)", input->name, why,
		(unsigned long long)(input->taken + input->end - input->start));
	return false;
}

static bool fill_unpacked(struct zmm_input *input, struct zmm_error *error)
{
	bool packed_ended = false;
	bool whole;

	if (input->packed_start == input->packed_end) {
		input->packed_start = 0;
		if (!read_some(input, input->packed, READ_BYTES, &input->packed_end, error))
			return false;
		packed_ended = input->packed_end == 0;
	}
	struct zmm_pieces pieces = {
		input->packed + input->packed_start, input->packed_end - input->packed_start,
		input->window + input->end, ZMM_INPUT_WINDOW - input->end
	};
	const char *fault = zmm_unpacker_step(input->unpacker, &pieces, &whole);
	if (fault) {
		char why[160];
		snprintf(why, sizeof why, "its zstd compression is damaged (%s)", fault);
		return bad_compression(input, why, error);
	}
	size_t made = ZMM_INPUT_WINDOW - input->end - pieces.out_left;
	input->packed_start = input->packed_end - pieces.in_left;
	input->end += made;
	input->ended = packed_ended && made == 0;
	if (input->ended && !whole)
		return bad_compression(input, "the file is cut short: its zstd compression stops in the "
			"middle", error);
	return true;
}

bool zmm_input_peek(struct zmm_input *input, size_t want, const unsigned char **bytes,
	size_t *count, struct zmm_error *error)
{
	if (input->end - input->start < want && !input->ended) {
		memmove(input->window, input->window + input->start, input->end - input->start);
		input->end -= input->start;
		input->start = 0;
	}
	while (input->end - input->start < want && !input->ended)
		if (!(input->unpacker ? fill_unpacked : fill_plain)(input, error))
			return false;
	*bytes = input->window + input->start;
	*count = input->end - input->start;
	return true;
}

void zmm_input_skip(struct zmm_input *input, size_t count)
{
	input->start += count;
	input->taken += count;
}

uint64_t zmm_input_offset(const struct zmm_input *input)
{
	return input->taken;
}

/* --- lines ----------------------------------------------------------------------------------- */

/* There is no end of line in the bytes that can be seen: why. */
static int no_line(struct zmm_input *input, size_t count, struct zmm_error *error)
{
	unsigned long long number = input->line + 1;

	if (count == 0)
		return 0;
	if (count >= ZMM_LINE_MAX)
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s:%llu: the line is longer than %d bytes; no line "
			"of a trace is", input->name, number, ZMM_LINE_MAX);
	else
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s:%llu: the last line has no end, so the file "
			"seems to be cut short; get the whole file, or end the line if it is complete",
			input->name, number);
	return -1;
}

/* The end of the next line in `count` bytes, unless it is too long. */
static const unsigned char *find_end(const unsigned char *bytes, size_t count)
{
	return memchr(bytes, '\n', count < ZMM_LINE_MAX ? count : ZMM_LINE_MAX);
}

int zmm_input_line(struct zmm_input *input, const char **line, size_t *length,
	struct zmm_error *error)
{
	const unsigned char *bytes = input->window + input->start;
	size_t count = input->end - input->start;
	const unsigned char *end = find_end(bytes, count);

	if (!end) {
		if (!zmm_input_peek(input, ZMM_LINE_MAX, &bytes, &count, error))
			return -1;
		end = find_end(bytes, count);
		if (!end)
			return no_line(input, count, error);
	}
	input->line++;
	*line = (const char *)bytes;
	*length = (size_t)(end - bytes);
	zmm_input_skip(input, *length + 1);
	if (*length && bytes[*length - 1] == '\r')
		--*length;
	return 1;
}

uint64_t zmm_input_line_number(const struct zmm_input *input)
{
	return input->line;
}

/* --- at any offset --------------------------------------------------------------------------- */

static bool copy_to(struct zmm_input *input, FILE *copy, struct zmm_error *error)
{
	const unsigned char *bytes;
	size_t count;

	for (;;) {
		if (!zmm_input_peek(input, 1, &bytes, &count, error))
			return false;
		if (count == 0)
			break;
		if (fwrite(bytes, 1, count, copy) != count)
			break;
		zmm_input_skip(input, count);
	}
	if (fflush(copy) == 0 && !ferror(copy))
		return true;
	zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: cannot make a temporary copy of it: %s; unpack it "
		"to a plain file first, or point TMPDIR where there is room", input->name, strerror(errno));
	return false;
}

bool zmm_input_make_seekable(struct zmm_input *input, struct zmm_error *error)
{
	struct stat status;

	if (!input->unpacker && fstat(input->fd, &status) == 0 && S_ISREG(status.st_mode)) {
		input->seekable_fd = input->fd;
		input->seekable_size = status.st_size > input->origin
			? (uint64_t)(status.st_size - input->origin) : 0;
		return true;
	}
	FILE *copy = tmpfile();
	if (!copy) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: cannot make a temporary copy of it: %s",
			input->name, strerror(errno));
		return false;
	}
	bool copied = copy_to(input, copy, error);
	input->seekable_fd = copied ? dup(fileno(copy)) : -1;
	input->seekable_size = UINT64_MAX;
	input->origin = 0;
	fclose(copy);
	return copied;
}

ssize_t zmm_input_read_at(struct zmm_input *input, void *bytes, size_t count, uint64_t offset,
	struct zmm_error *error)
{
	size_t got = 0;
	uint64_t left = offset < input->seekable_size ? input->seekable_size - offset : 0;

	count = count < left ? count : (size_t)left;
	while (got < count) {
		ssize_t more = pread(input->seekable_fd, (char *)bytes + got, count - got,
			input->origin + (off_t)(offset + got));
		if (more == 0)
			break;
		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0) {
			zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: cannot read at byte %llu: %s", input->name,
				(unsigned long long)(offset + got), strerror(errno));
			return -1;
		}
		got += (size_t)more;
	}
	return (ssize_t)got;
}

/* --- opening --------------------------------------------------------------------------------- */

static bool open_file(struct zmm_input *input, const char *path, struct zmm_error *error)
{
	bool standard = strcmp(path, "-") == 0;
	struct stat status;

	input->name = strdup(standard ? "standard input" : path);
	input->window = malloc(ZMM_INPUT_WINDOW);
	if (!input->name || !input->window) {
		zmm_error_no_memory(error, path);
		return false;
	}
	input->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int why = errno;
	if ((input->fd < 0 ? stat(path, &status) : fstat(input->fd, &status)) == 0
		&& S_ISDIR(status.st_mode)) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: it is a directory; name a trace in it", path);
		return false;
	}
	if (input->fd < 0) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: cannot open it: %s", path, strerror(why));
		return false;
	}
	input->origin = lseek(input->fd, 0, SEEK_CUR);
	if (input->origin < 0)
		input->origin = 0;
	return true;
}

/* The window holds the first bytes as they are in the file: unpack from there on. */
static bool start_unpacking(struct zmm_input *input, struct zmm_error *error)
{
	input->unpacker = zmm_unpacker_open(input->name, error);
	if (!input->unpacker)
		return false;
	input->packed = input->window;
	input->packed_end = input->end;
	input->end = 0;
	input->ended = false;
	input->window = malloc(ZMM_INPUT_WINDOW);
	if (!input->window)
		zmm_error_no_memory(error, input->name);
	return input->window;
}

static bool find_compression(struct zmm_input *input, struct zmm_error *error)
{
	const unsigned char *bytes;
	size_t count;

	if (!zmm_input_peek(input, 4, &bytes, &count, error))
		return false;
	if (zmm_starts_as_zstd(bytes, count)) {
		if (!start_unpacking(input, error) || !zmm_input_peek(input, 1, &bytes, &count, error))
			return false;
	}
	if (count == 0) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: it is empty (line 1, byte 0); a trace has at "
			"least one line", input->name);
		return false;
	}
	return true;
}

struct zmm_input *zmm_input_open(const char *path, struct zmm_error *error)
{
	struct zmm_input *input = calloc(1, sizeof *input);

	if (!input) {
		zmm_error_no_memory(error, path);
		return NULL;
	}
	input->fd = input->seekable_fd = -1;
	if (!open_file(input, path, error) || !find_compression(input, error)) {
		zmm_input_close(input);
		return NULL;
	}
	return input;
}

void zmm_input_close(struct zmm_input *input)
{
	if (!input)
		return;
	zmm_unpacker_close(input->unpacker);
	free(input->packed);
	free(input->window);
	free(input->name);
	if (input->seekable_fd >= 0 && input->seekable_fd != input->fd)
		close(input->seekable_fd);
	if (input->fd > STDIN_FILENO)
		close(input->fd);
	free(input);
}

const char *zmm_input_name(const struct zmm_input *input)
{
	return input->name;
}

bool zmm_input_compressed(const struct zmm_input *input)
{
	return input->unpacker;
}
