/* SPDX-License-Identifier: MIT */
/*
 * t/docs/picture.h - byte rulers for the documents, drawn from offsets.
 *
 * A picture is a row of cells, each with the offset where it begins and its text; a line feed in
 * the text begins another line. The last entry has no text: it is the end.
 */
#ifndef T_DOCS_PICTURE_H
#define T_DOCS_PICTURE_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct cell {
	size_t offset;
	const char *text;       /* NULL: the end of the picture */
	const char *at;         /* instead of the offset, where that is not a constant */
};

/* A drawing, named by the word on the command line. */
struct drawing {
	const char *name;
	void (*draw)(void);
};

/* Line number n of a text: its start; *length is 0 where there is none. */
static const char *text_line(const char *text, unsigned n, size_t *length)
{
	while (n-- > 0 && *text != '\0') {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	*length = strcspn(text, "\n");
	return text;
}

static void cell_label(const struct cell *cell, bool first, char *label, size_t size)
{
	if (cell->at != NULL) {
		snprintf(label, size, "%s", cell->at);
	} else {
		snprintf(label, size, "%s%zu", first ? "+" : "", cell->offset);
	}
}

/* Columns of a cell without its left border: its text or its label, and a blank at each side. */
static size_t cell_width(const struct cell *cell, bool first)
{
	char label[32];
	size_t width, length;

	cell_label(cell, first, label, sizeof label);
	width = strlen(label);
	for (unsigned n = 0; n < 4; n++) {
		text_line(cell->text, n, &length);
		width = length > width ? length : width;
	}
	return width + 2;
}

static void draw_border(const struct cell *cells)
{
	for (const struct cell *cell = cells; cell->text != NULL; cell++) {
		putchar('+');
		for (size_t i = cell_width(cell, cell == cells); i > 0; i--) {
			putchar('-');
		}
	}
	puts("+");
}

static void draw_picture(const struct cell *cells)
{
	const struct cell *cell;
	unsigned lines = 1;
	char label[32];
	size_t length;

	for (cell = cells; ; cell++) {
		cell_label(cell, cell == cells, label, sizeof label);
		if (cell->text == NULL) {
			break;
		}
		printf("%-*s", (int) cell_width(cell, cell == cells) + 1, label);
		while (text_line(cell->text, lines, &length), length > 0) {
			lines++;
		}
	}
	puts(label);
	draw_border(cells);
	for (unsigned n = 0; n < lines; n++) {
		for (cell = cells; cell->text != NULL; cell++) {
			const char *text = text_line(cell->text, n, &length);

			printf("| %-*.*s ", (int) cell_width(cell, cell == cells) - 2, (int) length, text);
		}
		puts("|");
	}
	draw_border(cells);
}

/* A list of numbers: its heading, which says for which processors, and its lines. */
static inline void print_heading(const char *name)
{
	printf("%-44s %5u-bit\n", name, (unsigned) sizeof(void *) * 8);
}

static inline void print_number(const char *name, size_t value)
{
	printf("%-44s %8zu\n", name, value);
}

/* Draws what the command line names. */
static int draw_named(const struct drawing *drawings, int argc, char **argv)
{
	for (const struct drawing *d = drawings; argc == 2 && d->name != NULL; d++) {
		if (strcmp(d->name, argv[1]) == 0) {
			d->draw();
			return 0;
		}
	}
	fprintf(stderr, "usage: %s DRAWING\n", argv[0]);
	return 2;
}

#endif
