/* SPDX-License-Identifier: MIT */
/*
 * Reads the traces of the CS:APP malloc lab: four lines with a number each (a suggested heap
 * size, how many ids, how many operations, a weight), then `a ID SIZE`, `r ID SIZE` and `f ID`
 * lines.
 *
 * Their ids may be used again after a free, so blocks get fresh ones. Unlike a recording such a
 * file is whole, so what does not fit together is an error.
 */
#include "trace/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/map.h"

enum { HEADER_LINES = 4, OPERATIONS_LINE = 2 };

struct rep {
	uint64_t header[HEADER_LINES];
	unsigned header_read;
	uint64_t operations;
	uint64_t last_id;
	struct zmm_map live; /* the file's id to ours */
};

bool zmm_rep_looks_like(const char *line, size_t length)
{
	size_t digits = strspn(line, "0123456789");

	return digits > 0 && digits + strspn(line + digits, " \t") >= length;
}

/* --- words ----------------------------------------------------------------------------------- */

/* Take a number off the front of what is left of a line. */
static bool take_number(const char **at, const char *end, uint64_t *value)
{
	const char *digit = *at;

	*value = 0;
	while (digit < end && (*digit == ' ' || *digit == '\t'))
		digit++;
	const char *first = digit;
	for (; digit < end && *digit >= '0' && *digit <= '9'; digit++)
		if (__builtin_mul_overflow(*value, 10, value)
			|| __builtin_add_overflow(*value, (uint64_t)(*digit - '0'), value))
			return false;
	*at = digit;
	return digit > first;
}

static bool at_end(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at == end;
}

static int bad_line(struct zmm_reader *reader, const char *line, size_t length, const char *form,
	struct zmm_error *error)
{
	struct zmm_excerpt excerpt;

	zmm_reader_blame(reader, error, "'%s' is not %s, which a malloc lab trace has here",
		zmm_excerpt(&excerpt, line, length), form);
	return -1;
}

/* --- operations ------------------------------------------------------------------------------ */

static int bad_block(struct zmm_reader *reader, const char *what, uint64_t id, const char *why,
	struct zmm_error *error)
{
	zmm_reader_blame(reader, error, "%s of block %llu, which %s; the trace is wrong here", what,
		(unsigned long long)id, why);
	return -1;
}

static int operation(struct rep *rep, struct zmm_reader *reader, char letter, uint64_t id,
	uint64_t size, struct zmm_error *error)
{
	struct zmm_event event = { .size = size };
	uint64_t ours = zmm_map_get(&rep->live, id);

	switch (letter) {
	case 'a':
		if (ours)
			return bad_block(reader, "allocation", id, "is allocated already", error);
		event.kind = ZMM_EVENT_ALLOC;
		ours = ++rep->last_id;
		if (!zmm_map_put(&rep->live, id, ours)) {
			zmm_error_no_memory(error, zmm_input_name(reader->input));
			return -1;
		}
		break;
	case 'r':
		if (!ours)
			return bad_block(reader, "resize", id, "is not allocated", error);
		event.kind = ZMM_EVENT_RESIZE;
		break;
	default:
		if (!ours)
			return bad_block(reader, "free", id, "is not allocated", error);
		event.kind = ZMM_EVENT_FREE;
		zmm_map_take(&rep->live, id);
		break;
	}
	event.id = ours;
	zmm_reader_push(reader, &event);
	return 1;
}

static int operation_line(struct rep *rep, struct zmm_reader *reader, const char *line,
	size_t length, struct zmm_error *error)
{
	const char *at = line + 1;
	const char *end = line + length;
	char letter = *line;
	uint64_t id, size = 0;

	rep->operations++;
	if (letter == 'f' && length >= 4 && memcmp(line, "f -1", 4) == 0 && at_end(line + 4, end))
		return 1; /* free(NULL) */
	bool good = (letter == 'a' || letter == 'r' || letter == 'f') && take_number(&at, end, &id)
		&& (letter == 'f' || take_number(&at, end, &size)) && at_end(at, end);
	if (!good)
		return bad_line(reader, line, length, "'a ID SIZE', 'r ID SIZE' or 'f ID'", error);
	return operation(rep, reader, letter, id, size, error);
}

static int end_of_lines(struct rep *rep, struct zmm_reader *reader, struct zmm_error *error)
{
	uint64_t promised = rep->header[OPERATIONS_LINE];

	if (rep->header_read == HEADER_LINES && rep->operations == promised)
		return 0;
	if (rep->header_read < HEADER_LINES)
		zmm_reader_blame(reader, error, "the file is cut short: a malloc lab trace starts with "
			"four lines of a number each");
	else
		zmm_reader_blame(reader, error, "the header promises %llu operations and there are %llu: "
			"the file is cut short or its third line is wrong", (unsigned long long)promised,
			(unsigned long long)rep->operations);
	return -1;
}

static int step_rep(struct zmm_reader *reader, struct zmm_error *error)
{
	struct rep *rep = reader->state;
	const char *line;
	size_t length;
	int result = zmm_input_line(reader->input, &line, &length, error);

	if (result < 0)
		return -1;
	if (result == 0)
		return end_of_lines(rep, reader, error);
	if (at_end(line, line + length))
		return 1;
	if (rep->header_read == HEADER_LINES)
		return operation_line(rep, reader, line, length, error);
	const char *at = line;
	if (!take_number(&at, line + length, &rep->header[rep->header_read++])
		|| !at_end(at, line + length))
		return bad_line(reader, line, length, "one of the header's four numbers", error);
	return 1;
}

/* --- opening --------------------------------------------------------------------------------- */

static void release(void *state)
{
	struct rep *rep = state;

	zmm_map_free(&rep->live);
	free(rep);
}

bool zmm_reader_start_rep(struct zmm_reader *reader, struct zmm_error *error)
{
	reader->step = step_rep;
	reader->release = release;
	reader->state = calloc(1, sizeof(struct rep));
	if (!reader->state)
		zmm_error_no_memory(error, zmm_input_name(reader->input));
	return reader->state;
}
