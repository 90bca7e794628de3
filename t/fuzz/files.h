/* SPDX-License-Identifier: MIT */
/*
 * t/fuzz/files.h - files of fuzz targets: a folder of the process's own, removed at its end, in
 * memory where the system has such a place; and keeping quiet.
 */
#ifndef T_FUZZ_FILES_H
#define T_FUZZ_FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/fuzz/target.h"

static char fuzz_folder[128];
static pid_t fuzz_owner;

/* Removes what is in the folder, but for names that begin with a dot. */
__attribute__((unused)) static void fuzz_empty_folder(void)
{
	DIR *folder = opendir(fuzz_folder);
	struct dirent *entry;
	char path[512];

	while (folder && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", fuzz_folder, entry->d_name);
			unlink(path);
		}
	}
	if (folder) {
		closedir(folder);
	}
}

static void fuzz_remove_folder(void)
{
	if (getpid() == fuzz_owner) {
		fuzz_empty_folder();
		rmdir(fuzz_folder);
	}
}

static void fuzz_make_folder(void)
{
	const char *top = getenv("TMPDIR");

	if (!top || !*top) {
		top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	}
	snprintf(fuzz_folder, sizeof fuzz_folder, "%s/zmm-fuzz.XXXXXX", top);
	if (!mkdtemp(fuzz_folder)) {
		fuzz_fail("no folder can be made in %s", top);
	}
	fuzz_owner = getpid();
	atexit(fuzz_remove_folder);
}

/* A name in the folder; valid until the eighth call from now. */
__attribute__((unused)) static const char *fuzz_path(const char *name)
{
	static char paths[8][256];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	if (!fuzz_folder[0]) {
		fuzz_make_folder();
	}
	snprintf(path, sizeof paths[0], "%s/%s", fuzz_folder, name);
	return path;
}

__attribute__((unused))
static const char *fuzz_write_file(const char *name, const uint8_t *bytes, size_t count)
{
	const char *path = fuzz_path(name);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (file < 0 || write(file, bytes, count) != (ssize_t) count || close(file) != 0) {
		fuzz_fail("cannot write %s", path);
	}
	return path;
}

/* Sends a descriptor to a file or device; the one to give back. */
__attribute__((unused)) static int fuzz_redirect(int descriptor, const char *path)
{
	int kept = dup(descriptor);
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);

	dup2(file, descriptor);
	close(file);
	return kept;
}

__attribute__((unused)) static void fuzz_restore(int descriptor, int kept)
{
	dup2(kept, descriptor);
	close(kept);
}

#endif
