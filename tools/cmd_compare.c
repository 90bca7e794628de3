/* SPDX-License-Identifier: MIT */
/*
 * zmm compare: the same traces on both heaps and on other allocators, side by side.
 *
 * This file reads the command line and directs what was found to where it was asked for;
 * comparison.h measures, comparison_emit.h shows.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/comparison_emit.h"
#include "tools/options.h"
#include "tools/progress.h"
#include "tools/report.h"
#include "tools/shared_program.h"
#include "tools/zmm.h"
#include "trace/output.h"

static const char help[] =
	"usage: zmm compare [OPTION…] TRACE…\n"
	"Runs traces on the legacy heap, the modern heap, the system's malloc, and,\n"
	"where they are installed, tcmalloc, jemalloc and mimalloc, and shows side by\n"
	"side what each took.\n"
	"\n"
	"Who takes part:\n"
	"  -a, --allocator NAME=LIBRARY\n"
	"                       also the malloc of a shared library; can be repeated\n"
	"  -o, --only NAMES     only these, as legacy,modern; a name can be there twice\n"
	"      --baseline NAME  whom ratios are to (default: the first)\n"
	"  -s, --storage NAME   where the heaps get memory: a storage type of this build\n"
	"  -S, --seg-size SIZE  legacy: size of a segment, as 64K (default:\n"
	"                       ZEND_MM_SEG_SIZE or 256K)\n"
	"What is measured:\n"
	"  -b, --blocks N       paired blocks: each runs all once, in random order\n"
	"                       (default: 15)\n"
	"  -B, --budget SECONDS as many blocks as fit into this time, and 3 at least\n"
	"      --seed N         of the order and of resampling (default: from the clock)\n"
	"  -t, --time-only      neither memory nor latencies\n"
	"      --timeout SECONDS\n"
	"                       give a contender up that does not answer for so long in\n"
	"                       a sample (default: 60, and 20 more for each million\n"
	"                       operations)\n"
	"  -d, --drain SECONDS  look so long at what is given back after the end: 5 (the\n"
	"                       default), 1, 0.1, 0, or none\n"
	"  -i, --instructions   also count instructions, with valgrind: slow, and the\n"
	"                       same each time\n"
	"      --cpu-profile FILE\n"
	"                       also profile the baseline with gperftools, for\n"
	"                       google-pprof\n"
	"What is shown:\n"
	"  -e, --explain A,B    why B takes more or less than A (default: legacy,modern)\n"
	"  -f, --formulas       also the measures of fragmentation and their formulas\n"
	"  -j, --json[=FILE]    everything as JSON, to the file or instead of the table\n"
	"      --csv FILE       the raw samples of time\n"
	"      --html FILE      everything as a page\n"
	"  -h, --help           print this\n"
	"\n"
	"Columns:\n"
	"  time       user and system time per operation, the replay loop included;\n"
	"             median\n"
	"  less loop  the same, less the loop's own: what it takes when it calls nobody\n"
	"  ratio      of times less the loop to the baseline's, the median over the\n"
	"             blocks, with its 95 % interval, by bootstrap over the blocks\n"
	"  with loop  the same ratio of times as measured, a lower bound of the\n"
	"             difference\n"
	"  first run  time of the first run in a process, which meets its memory for the\n"
	"             first time\n"
	"  peak held  most bytes held from the system at once\n"
	"  overhead   that, divided by the most bytes requested and alive at once\n"
	"  resident   most bytes resident, every page of each block being used\n"
	"  at the end bytes held when the trace has ended\n"
	"  regions    most segments, or chunks and huge blocks, at once\n"
	"  calls      successful calls to storage\n"
	"  refused    requests refused, as the trace's limits demand\n"
	"  mean, p50, p99, p99.9, max\n"
	"             of single operations, clock in hand, in runs of their own; the\n"
	"             clock's own share is subtracted. \"<\" is less than a step of the\n"
	"             clock; max includes interruptions of the process, mean does not\n"
	"Marks: \"noisy\" where samples vary by more than a tenth (interquartile range\n"
	"over median), \"few samples\" where there are fewer than 5, \"refused\n"
	"requests\" for a malloc that had no memory in a timed run, \"higher between\n"
	"samples\" where the kernel's own mark of resident memory (VmHWM) is well above\n"
	"what was seen.\n"
	"\n"
	"Exit status: 0, 1 if a contender failed, 2 for bad usage or a bad trace.\n";

enum {
	blocks_default = 15,
	seeds = 1000000
};

struct settings {
	struct zmm_comparison_settings comparison;
	struct zmm_contender contenders[ZMM_CONTENDERS_MAX];
	char names[ZMM_CONTENDERS_MAX][64];       /* of those that are there twice */
	struct zmm_contender added[ZMM_CONTENDERS_MAX]; /* --allocator */
	int added_count;
	char *only;
	const char *baseline, *explain, *storage;
	size_t segment_size;
	double timeout;           /* seconds; 0: as long as the trace may need */
	bool blocks_given, formulas, json, help;
	const char *json_path, *csv_path, *html_path, *profile_path;
	char **paths;
	int path_count;
};

/* --- the command line ------------------------------------------------------------------------ */

enum { OPTION_BASELINE = 256, OPTION_SEED, OPTION_CSV, OPTION_HTML, OPTION_PROFILE,
	OPTION_TIMEOUT };

static const struct option long_options[] = {
	{ "allocator", required_argument, NULL, 'a' },
	{ "only", required_argument, NULL, 'o' },
	{ "baseline", required_argument, NULL, OPTION_BASELINE },
	{ "storage", required_argument, NULL, 's' },
	{ "seg-size", required_argument, NULL, 'S' },
	{ "blocks", required_argument, NULL, 'b' },
	{ "budget", required_argument, NULL, 'B' },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "time-only", no_argument, NULL, 't' },
	{ "drain", required_argument, NULL, 'd' },
	{ "instructions", no_argument, NULL, 'i' },
	{ "cpu-profile", required_argument, NULL, OPTION_PROFILE },
	{ "explain", required_argument, NULL, 'e' },
	{ "formulas", no_argument, NULL, 'f' },
	{ "json", optional_argument, NULL, 'j' },
	{ "csv", required_argument, NULL, OPTION_CSV },
	{ "html", required_argument, NULL, OPTION_HTML },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int add_allocator(struct settings *settings, char *text)
{
	char *library = strchr(text, '=');
	const char *path;
	struct zmm_error error;

	if (!library || library == text || !library[1]) {
		return zmm_bad_usage("compare", "'%s' is no name and library, as in "
			"jemalloc=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", text);
	}
	if (settings->added_count == ZMM_CONTENDERS_MAX) {
		return zmm_bad_usage("compare", "more than %d allocators", ZMM_CONTENDERS_MAX);
	}
	path = zmm_contender_library(library + 1, &error);
	if (!path) {
		return zmm_error_print(&error);
	}
	*library = '\0';
	settings->added[settings->added_count++] = (struct zmm_contender){
		.name = text, .replay = { .allocator = ZMM_ALLOCATOR_SYSTEM }, .preload = path
	};
	return ZMM_EXIT_OK;
}

static int set_drain(struct settings *settings, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	settings->comparison.drains = 0;
	if (strcmp(text, "none") == 0) {
		return ZMM_EXIT_OK;
	}
	if (end == text || *end || !(seconds >= 0)) {
		return zmm_bad_usage("compare", "'%s' is no time in seconds, nor none", text);
	}
	while (settings->comparison.drains < ZMM_DRAINS
			&& zmm_drain_seconds[settings->comparison.drains] <= seconds) {
		settings->comparison.drains++;
	}
	return ZMM_EXIT_OK;
}

static int set_seconds(double *seconds, const char *text)
{
	char *end;

	*seconds = strtod(text, &end);
	return end != text && !*end && *seconds > 0 ? ZMM_EXIT_OK
		: zmm_bad_usage("compare", "'%s' is no time in seconds", text);
}

/* Options whose values are checked later, or not at all. */
static int set_text(struct settings *settings, int option)
{
	switch (option) {
	case 'o':
		settings->only = optarg;
		return ZMM_EXIT_OK;
	case OPTION_BASELINE:
		settings->baseline = optarg;
		return ZMM_EXIT_OK;
	case 's':
		settings->storage = optarg;
		return ZMM_EXIT_OK;
	case 'e':
		settings->explain = optarg;
		return ZMM_EXIT_OK;
	case OPTION_CSV:
		settings->csv_path = optarg;
		return ZMM_EXIT_OK;
	case OPTION_HTML:
		settings->html_path = optarg;
		return ZMM_EXIT_OK;
	case OPTION_PROFILE:
		settings->profile_path = optarg;
		return ZMM_EXIT_OK;
	default:
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	}
}

/* Options that are switches. */
static int set_switch(struct settings *settings, int option)
{
	switch (option) {
	case 't':
		settings->comparison.time_only = true;
		return ZMM_EXIT_OK;
	case 'i':
		settings->comparison.instructions = true;
		return ZMM_EXIT_OK;
	case 'f':
		settings->formulas = true;
		return ZMM_EXIT_OK;
	case 'j':
		settings->json = true;
		settings->json_path = optarg;
		return ZMM_EXIT_OK;
	case 'h':
		settings->help = true;
		return ZMM_EXIT_OK;
	default:
		return set_text(settings, option);
	}
}

static int set_option(struct settings *settings, int option)
{
	struct zmm_comparison_settings *comparison = &settings->comparison;

	switch (option) {
	case 'a':
		return add_allocator(settings, optarg);
	case 'b':
		settings->blocks_given = true;
		return zmm_parse_count(optarg, &comparison->blocks) && comparison->blocks > 0
				&& comparison->blocks <= ZMM_SAMPLES_MAX ? ZMM_EXIT_OK
			: zmm_bad_usage("compare", "'%s' is no number of blocks from 1 to %d", optarg,
				ZMM_SAMPLES_MAX);
	case 'B':
		return set_seconds(&comparison->budget_seconds, optarg);
	case OPTION_TIMEOUT:
		return set_seconds(&settings->timeout, optarg);
	case OPTION_SEED:
		return zmm_parse_count(optarg, &comparison->seed) ? ZMM_EXIT_OK
			: zmm_bad_usage("compare", "'%s' is no seed, which is a whole number", optarg);
	case 'd':
		return set_drain(settings, optarg);
	case 'S':
		return zmm_parse_size(optarg, &settings->segment_size) && settings->segment_size > 0
			? ZMM_EXIT_OK
			: zmm_bad_usage("compare", "'%s' is no size of a segment, such as 64K", optarg);
	default:
		return set_switch(settings, option);
	}
}

static int read_command_line(struct settings *settings, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !settings->help
			&& (option = zmm_next_option("compare", argc, argv, "a:o:s:S:b:B:td:ie:fj::h",
				long_options)) != -1) {
		status = set_option(settings, option);
	}
	if (status != ZMM_EXIT_OK || settings->help) {
		return status;
	}
	if (settings->comparison.budget_seconds > 0 && !settings->blocks_given) {
		settings->comparison.blocks = ZMM_SAMPLES_MAX;
	}
	settings->paths = argv + optind;
	settings->path_count = argc - optind;
	return settings->path_count > 0 ? ZMM_EXIT_OK : zmm_bad_usage("compare", "no trace was named");
}

/* --- who takes part -------------------------------------------------------------------------- */

static int find_contender(const struct settings *settings, const char *name)
{
	for (int i = 0; i < settings->comparison.count; i++) {
		if (strcmp(settings->contenders[i].name, name) == 0) {
			return i;
		}
	}
	return -1;
}

/* A second one of a name is called NAME-2, so that one can be compared with itself. */
static int enter(struct settings *settings, const struct zmm_contender *contender)
{
	int *count = &settings->comparison.count, number = 2;
	struct zmm_contender *entered = &settings->contenders[*count];

	if (*count == ZMM_CONTENDERS_MAX) {
		return zmm_bad_usage("compare", "more than %d contenders", ZMM_CONTENDERS_MAX);
	}
	*entered = *contender;
	if (zmm_contender_is_heap(contender)) {
		entered->replay.storage = settings->storage;
		entered->replay.segment_size = settings->segment_size;
	}
	while (find_contender(settings, entered->name) >= 0) {
		snprintf(settings->names[*count], sizeof settings->names[0], "%.40s-%d", contender->name,
			number++);
		entered->name = settings->names[*count];
	}
	(*count)++;
	return ZMM_EXIT_OK;
}

static int enter_by_name(struct settings *settings, const char *name)
{
	struct zmm_contender contender;

	for (int i = 0; i < settings->added_count; i++) {
		if (strcmp(settings->added[i].name, name) == 0) {
			return enter(settings, &settings->added[i]);
		}
	}
	if (!zmm_contender_find(name, &contender) || strcmp(name, "none") == 0) {
		return zmm_bad_usage("compare", "there is no contender '%s'; known are legacy, modern, "
			"system, tcmalloc, jemalloc, mimalloc, and those of --allocator", name);
	}
	return enter(settings, &contender);
}

static int enter_only(struct settings *settings)
{
	int status = ZMM_EXIT_OK;
	char *rest = NULL;

	for (char *name = strtok_r(settings->only, ",", &rest); name && status == ZMM_EXIT_OK;
			name = strtok_r(NULL, ",", &rest)) {
		status = enter_by_name(settings, name);
	}
	return status != ZMM_EXIT_OK || settings->comparison.count > 0 ? status
		: zmm_bad_usage("compare", "--only names nobody");
}

static int enter_all(struct settings *settings)
{
	static const char *const names[] = {
		"legacy", "modern", "system", "tcmalloc", "jemalloc", "mimalloc"
	};
	int status = ZMM_EXIT_OK;

	for (size_t i = 0; i < sizeof names / sizeof names[0] && status == ZMM_EXIT_OK; i++) {
		status = enter_by_name(settings, names[i]);
	}
	for (int i = 0; i < settings->added_count && status == ZMM_EXIT_OK; i++) {
		if (find_contender(settings, settings->added[i].name) < 0) {
			status = enter(settings, &settings->added[i]);
		}
	}
	return status;
}

static void tell_missing(const struct settings *settings)
{
	for (int i = 0; i < settings->comparison.count; i++) {
		const struct zmm_contender *contender = &settings->contenders[i];

		if (contender->missing) {
			fprintf(stderr, "zmm compare: going on without %s: %s is not installed (Debian package "
				"%s)\n", contender->name, contender->preload, contender->package);
		}
	}
}

/* The first that is there is the baseline unless one was named. */
static int choose_baseline(struct settings *settings)
{
	int index = settings->baseline ? find_contender(settings, settings->baseline) : 0;

	if (index < 0) {
		return zmm_bad_usage("compare", "the baseline '%s' does not take part", settings->baseline);
	}
	while (!settings->baseline && index + 1 < settings->comparison.count
			&& settings->contenders[index].missing) {
		index++;
	}
	if (settings->contenders[index].missing) {
		return zmm_bad_usage("compare", "%s is not installed (Debian package %s), so nothing can "
			"be compared with it", settings->contenders[index].name,
			settings->contenders[index].package);
	}
	settings->comparison.baseline = index;
	return ZMM_EXIT_OK;
}

/* Whether a file can be written there, seen before the work is done for it: the new file is begun
 * and taken away. What is no regular file is not touched: a pipe's reader would see its end. */
static int judge_output(const char *path)
{
	struct stat status;
	struct zmm_error error;

	if (!path || strcmp(path, "-") == 0 || (stat(path, &status) == 0
			&& !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))) {
		return ZMM_EXIT_OK;
	}
	struct zmm_output *output = zmm_output_open(path, false, &error);
	if (!output) {
		return zmm_error_print(&error);
	}
	zmm_output_abandon(output);
	return ZMM_EXIT_OK;
}

/* Results can be written, and no trace is where one is to go. */
static int judge_outputs(const struct settings *settings)
{
	const char *const outputs[] = { settings->json_path, settings->csv_path, settings->html_path,
		settings->profile_path };
	int status = ZMM_EXIT_OK;

	for (size_t j = 0; j < sizeof outputs / sizeof *outputs && status == ZMM_EXIT_OK; j++) {
		status = judge_output(outputs[j]);
	}
	for (int i = 0; i < settings->path_count; i++) {
		for (size_t j = 0; j < sizeof outputs / sizeof *outputs && status == ZMM_EXIT_OK; j++) {
			status = zmm_spare_input("compare", outputs[j], settings->paths[i]);
		}
	}
	return status;
}

/* Options that no contender could be made with are told at once. */
static int judge(const struct settings *settings)
{
	struct zmm_replay_options options = {
		.allocator = ZMM_ALLOCATOR_LEGACY, .storage = settings->storage,
		.segment_size = settings->segment_size
	};
	struct zmm_error error;

	return zmm_replay_judge(&options, &error) ? ZMM_EXIT_OK : zmm_error_print(&error);
}

/* --- explanations ---------------------------------------------------------------------------- */

struct pair { int a, b; };

/* Which two are to be explained; a is -1 where nobody is. */
static int choose_pair(const struct settings *settings, struct pair *pair)
{
	char names[200], *comma;

	snprintf(names, sizeof names, "%s", settings->explain ? settings->explain : "legacy,modern");
	comma = strchr(names, ',');
	*pair = (struct pair){ -1, -1 };
	if (comma) {
		*comma = '\0';
		pair->a = find_contender(settings, names);
		pair->b = find_contender(settings, comma + 1);
	}
	if (pair->a >= 0 && pair->b >= 0) {
		return ZMM_EXIT_OK;
	}
	pair->a = -1;
	return !settings->explain ? ZMM_EXIT_OK : zmm_bad_usage("compare",
		"'%s' are not two that take part, as in --explain legacy,modern", settings->explain);
}

static size_t explain(const struct zmm_comparison *comparison, const struct pair *pair,
	struct zmm_explanation *explanation)
{
	const struct zmm_result *a, *b;

	if (pair->a < 0) {
		return 0;
	}
	a = &comparison->results[pair->a];
	b = &comparison->results[pair->b];
	if (!a->took_part || !b->took_part || a->failed[0] || b->failed[0]
			|| comparison->settings->time_only) {
		return 0;
	}
	zmm_explain(explanation,
		&(struct zmm_differing){ comparison->settings->contenders[pair->a].name,
			a->memory.record, a->latency },
		&(struct zmm_differing){ comparison->settings->contenders[pair->b].name,
			b->memory.record, b->latency });
	return 1;
}

/* --- where results go ------------------------------------------------------------------------ */

enum { ROUTE_TABLE, ROUTE_JSON, ROUTE_HTML, ROUTES };

/* Files are written once all is known; until then their content is in nameless ones. */
struct routes {
	zmm_emit *emits[ROUTES];  /* NULL: not asked for, and so below */
	FILE *json, *html, *csv;
	const char *command;      /* as the documents quote it */
	bool begun;               /* their heads are there, because there is a trace to compare */
	bool compared;            /* there is a result to be written */
};

static bool open_file(FILE **file, struct zmm_error *error)
{
	*file = tmpfile();
	if (!*file) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot make a temporary file: %s",
			strerror(errno));
	}
	return *file != NULL;
}

static bool open_routes(struct routes *routes, const struct settings *settings,
	struct zmm_error *error)
{
	bool table = !settings->json || settings->json_path;

	if (table && !(routes->emits[ROUTE_TABLE] = zmm_emit_text(stdout, error))) {
		return false;
	}
	if (settings->json && settings->json_path && !open_file(&routes->json, error)) {
		return false;
	}
	if (settings->json && !(routes->emits[ROUTE_JSON] =
			zmm_emit_json(routes->json ? routes->json : stdout, error))) {
		return false;
	}
	if (settings->html_path && (!open_file(&routes->html, error)
			|| !(routes->emits[ROUTE_HTML] = zmm_emit_json(routes->html, error)))) {
		return false;
	}
	if (settings->csv_path && !open_file(&routes->csv, error)) {
		return false;
	}
	if (routes->csv) {
		fputs(ZMM_SAMPLES_HEADING, routes->csv);
	}
	return true;
}

/* What was written to a nameless file, to be freed. NULL with the error set. */
static char *read_back(FILE *file, size_t *length, struct zmm_error *error)
{
	long size = fflush(file) == 0 && !ferror(file) ? ftell(file) : -1;
	char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;

	if (text) {
		rewind(file);
		*length = fread(text, 1, (size_t)size, file);
		text[*length] = '\0';
	}
	if (!text || *length != (size_t)size) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot read back the results: %s", strerror(errno));
		free(text);
		return NULL;
	}
	return text;
}

static bool write_file(const char *path, const char *text, size_t length, struct zmm_error *error)
{
	struct zmm_output *output = zmm_output_open(path, false, error);

	if (output && !zmm_output_put(output, text, length, error)) {
		zmm_output_abandon(output);
		return false;
	}
	return output && zmm_output_close(output, error);
}

/* Gives a file its content, as it is or as a page of it. No file is fine. */
static bool deliver(FILE *file, const char *path, bool page, struct zmm_error *error)
{
	size_t length;
	char *text = file ? read_back(file, &length, error) : NULL;
	bool done = !file || (text && (page ? zmm_report_write(path, text, length, error)
		: write_file(path, text, length, error)));

	free(text);
	if (file) {
		fclose(file);
	}
	return done;
}

/* Ends the documents and writes the files; where no trace could be compared, there are none. */
static bool close_routes(struct routes *routes, const struct settings *settings,
	struct zmm_error *error)
{
	bool whole = true;

	for (int i = 0; i < ROUTES; i++) {
		whole = (!routes->emits[i] || zmm_emit_close(routes->emits[i])) && whole;
	}
	if (!routes->compared) {
		return true;
	}
	zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the results");
	return whole && deliver(routes->json, settings->json_path, false, error)
		&& deliver(routes->csv, settings->csv_path, false, error)
		&& deliver(routes->html, settings->html_path, true, error);
}

/* --- the command ----------------------------------------------------------------------------- */

static int profile(const struct settings *settings, const zmm_program *program)
{
	struct zmm_error error;
	int fd = zmm_program_share(program, &error);

	if (fd < 0 || !zmm_profile_cpu(&settings->contenders[settings->comparison.baseline], fd,
			settings->profile_path, &error)) {
		return zmm_error_print(&error);
	}
	close(fd);
	return ZMM_EXIT_OK;
}

/* Longer than anybody needs who is not stuck. */
static void set_limits(struct settings *settings, const zmm_program *program)
{
	for (int i = 0; i < settings->comparison.count; i++) {
		settings->contenders[i].limit_seconds = settings->timeout > 0 ? settings->timeout
			: 60 + 20e-6 * (double)program->op_count;
	}
}

/* Before the first trace that can be read; bad ones leave no head without a body. */
static bool begin_documents(const struct settings *settings, struct routes *routes,
	struct zmm_error *error)
{
	int64_t now = (int64_t)time(NULL);

	if (routes->begun) {
		return true;
	}
	if (!open_routes(routes, settings, error)) {
		return false;
	}
	routes->begun = true;
	for (int i = 0; i < ROUTES; i++) {
		if (routes->emits[i]) {
			zmm_emit_comparison_head(routes->emits[i], &settings->comparison, routes->command, now);
			zmm_emit_list(routes->emits[i], "traces");
		}
	}
	return true;
}

static int compare_one(struct settings *settings, const char *path, const struct pair *pair,
	struct routes *routes)
{
	static struct zmm_comparison comparison;
	static struct zmm_explanation explanation;
	struct zmm_error error;
	zmm_program *program = zmm_program_load(path, 0, &error);
	int status;

	if (!program || !begin_documents(settings, routes, &error)) {
		zmm_program_free(program);
		zmm_progress_clear();
		return zmm_error_print(&error);
	}
	set_limits(settings, program);
	if (zmm_compare(&comparison, &settings->comparison, path, program)) {
		size_t explained = explain(&comparison, pair, &explanation);

		routes->compared = true;
		for (int i = 0; i < ROUTES; i++) {
			if (routes->emits[i]) {
				zmm_emit_comparison(routes->emits[i], &comparison, &explanation, explained);
			}
		}
		if (routes->csv) {
			zmm_write_samples(routes->csv, &comparison);
		}
	}
	status = comparison.status;
	if (settings->profile_path && profile(settings, program) != ZMM_EXIT_OK) {
		status = ZMM_EXIT_FAILED;
	}
	zmm_comparison_drop(&comparison);
	zmm_program_free(program);
	return status;
}

static void end_documents(const struct settings *settings, struct routes *routes)
{
	if (!routes->begun) {
		return;
	}
	for (int i = 0; i < ROUTES; i++) {
		if (routes->emits[i]) {
			zmm_emit_end(routes->emits[i]);
		}
	}
	if (settings->formulas && routes->emits[ROUTE_TABLE]) {
		zmm_emit_formulas(routes->emits[ROUTE_TABLE]);
	}
}

static int run(struct settings *settings, const struct pair *pair, const char *command)
{
	struct routes routes = { .command = command };
	struct zmm_error error;
	int status = ZMM_EXIT_OK;

	zmm_progress_start();
	for (int i = 0; i < settings->path_count; i++) {
		int one = compare_one(settings, settings->paths[i], pair, &routes);

		status = one > status ? one : status;
	}
	end_documents(settings, &routes);
	if (!close_routes(&routes, settings, &error)) {
		return zmm_error_print(&error);
	}
	return zmm_finish_output(status);
}

/* The arguments as they could be typed again. */
static void join(char *command, size_t size, int argc, char **argv)
{
	size_t length = (size_t)snprintf(command, size, "zmm");

	for (int i = 0; i < argc && length < size; i++) {
		const char *quote = argv[i][strcspn(argv[i], " \t*?\"'\\$;&|<>()")] ? "'" : "";

		length += (size_t)snprintf(command + length, size - length, " %s%s%s", quote, argv[i],
			quote);
	}
}

int zmm_cmd_compare(int argc, char **argv)
{
	static struct settings settings;
	char command[1000];
	struct pair pair;
	int status;

	settings = (struct settings){ .comparison = {
		.contenders = settings.contenders, .blocks = blocks_default, .drains = ZMM_DRAINS,
		.seed = (uint64_t)time(NULL) % seeds } };
	join(command, sizeof command, argc, argv);
	status = read_command_line(&settings, argc, argv);
	if (status == ZMM_EXIT_OK && settings.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	if (status == ZMM_EXIT_OK) {
		status = judge(&settings);
	}
	if (status == ZMM_EXIT_OK) {
		status = judge_outputs(&settings);
	}
	if (status == ZMM_EXIT_OK) {
		status = settings.only ? enter_only(&settings) : enter_all(&settings);
	}
	if (status == ZMM_EXIT_OK) {
		status = choose_baseline(&settings);
	}
	if (status == ZMM_EXIT_OK) {
		status = choose_pair(&settings, &pair);
	}
	if (status != ZMM_EXIT_OK) {
		return status;
	}
	tell_missing(&settings);
	return run(&settings, &pair, command);
}
