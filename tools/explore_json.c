/* SPDX-License-Identifier: MIT */
/*
 * Writes scenes as changes. See explore_json.h.
 *
 * The items of each key (a region's blocks, a list's members) are kept as the text that was written
 * for them, with the place where each begins; the next scene's are compared with these. Blocks are
 * compared place by place, so that two changes far apart are two; the places of a list's members
 * are their numbers from the end, so that a stack's members keep theirs.
 */
#include "tools/explore_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/explore_words.h"
#include "trace/error.h"

/* Text that grows. Once there is no memory, nothing more is added. */
struct text {
	char *start;
	size_t length, room;
	bool failed;
};

static bool text_room(struct text *text, size_t more)
{
	char *grown;
	size_t room = text->room ? text->room : 4096;

	while (room < text->length + more + 1)
		room *= 2;
	if (room == text->room)
		return true;
	grown = text->failed ? NULL : realloc(text->start, room);
	if (!grown) {
		text->failed = true;
		return false;
	}
	text->start = grown;
	text->room = room;
	return true;
}

static void put_bytes(struct text *text, const char *bytes, size_t length)
{
	if (!text_room(text, length))
		return;
	memcpy(text->start + text->length, bytes, length);
	text->length += length;
	text->start[text->length] = '\0';
}

__attribute__((format(printf, 2, 3)))
static void put(struct text *text, const char *format, ...)
{
	char piece[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(piece, sizeof piece, format, arguments);
	va_end(arguments);
	put_bytes(text, piece, (size_t)length);
}

static void put_string(struct text *text, const char *string)
{
	put_bytes(text, "\"", 1);
	for (; *string; string++) {
		if (*string == '"' || *string == '\\')
			put(text, "\\%c", *string);
		else if ((unsigned char)*string < 0x20)
			put(text, "\\u%04x", (unsigned char)*string);
		else
			put_bytes(text, string, 1);
	}
	put_bytes(text, "\"", 1);
}

/* As text where JavaScript's numbers are not exact. */
static void put_number(struct text *text, uint64_t number)
{
	bool exact = number < (uint64_t)1 << 53;

	put(text, exact ? "%" PRIu64 : "\"%" PRIu64 "\"", number);
}

/* --- items ----------------------------------------------------------------------------------- */

/* The items of a key, as text. */
struct items {
	char key[24];
	struct text text;
	size_t *ends;          /* where each item's text ends */
	size_t *places;        /* where each item is: ascending */
	size_t count, room;
	uint64_t seen;         /* the scene that had it last */
};

struct writer {
	struct text out;
	const zmm_program *program;
	const struct zmm_explorer_options *options;
	struct items *kept;    /* of the last scene */
	size_t kept_count, kept_room;
	struct items now;      /* of the key that is being written */
	struct text order;     /* of the regions in the last scene, and in this one */
	struct text new_order;
	uint64_t scene;
	bool changed;          /* something of this member was written */
};

static void begin_items(struct items *items)
{
	items->text.length = 0;
	items->count = 0;
}

static bool more_items(struct items *items)
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

/* The text since the last item is one, which is at that place. */
static void end_item(struct items *items, size_t place)
{
	if (items->count == items->room && !more_items(items)) {
		items->text.failed = true;
		return;
	}
	items->places[items->count] = place;
	items->ends[items->count++] = items->text.length;
}

static size_t item_start(const struct items *items, size_t index)
{
	return index ? items->ends[index - 1] : 0;
}

static bool same_item(const struct items *a, size_t i, const struct items *b, size_t j)
{
	size_t from = item_start(a, i), to = item_start(b, j);
	size_t length = a->ends[i] - from;

	return length == b->ends[j] - to
		&& memcmp(a->text.start + from, b->text.start + to, length) == 0;
}

static struct items *kept_items(struct writer *writer, const char *key)
{
	struct items *items;

	for (size_t i = 0; i < writer->kept_count; i++)
		if (strcmp(writer->kept[i].key, key) == 0)
			return &writer->kept[i];
	if (writer->kept_count == writer->kept_room) {
		size_t room = writer->kept_room ? 2 * writer->kept_room : 64;

		items = realloc(writer->kept, room * sizeof *items);
		if (!items) {
			writer->out.failed = true;
			return NULL;
		}
		writer->kept = items;
		writer->kept_room = room;
	}
	items = &writer->kept[writer->kept_count++];
	memset(items, 0, sizeof *items);
	snprintf(items->key, sizeof items->key, "%s", key);
	return items;
}

/* Whether item i of one and item j of the other are at the same place and equal; both ends are. */
static bool in_step(const struct items *old, size_t i, const struct items *now, size_t j)
{
	if (i == old->count || j == now->count)
		return i == old->count && j == now->count;
	return old->places[i] == now->places[j] && same_item(old, i, now, j);
}

/* Writes that old items from i to i_end give way to new ones from j to j_end. */
static void put_hunk(struct writer *writer, const char *member, const struct items *old, size_t i,
	size_t i_end, size_t j, size_t j_end)
{
	const struct items *now = &writer->now;

	if (writer->changed)
		put_bytes(&writer->out, ",", 1);
	else
		put(&writer->out, ",\"%s\":[", member);
	writer->changed = true;
	put(&writer->out, "[\"%s\",%zu,%zu", old->key, j, i_end - i);
	for (; j < j_end; j++) {
		put_bytes(&writer->out, ",", 1);
		put_bytes(&writer->out, now->text.start + item_start(now, j),
			now->ends[j] - item_start(now, j));
	}
	put_bytes(&writer->out, "]", 1);
}

/* Writes how the items under construction differ from the last scene's, and keeps them. */
static void put_change(struct writer *writer, const char *member, const char *key)
{
	struct items *old = kept_items(writer, key), *now = &writer->now, swap;
	size_t i = 0, j = 0;

	if (!old || now->text.failed)
		return;
	old->seen = writer->scene;
	while (i < old->count || j < now->count) {
		size_t i_start = i, j_start = j;

		while (!in_step(old, i, now, j)) {
			bool old_first = j == now->count
				|| (i < old->count && old->places[i] <= now->places[j]);
			bool new_first = i == old->count
				|| (j < now->count && now->places[j] <= old->places[i]);

			i += old_first;
			j += new_first;
		}
		if (i > i_start || j > j_start)
			put_hunk(writer, member, old, i_start, i, j_start, j);
		else if (i < old->count)
			i++, j++;
	}
	swap = *old;
	memcpy(now->key, old->key, sizeof now->key);
	now->seen = old->seen;
	*old = *now;
	*now = swap;
}

/* Empties what was kept under a letter and is not in this scene. */
static void put_gone(struct writer *writer, const char *member, char letter)
{
	for (size_t i = 0; i < writer->kept_count; i++) {
		char key[24];

		if (writer->kept[i].key[0] != letter || writer->kept[i].seen == writer->scene
			|| writer->kept[i].count == 0)
			continue;
		begin_items(&writer->now);
		memcpy(key, writer->kept[i].key, sizeof key);
		put_change(writer, member, key);
	}
}

static void end_changes(struct writer *writer)
{
	if (writer->changed)
		put_bytes(&writer->out, "]", 1);
	writer->changed = false;
}

/* --- scenes ---------------------------------------------------------------------------------- */

static const char *const word_names[] = {
	"size and type", "of the block before", "next cached", "previous", "next", "parent", "child 0",
	"child 1", "next free", "next chunk", "previous chunk", "free pages", "free tail", "number",
	"size", "next segment"
};

enum { WORD_NAMES = sizeof word_names / sizeof word_names[0] };

static int number_of_word(const char *name)
{
	int number = 0;

	while (number < WORD_NAMES - 1 && strcmp(word_names[number], name) != 0)
		number++;
	return number;
}

static void put_block(struct text *text, const struct zmm_scene_block *block)
{
	put(text, "[%zu,%d,%d,%u,%" PRIu64 ",%" PRIu64, block->size,
		block->internal ? (int)ZEND_MM_BLOCK_TAIL + 1 : (int)block->state, (int)block->list,
		block->index, block->operation, block->requested);
	for (unsigned i = 0; i < block->word_count; i++) {
		const struct zmm_scene_word *word = &block->words[i];

		if (word->spot.region == ZMM_SPOT_NONE)
			put(text, ",[%d,%u,%" PRIu64 "]", number_of_word(word->name), word->offset,
				word->value);
		else
			put(text, ",[%d,%u,%" PRId64 ",%" PRIu64 "]", number_of_word(word->name), word->offset,
				word->spot.region, word->spot.offset);
	}
	put(text, "]");
}

static void put_regions(struct writer *writer, const struct zmm_scene *scene)
{
	char key[24];

	writer->new_order.length = 0;
	for (size_t i = 0; i < scene->region_count; i++) {
		const struct zmm_scene_region *region = &scene->regions[i];
		size_t at = 0;

		put(&writer->new_order, "%s[%" PRId64 ",%d,%zu]", i ? "," : "", region->number,
			(int)region->kind, region->size);
		begin_items(&writer->now);
		for (size_t b = 0; b < region->block_count; b++) {
			put_block(&writer->now.text, &region->blocks[b]);
			end_item(&writer->now, at);
			at += region->blocks[b].size;
		}
		snprintf(key, sizeof key, "r%" PRId64, region->number);
		put_change(writer, "b", key);
	}
	put_gone(writer, "b", 'r');
	end_changes(writer);
}

static void put_order(struct writer *writer)
{
	struct text swap = writer->order;

	if (writer->order.start && writer->new_order.length == writer->order.length
		&& memcmp(writer->order.start, writer->new_order.start, writer->order.length) == 0)
		return;
	put(&writer->out, ",\"o\":[");
	put_bytes(&writer->out, writer->new_order.start, writer->new_order.length);
	put(&writer->out, "]");
	writer->order = writer->new_order;
	writer->new_order = swap;
}

static void put_lists(struct writer *writer, const struct zmm_scene *scene)
{
	char key[24];

	for (size_t i = 0; i < scene->list_count; i++) {
		const struct zmm_scene_list *list = &scene->lists[i];

		begin_items(&writer->now);
		for (size_t m = 0; m < list->count; m++) {
			const struct zmm_scene_member *member = &list->members[m];

			put(&writer->now.text, "[%" PRId64 ",%" PRIu64 ",%zu", member->spot.region,
				member->spot.offset, member->size);
			if (list->list == ZEND_MM_LIST_TRIE)
				put(&writer->now.text, ",%u,%d", member->depth, member->link);
			put(&writer->now.text, "]");
			end_item(&writer->now, SIZE_MAX - list->count + m);
		}
		snprintf(key, sizeof key, "l%d:%u", (int)list->list, list->index);
		put_change(writer, "l", key);
	}
	put_gone(writer, "l", 'l');
	end_changes(writer);
}

static void put_steps(struct writer *writer, const struct zmm_scene *scene)
{
	put(&writer->out, "\"s\":[");
	for (size_t i = 0; i < scene->step_count; i++) {
		const struct zmm_scene_step *step = &scene->steps[i];

		put(&writer->out, "%s[%d,%" PRId64 ",%" PRIu64 ",", i ? "," : "", (int)step->kind,
			step->spot.region, step->spot.offset);
		put_number(&writer->out, step->size);
		put(&writer->out, ",");
		put_number(&writer->out, step->number);
		put(&writer->out, "]");
	}
	put(&writer->out, "]");
}

static bool put_scene(void *context, const struct zmm_scene *scene)
{
	struct writer *writer = context;
	const zend_mm_figures *figures = &scene->figures;

	writer->scene = scene->operation + 1;
	put(&writer->out, "%s{", writer->out.start[writer->out.length - 1] == '[' ? "" : ",\n");
	put_steps(writer, scene);
	put(&writer->out, ",\"f\":[%zu,%zu,%zu,%zu,%zu,%" PRIu64 ",%" PRIu64 "]", figures->real_size,
		figures->real_peak, figures->size, figures->peak, figures->cached, scene->live_bytes,
		scene->live_blocks);
	if (scene->result.region != ZMM_SPOT_NONE)
		put(&writer->out, ",\"r\":[%" PRId64 ",%" PRIu64 "]", scene->result.region,
			scene->result.offset);
	if (scene->failed)
		put(&writer->out, ",\"x\":1");
	put_regions(writer, scene);
	put_order(writer);
	put_lists(writer, scene);
	put(&writer->out, "}");
	return !writer->out.failed && !writer->now.text.failed;
}

static void forget(struct writer *writer)
{
	for (size_t i = 0; i < writer->kept_count; i++) {
		free(writer->kept[i].text.start);
		free(writer->kept[i].ends);
		free(writer->kept[i].places);
	}
	writer->kept_count = 0;
	writer->order.length = 0;
	free(writer->order.start);
	writer->order = (struct text){ NULL, 0, 0, false };
}

static bool put_heap(struct writer *writer, bool modern, struct zmm_error *error)
{
	const struct zmm_explorer_options *options = writer->options;
	struct zmm_scene_run run = {
		.allocator = modern ? ZMM_ALLOCATOR_MODERN : ZMM_ALLOCATOR_LEGACY,
		.segment_size = options->segment_size, .switches = zend_mm_study_default().switches,
		.first = options->first, .last = options->first + options->count,
		.observer = put_scene, .context = writer
	};
	bool done;

	put(&writer->out, "%s{\"mode\":\"%s\",\"scenes\":[",
		writer->out.start[writer->out.length - 1] == '[' ? "" : ",\n",
			modern ? "modern" : "legacy");
	done = zmm_scenes_run(writer->program, &run, error);
	put(&writer->out, "]}");
	forget(writer);
	return done;
}

/* --- the rest -------------------------------------------------------------------------------- */

static void put_names(struct text *text, const char *member, const char *const *names, size_t count)
{
	put(text, ",\n\"%s\":[", member);
	for (size_t i = 0; i < count; i++) {
		put(text, "%s", i ? "," : "");
		put_string(text, names[i]);
	}
	put(text, "]");
}

static void put_tables(struct text *text)
{
	static const char *const states[] = { "header", "guard", "used", "reserve", "cached", "free",
		"free pages", "tail", "heap's own" };
	static const char *const lists[] = { "", "cache", "bucket", "tree", "rest list", "bin" };
	static const char *const regions[] = { "segment", "chunk", "cached chunk", "huge block" };
	const struct zmm_element_words *element;

	put_names(text, "states", states, sizeof states / sizeof states[0]);
	put_names(text, "lists", lists, sizeof lists / sizeof lists[0]);
	put_names(text, "regions", regions, sizeof regions / sizeof regions[0]);
	put_names(text, "words", word_names, WORD_NAMES);
	put(text, ",\n\"elements\":[");
	for (size_t i = 0; (element = zmm_element_words(i)); i++) {
		const char *const of[] = { element->key, element->title, element->text, element->document };

		for (size_t k = 0; k < 4; k++) {
			put(text, k ? "," : i ? ",[" : "[");
			put_string(text, of[k]);
		}
		put(text, "]");
	}
	put(text, "],\n\"kinds\":[");
	for (int kind = 0; kind < ZEND_MM_EVENT_KINDS; kind++) {
		const struct zmm_step_words *words = zmm_step_words((enum zend_mm_study_event_kind)kind);

		put(text, kind ? ",[" : "[");
		put_string(text, zend_mm_study_event_name((enum zend_mm_study_event_kind)kind));
		put(text, ",");
		put_string(text, words->sentence);
		put(text, ",");
		put_string(text, words->document);
		put(text, "]");
	}
	put(text, "]");
}

static void put_operations(struct writer *writer)
{
	const struct zmm_explorer_options *options = writer->options;

	put(&writer->out, ",\n\"operations\":[");
	for (uint64_t at = options->first; at <= options->first + options->count; at++) {
		char operation[200];

		zmm_operation_text(writer->program, at, operation, sizeof operation);
		put(&writer->out, at > options->first ? "," : "");
		put_string(&writer->out, operation);
	}
	put(&writer->out, "]");
}

static bool put_all(struct writer *writer, struct zmm_error *error)
{
	const struct zmm_explorer_options *options = writer->options;

	put(&writer->out, "{\"trace\":");
	put_string(&writer->out, options->name);
	put(&writer->out, ",\"docs\":");
	put_string(&writer->out, options->docs);
	put(&writer->out, ",\"first\":%" PRIu64 ",\"count\":%" PRIu64 ",\"total\":%zu", options->first,
		options->count, writer->program->op_count);
	put_tables(&writer->out);
	put_operations(writer);
	put(&writer->out, ",\n\"heaps\":[");
	if (writer->out.failed)
		return true; /* said by the caller */
	if (options->legacy && !put_heap(writer, false, error))
		return false;
	if (options->modern && !put_heap(writer, true, error))
		return false;
	put(&writer->out, "]}\n");
	return true;
}

char *zmm_explorer_json(const zmm_program *program, const struct zmm_explorer_options *options,
	size_t *length, struct zmm_error *error)
{
	struct writer writer = { .program = program, .options = options };
	bool done = put_all(&writer, error);

	if (writer.out.failed || writer.now.text.failed) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the page's data");
		done = false;
	}
	forget(&writer);
	free(writer.kept);
	free(writer.now.text.start);
	free(writer.now.ends);
	free(writer.now.places);
	free(writer.new_order.start);
	*length = writer.out.length;
	if (!done) {
		free(writer.out.start);
		return NULL;
	}
	return writer.out.start;
}
