/* SPDX-License-Identifier: MIT */
/*
 * zmm info: what is in a trace. The trace is compiled, which checks it, and then walked once: how
 * many operations of each kind, which sizes, how many bytes were alive when.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/emit.h"
#include "tools/zmm.h"
#include "trace/map.h"
#include "trace/program.h"

static const char help[] =
	"usage: zmm info [OPTION…] TRACE…\n"
	"Says what is in a trace: operations by kind, the sizes asked for, bytes alive\n"
	"over time, requests, threads. Reads everything that zmm convert reads; - is\n"
	"standard input.\n"
	"\n"
	"  -j, --json  print the results as JSON\n"
	"  -h, --help  print this\n"
	"\n"
	"Live bytes are what the program asked for and had not given back, as if no\n"
	"allocation failed; requests of 2^47 bytes or more, which must fail, do not\n"
	"count.\n";

enum {
	BAR_WIDTH = 30,
	CHART_COLUMNS = 64,
	CHART_ROWS = 10,
	SIZE_CLASSES = 66,  /* 0, 1, 2, 3-4, 5-8, ... 2^63+1 - 2^64-1 */
	SMALLEST_CLASS = 3, /* 1 to 8 bytes share a line */
	THREADS_SHOWN = 16,
	IMPOSSIBLE_LOG2 = 47
};

/* What a walk over the program finds. */
struct figures {
	uint64_t requests_of_class[SIZE_CLASSES]; /* requests for memory by size */
	uint64_t bytes_of_class[SIZE_CLASSES];    /* saturates */
	uint64_t size_requests;
	uint64_t smallest, greatest;
	uint64_t live;
	uint64_t live_at_end;
	uint64_t live_peak_of_column[CHART_COLUMNS];
	int columns; /* in use: short traces have one for each operation */
	uint64_t aligned;
	uint64_t greatest_alignment;
	size_t sites;
};

/* --- walking --------------------------------------------------------------------------------- */

/* Class n holds the sizes up to 2^n that class n - 1 does not. */
static unsigned class_of(uint64_t size)
{
	if (size == 0)
		return 0;
	unsigned log2 = size > 1 ? 64 - (unsigned)__builtin_clzll(size - 1) : 0;
	return 1 + (log2 < SMALLEST_CLASS ? SMALLEST_CLASS : log2);
}

static uint64_t class_last(unsigned class)
{
	if (class == 0)
		return 0;
	return class < SIZE_CLASSES - 1 ? 1ull << (class - 1) : UINT64_MAX;
}

static uint64_t class_first(unsigned class)
{
	if (class <= SMALLEST_CLASS + 1)
		return class != 0;
	return class_last(class - 1) + 1;
}

static void count_size(struct figures *figures, uint64_t size)
{
	unsigned class = class_of(size);

	figures->requests_of_class[class]++;
	uint64_t *bytes = &figures->bytes_of_class[class];
	if (__builtin_add_overflow(*bytes, size, bytes))
		*bytes = UINT64_MAX;
	if (figures->size_requests++ == 0 || size < figures->smallest)
		figures->smallest = size;
	if (size > figures->greatest)
		figures->greatest = size;
}

static void set_live(struct figures *figures, uint64_t *sizes, uint32_t slot, uint64_t size)
{
	if (size >> IMPOSSIBLE_LOG2)
		return;
	figures->live = figures->live - sizes[slot] + size;
	sizes[slot] = size;
}

static void walk(const zmm_program *program, struct figures *figures, uint64_t *sizes)
{
	uint32_t fresh = 0; /* slots below may hold blocks */

	figures->columns = program->op_count < CHART_COLUMNS ? (int)program->op_count : CHART_COLUMNS;
	for (size_t i = 0; i < program->op_count; i++) {
		const struct zmm_op *op = &program->ops[i];
		uint32_t slot = zmm_op_slot(op);
		uint64_t alignment = zmm_op_alignment(program, op);
		switch (zmm_op_kind(op)) {
		case ZMM_OP_ALLOC:
		case ZMM_OP_ALIGNED:
		case ZMM_OP_RESIZE:
			fresh = slot >= fresh ? slot + 1 : fresh;
			count_size(figures, zmm_op_size(program, op));
			set_live(figures, sizes, slot, zmm_op_size(program, op));
			figures->aligned += alignment != 0;
			if (alignment > figures->greatest_alignment)
				figures->greatest_alignment = alignment;
			break;
		case ZMM_OP_FREE:
			set_live(figures, sizes, slot, 0);
			break;
		case ZMM_OP_END_REQUEST:
			memset(sizes, 0, fresh * sizeof *sizes);
			fresh = 0;
			figures->live = 0;
			break;
		default:
			break;
		}
		uint64_t *column = &figures->live_peak_of_column[(uint64_t)i * (uint64_t)figures->columns
			/ program->op_count];
		if (figures->live > *column)
			*column = figures->live;
	}
	figures->live_at_end = figures->live;
}

static bool count_sites(const zmm_program *program, struct figures *figures)
{
	struct zmm_map seen = { 0 };
	bool good = true;

	for (size_t i = 0; program->site && i < program->op_count && good; i++)
		if (program->site[i])
			good = zmm_map_put(&seen, program->site[i], 1);
	figures->sites = seen.count;
	zmm_map_free(&seen);
	return good;
}

/* --- saying it ------------------------------------------------------------------------------- */

/* Where the results go, and what only people read: bars, charts, percentages. */
struct saying {
	zmm_emit *emit;
	bool json;
};

/* How much of `whole` is `part`; `text` is room for a person's version. */
static struct zmm_value share(const struct saying *saying, uint64_t part, uint64_t whole,
	char text[8])
{
	double ratio = whole ? (double)part / (double)whole : 0;

	if (saying->json)
		return zmm_value_ratio(ratio);
	snprintf(text, 8, "%.1f%%", 100 * ratio);
	return zmm_value_text(text);
}

static void say_count(const struct saying *saying, const char *key, const char *label,
	uint64_t count)
{
	zmm_emit_fact(saying->emit, key, label, zmm_value_count(count));
}

static void say_bytes(const struct saying *saying, const char *key, const char *label,
	uint64_t bytes)
{
	zmm_emit_fact(saying->emit, key, label, zmm_value_bytes(bytes));
}

static void say_facts(const struct saying *saying, const char *path, const zmm_program *program,
	const struct figures *figures)
{
	char format[64];

	snprintf(format, sizeof format, "%s%s", zmm_format_name(program->format),
		program->compressed ? ", compressed with zstd" : "");
	zmm_emit_fact(saying->emit, "trace", "trace", zmm_value_text(path));
	zmm_emit_fact(saying->emit, "format", "format", zmm_value_text(format));
	say_count(saying, "operations", "operations", program->op_count);
	say_count(saying, "requests", "requests", program->requests);
	say_count(saying, "threads", "threads", program->thread_count);
	if (figures->sites)
		say_count(saying, "sites", "call sites", figures->sites);
	say_count(saying, "peak_blocks", "most blocks alive", program->peak_blocks);
	say_bytes(saying, "peak_bytes", "most bytes alive", program->peak_bytes);
	if (program->peak_bytes)
		say_count(saying, "peak_operation", "  at operation", program->peak_op + 1);
	say_bytes(saying, "end_bytes", "bytes alive at the end", figures->live_at_end);
	if (figures->aligned) {
		say_count(saying, "aligned", "aligned requests", figures->aligned);
		say_bytes(saying, "greatest_alignment", "  greatest alignment",
			figures->greatest_alignment);
	}
	if (figures->size_requests) {
		say_bytes(saying, "smallest_size", "smallest size asked for", figures->smallest);
		say_bytes(saying, "greatest_size", "greatest size asked for", figures->greatest);
	}
}

static void say_operations(const struct saying *saying, const zmm_program *program)
{
	static const char *const names[ZMM_OP_KINDS] = {
		[ZMM_OP_ALLOC] = "allocate", [ZMM_OP_FREE] = "free", [ZMM_OP_RESIZE] = "resize",
		[ZMM_OP_ALIGNED] = "allocate aligned", [ZMM_OP_LIMIT] = "set the limit",
		[ZMM_OP_END_REQUEST] = "end of a request", [ZMM_OP_GC] = "collect garbage",
		[ZMM_OP_REFUSE] = "refuse storage", [ZMM_OP_USAGE] = "usage figures",
		[ZMM_OP_THREAD_START] = "start of a thread", [ZMM_OP_THREAD_END] = "end of a thread",
	};
	static const struct zmm_column columns[] = {
		{ "kind", "operations" }, { "count", "count" }, { "share", "share" }
	};

	zmm_emit_table(saying->emit, "kinds", columns, 3);
	for (int kind = 0; kind < ZMM_OP_KINDS; kind++) {
		uint64_t count = program->by_kind[kind];
		char text[8];
		if (count)
			zmm_emit_row(saying->emit, (struct zmm_value[]){ zmm_value_text(names[kind]),
				zmm_value_count(count), share(saying, count, program->op_count, text) });
	}
	zmm_emit_end(saying->emit);
}

static void say_sizes(const struct saying *saying, const struct figures *figures)
{
	static const struct zmm_column columns[] = {
		{ "from", "sizes from" }, { "to", "to" }, { "requests", "requests" },
		{ "share", "share" }, { "bytes", "in all" }, { "bar", "" }
	};
	uint64_t greatest = 1;

	for (unsigned class = 0; class < SIZE_CLASSES; class++)
		if (figures->requests_of_class[class] > greatest)
			greatest = figures->requests_of_class[class];
	zmm_emit_table(saying->emit, "sizes", columns, saying->json ? 5 : 6);
	for (unsigned class = 0; class < SIZE_CLASSES; class++) {
		uint64_t count = figures->requests_of_class[class];
		char text[8], bar[BAR_WIDTH + 1];
		if (!count)
			continue;
		int length = (int)((double)count * BAR_WIDTH / (double)greatest + 0.5);
		length = length ? length : 1;
		memset(bar, '#', (size_t)length);
		bar[length] = '\0';
		zmm_emit_row(saying->emit, (struct zmm_value[]){
			zmm_value_count(class_first(class)), zmm_value_count(class_last(class)),
			zmm_value_count(count), share(saying, count, figures->size_requests, text),
			zmm_value_bytes(figures->bytes_of_class[class]), zmm_value_text(bar) });
	}
	zmm_emit_end(saying->emit);
}

static void say_threads(const struct saying *saying, const zmm_program *program)
{
	static const struct zmm_column columns[] = {
		{ "thread", "thread" }, { "operations", "operations" }, { "share", "share" }
	};
	if (!program->thread)
		return;
	uint64_t *counts = calloc(program->thread_count, sizeof *counts);
	if (!counts)
		return;
	for (size_t i = 0; i < program->op_count; i++)
		counts[program->thread[i]]++;
	uint32_t shown = saying->json || program->thread_count <= THREADS_SHOWN
		? program->thread_count : THREADS_SHOWN;
	zmm_emit_table(saying->emit, "threads_by_appearance", columns, 3);
	for (uint32_t i = 0; i < shown; i++) {
		char text[8], number[32];
		snprintf(number, sizeof number, i + 1 == THREADS_SHOWN && shown < program->thread_count
			? "%u (more are not shown)" : "%u", i + 1);
		zmm_emit_row(saying->emit, (struct zmm_value[]){
			saying->json ? zmm_value_count(i + 1) : zmm_value_text(number),
			zmm_value_count(counts[i]), share(saying, counts[i], program->op_count, text) });
	}
	zmm_emit_end(saying->emit);
	free(counts);
}

/* For programs, the points of the chart. */
static void say_live(const struct saying *saying, const zmm_program *program,
	const struct figures *figures)
{
	static const struct zmm_column columns[] = {
		{ "operation", "up to operation" }, { "bytes", "most bytes alive" }
	};

	zmm_emit_table(saying->emit, "live", columns, 2);
	for (int i = 0; i < figures->columns; i++) {
		uint64_t end = ((uint64_t)(i + 1) * program->op_count + (uint64_t)figures->columns - 1)
			/ (uint64_t)figures->columns;
		zmm_emit_row(saying->emit, (struct zmm_value[]){
			zmm_value_count(end), zmm_value_bytes(figures->live_peak_of_column[i]) });
	}
	zmm_emit_end(saying->emit);
}

/* --- the chart ------------------------------------------------------------------------------- */

/* How high a column is, in rows; anything alive shows. */
static int height(uint64_t live, uint64_t greatest)
{
	int rows = (int)((double)live * CHART_ROWS / (double)greatest + 0.5);

	return live && !rows ? 1 : rows;
}

/* "916.2 KiB" */
static void print_axis(double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	int unit = 0;

	for (; bytes >= 1000 && unit < 6; unit++)
		bytes /= 1024;
	printf(unit ? "%8.1f %-3s |" : "%8.0f %-3s |", bytes, units[unit]);
}

static void print_chart(const zmm_program *program, const struct figures *figures)
{
	uint64_t greatest = 0;

	for (int i = 0; i < figures->columns; i++)
		if (figures->live_peak_of_column[i] > greatest)
			greatest = figures->live_peak_of_column[i];
	if (!greatest)
		return;
	printf("\nbytes alive over the operations (the most in each column)\n");
	for (int row = CHART_ROWS; row > 0; row--) {
		if (row == CHART_ROWS || row == CHART_ROWS / 2)
			print_axis((double)greatest * row / CHART_ROWS);
		else
			printf("%12s |", "");
		for (int i = 0; i < figures->columns; i++)
			putchar(height(figures->live_peak_of_column[i], greatest) >= row ? '#' : ' ');
		putchar('\n');
	}
	printf("%8d B   +", 0);
	for (int i = 0; i < figures->columns; i++)
		putchar('-');
	printf("\n%12s  1%*zu\n", "", figures->columns > 1 ? figures->columns - 1 : 1,
		program->op_count);
}

/* --- the command ----------------------------------------------------------------------------- */

/* A trace and what was found in it. */
struct subject {
	const char *path;
	zmm_program *program;
	struct figures figures;
};

static bool no_memory(const char *path, struct zmm_error *error)
{
	zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: not enough memory", path);
	return false;
}

static bool study(struct subject *subject, const char *path, struct zmm_error *error)
{
	*subject = (struct subject){ .path = path };
	subject->program = zmm_program_load(path, ZMM_PROGRAM_SITES, error);
	if (!subject->program)
		return false;
	uint64_t *sizes = calloc((size_t)subject->program->slot_count + 1, sizeof *sizes);
	bool good = sizes && count_sites(subject->program, &subject->figures);
	if (good)
		walk(subject->program, &subject->figures, sizes);
	free(sizes);
	return good || no_memory(path, error);
}

static void say(const struct saying *saying, const struct subject *subject)
{
	say_facts(saying, subject->path, subject->program, &subject->figures);
	say_operations(saying, subject->program);
	say_threads(saying, subject->program);
	say_sizes(saying, &subject->figures);
}

/* One document after the other, each with its chart. */
static bool describe_as_text(char **paths, int count, struct zmm_error *error)
{
	bool good = true;

	for (int i = 0; i < count && good; i++) {
		struct subject subject;
		struct saying saying = { NULL, false };
		good = study(&subject, paths[i], error)
			&& (saying.emit = zmm_emit_text(stdout, error));
		if (good) {
			if (i > 0)
				putchar('\n');
			say(&saying, &subject);
			good = zmm_emit_close(saying.emit) || no_memory(paths[i], error);
			print_chart(subject.program, &subject.figures);
		}
		zmm_program_free(subject.program);
	}
	return good;
}

static bool say_as_json(const struct subject *subjects, int count, struct zmm_error *error)
{
	struct saying saying = { zmm_emit_json(stdout, error), true };

	if (!saying.emit)
		return false;
	zmm_emit_list(saying.emit, "traces");
	for (int i = 0; i < count; i++) {
		zmm_emit_item(saying.emit);
		say(&saying, &subjects[i]);
		say_live(&saying, subjects[i].program, &subjects[i].figures);
		zmm_emit_end(saying.emit);
	}
	zmm_emit_end(saying.emit);
	return zmm_emit_close(saying.emit) || no_memory("the results", error);
}

/* One document that lists them: all are read before anything is said. */
static bool describe_as_json(char **paths, int count, struct zmm_error *error)
{
	struct subject *subjects = calloc((size_t)count, sizeof *subjects);
	bool good = subjects || no_memory("the traces", error);

	for (int i = 0; i < count && good; i++)
		good = study(&subjects[i], paths[i], error);
	good = good && say_as_json(subjects, count, error);
	for (int i = 0; i < count && subjects; i++)
		zmm_program_free(subjects[i].program);
	free(subjects);
	return good;
}

int zmm_cmd_info(int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct zmm_error error;
	bool json = false;
	int option;

	while ((option = zmm_next_option("info", argc, argv, "jh", known)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return zmm_finish_output(ZMM_EXIT_OK);
		default:
			return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
		}
	}
	if (optind == argc)
		return zmm_bad_usage("info", "name a trace");
	if (!(json ? describe_as_json : describe_as_text)(argv + optind, argc - optind, &error)) {
		fflush(stdout);
		return zmm_error_print(&error);
	}
	return zmm_finish_output(ZMM_EXIT_OK);
}
