/* SPDX-License-Identifier: MIT */
/*
 * Scenes as text. Each region is drawn as rows of characters, one for an equal share of its bytes,
 * with the letter of the state that has most of them; colours only repeat what the letters say.
 */
#include "tools/explore_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/explore_words.h"
#include "tools/text_table.h"

/* A state as it is drawn; in the order of zend_mm_block_state, the heap's own last. */
struct look {
	char letter;
	const char *name;
	const char *colour;  /* an SGR sequence's numbers */
};

static const struct look looks[] = {
	[ZEND_MM_BLOCK_HEADER] = { 'h', "header", "90" },
	[ZEND_MM_BLOCK_GUARD] = { 'g', "guard", "90" },
	[ZEND_MM_BLOCK_USED] = { '#', "used", "1;33" },
	[ZEND_MM_BLOCK_RESERVE] = { 'R', "reserve", "35" },
	[ZEND_MM_BLOCK_CACHED] = { 'c', "cached", "36" },
	[ZEND_MM_BLOCK_FREE] = { '.', "free", "32" },
	[ZEND_MM_BLOCK_FREE_PAGES] = { '_', "free pages", "32" },
	[ZEND_MM_BLOCK_TAIL] = { 't', "tail of a run", "90" },
	[ZEND_MM_BLOCK_TAIL + 1] = { 'o', "the heap's own", "35" }
};

enum { LOOKS = sizeof looks / sizeof looks[0], MOST_ROWS = 8 };

static int look_of(const struct zmm_scene_block *block)
{
	return block->internal ? LOOKS - 1 : (int)block->state;
}

bool zmm_colour_wanted(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (!no || !*no);
}

unsigned zmm_style_width(unsigned columns)
{
	enum { margin = 11, least = 8, most = 128 };
	unsigned width = columns ? most : 64;

	while (columns && width > least && width + margin > columns)
		width /= 2;
	return width;
}

/* --- the map --------------------------------------------------------------------------------- */

/* What most of [from, to) is; *block and *at are where the search may begin, and are moved. */
static int most_of(const struct zmm_scene_region *region, size_t *block, size_t *at, size_t from,
	size_t to)
{
	size_t bytes[LOOKS] = { 0 };
	int best = 0;

	while (*block < region->block_count && *at < to) {
		const struct zmm_scene_block *here = &region->blocks[*block];
		size_t end = *at + here->size;

		bytes[look_of(here)] += (end < to ? end : to) - (*at > from ? *at : from);
		if (end > to)
			break;
		*at = end;
		++*block;
	}
	for (int look = 1; look < LOOKS; look++)
		if (bytes[look] > bytes[best])
			best = look;
	return best;
}

static void put_look(FILE *out, int look, int before, bool colour)
{
	if (colour && look != before)
		fprintf(out, "\033[0;%sm", looks[look].colour);
	putc(looks[look].letter, out);
}

static void print_rows(FILE *out, const struct zmm_scene_region *region,
	const struct zmm_scene_style *style)
{
	size_t rows = region->kind == ZEND_MM_REGION_SEGMENT || region->kind == ZEND_MM_REGION_CHUNK
		? MOST_ROWS : 1;
	size_t cell = region->size / (rows * style->width);
	size_t block = 0, at = 0;

	cell = cell ? cell : 1;
	for (size_t row = 0; row * style->width * cell < region->size; row++) {
		int before = -1;

		fprintf(out, "  %8zu ", row * style->width * cell);
		for (unsigned i = 0; i < style->width; i++) {
			size_t from = (row * style->width + i) * cell;

			if (from < region->size) {
				int look = most_of(region, &block, &at, from,
					from + cell < region->size ? from + cell : region->size);

				put_look(out, look, before, style->colour);
				before = look;
			}
		}
		fputs(style->colour ? "\033[0m\n" : "\n", out);
	}
}

static const char *kind_name(zend_mm_region_kind kind)
{
	static const char *const names[] = { "segment", "chunk", "cached chunk", "huge block" };

	return names[kind];
}

/* REGION OFFSET SIZE STATE LIST INDEX OPERATION REQUESTED */
static void print_blocks(FILE *out, const struct zmm_scene_region *region)
{
	size_t at = 0;

	for (size_t i = 0; i < region->block_count; i++) {
		const struct zmm_scene_block *block = &region->blocks[i];

		fprintf(out, "block %" PRId64 " %zu %zu %s", region->number, at, block->size,
			zmm_scene_state_name(block));
		if (block->list != ZEND_MM_LIST_NONE)
			fprintf(out, " %s %u", zmm_scene_list_name(block->list), block->index);
		if (block->operation)
			fprintf(out, " operation %" PRIu64 " requested %" PRIu64, block->operation,
				block->requested);
		putc('\n', out);
		at += block->size;
	}
}

static void print_region(FILE *out, const struct zmm_scene_region *region,
	const struct zmm_scene_style *style)
{
	fprintf(out, "%s %" PRId64 ": %zu bytes, parts: %zu\n", kind_name(region->kind), region->number,
		region->size, region->block_count);
	if (style->blocks)
		print_blocks(out, region);
	else
		print_rows(out, region, style);
}

static void print_legend(FILE *out, const struct zmm_scene *scene,
	const struct zmm_scene_style *style)
{
	bool seen[LOOKS] = { false };
	size_t indent = strlen("legend:"), column = indent;

	for (size_t r = 0; r < scene->region_count; r++)
		for (size_t b = 0; b < scene->regions[r].block_count; b++)
			seen[look_of(&scene->regions[r].blocks[b])] = true;
	fputs("legend:", out);
	for (int look = 0; look < LOOKS; look++)
		if (seen[look]) {
			size_t width = strlen("  x ") + strlen(looks[look].name);

			if (column + width > ZMM_TEXT_WIDTH) {
				fprintf(out, "\n%*s", (int)indent, "");
				column = indent;
			}
			column += width;
			fputs("  ", out);
			put_look(out, look, -1, style->colour);
			fprintf(out, "%s %s", style->colour ? "\033[0m" : "", looks[look].name);
		}
	putc('\n', out);
}

/* --- lists ----------------------------------------------------------------------------------- */

/* A line that continues below, so far in, where the next piece would make it too wide. */
struct line {
	FILE *out;
	size_t column;
	size_t indent;
};

/* One piece of it, which stays together; without a line's end. */
__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *format, ...)
{
	char piece[160];
	va_list arguments;

	va_start(arguments, format);
	size_t length = (size_t)vsnprintf(piece, sizeof piece, format, arguments);
	va_end(arguments);
	if (line->column > line->indent && line->column + 1 + length > ZMM_TEXT_WIDTH) {
		fprintf(line->out, "\n%*s", (int)line->indent, "");
		line->column = line->indent;
	} else if (line->column > line->indent) {
		putc(' ', line->out);
		line->column++;
	}
	fputs(piece, line->out);
	line->column += length;
}

static void print_tree_member(FILE *out, const struct zmm_scene_member *member)
{
	static const char *const links[] = { "root", "0:", "1:", "=" };
	char spot[48];

	fprintf(out, "    %*s%s %zu at %s\n",
		(int)(2 * member->depth + (member->link == 2 ? 2 : 0)), "",
		links[member->link + 1], member->size, zmm_spot_text(member->spot, spot));
}

static void print_list(FILE *out, const struct zmm_scene_list *list)
{
	enum { most = 12 };
	struct line line = { out, 0, 4 };
	char spot[48];

	if (list->list == ZEND_MM_LIST_TRIE) {
		fprintf(out, "  %s %u: %zu block%s\n", zmm_scene_list_name(list->list), list->index,
			list->count, list->count == 1 ? "" : "s");
		for (size_t i = 0; i < list->count; i++)
			print_tree_member(out, &list->members[i]);
		return;
	}
	put(&line, "  %s %u (%zu bytes each):", zmm_scene_list_name(list->list), list->index,
		list->members[0].size);
	for (size_t i = 0; i < list->count && i < most; i++)
		put(&line, "%s", zmm_spot_text(list->members[i].spot, spot));
	if (list->count > most)
		put(&line, "and %zu more", list->count - most);
	putc('\n', out);
}

static void print_rest(FILE *out, const struct zmm_scene_list *list)
{
	struct line line = { out, 0, 4 };
	char spot[48];

	put(&line, "  rest list, the oldest first:");
	for (size_t i = 0; i < list->count; i++)
		put(&line, "%zu at %s", list->members[i].size,
			zmm_spot_text(list->members[i].spot, spot));
	putc('\n', out);
}

static void print_figures(FILE *out, const struct zmm_scene *scene)
{
	const zend_mm_figures *figures = &scene->figures;

	struct line line = { out, 0, strlen("figures: ") };

	put(&line, "figures: real size %zu (peak %zu),", figures->real_size, figures->real_peak);
	put(&line, "size %zu (peak %zu),", figures->size, figures->peak);
	put(&line, "cached %zu;", figures->cached);
	put(&line, "live %" PRIu64 " bytes in %" PRIu64 " block%s", scene->live_bytes,
		scene->live_blocks, scene->live_blocks == 1 ? "" : "s");
	putc('\n', out);
}

void zmm_scene_print(FILE *out, const struct zmm_scene *scene, const struct zmm_scene_style *style)
{
	fprintf(out, "%s heap after operation %" PRIu64 "\n",
		scene->mode == ZEND_MM_MODERN ? "modern" : "legacy", scene->operation);
	for (size_t i = 0; i < scene->region_count; i++)
		print_region(out, &scene->regions[i], style);
	print_legend(out, scene, style);
	fputs(scene->list_count ? "lists:\n" : "lists: all empty\n", out);
	for (size_t i = 0; i < scene->list_count; i++)
		if (scene->lists[i].list == ZEND_MM_LIST_REST)
			print_rest(out, &scene->lists[i]);
		else
			print_list(out, &scene->lists[i]);
	print_figures(out, scene);
}

static void print_step(FILE *out, size_t number, const char *text)
{
	size_t length = zmm_fold(text, ZMM_TEXT_WIDTH - 6);

	fprintf(out, "  %2zu. %.*s\n", number, (int)length, text);
	while (text[length]) {
		text += length + strspn(text + length, " ");
		length = zmm_fold(text, ZMM_TEXT_WIDTH - 6);
		fprintf(out, "      %.*s\n", (int)length, text);
	}
}

void zmm_steps_print(FILE *out, const struct zmm_scene *scene, const zmm_program *program)
{
	char text[300], spot[48];

	zmm_operation_text(program, scene->operation, text, sizeof text);
	fprintf(out, "operation %" PRIu64 " of %zu: %s", scene->operation, program->op_count, text);
	if (scene->result.region != ZMM_SPOT_NONE)
		fprintf(out, " -> %s", zmm_spot_text(scene->result, spot));
	fputs(scene->failed ? " (refused)\n" : "\n", out);
	for (size_t i = 0; i < scene->step_count; i++) {
		zmm_step_text(&scene->steps[i], text, sizeof text);
		print_step(out, i + 1, text);
	}
}
