/* SPDX-License-Identifier: MIT */
/*
 * t/fuzz/pack.h - inputs of fuzz targets as they are kept: each in a file of its own, or many in
 * one packed file.
 *
 *   packed file:  "zmm corpus\n" | length (4 bytes, lowest first) | bytes | length | bytes | …
 *
 * A target that is called by hand does one of these:
 *
 *   NAME PATH…             runs the inputs in files, folders and packed files
 *   NAME --pack OUT PATH…  writes all of them into one packed file, the same one once
 *   NAME --unpack DIR PATH…  writes each into a file of the folder, named by its number
 *
 * It prints the name of each input before it is run when ZMM_FUZZ_VERBOSE is set, and at the end
 * how many there were.
 */
#ifndef T_FUZZ_PACK_H
#define T_FUZZ_PACK_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FUZZ_PACK_MAGIC "zmm corpus\n"
enum { FUZZ_PACK_MAGIC_BYTES = sizeof FUZZ_PACK_MAGIC - 1 };

/* Does something with an input; name is for messages. */
typedef void fuzz_taker(void *context, const char *name, const uint8_t *bytes, size_t count);

static _Noreturn void fuzz_pack_failed(const char *what, const char *path)
{
	fprintf(stderr, "fuzz: %s: ", path);
	perror(what);
	exit(2);
}

/* All of a file; freed by the caller. */
static uint8_t *fuzz_read_file(const char *path, size_t *count)
{
	FILE *file = fopen(path, "rb");
	size_t room = 1 << 16;
	uint8_t *bytes = malloc(room);

	*count = 0;
	if (!file || !bytes)
		fuzz_pack_failed("cannot open", path);
	for (size_t got; (got = fread(bytes + *count, 1, room - *count, file)) > 0;) {
		*count += got;
		if (*count == room && !(bytes = realloc(bytes, room *= 2)))
			fuzz_pack_failed("no memory", path);
	}
	if (ferror(file))
		fuzz_pack_failed("cannot read", path);
	fclose(file);
	return bytes;
}

static uint32_t fuzz_length(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
		| (uint32_t)bytes[3] << 24;
}

static void fuzz_each_packed(const char *path, const uint8_t *bytes, size_t count,
	fuzz_taker *taker, void *context)
{
	char name[512];
	unsigned number = 0;

	for (size_t at = FUZZ_PACK_MAGIC_BYTES; at < count; number++) {
		size_t length = count - at >= 4 ? fuzz_length(bytes + at) : SIZE_MAX;

		at += 4;
		if (length > count || at + length > count) {
			fprintf(stderr, "fuzz: %s: input %u is cut short\n", path, number);
			exit(2);
		}
		snprintf(name, sizeof name, "%s:%u", path, number);
		/* A copy of just its size, so that sanitizers see who reads past the end. */
		uint8_t *copy = malloc(length ? length : 1);
		if (!copy)
			fuzz_pack_failed("no memory", path);
		memcpy(copy, bytes + at, length);
		taker(context, name, copy, length);
		free(copy);
		at += length;
	}
}

static void fuzz_each_in_file(const char *path, fuzz_taker *taker, void *context)
{
	size_t count;
	uint8_t *bytes = fuzz_read_file(path, &count);

	if (count >= FUZZ_PACK_MAGIC_BYTES
		&& memcmp(bytes, FUZZ_PACK_MAGIC, FUZZ_PACK_MAGIC_BYTES) == 0)
		fuzz_each_packed(path, bytes, count, taker, context);
	else
		taker(context, path, bytes, count);
	free(bytes);
}

static int fuzz_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A file, or the files of a folder by name. */
static void fuzz_each(const char *path, fuzz_taker *taker, void *context)
{
	struct stat status;
	struct dirent **entries;
	char name[4096];
	int count;

	if (stat(path, &status) != 0)
		fuzz_pack_failed("cannot open", path);
	if (!S_ISDIR(status.st_mode)) {
		fuzz_each_in_file(path, taker, context);
		return;
	}
	count = scandir(path, &entries, fuzz_shown, alphasort);
	if (count < 0)
		fuzz_pack_failed("cannot read", path);
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
		fuzz_each_in_file(name, taker, context);
		free(entries[i]);
	}
	free(entries);
}

/* --- running --------------------------------------------------------------------------------- */

struct fuzz_run {
	void (*one)(const uint8_t *bytes, size_t count);
	bool verbose;
	unsigned count;
};

static void fuzz_run_one(void *context, const char *name, const uint8_t *bytes, size_t count)
{
	struct fuzz_run *run = context;

	if (run->verbose) {
		fprintf(stderr, "fuzz: %s, %zu bytes\n", name, count);
	}
	run->one(bytes, count);
	run->count++;
}

/* --- packing --------------------------------------------------------------------------------- */

struct fuzz_packing {
	const char *path;
	FILE *out;
	uint64_t *seen; /* hashes of what was written */
	size_t count;
};

static uint64_t fuzz_hash(const uint8_t *bytes, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325u;

	while (count-- > 0)
		hash = (hash ^ *bytes++) * 0x100000001b3u;
	return hash;
}

static void fuzz_pack_one(void *context, const char *name, const uint8_t *bytes, size_t count)
{
	struct fuzz_packing *packing = context;
	uint64_t hash = fuzz_hash(bytes, count);
	const uint8_t length[4] = { (uint8_t)count, (uint8_t)(count >> 8), (uint8_t)(count >> 16),
		(uint8_t)(count >> 24) };

	for (size_t i = 0; i < packing->count; i++)
		if (packing->seen[i] == hash)
			return;
	packing->seen = realloc(packing->seen, (packing->count + 1) * sizeof hash);
	if (!packing->seen)
		fuzz_pack_failed("no memory", name);
	packing->seen[packing->count++] = hash;
	if (fwrite(length, 1, 4, packing->out) != 4
		|| fwrite(bytes, 1, count, packing->out) != count)
		fuzz_pack_failed("cannot write", packing->path);
}

static int fuzz_pack(const char *out, int count, char **paths)
{
	struct fuzz_packing packing = { .path = out, .out = fopen(out, "wb") };

	if (!packing.out
		|| fwrite(FUZZ_PACK_MAGIC, 1, FUZZ_PACK_MAGIC_BYTES, packing.out)
			!= FUZZ_PACK_MAGIC_BYTES)
		fuzz_pack_failed("cannot write", out);
	for (int i = 0; i < count; i++)
		fuzz_each(paths[i], fuzz_pack_one, &packing);
	if (fclose(packing.out) != 0)
		fuzz_pack_failed("cannot write", out);
	printf("fuzz: %zu inputs packed\n", packing.count);
	free(packing.seen);
	return 0;
}

struct fuzz_unpacking {
	const char *directory;
	unsigned count;
};

static void fuzz_unpack_one(void *context, const char *name, const uint8_t *bytes, size_t count)
{
	struct fuzz_unpacking *unpacking = context;
	char path[4096];
	FILE *file;

	(void)name;
	snprintf(path, sizeof path, "%s/%04u", unpacking->directory, unpacking->count++);
	file = fopen(path, "wb");
	if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0)
		fuzz_pack_failed("cannot write", path);
}

static int fuzz_unpack(const char *directory, int count, char **paths)
{
	struct fuzz_unpacking unpacking = { .directory = directory };

	for (int i = 0; i < count; i++)
		fuzz_each(paths[i], fuzz_unpack_one, &unpacking);
	return 0;
}

/* The main() of a target. */
__attribute__((unused)) static int fuzz_pack_main(int argc, char **argv,
	void (*one)(const uint8_t *bytes, size_t count))
{
	struct fuzz_run run = { .one = one, .verbose = getenv("ZMM_FUZZ_VERBOSE") };

	if (argc > 2 && strcmp(argv[1], "--pack") == 0)
		return fuzz_pack(argv[2], argc - 3, argv + 3);
	if (argc > 2 && strcmp(argv[1], "--unpack") == 0)
		return fuzz_unpack(argv[2], argc - 3, argv + 3);
	for (int i = 1; i < argc; i++)
		fuzz_each(argv[i], fuzz_run_one, &run);
	printf("fuzz: %u inputs run\n", run.count);
	return 0;
}

#endif
