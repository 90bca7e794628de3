/* SPDX-License-Identifier: MIT */
/*
 * zmm compare: the same traces on both heaps and on the system's malloc, side by side.
 *
 * Others take part as shared libraries that bring a malloc. Time is the median of several samples,
 * each in a process of its own; the contenders take turns, so
 * that a slow moment of the machine does not hit one of them alone. What the replay loop takes by
 * itself is measured in the same way, and shown and subtracted.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/contender.h"
#include "tools/emit.h"
#include "tools/options.h"
#include "tools/progress.h"
#include "tools/shared_program.h"
#include "tools/zmm.h"

static const char help[] =
	"usage: zmm compare [OPTION…] TRACE…\n"
	"Runs traces on the legacy heap, on the modern heap and on the system's malloc, and shows\n"
	"side by side what each took.\n\n"
	"  -a, --allocator NAME=LIBRARY\n"
	"                       also run it on the malloc of a shared library; can be repeated\n"
	"  -r, --repeat N       samples of each time, of which the median is shown (default: 5)\n"
	"  -s, --storage NAME   where the heaps get memory: a storage type of this build\n"
	"  -S, --seg-size SIZE  legacy: size of a segment, as 64K (default: ZEND_MM_SEG_SIZE or 256K)\n"
	"  -j, --json           print the results as JSON\n"
	"  -h, --help           print this\n\n"
	"Columns:\n"
	"  time       user and system time per operation, the replay loop included\n"
	"  less loop  the same, less what the loop takes without an allocator\n"
	"  peak       most bytes held from the system at once\n"
	"  overhead   that, divided by the most bytes requested and alive at once\n"
	"  final      bytes held when the trace has ended\n"
	"  resident   most bytes resident at once, every page of each block being used\n"
	"  regions    most segments, or chunks and huge blocks, at once\n"
	"  calls      successful calls to storage\n"
	"  failed     requests refused, as the trace's limits demand\n\n"
	"Exit status: 0, 1 if a contender failed, 2 for bad usage or a bad trace.\n";

enum {
	repeat_default = 5,
	repeat_max = 1000,
	contenders_max = 16       /* the loop itself included, which takes part in the timing */
};

struct settings {
	uint64_t repeat;
	const char *storage;
	size_t segment_size;
	bool json;
	bool help;
	struct zmm_contender added[contenders_max]; /* --allocator */
	int added_count;
	char **paths;
	int path_count;
};

/* What is known of one contender on one trace. */
struct result {
	double ns[repeat_max];
	struct zmm_memory_sample memory;
	bool failed;
};

struct comparison {
	const struct settings *settings;
	struct zmm_contender contenders[contenders_max];
	struct result results[contenders_max];
	uint64_t base_held;       /* of the sample before (see zmm_sample_memory()) */
	int count;                /* of contenders; the loop comes after the last */
	zmm_emit *emit;
	int status;
};

/* --- the command line ------------------------------------------------------------------------ */

static const struct option long_options[] = {
	{ "allocator", required_argument, NULL, 'a' },
	{ "repeat", required_argument, NULL, 'r' },
	{ "storage", required_argument, NULL, 's' },
	{ "seg-size", required_argument, NULL, 'S' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int add_allocator(struct settings *settings, char *text)
{
	char *library = strchr(text, '=');

	if (!library || library == text || access(library + 1, R_OK) != 0) {
		return zmm_bad_usage("compare", "'%s' is no name and library, as in "
			"jemalloc=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", text);
	}
	if (settings->added_count == contenders_max - 4) {
		return zmm_bad_usage("compare", "more than %d allocators", contenders_max - 4);
	}
	*library = '\0';
	settings->added[settings->added_count++] = (struct zmm_contender){
		.name = text, .replay = { .allocator = ZMM_ALLOCATOR_SYSTEM }, .preload = library + 1
	};
	return ZMM_EXIT_OK;
}

static int set_option(struct settings *settings, int option)
{
	switch (option) {
	case 'a':
		return add_allocator(settings, optarg);
	case 'r':
		return zmm_parse_count(optarg, &settings->repeat) && settings->repeat > 0
				&& settings->repeat <= repeat_max ? ZMM_EXIT_OK
			: zmm_bad_usage("compare", "'%s' is no number of samples from 1 to %d", optarg,
				repeat_max);
	case 's':
		settings->storage = optarg;
		return ZMM_EXIT_OK;
	case 'S':
		return zmm_parse_size(optarg, &settings->segment_size) && settings->segment_size > 0
			? ZMM_EXIT_OK
			: zmm_bad_usage("compare", "'%s' is no size of a segment, such as 64K", optarg);
	case 'j':
		settings->json = true;
		return ZMM_EXIT_OK;
	case 'h':
		settings->help = true;
		return ZMM_EXIT_OK;
	default:
		fputs("see zmm compare --help\n", stderr); /* getopt_long() has said what is wrong */
		return ZMM_EXIT_USAGE;
	}
}

static int read_command_line(struct settings *settings, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !settings->help
			&& (option = getopt_long(argc, argv, "a:r:s:S:jh", long_options, NULL)) != -1) {
		status = set_option(settings, option);
	}
	if (status != ZMM_EXIT_OK || settings->help) {
		return status;
	}
	settings->paths = argv + optind;
	settings->path_count = argc - optind;
	return settings->path_count > 0 ? ZMM_EXIT_OK : zmm_bad_usage("compare", "no trace was named");
}

/* --- measuring ------------------------------------------------------------------------------- */

static void add_contender(struct comparison *comparison, enum zmm_allocator allocator)
{
	comparison->contenders[comparison->count++] = (struct zmm_contender){
		.name = zmm_allocator_name(allocator),
		.replay = {
			.allocator = allocator,
			.storage = comparison->settings->storage,
			.segment_size = comparison->settings->segment_size
		}
	};
}

static void set_up_contenders(struct comparison *comparison)
{
	add_contender(comparison, ZMM_ALLOCATOR_LEGACY);
	add_contender(comparison, ZMM_ALLOCATOR_MODERN);
	add_contender(comparison, ZMM_ALLOCATOR_SYSTEM);
	for (int i = 0; i < comparison->settings->added_count; i++) {
		comparison->contenders[comparison->count++] = comparison->settings->added[i];
	}
	add_contender(comparison, ZMM_ALLOCATOR_NONE);
	comparison->count--;
}

/* One contender's failure does not end the others' measuring. */
static void fail(struct comparison *comparison, int index, const char *path,
	const struct zmm_error *cause)
{
	struct zmm_error error;
	int status;

	zmm_progress_clear();
	zmm_error_set(&error, cause->kind, "%s: %s", path, cause->text);
	status = zmm_error_print(&error);
	comparison->status = status > comparison->status ? status : comparison->status;
	comparison->results[index].failed = true;
}

static void measure_time(struct comparison *comparison, const char *path, int program_fd,
	uint64_t turn)
{
	for (int i = 0; i <= comparison->count; i++) {
		int index = (int)((turn + (uint64_t)i) % (uint64_t)(comparison->count + 1));
		struct result *result = &comparison->results[index];
		struct zmm_time_sample sample;
		struct zmm_error error;

		if (result->failed) {
			continue;
		}
		zmm_progress("%s: time, sample %d of %d, %s", path, (int)turn + 1,
			(int)comparison->settings->repeat, comparison->contenders[index].name);
		if (zmm_sample_time(&comparison->contenders[index], program_fd, &sample, &error)) {
			result->ns[turn] = sample.ns;
		} else {
			fail(comparison, index, path, &error);
		}
	}
}

/* The system's malloc comes before those that are preloaded, and so does its base. */
static void measure_memory(struct comparison *comparison, const char *path, int program_fd,
	int index)
{
	struct zmm_memory_sample *sample = &comparison->results[index].memory;
	struct zmm_error error;

	zmm_progress("%s: memory, %s", path, comparison->contenders[index].name);
	if (!zmm_sample_memory(&comparison->contenders[index], program_fd, comparison->base_held,
			sample, &error)) {
		fail(comparison, index, path, &error);
	} else if (!comparison->contenders[index].preload) {
		comparison->base_held = sample->base_held;
	}
}

static void measure(struct comparison *comparison, const char *path, int program_fd)
{
	memset(comparison->results, 0, sizeof comparison->results);
	for (int i = 0; i < comparison->count; i++) {
		measure_memory(comparison, path, program_fd, i);
	}
	for (uint64_t turn = 0; turn < comparison->settings->repeat; turn++) {
		measure_time(comparison, path, program_fd, turn);
	}
	zmm_progress_clear();
}

/* --- showing --------------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
	double first = *(const double *)a, second = *(const double *)b;

	return (first > second) - (first < second);
}

static double median(double *numbers, uint64_t count)
{
	qsort(numbers, count, sizeof *numbers, compare_numbers);
	return count % 2 ? numbers[count / 2] : (numbers[count / 2 - 1] + numbers[count / 2]) / 2;
}

static const struct zmm_column columns[] = {
	{ "name", "" },
	{ "ns_per_operation", "time" },
	{ "net_ns_per_operation", "less loop" },
	{ "peak_held", "peak" },
	{ "overhead", "overhead" },
	{ "final_held", "final" },
	{ "peak_resident", "resident" },
	{ "peak_regions", "regions" },
	{ "storage_calls", "calls" },
	{ "failures", "failed" },
};

enum { column_count = sizeof columns / sizeof columns[0] };

static void show_contender(struct comparison *comparison, int index, double loop_ns)
{
	struct result *result = &comparison->results[index];
	const struct zmm_memory_sample *memory = &result->memory;
	bool ours = comparison->contenders[index].replay.allocator != ZMM_ALLOCATOR_SYSTEM;
	struct zmm_value values[column_count];
	double ns = median(result->ns, comparison->settings->repeat);

	for (int i = 0; i < column_count; i++) {
		values[i] = zmm_value_missing();
	}
	values[0] = zmm_value_text(comparison->contenders[index].name);
	if (!result->failed) {
		values[1] = zmm_value_nanoseconds(ns);
		values[2] = zmm_value_nanoseconds(ns - loop_ns);
		values[3] = zmm_value_bytes(memory->peak_held);
		if (memory->peak_live > 0) {
			values[4] = zmm_value_ratio((double)memory->peak_held / (double)memory->peak_live);
		}
		values[5] = zmm_value_bytes(memory->final_held);
		values[6] = memory->peak_resident ? zmm_value_bytes(memory->peak_resident)
			: zmm_value_missing();
		values[9] = zmm_value_count(memory->failures);
	}
	if (!result->failed && ours) {
		values[7] = zmm_value_count(memory->peak_regions);
		values[8] = zmm_value_count(memory->storage_calls);
	}
	zmm_emit_row(comparison->emit, values);
}

static void show(struct comparison *comparison, const char *path, const zmm_program *program)
{
	zmm_emit *emit = comparison->emit;
	struct result *loop = &comparison->results[comparison->count];
	double loop_ns = median(loop->ns, comparison->settings->repeat);

	zmm_emit_item(emit);
	zmm_emit_fact(emit, "trace", "trace", zmm_value_text(path));
	zmm_emit_fact(emit, "operations", "operations", zmm_value_count(program->op_count));
	zmm_emit_fact(emit, "requests", "requests", zmm_value_count(program->requests));
	zmm_emit_fact(emit, "peak_live", "peak live", zmm_value_bytes(program->peak_bytes));
	zmm_emit_fact(emit, "samples", "samples of each time",
		zmm_value_count(comparison->settings->repeat));
	zmm_emit_fact(emit, "loop_ns_per_operation", "the loop's own time",
		zmm_value_nanoseconds(loop_ns));
	zmm_emit_table(emit, "contenders", columns, column_count);
	for (int i = 0; i < comparison->count; i++) {
		show_contender(comparison, i, loop_ns);
	}
	zmm_emit_end(emit);
	zmm_emit_end(emit);
}

static void compare_one(struct comparison *comparison, const char *path)
{
	struct zmm_error error;
	zmm_program *program = zmm_program_load(path, 0, &error);
	int fd = program ? zmm_program_share(program, &error) : -1;

	if (fd < 0) {
		zmm_progress_clear();
		comparison->status = zmm_error_print(&error);
	} else {
		measure(comparison, path, fd);
		show(comparison, path, program);
		close(fd);
	}
	zmm_program_free(program);
}

/* --- the command ----------------------------------------------------------------------------- */

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

static int run(const struct settings *settings)
{
	static struct comparison comparison;
	struct zmm_error error;

	comparison.settings = settings;
	comparison.emit = settings->json ? zmm_emit_json(stdout, &error)
		: zmm_emit_text(stdout, &error);
	if (!comparison.emit) {
		return zmm_error_print(&error);
	}
	set_up_contenders(&comparison);
	zmm_progress_start();
	zmm_emit_list(comparison.emit, "traces");
	for (int i = 0; i < settings->path_count; i++) {
		compare_one(&comparison, settings->paths[i]);
	}
	zmm_emit_end(comparison.emit);
	if (!zmm_emit_close(comparison.emit)) {
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "no memory for the results");
		return zmm_error_print(&error);
	}
	return zmm_finish_output(comparison.status);
}

int zmm_cmd_compare(int argc, char **argv)
{
	struct settings settings = { .repeat = repeat_default };
	int status = read_command_line(&settings, argc, argv);

	if (status == ZMM_EXIT_OK && settings.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	if (status == ZMM_EXIT_OK) {
		status = judge(&settings);
	}
	return status == ZMM_EXIT_OK ? run(&settings) : status;
}
