/* SPDX-License-Identifier: MIT */
/*
 * Tables as text. See text_table.h.
 */
#include "tools/text_table.h"

#include <stdlib.h>
#include <string.h>

enum {
	GAP = 2,               /* blanks between columns */
	HANG = 2,              /* further lines of a text that is the only column begin so far in */
	NARROWEST = 24         /* a text that has less room goes beneath its row */
};

/* Some of the columns, printed together. */
struct panel {
	size_t widths[ZMM_TEXT_COLUMNS_MAX];  /* of all columns of the table */
	size_t from, to;                      /* those here, behind the first one if that is not here */
	size_t fold;                          /* the last one is folded to so many columns; or 0 */
	size_t beneath;                       /* beneath the row, so far in; 0: at its place */
};

/* --- cells ----------------------------------------------------------------------------------- */

bool zmm_text_table_add(struct zmm_text_table *table, const char *text, bool right,
	const char *colour)
{
	if (table->cell_count == table->cell_room) {
		size_t room = table->cell_room ? table->cell_room * 2 : 64;
		struct zmm_text_cell *cells = realloc(table->cells, room * sizeof *cells);

		if (!cells)
			return false;
		table->cells = cells;
		table->cell_room = room;
	}
	char *copy = strdup(text);
	if (!copy)
		return false;
	table->cells[table->cell_count++] = (struct zmm_text_cell){ copy, right, colour };
	return true;
}

void zmm_text_table_clear(struct zmm_text_table *table)
{
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct zmm_text_table){ NULL, 0, 0, 0 };
}

/* --- widths ---------------------------------------------------------------------------------- */

/* Whether a byte begins a character of UTF-8: each takes one column. */
static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

/* Columns that so many bytes of a text take. */
static size_t width_of(const char *text, size_t length)
{
	size_t columns = 0;

	for (size_t i = 0; i < length; i++)
		columns += begins_character(text[i]);
	return columns;
}

static size_t column_width(const struct zmm_text_table *table, size_t column)
{
	size_t widest = 0;

	for (size_t i = column; i < table->cell_count; i += table->columns) {
		size_t here = width_of(table->cells[i].text, strlen(table->cells[i].text));

		widest = here > widest ? here : widest;
	}
	return widest;
}

static bool is_text(const struct zmm_text_table *table, size_t column)
{
	for (size_t i = column; i < table->cell_count; i += table->columns)
		if (!table->cells[i].right)
			return true;
	return false;
}

size_t zmm_fold(const char *text, size_t width)
{
	size_t fits = 0, columns = 0;

	for (size_t i = 0; text[i]; i++) {
		if (text[i] == ' ' && (columns <= width || fits == 0))
			fits = i;
		columns += begins_character(text[i]);
		if (columns > width && fits > 0)
			return fits;
	}
	return columns > width && fits > 0 ? fits : strlen(text);
}

/* --- panels ---------------------------------------------------------------------------------- */

static size_t panel_width(const struct panel *panel)
{
	size_t width = panel->from > 0 ? panel->widths[0] + GAP : 0;

	for (size_t column = panel->from; column < panel->to; column++)
		width += panel->widths[column] + (column > panel->from ? GAP : 0);
	return width;
}

/* Folds the panel's last column so that it fits. */
static void fold_last(struct panel *panel, size_t width)
{
	size_t others = panel_width(panel) - panel->widths[panel->to - 1];

	if (others == 0) {
		panel->fold = width - HANG;
		return;
	}
	panel->fold = width > others ? width - others : 0;
	if (panel->fold < NARROWEST) {
		panel->beneath = panel->widths[0] + GAP < width / 2 ? panel->widths[0] + GAP : HANG;
		panel->fold = width - panel->beneath;
	}
}

/* Takes as many columns as fit, one at least. */
static void choose_columns(struct panel *panel, const struct zmm_text_table *table, size_t width)
{
	panel->fold = panel->beneath = 0;
	panel->to = panel->from + 1;
	while (panel->to < table->columns) {
		panel->to++;
		if (panel_width(panel) > width) {
			panel->to--;
			break;
		}
	}
	if (panel->to + 1 == table->columns && panel->from == 0 && is_text(table, panel->to))
		panel->to++;
	if (panel_width(panel) > width && is_text(table, panel->to - 1))
		fold_last(panel, width);
}

/* --- printing -------------------------------------------------------------------------------- */

static void print_piece(FILE *out, const struct zmm_text_cell *cell, const char *text,
	size_t length)
{
	fprintf(out, "%s%.*s%s", cell->colour, (int)length, text, *cell->colour ? "\033[0m" : "");
}

/* Blanks are owed until something follows them, so that no line ends with any. */
static void print_cell(FILE *out, const struct zmm_text_cell *cell, size_t width, size_t *owed)
{
	size_t length = strlen(cell->text), padding = width - width_of(cell->text, length);

	if (length == 0) {
		*owed += width + GAP;
		return;
	}
	fprintf(out, "%*s", (int)(*owed + (cell->right ? padding : 0)), "");
	print_piece(out, cell, cell->text, length);
	*owed = (cell->right ? 0 : padding) + GAP;
}

/* A text in as many lines as it needs, each so far in; the first one behind blanks that are owed
 * already, or in a line of its own. */
static void print_folded(FILE *out, const struct zmm_text_cell *cell, const struct panel *panel,
	size_t owed, size_t indent)
{
	const char *text = cell->text;

	if (*text && panel->beneath)
		fprintf(out, "\n%*s", (int)indent, "");
	else if (*text)
		fprintf(out, "%*s", (int)owed, "");
	while (*text) {
		size_t length = zmm_fold(text, panel->fold);

		print_piece(out, cell, text, length);
		text += length + strspn(text + length, " ");
		if (*text)
			fprintf(out, "\n%*s", (int)indent, "");
	}
}

static void print_row(FILE *out, const struct zmm_text_cell *row, const struct panel *panel)
{
	size_t owed = 0, last = panel->to - 1;
	size_t others = panel_width(panel) - panel->widths[last];

	if (panel->from > 0)
		print_cell(out, &row[0], panel->widths[0], &owed);
	for (size_t column = panel->from; column < panel->to - (panel->fold > 0); column++)
		print_cell(out, &row[column], panel->widths[column], &owed);
	if (panel->fold > 0)
		print_folded(out, &row[last], panel, owed,
			panel->beneath ? panel->beneath : others ? others : HANG);
	fputc('\n', out);
}

void zmm_text_table_print(const struct zmm_text_table *table, FILE *out, size_t width)
{
	struct panel panel = { .from = 0 };

	for (size_t column = 0; column < table->columns; column++)
		panel.widths[column] = column_width(table, column);
	while (panel.from < table->columns) {
		choose_columns(&panel, table, width);
		if (panel.from > 0)
			fputc('\n', out);
		for (size_t i = 0; i + table->columns <= table->cell_count; i += table->columns)
			print_row(out, &table->cells[i], &panel);
		panel.from = panel.to;
	}
}
