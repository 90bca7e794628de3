/* SPDX-License-Identifier: MIT */
/*
 * tools/page.c - pages that are one file: everything they need is put into them.
 *
 * Called by the commands that write pages.
 */
#include "tools/page.h"

#include <string.h>

#include "tools/embedded.h"
#include "trace/output.h"

/* An output and whether everything so far went well. */
struct page {
	struct zmm_output *output;
	struct zmm_error *error;
	bool good;
};

static void put(struct page *page, const char *text, size_t length)
{
	page->good = page->good && zmm_output_put(page->output, text, length, page->error);
}

/* JSON inside a script element must contain neither "</" nor "<!--". */
static void put_data(struct page *page, const char *data, size_t length)
{
	const char *end = data + length;

	while (data < end) {
		const char *bracket = memchr(data, '<', (size_t)(end - data));

		put(page, data, (size_t)((bracket ? bracket : end) - data));
		if (bracket) {
			put(page, "\\u003c", 6);
		}
		data = bracket ? bracket + 1 : end;
	}
}

/* If the line is @NAME@ alone, copies NAME. */
static bool mark_of_line(const char *line, size_t length, char name[128])
{
	if (length < 3 || line[0] != '@' || line[length - 1] != '@' || length - 2 >= 128) {
		return false;
	}
	memcpy(name, line + 1, length - 2);
	name[length - 2] = '\0';
	return strpbrk(name, " @") == NULL;
}

static void put_mark(struct page *page, const char *name, const struct zmm_page_part *parts,
	size_t count)
{
	const struct zmm_embedded *file;

	for (size_t i = 0; i < count; i++)
		if (strcmp(parts[i].mark, name) == 0) {
			if (parts[i].json)
				put_data(page, parts[i].bytes, parts[i].length);
			else
				put(page, parts[i].bytes, parts[i].length);
			return;
		}
	file = zmm_embedded_file(name);
	put(page, file->text, file->length);
}

static void put_page(struct page *page, const char *template_name,
	const struct zmm_page_part *parts, size_t count)
{
	const struct zmm_embedded *file = zmm_embedded_file(template_name);
	const char *line = file->text, *end = line + file->length;
	char name[128];

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t line_length = (size_t)((newline ? newline : end) - line);

		if (mark_of_line(line, line_length, name))
			put_mark(page, name, parts, count);
		else
			put(page, line, line_length);
		put(page, "\n", 1);
		line += line_length + 1;
	}
}

bool zmm_page_write(const char *path, const char *template_name, const struct zmm_page_part *parts,
	size_t count, struct zmm_error *error)
{
	struct page page = { zmm_output_open(path, false, error), error, true };

	if (!page.output) {
		return false;
	}
	put_page(&page, template_name, parts, count);
	if (!page.good) {
		zmm_output_abandon(page.output);
		return false;
	}
	return zmm_output_close(page.output, error);
}
