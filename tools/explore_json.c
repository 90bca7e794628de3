/* SPDX-License-Identifier: MIT */
/*
 * Writes scenes for the page. See explore_json.h for the format, explore_changes.h for the changes.
 */
#include "tools/explore_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/explore_changes.h"
#include "tools/explore_words.h"
#include "trace/error.h"

enum { FIGURES = 7, MOST_SHAPES = 64 };

/* The words that a block has: their names' numbers and offsets, and which are links. */
struct shape {
	unsigned count;
	struct { unsigned name, offset; bool link; } words[ZEND_MM_STUDY_WORDS];
};

struct writer {
	struct zmm_json_text out;
	const zmm_program *program;
	const struct zmm_explorer_options *options;
	struct zmm_changes changes;
	struct zmm_json_text item;              /* a step that is being written */
	struct zmm_json_text figures[FIGURES];
	int64_t before[FIGURES];
	struct shape shapes[MOST_SHAPES];
	size_t shape_count;
};

/* --- blocks ---------------------------------------------------------------------------------- */

static const char *const word_names[] = {
	"size and type", "of the block before", "next cached", "previous", "next", "parent", "child 0",
	"child 1", "next free", "next chunk", "previous chunk", "free pages", "free tail", "number",
	"size", "next segment"
};

enum { WORD_NAMES = sizeof word_names / sizeof word_names[0] };

static unsigned number_of_word(const char *name)
{
	unsigned number = 0;

	while (number < WORD_NAMES - 1 && strcmp(word_names[number], name) != 0)
		number++;
	return number;
}

static bool same_shape(const struct shape *a, const struct shape *b)
{
	bool same = a->count == b->count;

	for (unsigned i = 0; same && i < a->count; i++)
		same = a->words[i].name == b->words[i].name && a->words[i].link == b->words[i].link
			&& a->words[i].offset == b->words[i].offset;
	return same;
}

/* The number of a block's shape; there are fewer kinds of blocks than shapes. */
static size_t shape_of(struct writer *writer, const struct zmm_scene_block *block)
{
	struct shape shape = { .count = block->word_count };
	size_t number = 0;

	for (unsigned i = 0; i < shape.count; i++) {
		shape.words[i].name = number_of_word(block->words[i].name);
		shape.words[i].offset = block->words[i].offset;
		shape.words[i].link = block->words[i].link;
	}
	while (number < writer->shape_count && !same_shape(&writer->shapes[number], &shape))
		number++;
	if (number == writer->shape_count && number < MOST_SHAPES)
		writer->shapes[writer->shape_count++] = shape;
	return number;
}

static void put_comma_number(struct zmm_json_text *text, uint64_t number)
{
	zmm_json_bytes(text, ",", 1);
	zmm_json_unsigned(text, number);
}

static void put_block(struct writer *writer, const struct zmm_scene_block *block)
{
	struct zmm_json_text *text = &writer->changes.now.text;

	zmm_json_put(text, "[");
	zmm_json_unsigned(text, block->size);
	put_comma_number(text, block->internal ? ZEND_MM_BLOCK_TAIL + 1U : block->state);
	put_comma_number(text, block->list);
	put_comma_number(text, block->index);
	put_comma_number(text, block->operation);
	put_comma_number(text, block->requested);
	put_comma_number(text, shape_of(writer, block));
	for (unsigned i = 0; i < block->word_count; i++) {
		const struct zmm_scene_word *word = &block->words[i];

		if (word->link) {
			zmm_json_put(text, ",");
			zmm_json_number(text, word->spot.region);
		}
		put_comma_number(text, word->spot.region == ZMM_SPOT_NONE ? word->value
			: word->spot.offset);
	}
	zmm_json_put(text, "]");
}

static void put_shapes(struct writer *writer)
{
	struct zmm_json_text *out = &writer->out;

	zmm_json_member(out, "shapes");
	zmm_json_put(out, "[");
	for (size_t i = 0; i < writer->shape_count; i++) {
		const struct shape *shape = &writer->shapes[i];

		zmm_json_put(out, i ? ",[" : "[");
		for (unsigned w = 0; w < shape->count; w++) {
			zmm_json_put(out, w ? ",[" : "[");
			zmm_json_unsigned(out, shape->words[w].name);
			put_comma_number(out, shape->words[w].offset);
			put_comma_number(out, shape->words[w].link);
			zmm_json_put(out, "]");
		}
		zmm_json_put(out, "]");
	}
	zmm_json_put(out, "]");
}

/* --- scenes ---------------------------------------------------------------------------------- */

static void put_regions(struct writer *writer, const struct zmm_scene *scene)
{
	struct zmm_changes *changes = &writer->changes;
	char key[ZMM_CHANGES_KEY];

	zmm_changes_begin(changes);
	for (size_t i = 0; i < scene->region_count; i++) {
		const struct zmm_scene_region *region = &scene->regions[i];

		zmm_json_numbers(&changes->now.text,
			(const int64_t[]){ region->number, region->kind, (int64_t)region->size }, 3);
		zmm_changes_item(changes, 0);
	}
	zmm_changes_end(changes, "o");
	for (size_t i = 0; i < scene->region_count; i++) {
		const struct zmm_scene_region *region = &scene->regions[i];
		size_t at = 0;

		zmm_changes_begin(changes);
		for (size_t b = 0; b < region->block_count; b++) {
			put_block(writer, &region->blocks[b]);
			zmm_changes_item(changes, at);
			at += region->blocks[b].size;
		}
		snprintf(key, sizeof key, "r%" PRId64, region->number);
		zmm_changes_end(changes, key);
	}
}

static void put_lists(struct writer *writer, const struct zmm_scene *scene)
{
	struct zmm_changes *changes = &writer->changes;
	char key[ZMM_CHANGES_KEY];

	for (size_t i = 0; i < scene->list_count; i++) {
		const struct zmm_scene_list *list = &scene->lists[i];
		size_t numbers = list->list == ZEND_MM_LIST_TRIE ? 5 : 3;

		zmm_changes_begin(changes);
		for (size_t m = 0; m < list->count; m++) {
			const struct zmm_scene_member *member = &list->members[m];

			zmm_json_numbers(&changes->now.text, (const int64_t[]){ member->spot.region,
				(int64_t)member->spot.offset, (int64_t)member->size, member->depth,
				member->link }, numbers);
			zmm_changes_item(changes, 0);
		}
		snprintf(key, sizeof key, "l%d:%u", (int)list->list, list->index);
		zmm_changes_end(changes, key);
	}
}

static void put_step(struct writer *writer, const struct zmm_scene_step *step)
{
	struct zmm_json_text *item = &writer->item;

	item->length = 0;
	zmm_json_put(item, "[");
	zmm_json_unsigned(item, step->kind);
	if (step->spot.region != 0 || step->spot.offset || step->size || step->number) {
		zmm_json_put(item, ",");
		zmm_json_number(item, step->spot.region);
	}
	if (step->spot.offset || step->size || step->number)
		put_comma_number(item, step->spot.offset);
	if (step->size || step->number)
		put_comma_number(item, step->size);
	if (step->number)
		put_comma_number(item, step->number);
	zmm_json_put(item, "]");
	if (!item->failed)
		zmm_json_item(&writer->out, &writer->changes.items, item->start, item->length);
}

static void put_steps(struct writer *writer, const struct zmm_scene *scene)
{
	zmm_json_put(&writer->out, "\"s\":[");
	for (size_t i = 0; i < scene->step_count; i++) {
		zmm_json_put(&writer->out, i ? "," : "");
		put_step(writer, &scene->steps[i]);
	}
	zmm_json_put(&writer->out, "]");
}

static void put_figures(struct writer *writer, const struct zmm_scene *scene)
{
	const zend_mm_figures *figures = &scene->figures;
	const int64_t now[FIGURES] = {
		(int64_t)figures->real_size, (int64_t)figures->real_peak, (int64_t)figures->size,
		(int64_t)figures->peak, (int64_t)figures->cached, (int64_t)scene->live_bytes,
		(int64_t)scene->live_blocks
	};

	for (int i = 0; i < FIGURES; i++) {
		zmm_json_put(&writer->figures[i], writer->figures[i].length ? "," : "[");
		zmm_json_number(&writer->figures[i], now[i] - writer->before[i]);
		writer->before[i] = now[i];
	}
}

static bool put_scene(void *context, const struct zmm_scene *scene)
{
	struct writer *writer = context;
	struct zmm_json_text *out = &writer->out;

	writer->changes.scene = scene->operation + 1;
	zmm_json_put(out, out->start[out->length - 1] == '[' ? "{" : ",\n{");
	put_steps(writer, scene);
	put_regions(writer, scene);
	put_lists(writer, scene);
	zmm_changes_rest(&writer->changes);
	if (scene->result.region != ZMM_SPOT_NONE) {
		zmm_json_put(out, ",\"r\":[");
		zmm_json_number(out, scene->result.region);
		put_comma_number(out, scene->result.offset);
		zmm_json_put(out, "]");
	}
	zmm_json_put(out, scene->failed ? ",\"x\":1}" : "}");
	put_figures(writer, scene);
	return !out->failed && !writer->changes.now.text.failed;
}

static bool put_heap(struct writer *writer, const struct zmm_explorer_heap *heap,
	struct zmm_error *error)
{
	const struct zmm_explorer_options *options = writer->options;
	struct zmm_scene_run run = {
		.allocator = heap->allocator, .segment_size = heap->segment_size,
		.switches = heap->switches, .first = options->first,
		.last = options->first + options->count, .observer = put_scene, .context = writer
	};
	bool done;

	zmm_json_put(&writer->out, "{");
	zmm_json_member(&writer->out, "mode");
	zmm_json_string(&writer->out,
		heap->allocator == ZMM_ALLOCATOR_MODERN ? "modern" : "legacy");
	zmm_json_member(&writer->out, "title");
	zmm_json_string(&writer->out, heap->title);
	zmm_json_member(&writer->out, "scenes");
	zmm_json_put(&writer->out, "[");
	done = !writer->out.failed && zmm_scenes_run(writer->program, &run, error);
	zmm_json_put(&writer->out, "]");
	zmm_json_member(&writer->out, "figures");
	for (int i = 0; i < FIGURES; i++) {
		zmm_json_put(&writer->out, i ? ",\n" : "[");
		zmm_json_bytes(&writer->out, writer->figures[i].start, writer->figures[i].length);
		zmm_json_put(&writer->out, "]");
		writer->figures[i].length = 0;
		writer->before[i] = 0;
	}
	zmm_json_put(&writer->out, "]}");
	zmm_changes_forget(&writer->changes);
	return done || writer->out.failed;
}

/* --- the rest -------------------------------------------------------------------------------- */

static void put_strings(struct zmm_json_text *out, const char *const *strings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		zmm_json_put(out, i ? "," : "[");
		zmm_json_string(out, strings[i]);
	}
	zmm_json_put(out, "]");
}

static void put_names(struct zmm_json_text *out)
{
	static const char *const states[] = { "header", "guard", "used", "reserve", "cached", "free",
		"free pages", "tail", "heap's own" };
	static const char *const lists[] = { "", "cache", "bucket", "tree", "rest list", "bin" };
	static const char *const regions[] = { "segment", "chunk", "cached chunk", "huge block" };

	zmm_json_member(out, "states");
	put_strings(out, states, sizeof states / sizeof states[0]);
	zmm_json_member(out, "lists");
	put_strings(out, lists, sizeof lists / sizeof lists[0]);
	zmm_json_member(out, "regions");
	put_strings(out, regions, sizeof regions / sizeof regions[0]);
	zmm_json_member(out, "words");
	put_strings(out, word_names, WORD_NAMES);
}

static void put_sentences(struct zmm_json_text *out)
{
	const struct zmm_element_words *element;

	zmm_json_member(out, "elements");
	for (size_t i = 0; (element = zmm_element_words(i)); i++) {
		zmm_json_put(out, i ? ",\n" : "[");
		put_strings(out, (const char *const[]){ element->key, element->title, element->text,
			element->document }, 4);
	}
	zmm_json_put(out, "]");
	zmm_json_member(out, "kinds");
	for (int kind = 0; kind < ZEND_MM_EVENT_KINDS; kind++) {
		const struct zmm_step_words *words = zmm_step_words((enum zend_mm_study_event_kind)kind);

		zmm_json_put(out, kind ? ",\n" : "[");
		put_strings(out, (const char *const[]){
			zend_mm_study_event_name((enum zend_mm_study_event_kind)kind), words->sentence,
			words->document }, 3);
	}
	zmm_json_put(out, "]");
	zmm_json_member(out, "forms");
	for (unsigned form = 0; form < ZMM_OPERATION_FORMS; form++) {
		zmm_json_put(out, form ? "," : "[");
		zmm_json_string(out, zmm_operation_form(form));
	}
	zmm_json_put(out, "]");
}

static void put_operations(struct writer *writer)
{
	const struct zmm_explorer_options *options = writer->options;
	struct zmm_json_text *out = &writer->out;

	zmm_json_member(out, "operations");
	for (uint64_t at = options->first; at <= options->first + options->count; at++) {
		struct zmm_operation_words words = zmm_operation_words(writer->program, at);

		zmm_json_put(out, at > options->first ? ",[" : "[[");
		zmm_json_unsigned(out, words.form);
		if (words.size || words.origin)
			put_comma_number(out, words.size);
		if (words.origin)
			put_comma_number(out, words.origin);
		zmm_json_put(out, "]");
	}
	zmm_json_put(out, "]");
}

static bool put_all(struct writer *writer, struct zmm_error *error)
{
	const struct zmm_explorer_options *options = writer->options;
	struct zmm_json_text *out = &writer->out;
	bool done = true;

	zmm_json_put(out, "{");
	zmm_json_member(out, "trace");
	zmm_json_string(out, options->name);
	zmm_json_member(out, "docs");
	zmm_json_string(out, options->docs);
	zmm_json_member(out, "first");
	zmm_json_unsigned(out, options->first);
	zmm_json_member(out, "count");
	zmm_json_unsigned(out, options->count);
	zmm_json_member(out, "total");
	zmm_json_unsigned(out, writer->program->op_count);
	put_names(out);
	put_sentences(out);
	put_operations(writer);
	zmm_json_member(out, "heaps");
	for (size_t i = 0; done && i < options->heap_count; i++) {
		zmm_json_put(out, i ? ",\n" : "[");
		done = put_heap(writer, &options->heaps[i], error);
	}
	zmm_json_put(out, "]");
	put_shapes(writer);
	zmm_json_put(out, "}\n");
	return done;
}

char *zmm_explorer_json(const zmm_program *program, const struct zmm_explorer_options *options,
	size_t *length, struct zmm_error *error)
{
	struct writer *writer = calloc(1, sizeof *writer);
	char *json = NULL;
	bool done = false;

	if (writer) {
		writer->program = program;
		writer->options = options;
		writer->changes.out = &writer->out;
		done = put_all(writer, error);
	}
	if (!writer || writer->out.failed || writer->item.failed) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the page's data");
	} else if (done) {
		json = writer->out.start;
		*length = writer->out.length;
		writer->out.start = NULL;
	}
	if (writer) {
		for (int i = 0; i < FIGURES; i++)
			zmm_json_drop(&writer->figures[i]);
		zmm_json_drop(&writer->item);
		zmm_json_drop(&writer->out);
	}
	free(writer);
	return json;
}
