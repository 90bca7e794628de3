/* SPDX-License-Identifier: MIT */
/*
 * What tests of the trace layer share: a directory of their own, files in it, and events as text.
 */
#ifndef T_TRACES_H
#define T_TRACES_H

#include <dirent.h>

#include "t/tap.h"
#include "trace/trace.h"

/* A name in a directory that is removed, with what is in it, when the test ends. */
static char traces_directory[256];

static inline void traces_remove(void)
{
	DIR *directory = opendir(traces_directory);
	struct dirent *found;
	char path[sizeof(traces_directory) + sizeof(found->d_name)];

	while (directory && (found = readdir(directory))) {
		snprintf(path, sizeof(path), "%s/%s", traces_directory, found->d_name);
		remove(path); /* fails for . and .. */
	}
	if (directory) {
		closedir(directory);
	}
	if (rmdir(traces_directory) != 0) {
		diag("%s is still there", traces_directory);
	}
}

static inline const char *traces_file(const char *name)
{
	static char names[4][512];
	static unsigned turn;
	char *path = names[turn++ % 4];

	if (!traces_directory[0]) {
		const char *top = getenv("TMPDIR");
		snprintf(traces_directory, sizeof(traces_directory), "%s/zmm-traces.XXXXXX",
			top ? top : "/tmp");
		if (!mkdtemp(traces_directory)) {
			bail_out("no temporary directory");
		}
		atexit(traces_remove);
	}
	snprintf(path, sizeof(names[0]), "%s/%s", traces_directory, name);
	return path;
}

static inline const char *traces_write(const char *name, const void *bytes, size_t count)
{
	const char *path = traces_file(name);
	FILE *file;

	remove(path); /* some file systems wait for the disk where a file is written over */
	file = fopen(path, "wb");
	if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0) {
		bail_out("cannot write a temporary file");
	}
	return path;
}

static inline const char *traces_write_text(const char *name, const char *text)
{
	return traces_write(name, text, strlen(text));
}

/* An operation as "a1:100 " (thread and letter, id, size); remarks as nothing. */
static inline void traces_append(char *text, size_t room, const struct zmm_event *event)
{
	static const char letters[] = "?afrlegxubd";
	size_t length = strlen(text);

	if (!zmm_event_is_operation(event)) {
		return;
	}
	if (event->thread) {
		length += (size_t) snprintf(text + length, room - length, "%" PRIu32, event->thread);
	}
	length += (size_t) snprintf(text + length, room - length, "%c%" PRIu64,
		letters[event->kind], event->id);
	if (event->kind != ZMM_EVENT_FREE) {
		length += (size_t) snprintf(text + length, room - length, ":%" PRIu64, event->size);
	}
	snprintf(text + length, room - length, " ");
}

/* All operations of a trace, or what the reader complained about. */
static inline const char *traces_operations(const char *path)
{
	static char text[65536];
	static struct zmm_error error;
	struct zmm_event event;
	zmm_reader *reader = zmm_reader_open(path, &error);
	int result = -1;

	text[0] = '\0';
	while (reader && (result = zmm_reader_next(reader, &event, &error)) == 1) {
		traces_append(text, sizeof(text), &event);
	}
	zmm_reader_close(reader);
	return result == 0 ? text : error.text;
}

/* What the reader remarked about a trace that it read to its end; "" for nothing. */
static inline const char *traces_remarks(const char *path)
{
	static char text[2048];
	struct zmm_error error;
	struct zmm_event event;
	zmm_reader *reader = zmm_reader_open(path, &error);
	int result = -1;

	while (reader && (result = zmm_reader_next(reader, &event, &error)) == 1) {
		;
	}
	if (result < 0) {
		return "";
	}
	const char *remarks = zmm_reader_remarks(reader);
	snprintf(text, sizeof(text), "%s", remarks ? remarks : "");
	zmm_reader_close(reader);
	return text;
}

#endif
