/* SPDX-License-Identifier: MIT */
/*
 * tools/comparison_emit.c - comparisons as documents. See comparison_emit.h.
 *
 * The figures of a result are listed once, in fields[]: JSON has all of them, the table in text
 * those with a heading.
 */
#include "config.h"

#include "tools/comparison_emit.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "tools/comparison_curves.h"
#include "tools/emit_figures.h"
#include "tools/machine.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- values that may be missing -------------------------------------------------------------- */

static struct zmm_value nanoseconds(double ns)
{
	return isnan(ns) ? zmm_value_missing() : zmm_value_nanoseconds(ns);
}

static struct zmm_value ratio(double number)
{
	return isnan(number) ? zmm_value_missing() : zmm_value_ratio(number);
}

static struct zmm_value text_or_missing(const char *text)
{
	return text && *text ? zmm_value_text(text) : zmm_value_missing();
}

/* --- the head -------------------------------------------------------------------------------- */

static void emit_contenders(zmm_emit *emit, const struct zmm_comparison_settings *settings)
{
	static const struct zmm_column columns[] = {
		{ "name", "" }, { "kind", "" }, { "mode", "" }, { "library", "" }, { "storage", "" },
		{ "segment_size", "" }, { "missing", "" }, { "package", "" },
	};

	zmm_emit_table(emit, "contenders", columns, COUNT(columns));
	for (int i = 0; i < settings->count; i++) {
		const struct zmm_contender *contender = &settings->contenders[i];
		bool heap = zmm_contender_is_heap(contender);

		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_text(contender->name), zmm_value_text(heap ? "heap" : "malloc"),
			text_or_missing(heap ? zmm_allocator_name(contender->replay.allocator) : NULL),
			text_or_missing(contender->preload),
			text_or_missing(heap ? contender->replay.storage : NULL),
			heap && contender->replay.segment_size
				? zmm_value_bytes(contender->replay.segment_size) : zmm_value_missing(),
			text_or_missing(contender->missing ? "its library is not installed" : NULL),
			text_or_missing(contender->missing ? contender->package : NULL),
		});
	}
	zmm_emit_end(emit);
}

void zmm_emit_formulas(zmm_emit *emit)
{
	static const struct zmm_column columns[] = {
		{ "measure", "measure" }, { "title", "" }, { "formula", "formula" }, { "meaning", "" },
	};

	zmm_emit_table(emit, "formulas", columns, COUNT(columns));
	for (int i = 0; i < ZMM_MEASURES; i++) {
		const struct zmm_measure_info *info = zmm_measure_info((enum zmm_measure)i);

		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_text(info->key), zmm_value_text(info->title),
			zmm_value_text(info->formula), zmm_value_text(info->meaning),
		});
	}
	zmm_emit_end(emit);
	zmm_emit_symbols(emit);
}

static void emit_causes(zmm_emit *emit)
{
	static const struct zmm_column columns[] = {
		{ "cause", "" }, { "title", "" }, { "meaning", "" }, { "family", "" },
		{ "legacy", "" }, { "modern", "" },
	};

	zmm_emit_table(emit, "causes", columns, COUNT(columns));
	for (int i = 0; i < ZMM_CAUSES; i++) {
		const struct zmm_cause_info *info = zmm_cause_info((enum zmm_cause)i);

		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_text(info->key), zmm_value_text(info->title),
			zmm_value_text(info->meaning), zmm_value_text(zmm_family_name(info->family)),
			zmm_value_count(info->legacy), zmm_value_count(info->modern),
		});
	}
	zmm_emit_end(emit);
}

static void emit_settings(zmm_emit *emit, const struct zmm_comparison_settings *settings)
{
	bool budget = settings->budget_seconds > 0;

	zmm_emit_fact(emit, "blocks", "blocks", budget ? zmm_value_missing()
		: zmm_value_count(settings->blocks));
	zmm_emit_fact(emit, "budget_seconds", "budget", budget
		? zmm_value_ratio(settings->budget_seconds) : zmm_value_missing());
	zmm_emit_fact(emit, "noisy_limit", "", zmm_value_ratio(ZMM_NOISY_LIMIT));
	zmm_emit_fact(emit, "resamples", "", zmm_value_count(ZMM_RESAMPLES));
}

void zmm_emit_comparison_head(zmm_emit *emit, const struct zmm_comparison_settings *settings,
	const char *command, int64_t date)
{
	char text[500], moment[40];
	time_t seconds = (time_t)date;

	strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%SZ", gmtime(&seconds));
	zmm_emit_for(emit, ZMM_FOR_JSON);
	zmm_emit_fact(emit, "format", "", zmm_value_text("zmm-comparison"));
	zmm_emit_fact(emit, "version", "", zmm_value_count(1));
	zmm_emit_fact(emit, "zmm", "", zmm_value_text(PACKAGE_VERSION));
	zmm_emit_fact(emit, "date", "", zmm_value_text(moment));
	zmm_emit_fact(emit, "command", "", zmm_value_text(command));
	zmm_emit_machine(emit);
	emit_settings(emit, settings);
	emit_contenders(emit, settings);
	emit_causes(emit);
	zmm_emit_formulas(emit);
	zmm_emit_for(emit, ZMM_FOR_TEXT);
	zmm_emit_fact(emit, "machine", "machine", zmm_value_text(zmm_machine_line(text, sizeof text)));
	zmm_emit_for(emit, ZMM_FOR_ALL);
	zmm_emit_fact(emit, "seed", "seed", zmm_value_count(settings->seed));
	zmm_emit_fact(emit, "baseline", "ratios to",
		zmm_value_text(settings->contenders[settings->baseline].name));
}

/* --- figures of a result --------------------------------------------------------------------- */

enum figure {
	FIGURE_NAME, FIGURE_FAILED, FIGURE_NS, FIGURE_NET_NS, FIGURE_NS_Q1, FIGURE_NS_Q3,
	FIGURE_NOISY, FIGURE_RATIO, FIGURE_RATIO_LOW, FIGURE_RATIO_HIGH, FIGURE_SIGNIFICANT,
	FIGURE_RATIO_WITH_LOOP, FIGURE_REFUSING, FIGURE_WALL_NS, FIGURE_WALL_Q1, FIGURE_WALL_Q3,
	FIGURE_FIRST_NS, FIGURE_WALL_RATIO, FIGURE_WALL_LOW, FIGURE_WALL_HIGH, FIGURE_INSTRUCTIONS,
	FIGURE_INSTRUCTIONS_WITH_LOOP, FIGURE_PEAK_LIVE, FIGURE_PEAK_USABLE, FIGURE_PEAK_HELD,
	FIGURE_OVERHEAD, FIGURE_PEAK_RESIDENT, FIGURE_HIGH_WATER, FIGURE_FINAL_HELD,
	FIGURE_PEAK_REGIONS, FIGURE_STORAGE_CALLS, FIGURE_FAILURES, FIGURES
};

static const struct zmm_column figures[FIGURES] = {
	[FIGURE_NAME] = { "name", "" },
	[FIGURE_FAILED] = { "failed", NULL },
	[FIGURE_NS] = { "ns", "time" },
	[FIGURE_NET_NS] = { "net_ns", "less loop" },
	[FIGURE_NS_Q1] = { "ns_q1", NULL },
	[FIGURE_NS_Q3] = { "ns_q3", NULL },
	[FIGURE_NOISY] = { "noisy", NULL },
	[FIGURE_RATIO] = { "ratio", "ratio" },
	[FIGURE_RATIO_LOW] = { "ratio_low", "95 % interval" }, /* with the next, in one cell */
	[FIGURE_RATIO_HIGH] = { "ratio_high", NULL },
	[FIGURE_SIGNIFICANT] = { "significant", NULL },
	[FIGURE_RATIO_WITH_LOOP] = { "ratio_with_loop", "with loop" },
	[FIGURE_REFUSING] = { "refusing_samples", NULL },
	[FIGURE_WALL_NS] = { "wall_ns", NULL },
	[FIGURE_WALL_Q1] = { "wall_q1", NULL },
	[FIGURE_WALL_Q3] = { "wall_q3", NULL },
	[FIGURE_FIRST_NS] = { "first_ns", "first run" },
	[FIGURE_WALL_RATIO] = { "wall_ratio", NULL },
	[FIGURE_WALL_LOW] = { "wall_low", NULL },
	[FIGURE_WALL_HIGH] = { "wall_high", NULL },
	[FIGURE_INSTRUCTIONS] = { "instructions", NULL },
	[FIGURE_INSTRUCTIONS_WITH_LOOP] = { "instructions_with_loop", NULL },
	[FIGURE_PEAK_LIVE] = { "peak_live", NULL },
	[FIGURE_PEAK_USABLE] = { "peak_usable", NULL },
	[FIGURE_PEAK_HELD] = { "peak_held", "peak held" },
	[FIGURE_OVERHEAD] = { "overhead", "overhead" },
	[FIGURE_PEAK_RESIDENT] = { "peak_resident", "resident" },
	[FIGURE_HIGH_WATER] = { "high_water", NULL },
	[FIGURE_FINAL_HELD] = { "final_held", "at the end" },
	[FIGURE_PEAK_REGIONS] = { "peak_regions", "regions" },
	[FIGURE_STORAGE_CALLS] = { "storage_calls", "calls" },
	[FIGURE_FAILURES] = { "failures", "refused" },
};

/* Of a run's instructions, so many for an operation; the loop's included, or not. */
static struct zmm_value instructions_of(const struct zmm_comparison *comparison,
	const struct zmm_result *result, bool with_loop)
{
	double less = with_loop ? 0 : (double)zmm_loop_result(comparison)->instructions;

	return result->instructions && comparison->program->op_count
		? zmm_value_ratio(((double)result->instructions - less)
			/ (double)comparison->program->op_count)
		: zmm_value_missing();
}

static struct zmm_value time_figure(const struct zmm_comparison *comparison,
	const struct zmm_result *result, enum figure figure)
{
	switch (figure) {
	case FIGURE_NS:
		return nanoseconds(result->time.median);
	case FIGURE_NET_NS:
		return nanoseconds(result->net_ns);
	case FIGURE_NS_Q1:
		return nanoseconds(result->time.first_quartile);
	case FIGURE_NS_Q3:
		return nanoseconds(result->time.third_quartile);
	case FIGURE_NOISY:
		return zmm_value_count(zmm_is_noisy(&result->time));
	case FIGURE_REFUSING:
		return zmm_value_count(result->refusing);
	case FIGURE_WALL_NS:
		return nanoseconds(result->wall.median);
	case FIGURE_WALL_Q1:
		return nanoseconds(result->wall.first_quartile);
	case FIGURE_WALL_Q3:
		return nanoseconds(result->wall.third_quartile);
	case FIGURE_FIRST_NS:
		return nanoseconds(result->first.median);
	default:
		return instructions_of(comparison, result, figure == FIGURE_INSTRUCTIONS_WITH_LOOP);
	}
}

static struct zmm_value ratio_figure(const struct zmm_result *result, enum figure figure)
{
	const struct zmm_interval *cpu = &result->ratio, *wall = &result->wall_ratio;
	enum zmm_tone tone = !cpu->significant ? ZMM_TONE_PLAIN
		: cpu->ratio < 1 ? ZMM_TONE_GOOD : ZMM_TONE_BAD;

	switch (figure) {
	case FIGURE_RATIO:
		return zmm_value_toned(ratio(cpu->ratio), tone);
	case FIGURE_RATIO_LOW:
		return ratio(cpu->low);
	case FIGURE_RATIO_HIGH:
		return ratio(cpu->high);
	case FIGURE_SIGNIFICANT:
		return zmm_value_count(cpu->significant);
	case FIGURE_RATIO_WITH_LOOP:
		return ratio(result->ratio_with_loop);
	case FIGURE_WALL_RATIO:
		return ratio(wall->ratio);
	case FIGURE_WALL_LOW:
		return ratio(wall->low);
	default:
		return ratio(wall->high);
	}
}

static struct zmm_value memory_figure(const struct zmm_memory_record *record, bool heap,
	enum figure figure)
{
	if (!record) {
		return zmm_value_missing();
	}
	switch (figure) {
	case FIGURE_PEAK_LIVE:
		return zmm_value_bytes(record->peak_live);
	case FIGURE_PEAK_USABLE:
		return zmm_value_bytes(record->peak_usable);
	case FIGURE_PEAK_HELD:
		return zmm_value_bytes(record->peak_held);
	case FIGURE_OVERHEAD:
		return record->peak_live ? zmm_value_ratio((double)record->peak_held
			/ (double)record->peak_live) : zmm_value_missing();
	case FIGURE_PEAK_RESIDENT:
		return zmm_value_bytes(record->peak_resident);
	case FIGURE_HIGH_WATER:
		return record->high_water_known ? zmm_value_bytes(record->high_water)
			: zmm_value_missing();
	case FIGURE_FINAL_HELD:
		return zmm_value_bytes(record->final_held);
	case FIGURE_PEAK_REGIONS:
		return heap ? zmm_value_count(record->peak_regions) : zmm_value_missing();
	case FIGURE_STORAGE_CALLS:
		return heap ? zmm_value_count(record->storage_calls) : zmm_value_missing();
	default:
		return zmm_value_count(record->failures);
	}
}

static struct zmm_value figure_of(const struct zmm_comparison *comparison, int index,
	enum figure figure)
{
	const struct zmm_result *result = &comparison->results[index];
	const struct zmm_contender *contender = &comparison->settings->contenders[index];

	if (figure == FIGURE_NAME) {
		return zmm_value_text(contender->name);
	}
	if (figure == FIGURE_FAILED) {
		return text_or_missing(result->failed);
	}
	if (result->failed[0] || !result->took_part) {
		return zmm_value_missing();
	}
	if ((figure >= FIGURE_RATIO && figure <= FIGURE_RATIO_WITH_LOOP)
			|| (figure >= FIGURE_WALL_RATIO && figure <= FIGURE_WALL_HIGH)) {
		return ratio_figure(result, figure);
	}
	return figure >= FIGURE_PEAK_LIVE
		? memory_figure(result->memory.record, zmm_contender_is_heap(contender), figure)
		: time_figure(comparison, result, figure);
}

/* --- text ------------------------------------------------------------------------------------ */

static const char *absence_of(const struct zmm_result *result)
{
	return !result->took_part ? "missing" : result->failed[0] ? "failed" : "";
}

/* What is to be said of a result's times. */
static const char *time_mark(const struct zmm_result *result)
{
	const char *absence = absence_of(result);

	return *absence ? absence : result->refusing ? "refused requests"
		: zmm_is_few(&result->time) ? "few samples" : zmm_is_noisy(&result->time) ? "noisy" : "";
}

/* The kernel counts pages late, up to some hundred KiB of them. */
static const char *memory_mark(const struct zmm_result *result)
{
	const struct zmm_memory_record *record = result->memory.record;
	uint64_t seen = record ? record->peak_resident : 0;

	return *absence_of(result) ? absence_of(result)
		: record && record->high_water_known && record->high_water > seen + seen / 10
			&& record->high_water > seen + (1 << 20) ? "higher between samples" : "";
}

/* The low and the high end of the ratio's interval in one cell. */
static struct zmm_value interval_of(const struct zmm_comparison *comparison, int index, char *text,
	size_t size)
{
	const struct zmm_interval *interval = &comparison->results[index].ratio;

	if (figure_of(comparison, index, FIGURE_RATIO_LOW).unit == ZMM_UNIT_MISSING) {
		return zmm_value_missing();
	}
	snprintf(text, size, "%.2f to %.2f", interval->low, interval->high);
	return zmm_value_text(text);
}

/* The figures from `first` to before `end` that have a heading, behind the name; of time, also
 * what there is to be said of it. */
static void emit_table(zmm_emit *emit, const struct zmm_comparison *comparison, enum figure first,
	enum figure end)
{
	struct zmm_column columns[FIGURES + 1] = { figures[FIGURE_NAME] };
	enum figure shown[FIGURES] = { FIGURE_NAME };
	size_t count = 1;

	for (enum figure i = first; i < end; i++) {
		if (figures[i].heading) {
			columns[count] = figures[i];
			shown[count++] = i;
		}
	}
	columns[count] = (struct zmm_column){ "mark", "" };
	zmm_emit_table(emit, "results", columns, count + 1);
	for (int i = 0; i < comparison->settings->count; i++) {
		struct zmm_value values[FIGURES + 1];
		char interval[60];

		for (size_t k = 0; k < count; k++) {
			values[k] = shown[k] == FIGURE_RATIO_LOW
				? interval_of(comparison, i, interval, sizeof interval)
				: figure_of(comparison, i, shown[k]);
		}
		values[count] = zmm_value_toned(zmm_value_text(first == FIGURE_NS
			? time_mark(&comparison->results[i]) : memory_mark(&comparison->results[i])),
			ZMM_TONE_DOUBTFUL);
		zmm_emit_row(emit, values);
	}
	zmm_emit_end(emit);
}

static void emit_tables(zmm_emit *emit, const struct zmm_comparison *comparison)
{
	emit_table(emit, comparison, FIGURE_NS, FIGURE_PEAK_LIVE);
	if (!comparison->settings->time_only) {
		emit_table(emit, comparison, FIGURE_PEAK_LIVE, FIGURES);
	}
}

static void emit_instructions(zmm_emit *emit, const struct zmm_comparison *comparison)
{
	static const struct zmm_column columns[] = {
		{ "name", "" }, { "whole", "instructions per operation" }, { "net", "less loop" } };

	if (!comparison->settings->instructions) {
		return;
	}
	zmm_emit_table(emit, "instructions", columns, COUNT(columns));
	for (int i = 0; i < comparison->settings->count; i++) {
		zmm_emit_row(emit, (struct zmm_value[]){ figure_of(comparison, i, FIGURE_NAME),
			figure_of(comparison, i, FIGURE_INSTRUCTIONS_WITH_LOOP),
			figure_of(comparison, i, FIGURE_INSTRUCTIONS) });
	}
	zmm_emit_row(emit, (struct zmm_value[]){ zmm_value_text("the loop alone"),
		instructions_of(comparison, zmm_loop_result(comparison), true), zmm_value_missing() });
	zmm_emit_end(emit);
}

/* --- one result in JSON ---------------------------------------------------------------------- */

static void emit_samples(zmm_emit *emit, const struct zmm_result *result)
{
	zmm_emit_object(emit, "samples");
	zmm_emit_array(emit, "block");
	for (size_t i = 0; i < result->samples; i++) {
		zmm_emit_element(emit, zmm_value_count(i));
	}
	zmm_emit_end(emit);
	zmm_emit_array(emit, "position");
	for (size_t i = 0; i < result->samples; i++) {
		zmm_emit_element(emit, zmm_value_count(result->position[i]));
	}
	zmm_emit_end(emit);
	for (int kind = 0; kind < 3; kind++) {
		const double *numbers = kind == 0 ? result->ns : kind == 1 ? result->wall_ns
			: result->first_ns;

		zmm_emit_array(emit, kind == 0 ? "ns" : kind == 1 ? "wall_ns" : "first_ns");
		for (size_t i = 0; i < result->samples; i++) {
			zmm_emit_element(emit, zmm_value_nanoseconds(numbers[i]));
		}
		zmm_emit_end(emit);
	}
	zmm_emit_end(emit);
}

static void emit_result(zmm_emit *emit, const struct zmm_comparison *comparison, int index)
{
	const struct zmm_result *result = &comparison->results[index];
	const struct zmm_contender *contender = &comparison->settings->contenders[index];

	zmm_emit_item(emit);
	for (int i = 0; i < FIGURES; i++) {
		zmm_emit_fact(emit, figures[i].key, "", figure_of(comparison, index, (enum figure)i));
	}
	emit_samples(emit, result);
	zmm_emit_latencies(emit, result->latency);
	zmm_emit_memory_course(emit, result->failed[0] ? NULL : result->memory.record,
		zmm_contender_is_heap(contender) ? contender->replay.allocator == ZMM_ALLOCATOR_LEGACY
			? "legacy" : "modern" : NULL);
	zmm_emit_heap_map(emit, &result->map);
	zmm_emit_end(emit);
}

/* --- a trace --------------------------------------------------------------------------------- */

static void emit_trace_facts(zmm_emit *emit, const struct zmm_comparison *comparison)
{
	const zmm_program *program = comparison->program;
	const uint64_t *by_kind = program->by_kind;

	zmm_emit_fact(emit, "trace", "trace", zmm_value_text(comparison->path));
	zmm_emit_fact(emit, "operations", "operations", zmm_value_count(program->op_count));
	zmm_emit_fact(emit, "requests", "requests", zmm_value_count(program->requests));
	zmm_emit_for(emit, ZMM_FOR_JSON);
	zmm_emit_fact(emit, "allocations", "",
		zmm_value_count(by_kind[ZMM_OP_ALLOC] + by_kind[ZMM_OP_ALIGNED]));
	zmm_emit_fact(emit, "frees", "", zmm_value_count(by_kind[ZMM_OP_FREE]));
	zmm_emit_fact(emit, "resizes", "", zmm_value_count(by_kind[ZMM_OP_RESIZE]));
	zmm_emit_fact(emit, "peak_operation", "",
		zmm_value_count(program->op_count ? program->peak_op + 1 : 0));
	zmm_emit_for(emit, ZMM_FOR_ALL);
	zmm_emit_fact(emit, "peak_live", "peak live", zmm_value_bytes(program->peak_bytes));
	zmm_emit_fact(emit, "blocks", "paired blocks", zmm_value_count(comparison->blocks));
	zmm_emit_fact(emit, "loop_ns", "the loop's own time",
		nanoseconds(zmm_loop_result(comparison)->time.median));
}

void zmm_emit_comparison(zmm_emit *emit, const struct zmm_comparison *comparison,
	const struct zmm_explanation *explanations, size_t explanation_count)
{
	zmm_emit_item(emit);
	emit_trace_facts(emit, comparison);
	zmm_emit_for(emit, ZMM_FOR_TEXT);
	emit_tables(emit, comparison);
	emit_instructions(emit, comparison);
	zmm_emit_curves(emit, comparison);
	zmm_emit_for(emit, ZMM_FOR_JSON);
	zmm_emit_fact(emit, "loop_instructions", "",
		instructions_of(comparison, zmm_loop_result(comparison), true));
	zmm_emit_sizes(emit, comparison->program);
	zmm_emit_list(emit, "results");
	for (int i = 0; i < comparison->settings->count; i++) {
		if (comparison->results[i].took_part) {
			emit_result(emit, comparison, i);
		}
	}
	zmm_emit_end(emit);
	zmm_emit_for(emit, ZMM_FOR_ALL);
	zmm_emit_explanations(emit, explanations, explanation_count);
	zmm_emit_end(emit);
}

/* --- raw samples ----------------------------------------------------------------------------- */

/* A field of CSV (RFC 4180): quoted where it has to be. */
static void write_field(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		fputs(*text == '"' ? "\"\"" : (char[]){ *text, '\0' }, out);
	}
	fputc('"', out);
}

void zmm_write_samples(FILE *out, const struct zmm_comparison *comparison)
{
	for (int i = 0; i < comparison->settings->count; i++) {
		const struct zmm_result *result = &comparison->results[i];

		for (size_t k = 0; k < result->samples; k++) {
			write_field(out, comparison->path);
			fputc(',', out);
			write_field(out, comparison->settings->contenders[i].name);
			fprintf(out, ",%zu,%u,%.6f,%.6f,%.6f\n", k, result->position[k], result->ns[k],
				result->wall_ns[k], result->first_ns[k]);
		}
	}
}
