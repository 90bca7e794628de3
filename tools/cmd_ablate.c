/* SPDX-License-Identifier: MIT */
/*
 * zmm ablate: what each idea of the legacy design brings: the heap without it, on traces and on the
 * workload that the idea was invented for.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ablate_ideas.h"
#include "tools/emit.h"
#include "tools/options.h"
#include "tools/zmm.h"
#include "trace/error.h"

static const char help[] =
	"usage: zmm ablate [OPTION…] [TRACE…]\n"
	"Says what each idea of the legacy heap brings in time, memory and\n"
	"fragmentation: replays each TRACE on the heap as it was and on heaps that lack\n"
	"one idea, and then, for each idea, the workload that it was invented for with\n"
	"and without it.\n"
	"\n"
	"  -r, --runs N         timed runs of each, of which the best counts (default:\n"
	"                       3; 0: no times, and what is printed is the same each\n"
	"                       time)\n"
	"  -w, --workloads      the workloads only, also where traces are named\n"
	"  -t, --traces         the traces only\n"
	"  -j, --json           print the results as JSON\n"
	"  -m, --markdown       print the workloads' results as one table in Markdown\n"
	"  -h, --help           print this\n"
	"\n"
	"searched: free blocks looked at in trees or lists, per operation. calls: of\n"
	"storage, that succeeded. held: bytes from the system. mean H/L-1: what is held\n"
	"beyond the live bytes, as a share of these, on average over the operations; '-'\n"
	"where hardly anything is live.\n"
	"All heaps here are built for study and slower than the library's; compare them\n"
	"with each other.\n"
	"\n"
	"Exit status: 0, 1 if there is no memory, 2 for bad usage or a bad trace.\n";

enum { STANDARD_RUNS = 3, MOST_RUNS = 1000 };

struct settings {
	uint64_t runs;
	bool workloads;
	bool traces;
	bool json;
	bool markdown;
	bool help;
};

/* --- the command line ------------------------------------------------------------------------ */

static const struct option long_options[] = {
	{ "runs", required_argument, NULL, 'r' },
	{ "workloads", no_argument, NULL, 'w' },
	{ "traces", no_argument, NULL, 't' },
	{ "json", no_argument, NULL, 'j' },
	{ "markdown", no_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int set_option(struct settings *settings, int option)
{
	switch (option) {
	case 'r':
		return zmm_parse_count(optarg, &settings->runs) && settings->runs <= MOST_RUNS
			? ZMM_EXIT_OK
			: zmm_bad_usage("ablate", "'%s' is no number of runs up to %d", optarg, MOST_RUNS);
	case 'w':
		settings->workloads = true;
		return ZMM_EXIT_OK;
	case 't':
		settings->traces = true;
		return ZMM_EXIT_OK;
	case 'j':
		settings->json = true;
		return ZMM_EXIT_OK;
	case 'm':
		settings->markdown = true;
		return ZMM_EXIT_OK;
	case 'h':
		settings->help = true;
		return ZMM_EXIT_OK;
	default:
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	}
}

static int read_command_line(struct settings *settings, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !settings->help
		&& (option = zmm_next_option("ablate", argc, argv, "r:wtjmh", long_options)) != -1)
		status = set_option(settings, option);
	if (status != ZMM_EXIT_OK || settings->help)
		return status;
	if (settings->traces && settings->workloads)
		return zmm_bad_usage("ablate", "--traces and --workloads leave nothing to do");
	if (settings->markdown && (settings->json || optind < argc || settings->traces))
		return zmm_bad_usage("ablate", "--markdown is a table of the workloads, by itself");
	if (settings->traces && optind == argc)
		return zmm_bad_usage("ablate", "no trace was named");
	return ZMM_EXIT_OK;
}

/* --- rows ------------------------------------------------------------------------------------ */

static const struct zmm_column columns[] = {
	{ "variant", "heap" },
	{ "was", "so it was" },
	{ "ns_per_operation", "time/op" },
	{ "relative_time", "times" },
	{ "searched", "searched/op" },
	{ "cache_hits", "cache hits" },
	{ "storage_calls", "calls" },
	{ "failures", "failed" },
	{ "peak_live", "peak live" },
	{ "peak_held", "peak held" },
	{ "mean_excess", "mean H/L-1" },
	{ "peaks_excess", "peaks H/L-1" }
};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

static struct zmm_value ratio_value(const struct zmm_course *course, enum zmm_measure measure)
{
	struct zmm_ratio ratio = zmm_course_measure(course, measure);

	return ratio.validity == ZMM_VALID ? zmm_value_ratio(ratio.value) : zmm_value_missing();
}

static void emit_row(zmm_emit *emit, const struct zmm_variant *variant,
	const struct zmm_ablation *ablation, const struct zmm_ablation *base)
{
	bool timed = ablation->ns_per_operation > 0 && base->ns_per_operation > 0;
	const struct zmm_value values[COLUMNS] = {
		zmm_value_text(variant->title),
		zmm_value_text(variant->was),
		timed ? zmm_value_nanoseconds(ablation->ns_per_operation) : zmm_value_missing(),
		timed ? zmm_value_ratio(ablation->ns_per_operation / base->ns_per_operation)
			: zmm_value_missing(),
		zmm_value_ratio(ablation->searched),
		zmm_value_count(ablation->cache_hits),
		zmm_value_count(ablation->storage_calls),
		zmm_value_count(ablation->failures),
		zmm_value_bytes(ablation->peak_live),
		zmm_value_bytes(ablation->peak_held),
		ratio_value(&ablation->course, ZMM_MEASURE_MEAN),
		ratio_value(&ablation->course, ZMM_MEASURE_PEAKS)
	};

	zmm_emit_row(emit, values);
}

/* Measures a variant and adds its row; base is the first one's result, or is to become it. */
static bool add_row(zmm_emit *emit, const struct settings *settings,
	const struct zmm_variant *variant, const zmm_program *program, struct zmm_ablation *base,
	struct zmm_error *error)
{
	struct zmm_ablation ablation;

	if (!zmm_ablate(variant, program, (unsigned)settings->runs, &ablation, error))
		return false;
	if (variant == zmm_variant_at(0))
		*base = ablation;
	emit_row(emit, variant, &ablation, base);
	return true;
}

/* --- traces and workloads -------------------------------------------------------------------- */

static bool emit_trace(zmm_emit *emit, const struct settings *settings, const char *path,
	const zmm_program *program, struct zmm_error *error)
{
	const struct zmm_variant *variant;
	struct zmm_ablation base;
	bool done = true;

	zmm_emit_item(emit);
	zmm_emit_fact(emit, "trace", "trace", zmm_value_text(path));
	zmm_emit_fact(emit, "operations", "operations", zmm_value_count(program->op_count));
	zmm_emit_table(emit, "variants", columns, COLUMNS);
	for (size_t i = 0; done && (variant = zmm_variant_at(i)); i++)
		done = add_row(emit, settings, variant, program, &base, error);
	zmm_emit_end(emit);
	zmm_emit_end(emit);
	return done;
}

/* The command that makes it; in text, short enough for a line. */
static void emit_workload(zmm_emit *emit, const struct zmm_idea *idea, enum zmm_audience audience)
{
	char command[200] = "zmm generate ";
	size_t length = strlen(command);

	zmm_idea_command(idea, audience == ZMM_FOR_TEXT, command + length, sizeof command - length);
	zmm_emit_for(emit, audience);
	zmm_emit_fact(emit, "workload", "workload", zmm_value_text(command));
	zmm_emit_for(emit, ZMM_FOR_ALL);
}

static bool emit_idea(zmm_emit *emit, const struct settings *settings, const struct zmm_idea *idea,
	struct zmm_error *error)
{
	zmm_program *program = zmm_idea_program(idea, error);
	struct zmm_ablation base;
	bool done = program != NULL;

	if (!program)
		return false;
	zmm_emit_item(emit);
	zmm_emit_fact(emit, "idea", "idea", zmm_value_text(idea->title));
	zmm_emit_fact(emit, "shows", "shows", zmm_value_text(idea->shows));
	emit_workload(emit, idea, ZMM_FOR_JSON);
	emit_workload(emit, idea, ZMM_FOR_TEXT);
	zmm_emit_fact(emit, "operations", "operations", zmm_value_count(program->op_count));
	zmm_emit_table(emit, "variants", columns, COLUMNS);
	done = add_row(emit, settings, zmm_variant_at(0), program, &base, error);
	for (size_t i = 0; done && i < ZMM_IDEA_VARIANTS && idea->variants[i]; i++)
		done = add_row(emit, settings, zmm_variant_find(idea->variants[i]), program, &base, error);
	zmm_emit_end(emit);
	zmm_emit_end(emit);
	zmm_program_free(program);
	return done;
}

static bool emit_all(zmm_emit *emit, const struct settings *settings, char **paths,
	zmm_program **programs, size_t count, struct zmm_error *error)
{
	const struct zmm_idea *idea;
	bool done = true;

	if (!settings->workloads && count) {
		zmm_emit_list(emit, "traces");
		for (size_t i = 0; done && i < count; i++)
			done = emit_trace(emit, settings, paths[i], programs[i], error);
		zmm_emit_end(emit);
	}
	if (!settings->traces) {
		zmm_emit_list(emit, "ideas");
		for (size_t i = 0; done && (idea = zmm_idea_at(i)); i++)
			done = emit_idea(emit, settings, idea, error);
		zmm_emit_end(emit);
	}
	return done;
}

static int print_all(const struct settings *settings, char **paths, zmm_program **programs,
	size_t count)
{
	struct zmm_error error;
	zmm_emit *emit = settings->json ? zmm_emit_json(stdout, &error)
		: zmm_emit_text(stdout, &error);

	if (!emit)
		return zmm_error_print(&error);
	if (!emit_all(emit, settings, paths, programs, count, &error)) {
		zmm_emit_close(emit);
		fflush(stdout);
		return zmm_error_print(&error);
	}
	if (!zmm_emit_close(emit)) {
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "no memory for the results");
		return zmm_error_print(&error);
	}
	return zmm_finish_output(ZMM_EXIT_OK);
}

/* A bad trace is found before anything is measured. */
static int load_and_print(const struct settings *settings, char **paths, size_t count)
{
	zmm_program **programs = calloc(count + 1, sizeof *programs);
	struct zmm_error error;
	int status = ZMM_EXIT_OK;

	if (!programs) {
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "no memory for %zu traces", count);
		return zmm_error_print(&error);
	}
	for (size_t i = 0; status == ZMM_EXIT_OK && i < count; i++) {
		programs[i] = zmm_program_load(paths[i], 0, &error);
		if (!programs[i])
			status = zmm_error_print(&error);
	}
	if (status == ZMM_EXIT_OK)
		status = print_all(settings, paths, programs, count);
	for (size_t i = 0; i < count; i++)
		zmm_program_free(programs[i]);
	free(programs);
	return status;
}

int zmm_cmd_ablate(int argc, char **argv)
{
	struct settings settings = { .runs = STANDARD_RUNS };
	int status = read_command_line(&settings, argc, argv);

	if (status != ZMM_EXIT_OK)
		return status;
	if (settings.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	if (settings.markdown) {
		struct zmm_error error;

		return zmm_ablate_markdown((unsigned)settings.runs, &error)
			? zmm_finish_output(ZMM_EXIT_OK) : zmm_error_print(&error);
	}
	return load_and_print(&settings, argv + optind, (size_t)(argc - optind));
}
