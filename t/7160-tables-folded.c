/* SPDX-License-Identifier: MIT */
/* Tables as text, in as many columns as there are: where they are folded, and how. */
#include "t/tap.h"
#include "tools/text_table.h"

/* Cells, of which those that begin with '>' are set to the right without it. */
static const char *printed(size_t columns, const char *const *cells, size_t count, size_t width)
{
	static char text[2000];
	struct zmm_text_table table = { .columns = columns };
	FILE *out = tmpfile();

	for (size_t i = 0; i < count; i++) {
		bool right = cells[i][0] == '>';

		zmm_text_table_add(&table, cells[i] + right, right, "");
	}
	zmm_text_table_print(&table, out, width);
	zmm_text_table_clear(&table);
	rewind(out);
	text[fread(text, 1, sizeof text - 1, out)] = '\0';
	fclose(out);
	return text;
}

#define PRINTED(columns, width, ...) printed(columns, (const char *const[]){ __VA_ARGS__ }, \
	sizeof (const char *const[]){ __VA_ARGS__ } / sizeof(char *), width)

static void check_whole(void)
{
	is_str(PRINTED(2, 80, "name", ">bytes", "a", ">1", "bcdefg", ">22"),
		"name    bytes\n"
		"a           1\n"
		"bcdefg     22\n", "numbers are set to the right, text to the left");
	is_str(PRINTED(2, 11, "fünf", ">1", "abcdefgh", ">2"),
		"fünf      1\n"
		"abcdefgh  2\n", "what fits to the column is left as it is; a character takes one");
	is_str(PRINTED(3, 80, "a", "", "c", "d", "e", ""),
		"a     c\n"
		"d  e\n", "no line ends with blanks");
}

static void check_text(void)
{
	is_str(PRINTED(2, 40, "held", "bytes of live blocks that the program asked for"),
		"held  bytes of live blocks that the\n"
		"      program asked for\n", "a last column of text is folded at its place");
	is_str(PRINTED(3, 30, "internal", ">622 B", "bytes of live blocks beyond", "own", ">0 B", "",
			"over", ">1 B", "short"),
		"internal  622 B\n"
		"          bytes of live blocks\n"
		"          beyond\n"
		"own         0 B\n"
		"over        1 B\n"
		"          short\n", "where that is too narrow, beneath its row");
	is_str(PRINTED(1, 20, "one two three four five six"),
		"one two three four\n"
		"  five six\n", "an only column's further lines are set in");
	is_str(PRINTED(2, 40, "trace", "a/path/that/is/much/longer/than/the/width/of/it in words"),
		"trace  a/path/that/is/much/longer/than/the/width/of/it\n"
		"       in words\n", "a word is never broken");
}

static void check_panels(void)
{
	is_str(PRINTED(5, 20, "heap", ">time/op", ">calls", ">held", ">live",
			"as it was", ">1", ">22", ">333", ">4444"),
		"heap       time/op\n"
		"as it was        1\n"
		"\n"
		"heap       calls\n"
		"as it was     22\n"
		"\n"
		"heap       held\n"
		"as it was   333\n"
		"\n"
		"heap       live\n"
		"as it was  4444\n", "columns that do not fit follow below, with the first one again");
	is_str(PRINTED(4, 40, "key", "a title of twenty chars", "formula of something long",
			"meaning, which has to be folded, too"),
		"key  a title of twenty chars\n"
		"\n"
		"key  formula of something long\n"
		"\n"
		"key  meaning, which has to be folded,\n"
		"     too\n", "text in them is folded");
}

static void check_fold(void)
{
	is_size(zmm_fold("one two three", 7), 7, "as many words as fit");
	is_size(zmm_fold("one two three", 6), 3, "and no part of one");
	is_size(zmm_fold("one two three", 80), 13, "all of it where it fits");
	is_size(zmm_fold("longer than", 3), 6, "one word at least");
	is_size(zmm_fold("", 10), 0, "nothing of nothing");
}

int main(void)
{
	check_whole();
	check_text();
	check_panels();
	check_fold();
	return done_testing();
}
