/* SPDX-License-Identifier: MIT */
/*
 * zmm replay: runs a trace on one heap, and prints what that took or where each block went.
 */
#include <getopt.h>
#include <string.h>

#include "tools/emit.h"
#include "tools/options.h"
#include "tools/replay_options.h"
#include "tools/replay_threaded.h"
#include "tools/zmm.h"
#include "trace/error.h"
#include "trace/replay.h"

static const char help[] =
	"usage: zmm replay [OPTION…] TRACE\n"
	"Runs a trace on one heap. TRACE is a file in any format that zmm reads, or -\n"
	"for standard input.\n"
	"\n"
	ZMM_REPLAY_OPTIONS_HELP
	"  -c, --check N        check the whole heap after every N operations\n"
	"  -v, --verify         fill each block, and verify it when it is resized or\n"
	"                       freed\n"
	"  -t, --threads        on as many threads as were recorded, each with its own\n"
	"                       heap, through the malloc replacement; without a mode or\n"
	"                       storage, on the malloc that zmm itself has; --check\n"
	"                       checks the heaps once, at the end\n"
	"  -p, --placements     print where each block went, over storage that spaces\n"
	"                       regions apart\n"
	"  -j, --json           print the results as JSON\n"
	"  -h, --help           print this\n"
	"\n"
	"Exit status: 0, 1 if something was found wrong or there is no memory, 2 for bad\n"
	"usage or a bad trace.\n";

struct settings {
	struct zmm_replay_options replay;
	struct zmm_full_run full;
	bool threads;
	bool heap_chosen;
	bool json;
	bool help;
	const char *path;
};

/* --- the command line ------------------------------------------------------------------------ */

static const char short_options[] = ZMM_REPLAY_SHORT_OPTIONS "c:vtpjh";

static const struct option long_options[] = {
	ZMM_REPLAY_LONG_OPTIONS,
	{ "check", required_argument, NULL, 'c' },
	{ "verify", no_argument, NULL, 'v' },
	{ "threads", no_argument, NULL, 't' },
	{ "placements", no_argument, NULL, 'p' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int set_option(struct settings *settings, int option)
{
	switch (option) {
	case 'm':
	case 's':
	case 'S':
		settings->heap_chosen = true;
		return zmm_replay_option(&settings->replay, option, optarg, "replay");
	case 'c':
		return zmm_parse_count(optarg, &settings->full.check_every)
				&& settings->full.check_every > 0 ? ZMM_EXIT_OK
			: zmm_bad_usage("replay", "'%s' is no number of operations", optarg);
	case 'v':
		settings->full.verify = true;
		return ZMM_EXIT_OK;
	case 't':
		settings->threads = true;
		return ZMM_EXIT_OK;
	case 'p':
		settings->full.placements = stdout;
		return ZMM_EXIT_OK;
	case 'j':
		settings->json = true;
		return ZMM_EXIT_OK;
	case 'h':
		settings->help = true;
		return ZMM_EXIT_OK;
	default:
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	}
}

/* Options that contradict each other. */
static int judge(struct settings *settings)
{
	bool spaced = settings->replay.storage
		&& strcmp(settings->replay.storage, ZMM_STORAGE_SPACED) == 0;

	if (settings->full.placements && settings->replay.storage && !spaced) {
		return zmm_bad_usage("replay", "placements are told over the storage "
			ZMM_STORAGE_SPACED "; leave out --storage %s", settings->replay.storage);
	}
	if (settings->full.placements && settings->threads) {
		return zmm_bad_usage("replay", "placements are one heap's; leave out --threads");
	}
	if (settings->threads && settings->full.check_every && !settings->heap_chosen) {
		return zmm_bad_usage("replay", "the malloc that is there cannot be checked; name a --mode");
	}
	if (settings->full.placements && settings->json) {
		return zmm_bad_usage("replay", "placements have a form of their own; leave out --json");
	}
	if (settings->full.placements) {
		settings->replay.storage = ZMM_STORAGE_SPACED;
	}
	return ZMM_EXIT_OK;
}

static int read_command_line(struct settings *settings, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !settings->help
			&& (option = zmm_next_option("replay", argc, argv, short_options,
				long_options)) != -1) {
		status = set_option(settings, option);
	}
	if (status != ZMM_EXIT_OK || settings->help) {
		return status;
	}
	if (optind + 1 != argc) {
		return zmm_bad_usage("replay", optind == argc ? "no trace was named"
			: "only one trace can be replayed at a time");
	}
	settings->path = argv[optind];
	return judge(settings);
}

/* --- results --------------------------------------------------------------------------------- */

static double per_operation(uint64_t nanoseconds, uint64_t operations)
{
	return operations ? (double)nanoseconds / (double)operations : 0;
}

static void emit_heap(zmm_emit *emit, const struct settings *settings,
	const struct zmm_replay_results *results)
{
	bool legacy = settings->replay.allocator == ZMM_ALLOCATOR_LEGACY;

	zmm_emit_fact(emit, "trace", "trace", zmm_value_text(settings->path));
	zmm_emit_fact(emit, "mode", "mode",
		zmm_value_text(zmm_allocator_name(settings->replay.allocator)));
	zmm_emit_fact(emit, "storage", "storage", zmm_value_text(results->storage));
	if (legacy) {
		zmm_emit_fact(emit, "segment_size", "segment size",
			zmm_value_bytes(results->segment_size));
	}
}

static void emit_figures(zmm_emit *emit, const struct zmm_replay_results *results, bool legacy)
{
	zmm_emit_fact(emit, "real_size", "real usage", zmm_value_bytes(results->real_size));
	zmm_emit_fact(emit, "usage", "usage", zmm_value_bytes(results->usage));
	zmm_emit_fact(emit, "peak", "peak usage", zmm_value_bytes(results->peak));
	zmm_emit_fact(emit, "real_peak", "real peak usage", zmm_value_bytes(results->real_peak));
	zmm_emit_fact(emit, "regions", legacy ? "segments" : "chunks and huge blocks",
		zmm_value_count(results->regions));
	zmm_emit_fact(emit, "storage_allocs", "storage allocations",
		zmm_value_count(results->storage_allocs));
	zmm_emit_fact(emit, "storage_resizes", "storage resizes",
		zmm_value_count(results->storage_resizes));
	zmm_emit_fact(emit, "storage_frees", "storage frees", zmm_value_count(results->storage_frees));
	zmm_emit_fact(emit, "storage_refused", "storage refusals",
		zmm_value_count(results->storage_refused));
}

/* loop_ns is what the loop took of it, 0 where that was not measured. */
static int print_results(const struct settings *settings, const zmm_replay *replay, uint64_t ns,
	uint64_t loop_ns)
{
	struct zmm_replay_results results;
	struct zmm_error error;
	zmm_emit *emit = settings->json ? zmm_emit_json(stdout, &error)
		: zmm_emit_text(stdout, &error);

	if (!emit) {
		return zmm_error_print(&error);
	}
	zmm_replay_get_results(replay, &results);
	emit_heap(emit, settings, &results);
	zmm_emit_fact(emit, "operations", "operations", zmm_value_count(results.operations));
	zmm_emit_fact(emit, "failures", "failed requests", zmm_value_count(results.failures));
	zmm_emit_fact(emit, "ns_per_operation", "time per operation",
		zmm_value_nanoseconds(per_operation(ns, results.operations)));
	if (loop_ns) {
		zmm_emit_fact(emit, "loop_ns_per_operation", "the loop's own of it",
			zmm_value_nanoseconds(per_operation(loop_ns, results.operations)));
	}
	emit_figures(emit, &results, settings->replay.allocator == ZMM_ALLOCATOR_LEGACY);
	if (!zmm_emit_close(emit)) {
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "no memory for the results");
		return zmm_error_print(&error);
	}
	return zmm_finish_output(ZMM_EXIT_OK);
}

/* --- running --------------------------------------------------------------------------------- */

/* The run's error, with the trace's name before it. */
static int blame_trace(const struct settings *settings, const struct zmm_error *error)
{
	struct zmm_error whole;

	zmm_error_set(&whole, error->kind, "%s: %s", settings->path, error->text);
	return zmm_error_print(&whole);
}

static int run_full(const struct settings *settings, zmm_replay *replay)
{
	struct zmm_replay_time time;
	struct zmm_error error;

	zmm_replay_clock(&time);
	if (!zmm_replay_full(replay, &settings->full, &error)) {
		fflush(stdout);
		return blame_trace(settings, &error);
	}
	zmm_replay_clock_since(&time);
	if (settings->full.placements) {
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	return print_results(settings, replay, time.cpu_ns, 0);
}

/* What the loop takes without an allocator. */
static uint64_t measure_loop(const zmm_program *program)
{
	struct zmm_replay_options none = { .allocator = ZMM_ALLOCATOR_NONE };
	struct zmm_replay_time time = { 0, 0 };
	struct zmm_error error;
	zmm_replay *replay = zmm_replay_new(program, &none, &error);

	if (replay) {
		zmm_replay_timed(replay, &time);
	}
	zmm_replay_free(replay);
	return time.cpu_ns;
}

static int run_timed(const struct settings *settings, zmm_replay *replay,
	const zmm_program *program)
{
	struct zmm_replay_time time;

	zmm_replay_timed(replay, &time);
	return print_results(settings, replay, time.cpu_ns, measure_loop(program));
}

static int run_threads(const struct settings *settings)
{
	const struct zmm_threaded_settings threaded = {
		.path = settings->path,
		.heap = settings->heap_chosen ? &settings->replay : NULL,
		.check = settings->full.check_every > 0,
		.verify = settings->full.verify,
		.json = settings->json,
	};

	return zmm_replay_threaded(&threaded);
}

static int run(const struct settings *settings, const zmm_program *program)
{
	bool full = settings->full.placements || settings->full.check_every || settings->full.verify;
	struct zmm_error error;
	zmm_replay *replay = zmm_replay_new(program, &settings->replay, &error);
	int status;

	if (!replay) {
		return zmm_error_print(&error);
	}
	status = full ? run_full(settings, replay) : run_timed(settings, replay, program);
	zmm_replay_free(replay);
	return status;
}

int zmm_cmd_replay(int argc, char **argv)
{
	struct settings settings = { .json = false };
	struct zmm_error error;
	zmm_program *program;
	int status;

	zmm_replay_options_init(&settings.replay);
	status = read_command_line(&settings, argc, argv);
	if (status != ZMM_EXIT_OK) {
		return status;
	}
	if (settings.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	if (settings.threads) {
		return run_threads(&settings);
	}
	program = zmm_program_load(settings.path, 0, &error);
	if (!program) {
		return zmm_error_print(&error);
	}
	status = run(&settings, program);
	zmm_program_free(program);
	return status;
}
