/* SPDX-License-Identifier: MIT */
/*
 * t/recorded.h - the recordings of t/golden, for tests in C. TRACES of the environment names their
 * folder; builds without libzstd have them there unpacked, and so without .zst (Makefile.in).
 */
#ifndef T_RECORDED_H
#define T_RECORDED_H

#include <config.h>

#include <dirent.h>

#include "t/tap.h"

static inline const char *recorded_folder(void)
{
	const char *folder = getenv("TRACES");

	return folder ? folder : "t/golden";
}

static inline bool recorded_exists(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (file) {
		fclose(file);
	}
	return file;
}

/* The file of "seed.trace"; valid until the next call. */
static inline const char *recorded_file(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", recorded_folder(), name);
	if (!recorded_exists(path)) {
		snprintf(path, sizeof(path), "%s/%s.zst", recorded_folder(), name);
	}
	return path;
}

/* Ends a test that cannot read the recordings. */
static inline void need_recordings(void)
{
	const char *seed = recorded_file("seed.trace");

	if (!recorded_exists(seed)) {
		bail_out("TRACES does not name the folder of the recordings");
	}
	if (!HAVE_ZSTD && strcmp(seed + strlen(seed) - 4, ".zst") == 0) {
		skip_all("the recordings are packed, and this build has no zstd");
	}
}

static inline int recorded_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The names of all recorded traces, "seed.trace", in order, behind them NULL. */
static inline char **recorded_traces(void)
{
	static char *names[200];
	DIR *folder = opendir(recorded_folder());
	size_t count = 0;

	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char *end = strstr(entry->d_name, ".trace");

		if (end && count < sizeof(names) / sizeof(names[0]) - 1) {
			end[strlen(".trace")] = '\0';
			names[count++] = strdup(entry->d_name);
		}
	}
	if (!count) {
		bail_out("there are no recorded traces");
	}
	closedir(folder);
	qsort(names, count, sizeof(names[0]), recorded_compare);
	return names;
}

#endif
