/* SPDX-License-Identifier: MIT */
/*
 * tools/json_file.c - reading a document that zmm wrote, and saying what is wrong with one that it
 * did not write.
 */
#include "config.h"

#include "tools/json_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 30 };

/* All of a stream; NULL with errno set, EFBIG where it is no document of a sane size. */
static char *read_all(FILE *in, size_t *length)
{
	size_t room = 1 << 16, used = 0;
	char *text = malloc(room);

	while (text) {
		used += fread(text + used, 1, room - used, in);
		if (used < room) {
			break;
		}
		if (room >= MOST_BYTES) {
			free(text);
			errno = EFBIG;
			return NULL;
		}
		char *wider = realloc(text, room *= 2);

		if (!wider) {
			free(text);
			return NULL;
		}
		text = wider;
	}
	if (text && ferror(in)) {
		free(text);
		return NULL;
	}
	*length = used;
	return text;
}

#if HAVE_JANSSON

# include <jansson.h>

static bool check(const char *path, const char *text, size_t length, const char *format,
	int version, struct zmm_error *error)
{
	json_error_t problem;
	json_t *document = json_loadb(text, length, 0, &problem);
	const char *got_format = json_string_value(json_object_get(document, "format"));
	json_int_t got_version = json_integer_value(json_object_get(document, "version"));
	bool good = false;

	if (!document) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s:%d: not a JSON document: %s", path, problem.line,
			problem.text);
	} else if (!got_format || strcmp(got_format, format) != 0) {
		zmm_error_set(error, ZMM_ERROR_INPUT,
			"%s: JSON, but not a %s document; give what zmm compare --json wrote", path, format);
	} else if (got_version != version) {
		zmm_error_set(error, ZMM_ERROR_INPUT,
			"%s: a %s document of version %lld; this zmm reads version %d", path, format,
			(long long)got_version, version);
	} else {
		good = true;
	}
	json_decref(document);
	return good;
}

#else

static bool check(const char *path, const char *text, size_t length, const char *format,
	int version, struct zmm_error *error)
{
	(void)text;
	(void)length;
	(void)format;
	(void)version;
	zmm_error_set(error, ZMM_ERROR_INPUT, "%s: zmm was built without JSON; install the Debian "
		"package libjansson-dev and build again", path);
	return false;
}

#endif

char *zmm_json_file_read(const char *path, const char *format, int version, size_t *length,
	struct zmm_error *error)
{
	bool from_stdin = strcmp(path, "-") == 0;
	FILE *in = from_stdin ? stdin : fopen(path, "rb");
	char *text = in ? read_all(in, length) : NULL;

	if (!text) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: cannot read it: %s", path, strerror(errno));
	}
	if (in && !from_stdin) {
		fclose(in);
	}
	if (text && !check(path, text, *length, format, version, error)) {
		free(text);
		return NULL;
	}
	return text;
}
