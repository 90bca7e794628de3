/* SPDX-License-Identifier: MIT */
/*
 * Shows a heap's figures as tables. See emit_figures.h.
 */
#include "tools/emit_figures.h"

#define COLUMNS(array) (sizeof(array) / sizeof(array)[0])

/* --- the ledger --- */

void zmm_emit_ledger(zmm_emit *emit, const struct zmm_ledger *ledger, zend_mm_mode mode)
{
	static const struct zmm_column columns[] = {
		{ "cause", "held for" }, { "bytes", "bytes" }, { "share", "of held" }, { "meaning", "" },
	};

	zmm_emit_table(emit, "ledger", columns, COLUMNS(columns));
	for (int i = 0; i < ZMM_CAUSES; i++) {
		const struct zmm_cause_info *info = zmm_cause_info((enum zmm_cause)i);
		if (!zmm_cause_in_mode((enum zmm_cause)i, mode)
			|| (i == ZMM_CAUSE_QUARANTINED && !ledger->bytes[i]))
			continue;
		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_text(info->title),
			zmm_value_bytes(ledger->bytes[i]),
			ledger->held ? zmm_value_ratio((double)ledger->bytes[i] / (double)ledger->held)
				: zmm_value_missing(),
			zmm_value_text(info->meaning),
		});
	}
	zmm_emit_end(emit);
}

/* --- measures --- */

static struct zmm_value ratio_value(const struct zmm_ratio *ratio)
{
	return ratio->validity == ZMM_VALID ? zmm_value_ratio(ratio->value) : zmm_value_missing();
}

static const char *verdict(const struct zmm_ratio *ratio)
{
	switch (ratio->validity) {
	case ZMM_INVALID_TINY:
		return "invalid, tiny";
	case ZMM_INVALID_UNDEFINED:
		return "invalid, of nothing";
	default:
		return "valid";
	}
}

/* What was held can be less than live where it was measured as resident. */
static struct zmm_value bytes_value(int64_t bytes)
{
	return bytes < 0 ? zmm_value_missing() : zmm_value_bytes((uint64_t)bytes);
}

void zmm_emit_measures(zmm_emit *emit, const struct zmm_shape *shape,
	const struct zmm_course *course, const struct zmm_usable *usable)
{
	static const struct zmm_column columns[] = {
		{ "measure", "measure" }, { "value", "value" }, { "part", "bytes" },
		{ "whole", "of bytes" }, { "verdict", "" }, { "formula", "formula" },
	};

	zmm_emit_table(emit, "measures", columns, COLUMNS(columns));
	for (int i = 0; i < ZMM_MEASURES; i++) {
		enum zmm_measure measure = (enum zmm_measure)i;
		const struct zmm_measure_info *info = zmm_measure_info(measure);
		bool rounding = !shape && usable && measure == ZMM_MEASURE_INTERNAL;
		if (info->of_run ? !course : !shape && !rounding)
			continue;
		struct zmm_ratio ratio = info->of_run ? zmm_course_measure(course, measure)
			: rounding ? zmm_usable_measure(usable) : zmm_shape_measure(shape, measure);
		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_text(info->key), ratio_value(&ratio), bytes_value(ratio.part),
			bytes_value(ratio.whole), zmm_value_text(verdict(&ratio)),
			zmm_value_text(info->formula),
		});
	}
	zmm_emit_end(emit);
}

void zmm_emit_symbols(zmm_emit *emit)
{
	static const struct zmm_column columns[] = { { "symbol", "" }, { "meaning", "in formulas" } };

	zmm_emit_table(emit, "symbols", columns, COLUMNS(columns));
	for (int i = 0; i < ZMM_SYMBOLS; i++)
		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_text(zmm_measure_symbols[i].letter),
			zmm_value_text(zmm_measure_symbols[i].meaning),
		});
	zmm_emit_end(emit);
}

void zmm_emit_curve(zmm_emit *emit, const struct zmm_shape *shape)
{
	static const struct zmm_column columns[] = {
		{ "size", "request s" }, { "by_size", "too small for s" },
		{ "bytes_by_size", "bytes" }, { "by_design", "not used for s" },
		{ "bytes_by_design", "bytes" }, { "free", "of F" },
	};
	struct zmm_unusable curve[ZMM_CURVE_POINTS];

	zmm_shape_curve(shape, curve);
	zmm_emit_table(emit, "unusable", columns, COLUMNS(columns));
	for (int i = 0; i < ZMM_CURVE_POINTS; i++)
		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_bytes(curve[i].size), ratio_value(&curve[i].by_size),
			bytes_value(curve[i].by_size.part), ratio_value(&curve[i].by_design),
			bytes_value(curve[i].by_design.part), bytes_value(curve[i].by_size.whole),
		});
	zmm_emit_end(emit);
}

void zmm_emit_bins(zmm_emit *emit, const struct zmm_shape *shape)
{
	static const struct zmm_column columns[] = {
		{ "size", "block" }, { "used", "used" }, { "idle", "idle" },
		{ "used_bytes", "used bytes" }, { "idle_bytes", "idle bytes" },
		{ "occupancy", "occupancy" },
	};

	zmm_emit_table(emit, "bins", columns, COLUMNS(columns));
	for (uint64_t i = 0; i <= ZMM_BIN_CLASSES; i++) {
		uint64_t used = shape->bins[i].used, idle = shape->bins[i].idle;
		if (used + idle == 0)
			continue;
		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_bytes(i * 8), zmm_value_count(used), zmm_value_count(idle),
			zmm_value_bytes(used * i * 8), zmm_value_bytes(idle * i * 8),
			zmm_value_ratio((double)used / (double)(used + idle)),
		});
	}
	zmm_emit_end(emit);
}

/* --- pins --- */

static void emit_regions(zmm_emit *emit, const struct zmm_pins *pins, size_t most)
{
	static const struct zmm_column columns[] = {
		{ "region", "pinned" }, { "gives_back", "gives back" }, { "blocks", "blocks" },
		{ "bytes", "bytes" }, { "idle_blocks", "idle" }, { "idle_bytes", "idle bytes" },
		{ "own_blocks", "heap's own" },
	};

	zmm_emit_table(emit, "pins", columns, COLUMNS(columns));
	for (size_t i = 0; i < pins->count && i < most; i++) {
		const struct zmm_tenants *tenants = &pins->pins[i].tenants;
		zmm_emit_row(emit, (struct zmm_value[]){
			zmm_value_count(pins->pins[i].number), zmm_value_bytes(tenants->region.size),
			zmm_value_count(tenants->used_blocks), zmm_value_bytes(tenants->used_bytes),
			zmm_value_count(tenants->idle_blocks), zmm_value_bytes(tenants->idle_bytes),
			zmm_value_count(tenants->own_blocks),
		});
	}
	zmm_emit_end(emit);
}

static void emit_block(zmm_emit *emit, const struct zmm_pin *pin, const struct zmm_pin_block *block)
{
	bool known = block->known;

	zmm_emit_row(emit, (struct zmm_value[]){
		zmm_value_count(pin->number), zmm_value_count(block->offset),
		zmm_value_bytes(block->size),
		known ? zmm_value_bytes(block->owner.requested) : zmm_value_missing(),
		known ? zmm_value_count(block->owner.operation) : zmm_value_missing(),
		known ? zmm_value_count(block->owner.slot) : zmm_value_missing(),
	});
}

void zmm_emit_pins(zmm_emit *emit, const struct zmm_pins *pins, size_t most)
{
	static const struct zmm_column columns[] = {
		{ "region", "in" }, { "offset", "offset" }, { "size", "block" },
		{ "requested", "requested" }, { "operation", "by operation" }, { "slot", "slot" },
	};

	emit_regions(emit, pins, most);
	zmm_emit_table(emit, "pin_blocks", columns, COLUMNS(columns));
	for (size_t i = 0; i < pins->count && i < most; i++) {
		const struct zmm_pin *pin = &pins->pins[i];
		size_t count = pin->tenants.used_blocks < most ? pin->tenants.used_blocks : most;
		for (size_t k = 0; k < count; k++)
			emit_block(emit, pin, &pins->blocks[pin->first + k]);
	}
	zmm_emit_end(emit);
}
