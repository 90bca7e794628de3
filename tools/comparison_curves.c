/* SPDX-License-Identifier: MIT */
/*
 * tools/comparison_curves.c - the parts of a comparison that run over operations, sizes and time.
 * See comparison_curves.h and doc/report-format.md.
 */
#include "tools/comparison_curves.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/emit_figures.h"

enum { curve_width = 32 }; /* two of them and a name: 80 columns */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- latencies ------------------------------------------------------------------------------- */

static struct zmm_value quantile(const struct zmm_latency *latency, int kind, double share)
{
	double ns = zmm_latency_quantile(latency, (enum zmm_latency_kind)kind, share);

	return isnan(ns) ? zmm_value_missing() : zmm_value_nanoseconds(ns);
}

/* Of all but the interrupted; coarse steps of the clock even out in it. */
static struct zmm_value mean(const struct zmm_latency *latency, int kind)
{
	double ns = zmm_latency_mean(latency, (enum zmm_latency_kind)kind);

	return isnan(ns) ? zmm_value_missing() : zmm_value_nanoseconds(ns);
}

static void emit_histogram(zmm_emit *emit, const struct zmm_latency *latency)
{
	zmm_emit_object(emit, "latency_histogram");
	for (int column = 0; column < 3; column++) {
		zmm_emit_array(emit, column == 0 ? "kind" : column == 1 ? "ns" : "count");
		for (int kind = 0; kind < ZMM_LATENCY_KINDS; kind++) {
			for (unsigned class = 0; class < ZMM_LATENCY_CLASSES; class++) {
				uint64_t count = latency->histogram[kind][class];

				if (count > 0) {
					zmm_emit_element(emit, column == 0
						? zmm_value_text(zmm_latency_kind_name((enum zmm_latency_kind)kind))
						: column == 1 ? zmm_value_nanoseconds(
							(double)zmm_latency_class_from(class) * latency->ns_per_tick)
						: zmm_value_count(count));
				}
			}
		}
		zmm_emit_end(emit);
	}
	zmm_emit_end(emit);
}

void zmm_emit_latencies(zmm_emit *emit, const struct zmm_latency *latency)
{
	static const struct zmm_column columns[] = {
		{ "kind", "" }, { "count", "" }, { "mean", "" }, { "p50", "" }, { "p90", "" },
		{ "p99", "" }, { "p999", "" }, { "max", "" },
	};

	if (!latency || latency->runs == 0) {
		zmm_emit_fact(emit, "latency_resolution", "", zmm_value_missing());
		zmm_emit_fact(emit, "latency", "", zmm_value_missing());
		zmm_emit_fact(emit, "latency_histogram", "", zmm_value_missing());
		return;
	}
	zmm_emit_fact(emit, "latency_resolution", "",
		zmm_value_nanoseconds((double)latency->resolution * latency->ns_per_tick));
	zmm_emit_table(emit, "latency", columns, COUNT(columns));
	for (int kind = 0; kind < ZMM_LATENCY_KINDS; kind++) {
		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_text(zmm_latency_kind_name((enum zmm_latency_kind)kind)),
			zmm_value_count(latency->count[kind]), mean(latency, kind),
			quantile(latency, kind, 0.5),
			quantile(latency, kind, 0.9), quantile(latency, kind, 0.99),
			quantile(latency, kind, 0.999), quantile(latency, kind, 1),
		});
	}
	zmm_emit_end(emit);
	emit_histogram(emit, latency);
}

/* --- memory ---------------------------------------------------------------------------------- */

static uint64_t column_of(const struct zmm_memory_point *point, int column)
{
	const uint64_t values[] = { point->operation, point->live, point->usable, point->held,
		point->resident, point->regions, point->pinned_regions };

	return values[column];
}

static void emit_points(zmm_emit *emit, const struct zmm_memory_record *record, bool heap)
{
	static const char *const names[] = { "operation", "live", "usable", "held", "resident",
		"regions", "pinned_regions" };

	zmm_emit_object(emit, "points");
	for (int column = 0; column < (heap ? 7 : 5); column++) {
		zmm_emit_array(emit, names[column]);
		for (size_t i = 0; i < record->point_count; i++) {
			uint64_t value = column_of(&record->points[i], column);

			zmm_emit_element(emit, column > 0 && column < 5 ? zmm_value_bytes(value)
				: zmm_value_count(value));
		}
		zmm_emit_end(emit);
	}
	zmm_emit_end(emit);
}

static void emit_drain(zmm_emit *emit, const struct zmm_memory_record *record)
{
	static const struct zmm_column columns[] = {
		{ "after_seconds", "" }, { "seconds", "" }, { "held", "" }, { "resident", "" } };

	zmm_emit_table(emit, "drain", columns, COUNT(columns));
	for (size_t i = 0; i < record->drain_count; i++) {
		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_ratio(zmm_drain_seconds[i]), zmm_value_ratio(record->drains[i].seconds),
			zmm_value_bytes(record->drains[i].held),
			zmm_value_bytes(record->drains[i].resident),
		});
	}
	zmm_emit_end(emit);
}

static void emit_operations(zmm_emit *emit, const struct zmm_memory_record *record)
{
	zmm_emit_array(emit, "operation");
	for (size_t i = 0; i < record->point_count; i++) {
		zmm_emit_element(emit, zmm_value_count(record->points[i].operation));
	}
	zmm_emit_end(emit);
}

static void emit_ledger(zmm_emit *emit, const struct zmm_memory_record *record, zend_mm_mode mode)
{
	zmm_emit_object(emit, "ledger");
	emit_operations(emit, record);
	for (int cause = 0; cause < ZMM_CAUSES; cause++) {
		if (!zmm_cause_in_mode((enum zmm_cause)cause, mode)) {
			continue;
		}
		zmm_emit_array(emit, zmm_cause_info((enum zmm_cause)cause)->key);
		for (size_t i = 0; i < record->point_count; i++) {
			zmm_emit_element(emit, zmm_value_bytes(record->points[i].causes[cause]));
		}
		zmm_emit_end(emit);
	}
	zmm_emit_end(emit);
}

static void emit_measures_over_run(zmm_emit *emit, const struct zmm_memory_record *record)
{
	zmm_emit_object(emit, "measures_over_run");
	emit_operations(emit, record);
	for (int measure = 0; measure < ZMM_MOMENT_MEASURES; measure++) {
		zmm_emit_array(emit, zmm_measure_info((enum zmm_measure)measure)->key);
		for (size_t i = 0; i < record->point_count; i++) {
			const struct zmm_ratio *ratio = &record->points[i].measures[measure];

			zmm_emit_element(emit, ratio->validity == ZMM_VALID
				? zmm_value_ratio(ratio->value) : zmm_value_missing());
		}
		zmm_emit_end(emit);
	}
	zmm_emit_end(emit);
}

static void emit_shape(zmm_emit *emit, const struct zmm_memory_record *record)
{
	struct zmm_pins pins = {
		.pins = (struct zmm_pin *)record->pins, .count = record->pin_count,
		.blocks = (struct zmm_pin_block *)record->pin_blocks
	};

	zmm_emit_curve(emit, &record->shape);
	zmm_emit_bins(emit, &record->shape);
	zmm_emit_pins(emit, &pins, ZMM_PINS_KEPT);
}

static void emit_nothing(zmm_emit *emit, const char *const *keys)
{
	for (; *keys; keys++) {
		zmm_emit_fact(emit, *keys, "", zmm_value_missing());
	}
}

/* What a malloc says of its blocks when most is alive; zeros where it says nothing. */
static struct zmm_usable usable_at_peak(const struct zmm_memory_record *record)
{
	struct zmm_usable usable = { 0, 0 };

	for (size_t i = 0; i < record->point_count; i++) {
		if (record->points[i].live > usable.live) {
			usable = (struct zmm_usable){ record->points[i].live, record->points[i].usable };
		}
	}
	return usable;
}

void zmm_emit_memory_course(zmm_emit *emit, const struct zmm_memory_record *record,
	const char *mode)
{
	static const char *const all[] = { "points", "drain", "measures", NULL };
	static const char *const of_heaps[] = { "ledger", "measures_over_run", NULL };
	static const char *const of_shapes[] = { "unusable", "bins", "pins", "pin_blocks", NULL };

	struct zmm_usable usable;

	if (!record) {
		emit_nothing(emit, all);
		emit_nothing(emit, of_heaps);
		emit_nothing(emit, of_shapes);
		return;
	}
	emit_points(emit, record, mode != NULL);
	emit_drain(emit, record);
	usable = usable_at_peak(record);
	zmm_emit_measures(emit, record->shaped ? &record->shape : NULL, &record->course,
		usable.usable ? &usable : NULL);
	if (mode) {
		emit_ledger(emit, record, strcmp(mode, "legacy") == 0 ? ZEND_MM_LEGACY : ZEND_MM_MODERN);
		emit_measures_over_run(emit, record);
	} else {
		emit_nothing(emit, of_heaps);
	}
	if (record->shaped) {
		emit_shape(emit, record);
	} else {
		emit_nothing(emit, of_shapes);
	}
}

/* --- maps ------------------------------------------------------------------------------------ */

void zmm_emit_heap_map(zmm_emit *emit, const struct zmm_heap_map *map)
{
	static const struct zmm_column columns[] = { { "region", "" }, { "row", "" }, { "rows", "" } };

	if (map->rows == 0) {
		zmm_emit_fact(emit, "map", "", zmm_value_missing());
		return;
	}
	zmm_emit_object(emit, "map");
	zmm_emit_fact(emit, "cell", "", zmm_value_bytes(map->cell));
	zmm_emit_fact(emit, "rows", "", zmm_value_count(map->rows));
	zmm_emit_table(emit, "regions", columns, COUNT(columns));
	for (size_t i = 0; i < map->region_count; i++) {
		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_count((uint64_t)map->regions[i].number),
			zmm_value_count(map->regions[i].row), zmm_value_count(map->regions[i].rows) });
	}
	zmm_emit_end(emit);
	zmm_emit_array(emit, "operations");
	for (size_t i = 0; i < map->columns; i++) {
		zmm_emit_element(emit, zmm_value_count(map->operations[i]));
	}
	zmm_emit_end(emit);
	zmm_emit_array(emit, "used");
	for (size_t i = 0; i < map->columns; i++) {
		zmm_emit_element(emit, zmm_value_text(map->used[i]));
	}
	zmm_emit_end(emit);
	zmm_emit_end(emit);
}

/* --- sizes ----------------------------------------------------------------------------------- */

void zmm_emit_sizes(zmm_emit *emit, const zmm_program *program)
{
	static const struct zmm_column columns[] = {
		{ "from", "" }, { "to", "" }, { "count", "" }, { "bytes", "" } };
	uint64_t counts[ZMM_LATENCY_SIZES] = { 0 }, bytes[ZMM_LATENCY_SIZES] = { 0 }, from, to;

	for (size_t i = 0; i < program->op_count; i++) {
		enum zmm_op_kind kind = zmm_op_kind(&program->ops[i]);
		uint64_t size = zmm_op_size(program, &program->ops[i]);

		if (kind == ZMM_OP_ALLOC || kind == ZMM_OP_ALIGNED || kind == ZMM_OP_RESIZE) {
			counts[zmm_latency_size(size)]++;
			bytes[zmm_latency_size(size)] += size;
		}
	}
	zmm_emit_table(emit, "sizes", columns, COUNT(columns));
	for (unsigned i = 0; i < ZMM_LATENCY_SIZES; i++) {
		zmm_latency_size_range(i, &from, &to);
		if (counts[i] > 0) {
			zmm_emit_row(emit, (struct zmm_value[]){ zmm_value_bytes(from), zmm_value_bytes(to),
				zmm_value_count(counts[i]), zmm_value_bytes(bytes[i]) });
		}
	}
	zmm_emit_end(emit);
}

/* --- text ------------------------------------------------------------------------------------ */

const char *zmm_sparkline(char *text, size_t width, const uint64_t *numbers, size_t count,
	uint64_t most)
{
	static const char *const heights[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	size_t length = 0;

	*text = '\0';
	if (count < width) {
		width = count;
	}
	for (size_t i = 0; i < width; i++) {
		uint64_t greatest = 0;

		for (size_t k = i * count / width; k < (i + 1) * count / width; k++) {
			greatest = numbers[k] > greatest ? numbers[k] : greatest;
		}
		size_t height = most ? (size_t)((double)greatest / (double)most * 7.999) : 0;
		memcpy(text + length, heights[height < 8 ? height : 7], sizeof "▁");
		length += sizeof "▁" - 1;
	}
	return text;
}

/* Each curve is drawn to its own peak, which the table tells: one contender that holds a lot would
 * flatten the others. */
static const char *curve(char *text, const struct zmm_memory_record *record, int column)
{
	uint64_t numbers[ZMM_POINTS_MAX], most = 0;

	for (size_t i = 0; i < record->point_count; i++) {
		numbers[i] = column_of(&record->points[i], column);
		most = numbers[i] > most ? numbers[i] : most;
	}
	return zmm_sparkline(text, curve_width, numbers, record->point_count, most);
}

static struct zmm_value drained(const struct zmm_memory_record *record, size_t index)
{
	return record->drain_count > index ? zmm_value_bytes(record->drains[index].resident)
		: zmm_value_missing();
}

static void emit_held(zmm_emit *emit, const struct zmm_comparison *comparison)
{
	static const struct zmm_column columns[] = {
		{ "name", "" }, { "held", "held over the run" }, { "resident", "resident" } };
	char held[curve_width * 3 + 1], resident[curve_width * 3 + 1];

	zmm_emit_table(emit, "curves", columns, COUNT(columns));
	for (int i = 0; i < comparison->settings->count; i++) {
		const struct zmm_memory_record *record = comparison->results[i].memory.record;

		if (record && !comparison->results[i].failed[0]) {
			zmm_emit_row(emit, (struct zmm_value[]){
				zmm_value_text(comparison->settings->contenders[i].name),
				zmm_value_text(curve(held, record, 3)),
				zmm_value_text(curve(resident, record, 4)),
			});
		}
	}
	zmm_emit_end(emit);
}

static void emit_drains(zmm_emit *emit, const struct zmm_comparison *comparison)
{
	static const struct zmm_column columns[] = {
		{ "name", "resident after all is freed" }, { "drain_0", "at once" },
		{ "drain_1", "0.1 s" }, { "drain_2", "1 s" }, { "drain_3", "5 s" },
	};
	size_t drains = comparison->settings->drains;

	if (drains == 0) {
		return;
	}
	zmm_emit_table(emit, "drains", columns, drains + 1);
	for (int i = 0; i < comparison->settings->count; i++) {
		const struct zmm_memory_record *record = comparison->results[i].memory.record;

		if (record && !comparison->results[i].failed[0]) {
			zmm_emit_row(emit, (struct zmm_value[]){
				zmm_value_text(comparison->settings->contenders[i].name),
				drained(record, 0), drained(record, 1), drained(record, 2), drained(record, 3),
			});
		}
	}
	zmm_emit_end(emit);
}

static double resolution_ns(const struct zmm_latency *latency)
{
	return (double)latency->resolution * latency->ns_per_tick;
}

/* What a clock of coarse steps says of a short operation: less than a step. */
static struct zmm_value told_quantile(const struct zmm_latency *latency, int kind, double share)
{
	struct zmm_value value = quantile(latency, kind, share);

	return value.unit == ZMM_UNIT_NANOSECONDS && value.number < resolution_ns(latency)
		? zmm_value_below(resolution_ns(latency)) : value;
}

/* Rows of one kind of operation. */
static void emit_latency_kind(zmm_emit *emit, const struct zmm_comparison *comparison, int kind)
{
	static const struct zmm_column columns[] = { { "name", NULL }, { "mean", "mean" },
		{ "p50", "p50" }, { "p99", "p99" }, { "p999", "p99.9" }, { "max", "max" } };
	struct zmm_column headed[COUNT(columns)];

	memcpy(headed, columns, sizeof headed);
	headed[0].heading = zmm_latency_kind_name((enum zmm_latency_kind)kind);
	zmm_emit_table(emit, "latencies", headed, COUNT(headed));
	for (int i = 0; i < comparison->settings->count; i++) {
		const struct zmm_latency *latency = comparison->results[i].latency;

		if (latency && latency->count[kind] > 0) {
			zmm_emit_row(emit, (struct zmm_value[]){
				zmm_value_text(comparison->settings->contenders[i].name), mean(latency, kind),
				told_quantile(latency, kind, 0.5), told_quantile(latency, kind, 0.99),
				told_quantile(latency, kind, 0.999), told_quantile(latency, kind, 1) });
		}
	}
	zmm_emit_end(emit);
}

static void emit_latency_tables(zmm_emit *emit, const struct zmm_comparison *comparison)
{
	const struct zmm_latency *any = NULL;

	for (int i = 0; i < comparison->settings->count; i++) {
		const struct zmm_latency *latency = comparison->results[i].latency;

		any = latency && latency->runs > 0 ? latency : any;
	}
	if (!any) {
		return;
	}
	zmm_emit_fact(emit, "resolution", "single operations: the clock's step",
		zmm_value_nanoseconds(resolution_ns(any)));
	for (int kind = 0; kind < ZMM_LATENCY_KINDS; kind++) {
		if (any->count[kind] > 0) {
			emit_latency_kind(emit, comparison, kind);
		}
	}
}

void zmm_emit_curves(zmm_emit *emit, const struct zmm_comparison *comparison)
{
	if (!comparison->settings->time_only) {
		emit_held(emit, comparison);
		emit_drains(emit, comparison);
		emit_latency_tables(emit, comparison);
	}
}

/* --- explanations ---------------------------------------------------------------------------- */

static void emit_difference(zmm_emit *emit, const char *key,
	const struct zmm_difference *difference)
{
	bool found = difference->found;

	zmm_emit_object(emit, key);
	zmm_emit_fact(emit, "operation", "", found ? zmm_value_count(difference->operation)
		: zmm_value_missing());
	zmm_emit_fact(emit, "a", "", found ? zmm_value_bytes(difference->a) : zmm_value_missing());
	zmm_emit_fact(emit, "b", "", found ? zmm_value_bytes(difference->b) : zmm_value_missing());
	zmm_emit_fact(emit, "difference", "", found
		? zmm_value_ratio((double)difference->b - (double)difference->a) : zmm_value_missing());
	zmm_emit_end(emit);
}

static void emit_families(zmm_emit *emit, const struct zmm_explanation *explanation)
{
	static const struct zmm_column columns[] = {
		{ "family", "" }, { "a", "" }, { "b", "" }, { "difference", "" } };

	zmm_emit_table(emit, "causes", columns, COUNT(columns));
	for (size_t i = 0; i < explanation->family_count; i++) {
		const struct zmm_family_difference *family = &explanation->families[i];

		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_text(zmm_family_name(family->family)), zmm_value_bytes(family->a),
			zmm_value_bytes(family->b),
			zmm_value_ratio((double)family->b - (double)family->a) });
	}
	zmm_emit_end(emit);
}

static void emit_costs(zmm_emit *emit, const struct zmm_explanation *explanation)
{
	static const struct zmm_column columns[] = {
		{ "kind", "" }, { "from", "" }, { "to", "" }, { "count", "" }, { "a_ns", "" },
		{ "b_ns", "" }, { "difference_ns", "" }, { "share", "" } };

	zmm_emit_table(emit, "costs", columns, COUNT(columns));
	for (size_t i = 0; i < explanation->cost_count; i++) {
		const struct zmm_cost_difference *cost = &explanation->costs[i];

		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_text(zmm_latency_kind_name(cost->kind)), zmm_value_bytes(cost->from),
			zmm_value_bytes(cost->to), zmm_value_count(cost->count),
			zmm_value_nanoseconds(cost->a_ns), zmm_value_nanoseconds(cost->b_ns),
			zmm_value_nanoseconds(cost->difference_ns), zmm_value_ratio(cost->share) });
	}
	zmm_emit_end(emit);
}

static void emit_sentences(zmm_emit *emit, const struct zmm_explanation *explanation)
{
	char title[200];

	snprintf(title, sizeof title, "why %s and %s differ", explanation->a, explanation->b);
	zmm_emit_for(emit, ZMM_FOR_TEXT);
	zmm_emit_table(emit, "sentences", &(struct zmm_column){ "sentences", title }, 1);
	for (size_t i = 0; i < explanation->sentence_count; i++) {
		struct zmm_value sentence = zmm_value_text(explanation->sentences[i]);

		zmm_emit_row(emit, &sentence);
	}
	zmm_emit_end(emit);
	zmm_emit_for(emit, ZMM_FOR_JSON);
	zmm_emit_array(emit, "sentences");
	for (size_t i = 0; i < explanation->sentence_count; i++) {
		zmm_emit_element(emit, zmm_value_text(explanation->sentences[i]));
	}
	zmm_emit_end(emit);
}

void zmm_emit_explanations(zmm_emit *emit, const struct zmm_explanation *explanations,
	size_t count)
{
	zmm_emit_list(emit, "explanations");
	for (size_t i = 0; i < count; i++) {
		zmm_emit_item(emit);
		zmm_emit_for(emit, ZMM_FOR_JSON);
		zmm_emit_fact(emit, "a", "", zmm_value_text(explanations[i].a));
		zmm_emit_fact(emit, "b", "", zmm_value_text(explanations[i].b));
		emit_difference(emit, "held_part", &explanations[i].held_part);
		emit_difference(emit, "held_peak", &explanations[i].held_peak);
		emit_families(emit, &explanations[i]);
		emit_costs(emit, &explanations[i]);
		emit_sentences(emit, &explanations[i]);
		zmm_emit_for(emit, ZMM_FOR_ALL);
		zmm_emit_end(emit);
	}
	zmm_emit_end(emit);
}
