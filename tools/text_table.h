/* SPDX-License-Identifier: MIT */
/*
 * Tables as text: columns one beside the other, numbers set to the right, text to the left, no line
 * wider than was asked for where that can be avoided.
 *
 * A table that is too wide is folded. Where its last column is text and all others fit, the text
 * continues in lines below each other, at its place or, where that is too narrow, beneath its row:
 *
 *	measure   value   bytes             measure   value   bytes  formula
 *	internal      -   622 B             internal      -   622 B  the bytes of live
 *	          the bytes of                                       blocks beyond what
 *	          live blocks                                        was asked for
 *
 * Otherwise the columns that do not fit follow below, in panels that begin with the first column
 * again.
 */
#ifndef ZMM_TEXT_TABLE_H
#define ZMM_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { ZMM_TEXT_COLUMNS_MAX = 32, ZMM_TEXT_WIDTH = 80 };

struct zmm_text_cell {
	char *text;
	bool right;            /* set to the right */
	const char *colour;    /* an escape sequence before it; "" is none */
};

/* All zero is an empty table without columns. */
struct zmm_text_table {
	struct zmm_text_cell *cells;   /* the rows, one after the other */
	size_t cell_count;
	size_t cell_room;
	size_t columns;
};

/* Adds a cell with a copy of the text; false if there is no memory. */
bool zmm_text_table_add(struct zmm_text_table *table, const char *text, bool right,
	const char *colour);

void zmm_text_table_print(const struct zmm_text_table *table, FILE *out, size_t width);

/* Forgets the cells; the table is empty then. */
void zmm_text_table_clear(struct zmm_text_table *table);

/* Of a text, the bytes that a line of so many columns takes: whole words, and one at least. */
size_t zmm_fold(const char *text, size_t width);

#endif
