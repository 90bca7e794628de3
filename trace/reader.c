/* SPDX-License-Identifier: MIT */
/*
 * The reader: opens a file, finds out by its content what it is, and hands the events of its format
 * out. The formats are in reader_*.c; see reader.h for what they share.
 */
#include "trace/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/binary_format.h"
#include "trace/text_format.h"

const char *zmm_format_name(enum zmm_format format)
{
	static const char *const names[] = {
		[ZMM_FORMAT_TEXT] = "text",
		[ZMM_FORMAT_BINARY] = "binary",
		[ZMM_FORMAT_MTRACE] = "mtrace log",
		[ZMM_FORMAT_LTRACE] = "ltrace output",
		[ZMM_FORMAT_REP] = "malloc lab .rep",
	};

	return names[format];
}

/* --- which format ---------------------------------------------------------------------------- */

enum { SNIFFED = 4096 };

/* Files that are something else: say so rather than "garbage". */
static const struct {
	const char *magic;
	size_t length;
	const char *what;
} other_files[] = {
	{ "\x1f\x8b", 2, "it is compressed with gzip; unpack it first (gzip -dc)" },
	{ "\xfd" "7zXZ", 5, "it is compressed with xz; unpack it first (xz -dc)" },
	{ "BZh", 3, "it is compressed with bzip2; unpack it first (bzip2 -dc)" },
	{ "\x7f" "ELF", 4, "it is a program; record a trace of it first" },
	{ "MZ\x90", 3, "it is a program; record a trace of it first" },
};

static bool refuse_other_files(struct zmm_reader *reader, const unsigned char *bytes, size_t count,
	struct zmm_error *error)
{
	for (size_t i = 0; i < sizeof other_files / sizeof other_files[0]; i++) {
		if (count >= other_files[i].length
			&& memcmp(bytes, other_files[i].magic, other_files[i].length) == 0) {
			zmm_error_set(error, ZMM_ERROR_INPUT, "%s: byte 0: this is not a trace: %s",
				zmm_input_name(reader->input), other_files[i].what);
			return false;
		}
	}
	return true;
}

static bool refuse_bytes(struct zmm_reader *reader, const unsigned char *bytes, size_t count,
	struct zmm_error *error)
{
	for (size_t i = 0; i < count; i++) {
		if ((bytes[i] < ' ' && !strchr("\t\n\r\f\v\x1b", bytes[i])) || bytes[i] == 0) {
			zmm_error_set(error, ZMM_ERROR_INPUT, "%s: byte %zu is 0x%02x: this is neither a text "
				"nor a binary trace (zmm convert --help lists what can be read)",
				zmm_input_name(reader->input), i, bytes[i]);
			return false;
		}
	}
	return true;
}

/* The formats that are made of lines, the surest signs first. */
static const struct {
	enum zmm_format format;
	bool (*looks_like)(const char *line, size_t length);
} line_formats[] = {
	{ ZMM_FORMAT_TEXT, zmm_text_looks_like },
	{ ZMM_FORMAT_MTRACE, zmm_mtrace_looks_like },
	{ ZMM_FORMAT_REP, zmm_rep_looks_like },
	{ ZMM_FORMAT_LTRACE, zmm_ltrace_looks_like },
};

static bool find_line_format(struct zmm_reader *reader, const char *line, size_t length)
{
	for (size_t i = 0; i < sizeof line_formats / sizeof line_formats[0]; i++) {
		if (line_formats[i].looks_like(line, length)) {
			reader->format = line_formats[i].format;
			return true;
		}
	}
	return false;
}

/* The first line that is not blank decides. Output of ltrace is mixed with the program's own,
 * so for it alone later lines count too. */
static bool judge_lines(struct zmm_reader *reader, const char *text, size_t count,
	struct zmm_error *error)
{
	const char *first = NULL;
	size_t first_length = 0;
	unsigned number = 0, first_number = 0;

	for (const char *at = text, *end = text + count; at < end; at++) {
		const char *line = at;
		at = memchr(line, '\n', (size_t)(end - line));
		at = at ? at : end;
		size_t length = (size_t)(at - line);
		length -= length && line[length - 1] == '\r';
		number++;
		size_t blanks = strspn(line, " \t");
		if (blanks >= length)
			continue;
		line += blanks;
		length -= blanks;
		if (!first) {
			first = line;
			first_length = length;
			first_number = number;
			if (find_line_format(reader, line, length))
				return true;
		}
		if (zmm_ltrace_looks_like(line, length)) {
			reader->format = ZMM_FORMAT_LTRACE;
			return true;
		}
	}
	if (!first) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s:%u: there is nothing but blank lines; a trace "
			"has at least one line", zmm_input_name(reader->input), number);
		return false;
	}
	struct zmm_excerpt excerpt;
	zmm_error_set(error, ZMM_ERROR_INPUT, "%s:%u: '%s' is not the beginning of a trace in any "
		"known format (zmm convert --help lists them)", zmm_input_name(reader->input), first_number,
		zmm_excerpt(&excerpt, first, first_length));
	return false;
}

static bool find_format(struct zmm_reader *reader, struct zmm_error *error)
{
	const unsigned char *bytes;
	size_t count;
	char text[SNIFFED + 1];

	if (!zmm_input_peek(reader->input, SNIFFED, &bytes, &count, error))
		return false;
	/* A few bytes of the magic are enough to tell what was cut short. */
	size_t magic = count < sizeof zmm_binary_magic ? count : sizeof zmm_binary_magic;
	if (memcmp(bytes, zmm_binary_magic, magic) == 0) {
		reader->format = ZMM_FORMAT_BINARY;
		return true;
	}
	count = count < SNIFFED ? count : SNIFFED;
	if (!refuse_other_files(reader, bytes, count, error)
		|| !refuse_bytes(reader, bytes, count, error))
		return false;
	memcpy(text, bytes, count);
	text[count] = '\0';
	return judge_lines(reader, text, count, error);
}

/* --- opening and closing --------------------------------------------------------------------- */

static bool start_format(struct zmm_reader *reader, struct zmm_error *error)
{
	switch (reader->format) {
	case ZMM_FORMAT_TEXT:
		return zmm_reader_start_text(reader, error);
	case ZMM_FORMAT_BINARY:
		return zmm_reader_start_binary(reader, error);
	case ZMM_FORMAT_MTRACE:
		return zmm_reader_start_mtrace(reader, error);
	case ZMM_FORMAT_LTRACE:
		return zmm_reader_start_ltrace(reader, error);
	case ZMM_FORMAT_REP:
		return zmm_reader_start_rep(reader, error);
	}
	return false;
}

zmm_reader *zmm_reader_open(const char *path, struct zmm_error *error)
{
	struct zmm_reader *reader = calloc(1, sizeof *reader);

	if (!reader) {
		zmm_error_no_memory(error, path);
		return NULL;
	}
	reader->result = 1;
	reader->input = zmm_input_open(path, error);
	if (!reader->input || !find_format(reader, error) || !start_format(reader, error)) {
		zmm_reader_close(reader);
		return NULL;
	}
	return reader;
}

void zmm_reader_close(zmm_reader *reader)
{
	if (!reader)
		return;
	if (reader->state)
		reader->release(reader->state);
	zmm_input_close(reader->input);
	free(reader->remark_text);
	free(reader);
}

enum zmm_format zmm_reader_format(const zmm_reader *reader)
{
	return reader->format;
}

bool zmm_reader_compressed(const zmm_reader *reader)
{
	return zmm_input_compressed(reader->input);
}

/* --- events ---------------------------------------------------------------------------------- */

void zmm_reader_push(struct zmm_reader *reader, const struct zmm_event *event)
{
	reader->queue[reader->queue_end++] = *event;
}

static int next_queued(struct zmm_reader *reader, struct zmm_event *event,
	struct zmm_error *error)
{
	while (reader->queue_start == reader->queue_end) {
		reader->queue_start = reader->queue_end = 0;
		int result = reader->step(reader, error);
		if (result != 1)
			return result;
	}
	*event = reader->queue[reader->queue_start++];
	return 1;
}

int zmm_reader_next(zmm_reader *reader, struct zmm_event *event, struct zmm_error *error)
{
	if (reader->result != 1) {
		*error = reader->failure;
		return reader->result;
	}
	int result = (reader->step ? next_queued : reader->next)(reader, event, error);
	if (result != 1) {
		reader->result = result;
		reader->failure = result < 0 ? *error : (struct zmm_error){ 0 };
	}
	return result;
}

void zmm_reader_blame(const zmm_reader *reader, struct zmm_error *error, const char *format, ...)
{
	char what[sizeof error->text];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	const char *name = zmm_input_name(reader->input);
	if (reader->by_offset)
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: byte %llu: %s", name,
			(unsigned long long)reader->offset, what);
	else
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s:%llu: %s", name,
			(unsigned long long)zmm_input_line_number(reader->input), what);
}

/* --- remarks --------------------------------------------------------------------------------- */

static const struct {
	const char *one;
	const char *many;
} remark_texts[ZMM_REMARKS] = {
	[ZMM_REMARK_FREES] = {
		"free of a block that was not seen allocated was left out",
		"frees of blocks that were not seen allocated were left out" },
	[ZMM_REMARK_RESIZES] = {
		"resize of a block that was not seen allocated was taken as an allocation",
		"resizes of blocks that were not seen allocated were taken as allocations" },
	[ZMM_REMARK_REUSED] = {
		"address was given out again with no free between; one was put in",
		"addresses were given out again with no free between; frees were put in" },
	[ZMM_REMARK_FAILED] = {
		"request that had failed was left out",
		"requests that had failed were left out" },
	[ZMM_REMARK_HIDDEN] = {
		"call whose result the log does not show was left out",
		"calls whose results the log does not show were left out" },
	[ZMM_REMARK_LINES] = {
		"line that is no call of an allocator was left out",
		"lines that are no calls of an allocator were left out" },
	[ZMM_REMARK_CUT] = {
		"recording ends in the middle of a block",
		"recordings end in the middle of a block" },
};

/* Puts more behind a text from malloc() or NULL; false, and the text is gone, without memory. */
static bool append(char **text, const char *format, ...)
{
	va_list arguments;
	char *more = NULL, *both = NULL;

	va_start(arguments, format);
	if (vasprintf(&more, format, arguments) < 0)
		more = NULL;
	va_end(arguments);
	if (more && asprintf(&both, "%s%s", *text ? *text : "", more) < 0)
		both = NULL;
	free(more);
	free(*text);
	*text = both;
	return both;
}

const char *zmm_reader_remarks(zmm_reader *reader)
{
	const char *between = ": ";
	bool good;

	free(reader->remark_text);
	reader->remark_text = NULL;
	good = append(&reader->remark_text, "%s", zmm_input_name(reader->input));
	for (int i = 0; i < ZMM_REMARKS && good; i++) {
		uint64_t count = reader->remarks[i];
		if (!count)
			continue;
		good = append(&reader->remark_text, "%s%llu %s", between, (unsigned long long)count,
			count == 1 ? remark_texts[i].one : remark_texts[i].many);
		if (good && i == ZMM_REMARK_CUT)
			good = append(&reader->remark_text, " (at byte %llu)",
				(unsigned long long)reader->cut_offset);
		between = "; ";
	}
	return *between == ';' ? reader->remark_text : NULL;
}
