/* SPDX-License-Identifier: MIT */
/*
 * zmm sweep: one measure over a grid of settings.
 *
 * An axis is something that can be varied, with the values that were named for it. The cells are
 * all combinations; an axis that a cell's allocator does not know shows as "-", and such cells are
 * measured once.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/options.h"
#include "tools/progress.h"
#include "tools/statistics.h"
#include "tools/sweep.h"
#include "tools/workload.h"
#include "tools/zmm.h"

enum {
	values_max = 32,
	axes_max = 12,
	bar_width = 30,
	samples_default = 5
};

/* The axes that are always there, by their place. */
enum { AXIS_MODE, AXIS_SEGMENT, AXIS_CACHE, AXIS_STORAGE, AXIS_SETTINGS };

struct axis {
	const char *name;
	enum zmm_setting setting; /* from AXIS_SETTINGS on: of the workload */
	char *values[values_max];
	int count;
	int at;                   /* the value of the present cell */
};

struct sweep {
	struct axis axes[axes_max];
	int axis_count;
	const struct zmm_workload *workload;
	const char *path;
	uint64_t seed;
	enum zmm_sweep_measure measure;
	uint64_t samples;
	bool json, csv, help;
};

/* --- the command line ------------------------------------------------------------------------ */

static const struct option long_options[] = {
	{ "mode", required_argument, NULL, 'm' },
	{ "seg-size", required_argument, NULL, 'S' },
	{ "cache", required_argument, NULL, 'c' },
	{ "storage", required_argument, NULL, 's' },
	{ "workload", required_argument, NULL, 'w' },
	{ "set", required_argument, NULL, 'x' },
	{ "seed", required_argument, NULL, 'e' },
	{ "measure", required_argument, NULL, 'M' },
	{ "samples", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "csv", no_argument, NULL, 'C' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int print_help(void)
{
	printf("usage: zmm sweep [AXIS…] [OPTION…] --measure NAME TRACE\n"
		"       zmm sweep [AXIS…] [OPTION…] --measure NAME --workload NAME\n"
		"Measures every combination of the values of its axes. VALUES are separated by\n"
		"commas.\n\n"
		"Axes:\n"
		"  -m, --mode VALUES      legacy, modern, system, tcmalloc, jemalloc, mimalloc\n"
		"                         (default: legacy,modern)\n"
		"  -S, --seg-size VALUES  legacy: sizes of a segment, as 64K,256K,1M\n"
		"  -c, --cache VALUES     legacy: bytes that the cache may hold, as 0,32K,256K;\n"
		"                         on a heap for study, whose times compare with each\n"
		"                         other only\n"
		"  -s, --storage VALUES   the heaps' storage types, as malloc,mmap_anon\n"
		"  -x, --set NAME=VALUES  a setting of the workload, as live=1M,4M,16M; can be\n"
		"                         repeated\n"
		"Options:\n"
		"  -w, --workload NAME    sweep a workload of zmm generate instead of a trace\n"
		"      --seed N           of the workload (default: 1)\n"
		"  -n, --samples N        of each time, of which the median counts (default: %d)\n"
		"  -j, --json             print the cells as JSON\n"
		"      --csv              print them as CSV\n"
		"  -h, --help             print this\n"
		"Measures:\n", samples_default);
	for (int i = 0; i < ZMM_SWEEP_MEASURES; i++) {
		printf("  %-15s %s\n", zmm_sweep_measure_name((enum zmm_sweep_measure)i),
			zmm_sweep_measure_meaning((enum zmm_sweep_measure)i));
	}
	return zmm_finish_output(ZMM_EXIT_OK);
}

static int set_values(struct axis *axis, char *list)
{
	char *rest = NULL;

	axis->count = 0;
	for (char *value = strtok_r(list, ",", &rest); value; value = strtok_r(NULL, ",", &rest)) {
		if (axis->count == values_max) {
			return zmm_bad_usage("sweep", "more than %d values of %s", values_max, axis->name);
		}
		axis->values[axis->count++] = value;
	}
	return axis->count > 0 ? ZMM_EXIT_OK
		: zmm_bad_usage("sweep", "no values of %s", axis->name);
}

static int add_setting(struct sweep *sweep, char *text)
{
	char *values = strchr(text, '=');
	struct axis *axis = &sweep->axes[sweep->axis_count];

	if (!values || sweep->axis_count == axes_max) {
		return zmm_bad_usage("sweep", "'%s' is no setting with values, as live=1M,4M", text);
	}
	*values = '\0';
	axis->name = text;
	axis->setting = ZMM_SETTINGS;
	for (int i = 0; i < ZMM_SETTINGS; i++) {
		if (strcmp(zmm_setting_name((enum zmm_setting)i), text) == 0) {
			axis->setting = (enum zmm_setting)i;
		}
	}
	sweep->axis_count++;
	return axis->setting != ZMM_SETTINGS ? set_values(axis, values + 1)
		: zmm_bad_usage("sweep", "no workload has a setting '%s'; see zmm generate --list", text);
}

static int set_measure(struct sweep *sweep, const char *name)
{
	for (int i = 0; i < ZMM_SWEEP_MEASURES; i++) {
		if (strcmp(zmm_sweep_measure_name((enum zmm_sweep_measure)i), name) == 0) {
			sweep->measure = (enum zmm_sweep_measure)i;
			return ZMM_EXIT_OK;
		}
	}
	return zmm_bad_usage("sweep", "there is no measure '%s'", name);
}

static int set_option(struct sweep *sweep, int option)
{
	switch (option) {
	case 'm':
		return set_values(&sweep->axes[AXIS_MODE], optarg);
	case 'S':
		return set_values(&sweep->axes[AXIS_SEGMENT], optarg);
	case 'c':
		return set_values(&sweep->axes[AXIS_CACHE], optarg);
	case 's':
		return set_values(&sweep->axes[AXIS_STORAGE], optarg);
	case 'x':
		return add_setting(sweep, optarg);
	case 'w':
		sweep->workload = zmm_workload_find(optarg);
		return sweep->workload ? ZMM_EXIT_OK
			: zmm_bad_usage("sweep", "there is no workload '%s'", optarg);
	case 'e':
		return zmm_parse_count(optarg, &sweep->seed) ? ZMM_EXIT_OK
			: zmm_bad_usage("sweep", "'%s' is no seed, which is a whole number", optarg);
	case 'M':
		return set_measure(sweep, optarg);
	case 'n':
		return zmm_parse_count(optarg, &sweep->samples) && sweep->samples > 0
				&& sweep->samples <= ZMM_SAMPLES_MAX ? ZMM_EXIT_OK
			: zmm_bad_usage("sweep", "'%s' is no number of samples", optarg);
	case 'j':
		sweep->json = true;
		return ZMM_EXIT_OK;
	case 'C':
		sweep->csv = true;
		return ZMM_EXIT_OK;
	case 'h':
		sweep->help = true;
		return ZMM_EXIT_OK;
	default:
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	}
}

static int check_sizes(const struct axis *axis)
{
	size_t size;

	for (int i = 0; i < axis->count; i++) {
		if (!zmm_parse_size(axis->values[i], &size)) {
			return zmm_bad_usage("sweep", "'%s' of %s is no number such as 500 or 64K",
				axis->values[i], axis->name);
		}
	}
	return ZMM_EXIT_OK;
}

static int check_setting(const struct sweep *sweep, const struct axis *axis)
{
	const struct zmm_setting_range *range;
	size_t size;

	if (!sweep->workload) {
		return zmm_bad_usage("sweep", "--set needs a --workload");
	}
	range = &sweep->workload->settings[axis->setting];
	for (int i = 0; i < axis->count; i++) {
		if (!zmm_parse_size(axis->values[i], &size) || !range->used || size < range->least
				|| size > range->most) {
			return zmm_bad_usage("sweep", "the workload %s takes no %s=%s",
				sweep->workload->name, axis->name, axis->values[i]);
		}
	}
	return ZMM_EXIT_OK;
}

/* A storage and a segment size that no heap can be made with are told before anything runs. */
static int check_heaps(const struct sweep *sweep)
{
	const struct axis *segments = &sweep->axes[AXIS_SEGMENT];
	const struct axis *storages = &sweep->axes[AXIS_STORAGE];
	struct zmm_error error;

	for (int i = 0; i == 0 || i < segments->count; i++) {
		for (int k = 0; k == 0 || k < storages->count; k++) {
			struct zmm_replay_options options = {
				.storage = storages->count ? storages->values[k] : NULL };

			if (segments->count) {
				zmm_parse_size(segments->values[i], &options.segment_size);
			}
			if (!zmm_replay_judge(&options, &error)) {
				return zmm_error_print(&error);
			}
		}
	}
	return ZMM_EXIT_OK;
}

static int check_modes(const struct axis *axis)
{
	struct zmm_contender contender;

	for (int i = 0; i < axis->count; i++) {
		if (!zmm_contender_find(axis->values[i], &contender)
				|| strcmp(axis->values[i], "none") == 0) {
			return zmm_bad_usage("sweep", "there is no mode '%s'", axis->values[i]);
		}
		if (contender.missing) {
			return zmm_bad_usage("sweep", "%s is not installed (Debian package %s)",
				contender.name, contender.package);
		}
	}
	return ZMM_EXIT_OK;
}

static int check(struct sweep *sweep)
{
	int status = check_modes(&sweep->axes[AXIS_MODE]);

	if (status == ZMM_EXIT_OK) {
		status = check_sizes(&sweep->axes[AXIS_SEGMENT]);
	}
	if (status == ZMM_EXIT_OK) {
		status = check_sizes(&sweep->axes[AXIS_CACHE]);
	}
	for (int i = AXIS_SETTINGS; i < sweep->axis_count && status == ZMM_EXIT_OK; i++) {
		status = check_setting(sweep, &sweep->axes[i]);
	}
	return status == ZMM_EXIT_OK ? check_heaps(sweep) : status;
}

static int read_command_line(struct sweep *sweep, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !sweep->help
			&& (option = zmm_next_option("sweep", argc, argv, "m:S:c:s:w:x:n:M:jh",
				long_options)) != -1) {
		status = set_option(sweep, option);
	}
	if (status != ZMM_EXIT_OK || sweep->help) {
		return status;
	}
	if (sweep->measure == ZMM_SWEEP_MEASURES) {
		return zmm_bad_usage("sweep", "say what to measure with --measure NAME");
	}
	if (argc - optind != (sweep->workload ? 0 : 1)) {
		return zmm_bad_usage("sweep", "name one trace, or one --workload");
	}
	sweep->path = argv[optind];
	return check(sweep);
}

/* --- cells ----------------------------------------------------------------------------------- */

static const char *value_at(const struct sweep *sweep, int axis)
{
	return sweep->axes[axis].count ? sweep->axes[axis].values[sweep->axes[axis].at] : NULL;
}

/* Whether the present cell's allocator knows an axis. */
static bool knows(const struct sweep *sweep, int axis)
{
	const char *mode = value_at(sweep, AXIS_MODE);
	bool legacy = strcmp(mode, "legacy") == 0;

	if (axis == AXIS_SEGMENT || axis == AXIS_CACHE) {
		return legacy;
	}
	if (axis == AXIS_STORAGE) {
		return (legacy && !sweep->axes[AXIS_CACHE].count) || strcmp(mode, "modern") == 0;
	}
	return true;
}

/* A cell that differs from another one only in what it does not know is left out. */
static bool is_repeated(const struct sweep *sweep)
{
	for (int i = 0; i < sweep->axis_count; i++) {
		if (!knows(sweep, i) && sweep->axes[i].at > 0) {
			return true;
		}
	}
	return false;
}

/* The next combination, the last axis first; false after the last one. */
static bool advance(struct sweep *sweep)
{
	for (int i = sweep->axis_count - 1; i >= 0; i--) {
		if (++sweep->axes[i].at < sweep->axes[i].count) {
			return true;
		}
		sweep->axes[i].at = 0;
	}
	return false;
}

static void make_cell(const struct sweep *sweep, struct zmm_sweep_cell *cell)
{
	*cell = (struct zmm_sweep_cell){ .samples = sweep->samples };
	zmm_contender_find(value_at(sweep, AXIS_MODE), &cell->contender);
	if (knows(sweep, AXIS_SEGMENT) && sweep->axes[AXIS_SEGMENT].count) {
		zmm_parse_size(value_at(sweep, AXIS_SEGMENT), &cell->contender.replay.segment_size);
	}
	if (knows(sweep, AXIS_STORAGE)) {
		cell->contender.replay.storage = value_at(sweep, AXIS_STORAGE);
	}
	cell->cached = knows(sweep, AXIS_CACHE) && sweep->axes[AXIS_CACHE].count > 0;
	if (cell->cached) {
		zmm_parse_size(value_at(sweep, AXIS_CACHE), &cell->cache_capacity);
	}
}

/* The workload with the present cell's settings, by way of a file. */
static zmm_program *make_program(const struct sweep *sweep, struct zmm_error *error)
{
	char path[] = "/tmp/zmm-sweep-XXXXXX";
	uint64_t settings[ZMM_SETTINGS] = { 0 };
	struct zmm_workload_summary summary;
	int fd = mkstemp(path);
	zmm_writer *writer = NULL;
	zmm_program *program = NULL;
	size_t size;

	for (int i = 0; i < ZMM_SETTINGS; i++) {
		settings[i] = sweep->workload->settings[i].standard;
	}
	for (int i = AXIS_SETTINGS; i < sweep->axis_count; i++) {
		zmm_parse_size(value_at(sweep, i), &size);
		settings[sweep->axes[i].setting] = size;
	}
	zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot make a file in /tmp");
	if (fd >= 0) {
		close(fd);
		writer = zmm_writer_open(path, ZMM_FORMAT_BINARY, false, error);
	}
	if (writer && !zmm_workload_write(sweep->workload, sweep->seed, settings, writer, &summary,
			error)) {
		zmm_writer_abandon(writer);
	} else if (writer && zmm_writer_close(writer, error)) {
		program = zmm_program_load(path, 0, error);
	}
	if (fd >= 0) {
		remove(path);
	}
	return program;
}

static zmm_program *program_of(const struct sweep *sweep, struct zmm_error *error)
{
	return sweep->workload ? make_program(sweep, error) : zmm_program_load(sweep->path, 0, error);
}

/* --- results --------------------------------------------------------------------------------- */

struct row {
	struct zmm_value values[axes_max + 1]; /* the measure is the last */
};

struct rows {
	struct row *rows;
	size_t count, room;
};

static bool add_row(struct rows *rows, const struct sweep *sweep, struct zmm_value value)
{
	struct row *row;

	if (rows->count == rows->room) {
		size_t room = rows->room * 2 + 16;
		struct row *larger = realloc(rows->rows, room * sizeof *larger);

		if (!larger) {
			return false;
		}
		rows->rows = larger;
		rows->room = room;
	}
	row = &rows->rows[rows->count++];
	for (int i = 0; i < sweep->axis_count; i++) {
		const char *text = knows(sweep, i) ? value_at(sweep, i) : NULL;

		row->values[i] = text ? zmm_value_text(text) : zmm_value_missing();
	}
	row->values[sweep->axis_count] = value;
	return true;
}

static double number_of(struct zmm_value value)
{
	return value.unit == ZMM_UNIT_COUNT || value.unit == ZMM_UNIT_BYTES ? (double)value.count
		: value.unit == ZMM_UNIT_MISSING ? 0 : value.number;
}

static const char *bar(char *text, double number, double most)
{
	int length = most > 0 && number > 0 ? (int)(number / most * bar_width + 0.5) : 0;

	*text = '\0';
	for (int i = 0; i < length; i++) {
		memcpy(text + (size_t)i * (sizeof "█" - 1), "█", sizeof "█");
	}
	return text;
}

/* Axes without values are left out; text has a bar for each value. */
static void emit_rows(zmm_emit *emit, const struct sweep *sweep, const struct rows *rows,
	bool bars)
{
	struct zmm_column columns[axes_max + 2];
	char text[bar_width * 3 + 4];
	double most = 0;
	size_t count = 0;

	for (int i = 0; i < sweep->axis_count; i++) {
		if (sweep->axes[i].count) {
			columns[count++] = (struct zmm_column){ sweep->axes[i].name, sweep->axes[i].name };
		}
	}
	columns[count] = (struct zmm_column){ "value", zmm_sweep_measure_name(sweep->measure) };
	columns[count + 1] = (struct zmm_column){ "bar", "" };
	zmm_emit_table(emit, "cells", columns, count + 1 + bars);
	for (size_t i = 0; i < rows->count; i++) {
		double number = number_of(rows->rows[i].values[sweep->axis_count]);

		most = number > most ? number : most;
	}
	for (size_t i = 0; i < rows->count; i++) {
		struct zmm_value values[axes_max + 2];
		struct zmm_value value = rows->rows[i].values[sweep->axis_count];
		size_t at = 0;

		for (int k = 0; k < sweep->axis_count; k++) {
			if (sweep->axes[k].count) {
				values[at++] = rows->rows[i].values[k];
			}
		}
		values[at++] = value;
		values[at] = zmm_value_text(bar(text, number_of(value), most));
		zmm_emit_row(emit, values);
	}
	zmm_emit_end(emit);
}

static int print_document(const struct sweep *sweep, const struct rows *rows)
{
	struct zmm_error error;
	zmm_emit *emit = sweep->json ? zmm_emit_json(stdout, &error) : zmm_emit_text(stdout, &error);

	if (!emit) {
		return zmm_error_print(&error);
	}
	zmm_emit_fact(emit, "trace", sweep->workload ? "workload" : "trace",
		zmm_value_text(sweep->workload ? sweep->workload->name : sweep->path));
	zmm_emit_fact(emit, "measure", "measure",
		zmm_value_text(zmm_sweep_measure_name(sweep->measure)));
	zmm_emit_fact(emit, "meaning", "that is",
		zmm_value_text(zmm_sweep_measure_meaning(sweep->measure)));
	if (sweep->workload) {
		zmm_emit_fact(emit, "seed", "seed", zmm_value_count(sweep->seed));
	}
	emit_rows(emit, sweep, rows, !sweep->json);
	if (!zmm_emit_close(emit)) {
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "no memory for the results");
		return zmm_error_print(&error);
	}
	return zmm_finish_output(ZMM_EXIT_OK);
}

static int print_csv(const struct sweep *sweep, const struct rows *rows)
{
	for (int i = 0; i < sweep->axis_count; i++) {
		if (sweep->axes[i].count) {
			printf("%s,", sweep->axes[i].name);
		}
	}
	printf("%s\n", zmm_sweep_measure_name(sweep->measure));
	for (size_t i = 0; i < rows->count; i++) {
		struct zmm_value value = rows->rows[i].values[sweep->axis_count];

		for (int k = 0; k < sweep->axis_count; k++) {
			if (sweep->axes[k].count) {
				printf("%s,", rows->rows[i].values[k].text ? rows->rows[i].values[k].text : "");
			}
		}
		if (value.unit == ZMM_UNIT_MISSING) {
			printf("\n");
		} else {
			printf("%.*f\n", value.unit == ZMM_UNIT_COUNT || value.unit == ZMM_UNIT_BYTES ? 0 : 6,
				number_of(value));
		}
	}
	return zmm_finish_output(ZMM_EXIT_OK);
}

/* --- the command ----------------------------------------------------------------------------- */

static bool measure_cell(struct sweep *sweep, struct rows *rows, struct zmm_error *error)
{
	struct zmm_value value = zmm_value_missing();
	struct zmm_sweep_cell cell;
	zmm_program *program;
	bool done;

	make_cell(sweep, &cell);
	zmm_progress("%s: cell %d", zmm_sweep_measure_name(sweep->measure), (int)rows->count + 1);
	program = program_of(sweep, error);
	done = program && zmm_sweep_measure(&cell, program, sweep->measure, &value, error);
	zmm_program_free(program);
	if (done && !add_row(rows, sweep, value)) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the results");
		return false;
	}
	return done;
}

static int run(struct sweep *sweep)
{
	struct rows rows = { NULL, 0, 0 };
	struct zmm_error error;
	bool done = true;
	int status;

	zmm_progress_start();
	do {
		if (!is_repeated(sweep)) {
			done = measure_cell(sweep, &rows, &error);
		}
	} while (done && advance(sweep));
	zmm_progress_clear();
	status = !done ? zmm_error_print(&error)
		: sweep->csv ? print_csv(sweep, &rows) : print_document(sweep, &rows);
	free(rows.rows);
	return status;
}

int zmm_cmd_sweep(int argc, char **argv)
{
	static char legacy[] = "legacy", modern[] = "modern";
	struct sweep sweep = {
		.axes = {
			[AXIS_MODE] = { .name = "mode", .values = { legacy, modern }, .count = 2 },
			[AXIS_SEGMENT] = { .name = "seg-size" },
			[AXIS_CACHE] = { .name = "cache" },
			[AXIS_STORAGE] = { .name = "storage" },
		},
		.axis_count = AXIS_SETTINGS, .seed = 1, .samples = samples_default,
		.measure = ZMM_SWEEP_MEASURES
	};
	int status = read_command_line(&sweep, argc, argv);

	if (status != ZMM_EXIT_OK) {
		return status;
	}
	return sweep.help ? print_help() : run(&sweep);
}
