/* SPDX-License-Identifier: MIT */
/*
 * Collects and writes a heap profile. See profile.h.
 */
#include "tools/profile.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/map.h"
#include "trace/output.h"

enum {
	INVENTED_FIRST = 0x1000,
	INVENTED_STEP = 0x10,
	LINE_MAX_BYTES = 1 << 17 /* of one line that is written */
};

struct symbol {
	uint64_t address;
	char *label;
};

struct line {
	struct zmm_profile_counts counts;
	size_t first; /* its frames: frames[first] and those after */
	size_t count;
	size_t next;  /* another line with the same hash, + 1; 0: none */
};

struct list {
	void *items;
	size_t count;
	size_t capacity;
};

struct zmm_profile {
	char *title;
	bool failed;
	struct list symbols;       /* struct symbol */
	struct list lines;         /* struct line */
	struct list frames;        /* uint64_t */
	struct zmm_map by_address; /* index of a symbol, + 1 */
	struct zmm_map by_label;   /* likewise, by the hash of its label */
	struct zmm_map by_hash;    /* of a line's frames: index of the line, + 1 */
	uint64_t next_invented;
};

/* --- memory --- */

/* The place of the next item of that size; NULL where there is no memory, and ever after. */
static void *append(zmm_profile *profile, struct list *list, size_t size)
{
	if (profile->failed)
		return NULL;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		void *items = realloc(list->items, capacity * size);
		if (!items) {
			profile->failed = true;
			return NULL;
		}
		list->items = items;
		list->capacity = capacity;
	}
	return (char *)list->items + list->count++ * size;
}

static char *copy(zmm_profile *profile, const char *text)
{
	char *same = strdup(text);

	if (!same)
		profile->failed = true;
	return same;
}

static void note(zmm_profile *profile, struct zmm_map *map, uint64_t key, size_t index)
{
	if (!zmm_map_put(map, key, index + 1))
		profile->failed = true;
}

zmm_profile *zmm_profile_new(const char *title)
{
	zmm_profile *profile = calloc(1, sizeof *profile);

	if (!profile)
		return NULL;
	profile->title = copy(profile, title);
	profile->next_invented = INVENTED_FIRST;
	return profile;
}

void zmm_profile_free(zmm_profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->symbols.count; i++)
		free(((struct symbol *)profile->symbols.items)[i].label);
	free(profile->symbols.items);
	free(profile->lines.items);
	free(profile->frames.items);
	zmm_map_free(&profile->by_address);
	zmm_map_free(&profile->by_label);
	zmm_map_free(&profile->by_hash);
	free(profile->title);
	free(profile);
}

/* --- frames --- */

/* FNV-1a, never 0. */
static uint64_t hash_bytes(const void *data, size_t count)
{
	const unsigned char *bytes = data;
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash ? hash : 1;
}

void zmm_profile_symbol(zmm_profile *profile, uint64_t address, const char *label)
{
	if (zmm_map_get(&profile->by_address, address))
		return;
	struct symbol *symbol = append(profile, &profile->symbols, sizeof *symbol);
	if (!symbol)
		return;
	*symbol = (struct symbol){ address, copy(profile, label) };
	note(profile, &profile->by_address, address, profile->symbols.count - 1);
}

uint64_t zmm_profile_label(zmm_profile *profile, const char *label)
{
	uint64_t hash = hash_bytes(label, strlen(label));
	const struct symbol *symbols = profile->symbols.items;
	size_t index = zmm_map_get(&profile->by_label, hash);
	uint64_t address = profile->next_invented;

	/* Where two labels had the same hash, the later one would get one address each time. */
	if (index && symbols[index - 1].label && strcmp(symbols[index - 1].label, label) == 0)
		return symbols[index - 1].address;
	profile->next_invented += INVENTED_STEP;
	zmm_profile_symbol(profile, address, label);
	note(profile, &profile->by_label, hash, profile->symbols.count - 1);
	return address;
}

/* --- lines --- */

static bool same_frames(const zmm_profile *profile, const struct line *line, const uint64_t *frames,
	size_t count)
{
	const uint64_t *all = profile->frames.items;

	return line->count == count && memcmp(all + line->first, frames, count * sizeof *frames) == 0;
}

static struct line *new_line(zmm_profile *profile, const uint64_t *frames, size_t count,
	uint64_t hash)
{
	size_t first = profile->frames.count;

	for (size_t i = 0; i < count; i++) {
		uint64_t *frame = append(profile, &profile->frames, sizeof *frame);
		if (!frame)
			return NULL;
		*frame = frames[i];
	}
	struct line *line = append(profile, &profile->lines, sizeof *line);
	if (!line)
		return NULL;
	*line = (struct line){ .first = first, .count = count,
		.next = zmm_map_get(&profile->by_hash, hash) };
	note(profile, &profile->by_hash, hash, profile->lines.count - 1);
	return line;
}

static struct line *find_line(zmm_profile *profile, const uint64_t *frames, size_t count)
{
	uint64_t hash = hash_bytes(frames, count * sizeof *frames);
	struct line *lines = profile->lines.items;

	for (size_t at = zmm_map_get(&profile->by_hash, hash); at; at = lines[at - 1].next)
		if (same_frames(profile, &lines[at - 1], frames, count))
			return &lines[at - 1];
	return new_line(profile, frames, count, hash);
}

static void sum_up(struct zmm_profile_counts *sum, const struct zmm_profile_counts *counts)
{
	sum->live_objects += counts->live_objects;
	sum->live_bytes += counts->live_bytes;
	sum->all_objects += counts->all_objects;
	sum->all_bytes += counts->all_bytes;
}

void zmm_profile_add(zmm_profile *profile, const uint64_t *frames, size_t count,
	struct zmm_profile_counts counts)
{
	struct line *line = find_line(profile, frames, count);

	if (line)
		sum_up(&line->counts, &counts);
}

struct zmm_profile_counts zmm_profile_total(const zmm_profile *profile)
{
	const struct line *lines = profile->lines.items;
	struct zmm_profile_counts sum = { 0, 0, 0, 0 };

	for (size_t i = 0; i < profile->lines.count; i++)
		sum_up(&sum, &lines[i].counts);
	return sum;
}

/* --- writing --- */

__attribute__((format(printf, 3, 4)))
static bool put(struct zmm_output *output, struct zmm_error *error, const char *format, ...)
{
	char *text = (char *)zmm_output_reserve(output, LINE_MAX_BYTES, error);
	va_list arguments;

	if (!text)
		return false;
	va_start(arguments, format);
	int used = vsnprintf(text, LINE_MAX_BYTES, format, arguments);
	va_end(arguments);
	zmm_output_commit(output, (size_t)(used < LINE_MAX_BYTES ? used : LINE_MAX_BYTES - 1));
	return true;
}

static bool put_symbols(const zmm_profile *profile, struct zmm_output *output,
	struct zmm_error *error)
{
	const struct symbol *symbols = profile->symbols.items;

	if (!put(output, error, "--- symbol\nbinary=%s\n", profile->title))
		return false;
	for (size_t i = 0; i < profile->symbols.count; i++)
		if (!put(output, error, "0x%016" PRIx64 " %s\n", symbols[i].address, symbols[i].label))
			return false;
	return put(output, error, "---\n");
}

/* The four numbers of a line, padded as gperftools pads them. */
static bool put_counts(struct zmm_output *output, struct zmm_error *error, const char *before,
	const struct zmm_profile_counts *counts)
{
	return put(output, error, "%s%6" PRIu64 ": %8" PRIu64 " [%6" PRIu64 ": %8" PRIu64 "] @", before,
		counts->live_objects, counts->live_bytes, counts->all_objects, counts->all_bytes);
}

static bool put_lines(const zmm_profile *profile, struct zmm_output *output,
	struct zmm_error *error)
{
	const struct line *lines = profile->lines.items;
	struct zmm_profile_counts total = zmm_profile_total(profile);

	if (!put_counts(output, error, "heap profile: ", &total)
		|| !put(output, error, " heapprofile\n"))
		return false;
	for (size_t n = 0; n < profile->lines.count; n++) {
		const struct line *line = &lines[n];
		const uint64_t *frames = (const uint64_t *)profile->frames.items + line->first;
		bool fine = put_counts(output, error, "", &line->counts);
		for (size_t i = 0; fine && i < line->count; i++)
			fine = put(output, error, " 0x%016" PRIx64, frames[i]);
		if (!fine || !put(output, error, "\n"))
			return false;
	}
	return true;
}

bool zmm_profile_write(zmm_profile *profile, const char *path, struct zmm_error *error)
{
	if (profile->failed) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the profile");
		return false;
	}
	struct zmm_output *output = zmm_output_open(path, false, error);
	if (!output)
		return false;
	if (put_symbols(profile, output, error) && put_lines(profile, output, error)
		&& put(output, error, "\nMAPPED_LIBRARIES:\n"))
		return zmm_output_close(output, error);
	zmm_output_abandon(output);
	return false;
}
