/* SPDX-License-Identifier: MIT */
/*
 * tools/page.c - pages that are one file: everything they need is put into them.
 *
 * Called by the commands that write pages.  A page is written to a temporary file beside it and
 * renamed at the end, so that there is never half of one.
 */
#include "tools/page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/embedded.h"

/* JSON inside a script element must not contain "</" or "<!--": a slash may be escaped, and so may
 * the exclamation mark's bracket. */
static void put_data(FILE *out, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (data[i] == '<') {
			fputs("\\u003c", out);
		} else {
			putc(data[i], out);
		}
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

static void put_page(FILE *out, const struct zmm_embedded *page, const char *data, size_t length)
{
	const char *line = page->text, *end = page->text + page->length;
	char name[128];

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t line_length = (size_t)((newline ? newline : end) - line);

		if (!mark_of_line(line, line_length, name)) {
			fwrite(line, 1, line_length, out);
		} else if (strcmp(name, "DATA") == 0) {
			put_data(out, data, length);
		} else {
			const struct zmm_embedded *file = zmm_embedded_file(name);

			fwrite(file->text, 1, file->length, out);
		}
		putc('\n', out);
		line += line_length + 1;
	}
}

/* Whether everything reached the file. */
static bool finish(FILE *out)
{
	bool good = fflush(out) == 0 && !ferror(out);
	int saved = errno;

	if (out != stdout && fclose(out) != 0 && good) {
		return false;
	}
	errno = saved;
	return good;
}

bool zmm_page_write(const char *path, const char *template_name, const char *data, size_t length,
	struct zmm_error *error)
{
	bool to_stdout = strcmp(path, "-") == 0;
	size_t size = strlen(path) + 32;
	char *temporary = malloc(size);
	struct zmm_embedded page = *zmm_embedded_file(template_name);
	FILE *out;
	bool good;

	if (!temporary) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: no memory to write it", path);
		return false;
	}
	snprintf(temporary, size, "%s.%ld.tmp", path, (long)getpid());
	out = to_stdout ? stdout : fopen(temporary, "w");
	good = out != NULL;
	if (good) {
		put_page(out, &page, data, length);
		good = finish(out) && (to_stdout || rename(temporary, path) == 0);
	}
	if (!good) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: cannot write it: %s; choose another place",
			path, strerror(errno));
		if (out && !to_stdout) {
			remove(temporary);
		}
	}
	free(temporary);
	return good;
}
