/* SPDX-License-Identifier: MIT */
/*
 * tools/differ.c - finds where and by what two contenders differ. See differ.h.
 */
#include "tools/differ.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/emit.h"

const char *zmm_family_name(enum zmm_cause_family family)
{
	static const char *const names[ZMM_FAMILIES] = {
		"requested", "rounding", "metadata", "free", "lost"
	};

	return names[family];
}

/* --- what is held ---------------------------------------------------------------------------- */

/* Both records have their points after the same operations, unless one ended early. */
static size_t common_points(const struct zmm_memory_record *a, const struct zmm_memory_record *b)
{
	return a->point_count < b->point_count ? a->point_count : b->point_count;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static struct zmm_difference difference_at(const struct zmm_memory_point *a,
	const struct zmm_memory_point *b)
{
	return (struct zmm_difference){ true, a->operation, a->held, b->held };
}

static void compare_held(struct zmm_explanation *explanation, const struct zmm_memory_record *a,
	const struct zmm_memory_record *b, size_t *at)
{
	uint64_t peak = a->peak_held > b->peak_held ? a->peak_held : b->peak_held;
	uint64_t greatest = 0;

	for (size_t i = 0; i < common_points(a, b); i++) {
		uint64_t apart = distance(a->points[i].held, b->points[i].held);

		if (!explanation->held_part.found && (double)apart > ZMM_PARTED_SHARE * (double)peak) {
			explanation->held_part = difference_at(&a->points[i], &b->points[i]);
		}
		if (apart > greatest) {
			greatest = apart;
			explanation->held_peak = difference_at(&a->points[i], &b->points[i]);
			*at = i;
		}
	}
}

/* At the sample with most bytes alive. */
static struct zmm_difference difference_at_peak(const struct zmm_memory_record *a,
	const struct zmm_memory_record *b)
{
	size_t at = 0;

	for (size_t i = 1; i < common_points(a, b); i++) {
		at = a->points[i].live > a->points[at].live ? i : at;
	}
	return difference_at(&a->points[at], &b->points[at]);
}

static int compare_families(const void *left, const void *right)
{
	const struct zmm_family_difference *one = left, *other = right;
	uint64_t first = distance(one->a, one->b), second = distance(other->a, other->b);

	return (first < second) - (first > second);
}

static void compare_causes(struct zmm_explanation *explanation, const struct zmm_memory_point *a,
	const struct zmm_memory_point *b)
{
	explanation->family_count = ZMM_FAMILIES;
	for (int i = 0; i < ZMM_FAMILIES; i++) {
		explanation->families[i] = (struct zmm_family_difference){ (enum zmm_cause_family)i, 0, 0 };
	}
	for (int i = 0; i < ZMM_CAUSES; i++) {
		struct zmm_family_difference *family =
			&explanation->families[zmm_cause_info((enum zmm_cause)i)->family];

		family->a += a->causes[i];
		family->b += b->causes[i];
	}
	qsort(explanation->families, ZMM_FAMILIES, sizeof explanation->families[0], compare_families);
}

static bool is_heap(const struct zmm_memory_record *record)
{
	return record->point_count > 0 && record->points[0].regions > 0;
}

/* --- what operations take -------------------------------------------------------------------- */

static int compare_costs(const void *left, const void *right)
{
	double first = fabs(((const struct zmm_cost_difference *)left)->difference_ns);
	double second = fabs(((const struct zmm_cost_difference *)right)->difference_ns);

	return (first < second) - (first > second);
}

static struct zmm_cost_difference cost_of(const struct zmm_latency *a, const struct zmm_latency *b,
	int kind, unsigned size)
{
	const struct zmm_latency_cost *one = &a->costs[kind][size], *other = &b->costs[kind][size];
	struct zmm_cost_difference cost = { .kind = (enum zmm_latency_kind)kind };

	zmm_latency_size_range(size, &cost.from, &cost.to);
	if (one->count == 0 || other->count == 0) {
		return cost;
	}
	cost.count = one->count / (a->runs ? a->runs : 1);
	cost.a_ns = zmm_latency_cost_mean(a, one);
	cost.b_ns = zmm_latency_cost_mean(b, other);
	cost.difference_ns = (cost.b_ns - cost.a_ns) * (double)cost.count;
	return cost;
}

static void compare_time(struct zmm_explanation *explanation, const struct zmm_latency *a,
	const struct zmm_latency *b)
{
	static struct zmm_cost_difference costs[ZMM_LATENCY_KINDS * ZMM_LATENCY_SIZES];
	size_t count = 0;
	double all = 0;

	for (int kind = 0; kind < ZMM_LATENCY_KINDS; kind++) {
		for (unsigned size = 0; size < ZMM_LATENCY_SIZES; size++) {
			struct zmm_cost_difference cost = cost_of(a, b, kind, size);

			if (cost.count > 0) {
				costs[count++] = cost;
				all += fabs(cost.difference_ns);
			}
		}
	}
	qsort(costs, count, sizeof costs[0], compare_costs);
	for (size_t i = 0; i < count && i < ZMM_COSTS_KEPT; i++) {
		explanation->costs[i] = costs[i];
		explanation->costs[i].share = all > 0 ? fabs(costs[i].difference_ns) / all : 0;
		explanation->cost_count = i + 1;
	}
}

/* --- in words -------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static void say(struct zmm_explanation *explanation, const char *format, ...)
{
	va_list arguments;

	if (explanation->sentence_count == ZMM_SENTENCES) {
		return;
	}
	va_start(arguments, format);
	vsnprintf(explanation->sentences[explanation->sentence_count++],
		sizeof explanation->sentences[0], format, arguments);
	va_end(arguments);
}

static double mebibytes(uint64_t bytes)
{
	return (double)bytes / 1048576;
}

/* Who holds more there, and how much. */
static void say_difference(struct zmm_explanation *explanation, const char *when,
	const struct zmm_difference *difference)
{
	bool first = difference->a > difference->b;

	say(explanation, "%s %s holds %.2f MiB more than %s: %.2f MiB against %.2f MiB.", when,
		first ? explanation->a : explanation->b, mebibytes(distance(difference->a, difference->b)),
		first ? explanation->b : explanation->a,
		mebibytes(first ? difference->a : difference->b),
		mebibytes(first ? difference->b : difference->a));
}

static void say_held(struct zmm_explanation *explanation, const struct zmm_difference *at_peak)
{
	const struct zmm_difference *part = &explanation->held_part, *peak = &explanation->held_peak;
	char when[80];

	if (!part->found) {
		say(explanation, "%s and %s hold about the same all along: at no sample do they differ by "
			"more than %.0f %% of their peak.", explanation->a, explanation->b,
			ZMM_PARTED_SHARE * 100);
		return;
	}
	snprintf(when, sizeof when, part->operation ? "From operation %" PRIu64 " on"
		: "From the start", part->operation);
	say(explanation, "%s they do not hold the same: %s %.2f MiB, %s %.2f MiB.", when,
		explanation->a, mebibytes(part->a), explanation->b, mebibytes(part->b));
	if (at_peak->a != at_peak->b) {
		say_difference(explanation, "When most is alive,", at_peak);
	}
	if (peak->operation != at_peak->operation) {
		snprintf(when, sizeof when, peak->operation ? "They differ most after operation %" PRIu64
			":" : "They differ most at the start:", peak->operation);
		say_difference(explanation, when, peak);
	}
	if (explanation->family_count > 0) {
		const struct zmm_family_difference *first = &explanation->families[0];

		say(explanation, "Most of that is %s: %.2f MiB against %.2f MiB.",
			first->family == ZMM_FAMILY_FREE ? "memory that is free and kept"
			: zmm_family_name(first->family), mebibytes(first->a), mebibytes(first->b));
	}
}

static void say_costs(struct zmm_explanation *explanation)
{
	static const char *const verbs[ZMM_LATENCY_KINDS] = { "allocating", "freeing", "resizing to" };

	for (size_t i = 0; i < explanation->cost_count && i < 3; i++) {
		const struct zmm_cost_difference *cost = &explanation->costs[i];
		char a[30], b[30];

		zmm_format_nanoseconds(a, sizeof a, cost->a_ns);
		zmm_format_nanoseconds(b, sizeof b, cost->b_ns);
		say(explanation, "%.0f %% of the difference in time: %s %" PRIu64 " to %" PRIu64
			" bytes, %" PRIu64 " times, takes %s %s and %s %s.", cost->share * 100,
			verbs[cost->kind], cost->from, cost->to, cost->count, explanation->a, a,
			explanation->b, b);
	}
}

void zmm_explain(struct zmm_explanation *explanation, const struct zmm_differing *a,
	const struct zmm_differing *b)
{
	struct zmm_difference at_peak = { 0 };
	size_t at = 0;

	*explanation = (struct zmm_explanation){ .a = a->name, .b = b->name };
	if (a->memory && b->memory) {
		compare_held(explanation, a->memory, b->memory, &at);
		at_peak = difference_at_peak(a->memory, b->memory);
		if (explanation->held_peak.found && is_heap(a->memory) && is_heap(b->memory)) {
			compare_causes(explanation, &a->memory->points[at], &b->memory->points[at]);
		}
		say_held(explanation, &at_peak);
	}
	if (a->latency && b->latency) {
		compare_time(explanation, a->latency, b->latency);
		say_costs(explanation);
	}
}
