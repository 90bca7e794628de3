/* SPDX-License-Identifier: MIT */
/*
 * tools/emit_text.c - documents as aligned text.
 *
 * Facts that follow each other and the rows of a table are kept as rows of cells until their group
 * ends, since widths are known only then. A group of facts is a table of two columns without
 * headings. Numbers are set to the right, text to the left.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/emit_backend.h"

enum { columns_max = 32 };

struct cell {
	char *text;
	bool right;
	enum zmm_tone tone;
};

struct text_emit {
	zmm_emit emit;
	struct cell *cells;  /* the rows of the open group, one after the other */
	size_t cell_count;
	size_t cell_room;
	size_t columns;      /* of the open group; 0: none is open */
	size_t widths[columns_max];
	bool coloured;
	bool facts;          /* it is a group of facts */
	bool written;        /* something precedes: a group begins with an empty line */
};

/* --- values ---------------------------------------------------------------------------------- */

/* Three or four digits and a unit, or the very number where that is as short. */
static void format_bytes(char *text, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double number = (double)bytes;
	int unit = 0;

	for (; number >= 1000 && unit < 6; unit++) {
		number /= 1024;
	}
	snprintf(text, size, unit == 0 ? "%.0f %s" : number < 10 ? "%.2f %s" : "%.1f %s", number,
		units[unit]);
}

void zmm_format_nanoseconds(char *text, size_t size, double number)
{
	static const char *const units[] = { "ns", "µs", "ms", "s" };
	int unit = 0;

	for (; number >= 999.5 && unit < 3; unit++) {
		number /= 1000;
	}
	snprintf(text, size, number < 9.995 ? "%.2f %s" : number < 99.95 ? "%.1f %s" : "%.0f %s",
		number, units[unit]);
}

static void format_value(char *text, size_t size, struct zmm_value value)
{
	switch (value.unit) {
	case ZMM_UNIT_MISSING:
		snprintf(text, size, "-");
		break;
	case ZMM_UNIT_TEXT:
		snprintf(text, size, "%s", value.text);
		break;
	case ZMM_UNIT_COUNT:
		snprintf(text, size, "%" PRIu64, value.count);
		break;
	case ZMM_UNIT_BYTES:
		format_bytes(text, size, value.count);
		break;
	case ZMM_UNIT_NANOSECONDS:
		zmm_format_nanoseconds(text, size, value.number);
		break;
	case ZMM_UNIT_BELOW:
		snprintf(text, size, "< ");
		zmm_format_nanoseconds(text + 2, size - 2, value.number);
		break;
	case ZMM_UNIT_RATIO:
		snprintf(text, size, "%.2f", value.number);
		break;
	}
}

/* In facts, bytes are given to the byte as well. */
static void format_fact(char *text, size_t size, struct zmm_value value)
{
	size_t length;

	format_value(text, size, value);
	length = strlen(text);
	if (value.unit == ZMM_UNIT_BYTES && value.count >= 1000 && length < size) {
		snprintf(text + length, size - length, " (%" PRIu64 " bytes)", value.count);
	}
}

/* --- groups ---------------------------------------------------------------------------------- */

static struct text_emit *text_of(zmm_emit *emit)
{
	return (struct text_emit *)emit;
}

static void add_cell(struct text_emit *text, const char *content, bool right, enum zmm_tone tone)
{
	if (text->cell_count == text->cell_room) {
		size_t room = text->cell_room ? text->cell_room * 2 : 64;
		struct cell *cells = realloc(text->cells, room * sizeof *cells);

		if (!cells) {
			text->emit.failed = true;
			return;
		}
		text->cells = cells;
		text->cell_room = room;
	}
	text->cells[text->cell_count].text = strdup(content);
	text->cells[text->cell_count].right = right;
	text->cells[text->cell_count].tone = tone;
	text->emit.failed |= !text->cells[text->cell_count].text;
	text->cell_count += text->cells[text->cell_count].text != NULL;
}

/* Columns on the terminal, of a UTF-8 text. */
static size_t width(const char *text)
{
	size_t columns = 0;

	for (; *text; text++) {
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return columns;
}

static size_t column_width(const struct text_emit *text, size_t column)
{
	size_t widest = 0;

	for (size_t i = column; i < text->cell_count; i += text->columns) {
		size_t here = width(text->cells[i].text);

		widest = here > widest ? here : widest;
	}
	return widest;
}

static const char *const tones[] = {
	[ZMM_TONE_PLAIN] = "", [ZMM_TONE_GOOD] = "\033[32m", [ZMM_TONE_BAD] = "\033[31m",
	[ZMM_TONE_DOUBTFUL] = "\033[33m", [ZMM_TONE_STRONG] = "\033[1m"
};

/* Colour is for terminals, and for those who do not ask for none (https://no-color.org). */
static bool wants_colour(FILE *out)
{
	const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(fileno(out)) && !(refused && *refused)
		&& !(terminal && strcmp(terminal, "dumb") == 0);
}

/* Blanks are owed until something follows them, so that no line ends with any. */
static void print_cell(const struct text_emit *text, const struct cell *cell, size_t column,
	size_t *owed)
{
	size_t padding = text->widths[column] - width(cell->text);
	bool coloured = text->coloured && cell->tone;

	if (!*cell->text) {
		*owed += text->widths[column] + 2;
		return;
	}
	fprintf(text->emit.out, "%*s%s%s%s", (int)(*owed + (cell->right ? padding : 0)), "",
		coloured ? tones[cell->tone] : "", cell->text, coloured ? "\033[0m" : "");
	*owed = (cell->right ? 0 : padding) + 2;
}

static void print_group(struct text_emit *text)
{
	if (text->written) {
		fputc('\n', text->emit.out);
	}
	text->written = true;
	for (size_t column = 0; column < text->columns; column++) {
		text->widths[column] = column_width(text, column);
	}
	for (size_t i = 0, owed = 0; i < text->cell_count; i++) {
		print_cell(text, &text->cells[i], i % text->columns, &owed);
		if ((i + 1) % text->columns == 0) {
			fputc('\n', text->emit.out);
			owed = 0;
		}
	}
}

/* Prints the open group, if there is one, and forgets it. */
static void flush(struct text_emit *text)
{
	if (text->columns > 0 && !text->emit.failed) {
		print_group(text);
	}
	for (size_t i = 0; i < text->cell_count; i++) {
		free(text->cells[i].text);
	}
	text->cell_count = text->columns = 0;
}

/* --- the backend ----------------------------------------------------------------------------- */

static void text_fact(zmm_emit *emit, const char *key, const char *label, struct zmm_value value)
{
	struct text_emit *text = text_of(emit);
	char content[1100];

	(void)key;
	if (!text->facts) {
		flush(text);
	}
	text->facts = true;
	text->columns = 2;
	format_fact(content, sizeof content, value);
	add_cell(text, label, false, ZMM_TONE_PLAIN);
	add_cell(text, content, false, value.tone);
}

static void text_list(zmm_emit *emit, const char *key)
{
	(void)key;
	flush(text_of(emit));
}

static void text_item(zmm_emit *emit)
{
	flush(text_of(emit));
}

static void text_table(zmm_emit *emit, const char *key, const struct zmm_column *columns,
	size_t count)
{
	struct text_emit *text = text_of(emit);

	(void)key;
	flush(text);
	text->facts = false;
	text->columns = count < columns_max ? count : columns_max;
	for (size_t i = 0; i < text->columns; i++) {
		add_cell(text, columns[i].heading, i > 0, ZMM_TONE_STRONG);
	}
}

static void text_row(zmm_emit *emit, const struct zmm_value *values)
{
	struct text_emit *text = text_of(emit);
	bool first = text->cell_count == text->columns; /* only the headings came before */
	char content[1100];

	for (size_t i = 0; i < text->columns; i++) {
		bool right = i > 0 && values[i].unit != ZMM_UNIT_TEXT;

		format_value(content, sizeof content, values[i]);
		add_cell(text, content, right, values[i].tone);
		if (first) {
			text->cells[i].right = right;
		}
	}
}

static void text_end(zmm_emit *emit)
{
	flush(text_of(emit));
}

static void text_element(zmm_emit *emit, struct zmm_value value)
{
	(void)emit;
	(void)value;
}

static bool text_close(zmm_emit *emit)
{
	struct text_emit *text = text_of(emit);
	bool failed;

	flush(text);
	failed = emit->failed;
	free(text->cells);
	free(text);
	return !failed;
}

static const struct zmm_emit_backend text_backend = {
	text_fact, text_list, text_item, text_table, text_row, text_end, text_close,
	text_list, text_list, text_element, ZMM_FOR_TEXT
};

zmm_emit *zmm_emit_text(FILE *out, struct zmm_error *error)
{
	struct text_emit *text = calloc(1, sizeof *text);

	if (!text) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the results");
		return NULL;
	}
	text->emit.backend = &text_backend;
	text->emit.out = out;
	text->coloured = wants_colour(out);
	return &text->emit;
}
