/* SPDX-License-Identifier: MIT */
/*
 * tools/emit_text.c - documents as aligned text.
 *
 * Facts that follow each other and the rows of a table are kept as rows of cells until their group
 * ends, since widths are known only then (text_table.h). A group of facts is a table of two columns
 * without headings.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/emit_backend.h"
#include "tools/terminal.h"
#include "tools/text_table.h"

enum { narrowest = 40 };       /* terminals narrower than this break lines as they like */

struct text_emit {
	zmm_emit emit;
	struct zmm_text_table table; /* the open group; of no columns: none is open */
	size_t width;        /* that lines should keep to */
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

static void add_cell(struct text_emit *text, const char *content, bool right, enum zmm_tone tone)
{
	text->emit.failed |= !zmm_text_table_add(&text->table, content, right,
		text->coloured ? tones[tone] : "");
}

/* Prints the open group, if there is one, and forgets it. */
static void flush(struct text_emit *text)
{
	if (text->table.columns > 0 && !text->emit.failed) {
		if (text->written) {
			fputc('\n', text->emit.out);
		}
		text->written = true;
		zmm_text_table_print(&text->table, text->emit.out, text->width);
	}
	zmm_text_table_clear(&text->table);
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
	text->table.columns = 2;
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
	text->table.columns = count < ZMM_TEXT_COLUMNS_MAX ? count : ZMM_TEXT_COLUMNS_MAX;
	for (size_t i = 0; i < text->table.columns; i++) {
		add_cell(text, columns[i].heading, i > 0, ZMM_TONE_STRONG);
	}
}

static void text_row(zmm_emit *emit, const struct zmm_value *values)
{
	struct text_emit *text = text_of(emit);
	bool first = text->table.cell_count == text->table.columns; /* only the headings came before */
	char content[1100];

	for (size_t i = 0; i < text->table.columns; i++) {
		bool right = i > 0 && values[i].unit != ZMM_UNIT_TEXT;

		format_value(content, sizeof content, values[i]);
		add_cell(text, content, right, values[i].tone);
		if (first) {
			text->table.cells[i].right = right;
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
	text->width = out == stdout ? zmm_terminal_columns() : 0;
	if (text->width < narrowest) {
		text->width = ZMM_TEXT_WIDTH; /* also where it goes into no terminal, but to a reader */
	}
	return &text->emit;
}
