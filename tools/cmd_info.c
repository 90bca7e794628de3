/* SPDX-License-Identifier: MIT */
/*
 * zmm info: what is in a trace. The trace is compiled, which checks it, and then walked once: how
 * many operations of each kind, which sizes, how many bytes were alive when.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zmm.h"
#include "trace/map.h"
#include "trace/program.h"

static const char help[] =
	"usage: zmm info [OPTION...] TRACE...\n"
	"Says what is in a trace: operations by kind, the sizes asked for, bytes alive over time,\n"
	"requests, threads. Reads everything that zmm convert reads; - is standard input.\n"
	"\n"
	"  -h, --help  print this and exit\n"
	"\n"
	"Live bytes are what the program asked for and had not given back, as if no allocation\n"
	"failed; requests of 2^47 bytes or more, which must fail, do not count.\n";

enum {
	BAR_WIDTH = 40,
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
	double bytes_of_class[SIZE_CLASSES];
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

static void count_size(struct figures *figures, uint64_t size)
{
	unsigned class = class_of(size);

	figures->requests_of_class[class]++;
	figures->bytes_of_class[class] += (double)size;
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

/* --- printing -------------------------------------------------------------------------------- */

/* "1.2 MiB", in one of a few buffers that are used in turn. */
static const char *human(double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	static char texts[4][16];
	static unsigned turn;
	unsigned unit = 0;

	while (bytes >= 1024 && unit < 6) {
		bytes /= 1024;
		unit++;
	}
	char *text = texts[turn++ % 4];
	snprintf(text, sizeof texts[0], unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
	return text;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* A line of the table of facts. */
static void print_count(const char *name, uint64_t count)
{
	printf("  %-22s %12llu\n", name, (unsigned long long)count);
}

static void print_operations(const zmm_program *program)
{
	static const char *const names[ZMM_OP_KINDS] = {
		[ZMM_OP_ALLOC] = "allocate", [ZMM_OP_FREE] = "free", [ZMM_OP_RESIZE] = "resize",
		[ZMM_OP_ALIGNED] = "allocate aligned", [ZMM_OP_LIMIT] = "set the limit",
		[ZMM_OP_END_REQUEST] = "end of a request", [ZMM_OP_GC] = "collect garbage",
		[ZMM_OP_REFUSE] = "refuse storage", [ZMM_OP_USAGE] = "usage figures",
		[ZMM_OP_THREAD_START] = "start of a thread", [ZMM_OP_THREAD_END] = "end of a thread",
	};

	printf("\noperations                       count   share\n");
	for (int kind = 0; kind < ZMM_OP_KINDS; kind++) {
		uint64_t count = program->by_kind[kind];
		if (count)
			printf("  %s %-20s %12llu %6.1f%%\n", zmm_op_letter((enum zmm_op_kind)kind), names[kind],
				(unsigned long long)count, percent(count, program->op_count));
	}
	print_count("all", program->op_count);
}

static void print_facts(const zmm_program *program, const struct figures *figures)
{
	printf("\n");
	print_count("requests", program->requests);
	print_count("threads", program->thread_count);
	if (figures->sites)
		print_count("call sites", figures->sites);
	print_count("blocks alive, most", program->peak_blocks);
	print_count("bytes alive, most", program->peak_bytes);
	print_count("  at operation", program->op_count ? program->peak_op + 1 : 0);
	print_count("  at the end", figures->live_at_end);
	if (figures->aligned) {
		print_count("aligned", figures->aligned);
		print_count("  greatest alignment", figures->greatest_alignment);
	}
}

static void print_class_range(unsigned class)
{
	char range[48];
	uint64_t last = class >= 65 ? UINT64_MAX : class ? 1ull << (class - 1) : 0;
	uint64_t first = class <= SMALLEST_CLASS + 1 ? class != 0 : (1ull << (class - 2)) + 1;

	if (last >= 1 << 21)
		snprintf(range, sizeof range, "%s - %s", human((double)first), human((double)last));
	else if (first == last)
		snprintf(range, sizeof range, "%llu", (unsigned long long)last);
	else
		snprintf(range, sizeof range, "%llu - %llu", (unsigned long long)first,
			(unsigned long long)last);
	printf("  %22s", range);
}

static void print_sizes(const struct figures *figures)
{
	uint64_t greatest_count = 1;

	if (!figures->size_requests)
		return;
	for (unsigned class = 0; class < SIZE_CLASSES; class++)
		if (figures->requests_of_class[class] > greatest_count)
			greatest_count = figures->requests_of_class[class];
	printf("\nsizes asked for, %llu to %llu bytes\n", (unsigned long long)figures->smallest,
		(unsigned long long)figures->greatest);
	printf("  %22s %11s %6s %10s\n", "bytes", "requests", "share", "in all");
	for (unsigned class = 0; class < SIZE_CLASSES; class++) {
		uint64_t count = figures->requests_of_class[class];
		if (!count)
			continue;
		print_class_range(class);
		printf(" %11llu %5.1f%% %10s ", (unsigned long long)count,
			percent(count, figures->size_requests), human(figures->bytes_of_class[class]));
		int bar = (int)((double)count * BAR_WIDTH / (double)greatest_count + 0.5);
		for (int i = 0; i < (bar ? bar : 1); i++)
			putchar('#');
		putchar('\n');
	}
}

/* How high a column is, in rows; anything alive shows. */
static int height(uint64_t live, uint64_t greatest)
{
	int rows = (int)((double)live * CHART_ROWS / (double)greatest + 0.5);

	return live && !rows ? 1 : rows;
}

static void print_chart(const zmm_program *program, const struct figures *figures)
{
	uint64_t greatest = 0;
	int columns = figures->columns;

	for (int i = 0; i < columns; i++)
		if (figures->live_peak_of_column[i] > greatest)
			greatest = figures->live_peak_of_column[i];
	if (!greatest)
		return;
	printf("\nbytes alive over the operations (the most in each column)\n");
	for (int row = CHART_ROWS; row > 0; row--) {
		char line[CHART_COLUMNS + 1];
		for (int i = 0; i < columns; i++)
			line[i] = height(figures->live_peak_of_column[i], greatest) >= row ? '#' : ' ';
		line[columns] = '\0';
		printf("  %10s |%s\n", row == CHART_ROWS || row == CHART_ROWS / 2
			? human((double)greatest * row / CHART_ROWS) : "", line);
	}
	printf("  %10s +", "0");
	for (int i = 0; i < columns; i++)
		putchar('-');
	printf("\n  %10s  1%*zu\n", "", columns > 1 ? columns - 1 : 1, program->op_count);
}

static void print_threads(const zmm_program *program)
{
	if (!program->thread)
		return;
	uint64_t *counts = calloc(program->thread_count, sizeof *counts);
	if (!counts)
		return;
	for (size_t i = 0; i < program->op_count; i++)
		counts[program->thread[i]]++;
	printf("\nthreads, in the order they appear\n");
	for (uint32_t i = 0; i < program->thread_count && i < THREADS_SHOWN; i++)
		printf("  %22u %11llu %5.1f%%\n", i + 1, (unsigned long long)counts[i],
			percent(counts[i], program->op_count));
	if (program->thread_count > THREADS_SHOWN)
		printf("  and %u more\n", program->thread_count - THREADS_SHOWN);
	free(counts);
}

/* --- the command ----------------------------------------------------------------------------- */

static bool describe(const char *path, struct zmm_error *error)
{
	zmm_program *program = zmm_program_load(path, ZMM_PROGRAM_SITES, error);
	if (!program)
		return false;
	struct figures figures = { 0 };
	uint64_t *sizes = calloc((size_t)program->slot_count + 1, sizeof *sizes);
	bool good = sizes && count_sites(program, &figures);

	if (good) {
		walk(program, &figures, sizes);
		printf("%s: %s%s, %zu operations\n", path, zmm_format_name(program->format),
			program->compressed ? " (zstd)" : "", program->op_count);
		print_operations(program);
		print_facts(program, &figures);
		print_threads(program);
		print_sizes(&figures);
		print_chart(program, &figures);
	} else {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: not enough memory", path);
	}
	free(sizes);
	zmm_program_free(program);
	return good;
}

int zmm_cmd_info(int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct zmm_error error;
	int option;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return zmm_finish_output(ZMM_EXIT_OK);
		}
		fputs("see zmm info --help\n", stderr);
		return ZMM_EXIT_USAGE;
	}
	if (optind == argc)
		return zmm_bad_usage("info", "name a trace");
	for (int i = optind; i < argc; i++) {
		if (i > optind)
			putchar('\n');
		if (!describe(argv[i], &error)) {
			fflush(stdout);
			return zmm_error_print(&error);
		}
	}
	return zmm_finish_output(ZMM_EXIT_OK);
}
