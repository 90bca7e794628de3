/* SPDX-License-Identifier: MIT */
/*
 * Finds and writes changes. See explore_changes.h.
 *
 * What is equal at both ends is left out; in between, items are compared place by place, so that
 * two changes far apart in a region are two.
 */
#include "tools/explore_changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void zmm_changes_begin(struct zmm_changes *changes)
{
	changes->now.text.length = 0;
	changes->now.count = 0;
}

static bool more_items(struct zmm_kept *items)
{
	size_t room = items->room ? 2 * items->room : 64;
	size_t *ends = realloc(items->ends, room * sizeof *ends);
	size_t *places;

	items->ends = ends ? ends : items->ends;
	places = ends ? realloc(items->places, room * sizeof *places) : NULL;
	items->places = places ? places : items->places;
	items->room = places ? room : items->room;
	return places != NULL;
}

void zmm_changes_item(struct zmm_changes *changes, size_t place)
{
	struct zmm_kept *now = &changes->now;

	if (now->count == now->room && !more_items(now)) {
		now->text.failed = true;
		return;
	}
	now->places[now->count] = place;
	now->ends[now->count++] = now->text.length;
}

static size_t start_of(const struct zmm_kept *items, size_t index)
{
	return index ? items->ends[index - 1] : 0;
}

static bool same_item(const struct zmm_kept *a, size_t i, const struct zmm_kept *b, size_t j)
{
	size_t from = start_of(a, i), to = start_of(b, j);
	size_t length = a->ends[i] - from;

	return a->places[i] == b->places[j] && length == b->ends[j] - to
		&& memcmp(a->text.start + from, b->text.start + to, length) == 0;
}

/* The kept items of a key, empty ones if it is new. Scenes have their keys in much the same order,
 * so the search begins after the last one found. */
static struct zmm_kept *find_kept(struct zmm_changes *changes, const char *key)
{
	struct zmm_kept *kept;

	for (size_t i = 0; i < changes->kept_count; i++) {
		size_t at = (changes->next + i) % changes->kept_count;

		if (strcmp(changes->kept[at].key, key) == 0) {
			changes->next = at + 1;
			return &changes->kept[at];
		}
	}
	if (changes->kept_count == changes->kept_room) {
		size_t room = changes->kept_room ? 2 * changes->kept_room : 64;

		kept = realloc(changes->kept, room * sizeof *kept);
		if (!kept) {
			changes->out->failed = true;
			return NULL;
		}
		changes->kept = kept;
		changes->kept_room = room;
	}
	kept = &changes->kept[changes->kept_count++];
	memset(kept, 0, sizeof *kept);
	snprintf(kept->key, sizeof kept->key, "%s", key);
	return kept;
}

/* Writes that old items from i to i_end give way to new ones from j to j_end. */
static void put_change(struct zmm_changes *changes, const char *key, size_t i, size_t i_end,
	size_t j, size_t j_end)
{
	struct zmm_json_text *out = changes->out;
	const struct zmm_kept *now = &changes->now;

	zmm_json_put(out, changes->any ? ",[" : ",\"c\":[[");
	changes->any = true;
	zmm_json_string(out, key);
	zmm_json_put(out, ",");
	zmm_json_unsigned(out, j);
	zmm_json_put(out, ",");
	zmm_json_unsigned(out, i_end - i);
	for (; j < j_end; j++) {
		size_t start = start_of(now, j);

		zmm_json_put(out, ",");
		zmm_json_item(out, &changes->items, now->text.start + start, now->ends[j] - start);
	}
	zmm_json_put(out, "]");
}

/* Between the ends: item i of the old ones against item j of the new ones. */
static void compare_middle(struct zmm_changes *changes, const struct zmm_kept *old, size_t i,
	size_t i_end, size_t j, size_t j_end)
{
	const struct zmm_kept *now = &changes->now;

	while (i < i_end || j < j_end) {
		size_t i_start = i, j_start = j;

		while ((i < i_end || j < j_end)
			&& !(i < i_end && j < j_end && same_item(old, i, now, j))) {
			bool old_first = j == j_end
				|| (i < i_end && old->places[i] <= now->places[j]);
			bool new_first = i == i_end
				|| (j < j_end && now->places[j] <= old->places[i]);

			i += old_first;
			j += new_first;
		}
		if (i > i_start || j > j_start)
			put_change(changes, old->key, i_start, i, j_start, j);
		while (i < i_end && j < j_end && same_item(old, i, now, j))
			i++, j++;
	}
}

void zmm_changes_end(struct zmm_changes *changes, const char *key)
{
	struct zmm_kept *old = find_kept(changes, key), *now = &changes->now, swap;
	size_t start = 0, i_end, j_end;

	if (!old || now->text.failed)
		return;
	while (start < old->count && start < now->count && same_item(old, start, now, start))
		start++;
	i_end = old->count;
	j_end = now->count;
	while (i_end > start && j_end > start && same_item(old, i_end - 1, now, j_end - 1))
		i_end--, j_end--;
	compare_middle(changes, old, start, i_end, start, j_end);
	swap = *old;
	memcpy(now->key, old->key, sizeof now->key);
	now->seen = changes->scene;
	*old = *now;
	*now = swap;
}

void zmm_changes_rest(struct zmm_changes *changes)
{
	for (size_t i = 0; i < changes->kept_count; i++) {
		char key[ZMM_CHANGES_KEY];

		if (changes->kept[i].seen == changes->scene || changes->kept[i].count == 0)
			continue;
		memcpy(key, changes->kept[i].key, sizeof key);
		zmm_changes_begin(changes);
		zmm_changes_end(changes, key);
	}
	if (changes->any)
		zmm_json_put(changes->out, "]");
	changes->any = false;
}

static void drop_kept(struct zmm_kept *kept)
{
	zmm_json_drop(&kept->text);
	free(kept->ends);
	free(kept->places);
	memset(kept, 0, sizeof *kept);
}

void zmm_changes_forget(struct zmm_changes *changes)
{
	for (size_t i = 0; i < changes->kept_count; i++)
		drop_kept(&changes->kept[i]);
	free(changes->kept);
	drop_kept(&changes->now);
	zmm_json_forget(&changes->items);
	*changes = (struct zmm_changes){ .out = changes->out };
}
