/* SPDX-License-Identifier: MIT */
/*
 * tools/contender.c - taking samples of a contender, in children.
 *
 * A child is told what to do by its arguments, after a first one that no user would type:
 *
 *    zmm --contender KIND ALLOCATOR STORAGE SEGMENT-SIZE PRELOAD PROGRAM-FD RESULT-FD GATE-FD
 *        RECORD-FD NUMBER
 *
 * ("" and -1 for what is not set). It allocates nothing from its malloc before the replay does, but
 * for the replay's own few bytes.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/contender.h"
#include "tools/memory.h"
#include "tools/memory_run.h"
#include "tools/shared_program.h"
#include "trace/ticks.h"

#ifndef _WIN32
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>
#endif

enum {
	ops_per_sample = 1000000, /* short programs are run several times, up to about so many */
	runs_max = 101,
	valgrind_slows = 50       /* about so many times, at least while little is done */
};

static const uint64_t profile_ns = 2000000000;
/* A sample begins no further run after so long: there are traces of large blocks that take seconds.
 */
static const uint64_t sample_ns = 300000000;

static const char flag[] = "--contender";

/* Kinds of work. */
static const char kind_time[] = "time", kind_latency[] = "latency", kind_memory[] = "memory",
	kind_base[] = "base", kind_runs[] = "runs", kind_profile[] = "profile";

enum argument {
	ARGUMENT_COMMAND,
	ARGUMENT_FLAG,
	ARGUMENT_KIND,
	ARGUMENT_ALLOCATOR,
	ARGUMENT_STORAGE,
	ARGUMENT_SEGMENT_SIZE,
	ARGUMENT_PRELOAD,
	ARGUMENT_PROGRAM_FD,
	ARGUMENT_RESULT_FD,
	ARGUMENT_GATE_FD,
	ARGUMENT_RECORD_FD,
	ARGUMENT_NUMBER,
	ARGUMENTS
};

/* --- parent ---------------------------------------------------------------------------------- */

bool zmm_contender_start(const struct zmm_contender *contender,
	const struct zmm_contender_call *call, const struct zmm_child_setup *setup,
	struct zmm_child *child, struct zmm_error *error)
{
	const struct zmm_replay_options *replay = &contender->replay;
	char numbers[7][24];
	char *argv[ARGUMENTS + 1] = {
		(char[]){ "zmm" }, (char *)flag, (char *)call->kind, numbers[0],
		(char *)(replay->storage ? replay->storage : ""), numbers[1],
		(char *)(contender->preload ? contender->preload : ""), numbers[2], numbers[3],
		numbers[4], numbers[5], numbers[6], NULL
	};

	if (!zmm_child_open(child, error)) {
		return false;
	}
	snprintf(numbers[0], sizeof numbers[0], "%d", (int)replay->allocator);
	snprintf(numbers[1], sizeof numbers[1], "%zu", replay->segment_size);
	snprintf(numbers[2], sizeof numbers[2], "%d", call->program_fd);
	snprintf(numbers[3], sizeof numbers[3], "%d", child->result_fd);
	snprintf(numbers[4], sizeof numbers[4], "%d", call->gate_fd);
	snprintf(numbers[5], sizeof numbers[5], "%d", call->record_fd);
	snprintf(numbers[6], sizeof numbers[6], "%" PRIu64, call->number);
	return zmm_child_start(child, argv, setup, error);
}

bool zmm_contender_blame(const struct zmm_contender *contender, const struct zmm_error *cause,
	struct zmm_error *error)
{
	struct zmm_error own = *cause; /* may be the same */

	zmm_error_set(error, own.kind, "%s: %s", contender->name, own.text);
	return false;
}

static bool take_sample(const struct zmm_contender *contender,
	const struct zmm_contender_call *call, void *sample, size_t size, struct zmm_error *error)
{
	struct zmm_child_setup setup = {
		.preload = contender->preload, .limit_seconds = contender->limit_seconds
	};
	struct zmm_child child;

	return (zmm_contender_start(contender, call, &setup, &child, error)
			&& zmm_child_finish(&child, sample, size, error))
		|| zmm_contender_blame(contender, error, error);
}

bool zmm_sample_time(const struct zmm_contender *contender, int program_fd,
	struct zmm_time_sample *sample, struct zmm_error *error)
{
	struct zmm_contender_call call = { kind_time, program_fd, -1, -1, 0 };

	return take_sample(contender, &call, sample, sizeof *sample, error);
}

bool zmm_sample_latency(const struct zmm_contender *contender, int program_fd,
	struct zmm_latency *latency, struct zmm_error *error)
{
	struct zmm_contender_call call = { kind_latency, program_fd, -1, -1, 0 };

	return take_sample(contender, &call, latency, sizeof *latency, error);
}

bool zmm_sample_base(int program_fd, uint64_t *base_held, struct zmm_error *error)
{
	struct zmm_contender_call call = { kind_base, program_fd, -1, -1, 0 };
	struct zmm_contender plain;

	zmm_contender_find("system", &plain);
	return take_sample(&plain, &call, base_held, sizeof *base_held, error);
}

/* --- instructions and profiles --------------------------------------------------------------- */

#ifdef _WIN32
bool zmm_sample_instructions(const struct zmm_contender *contender, int program_fd,
	uint64_t *instructions, struct zmm_error *error)
{
	(void)program_fd;
	(void)instructions;
	zmm_error_set(error, ZMM_ERROR_INPUT, "%s: there is no valgrind here", contender->name);
	return false;
}
#else
/* What valgrind writes at the end, "==N== Collected : 123456", after it all its children are gone.
 */
static bool read_collected(int fd, uint64_t *collected)
{
	char text[16384];
	size_t length = 0;
	ssize_t got;
	const char *line;

	while (length + 1 < sizeof text
			&& (got = read(fd, text + length, sizeof text - 1 - length)) > 0) {
		length += (size_t)got;
	}
	text[length] = '\0';
	line = strstr(text, "Collected : ");
	return line && sscanf(line, "Collected : %" SCNu64, collected) == 1;
}

static bool count_runs(const struct zmm_contender *contender, int program_fd, uint64_t runs,
	uint64_t *instructions, struct zmm_error *error)
{
	char log[40];
	const char *wrapper[] = { "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
		log, NULL };
	struct zmm_child_setup setup = { .preload = contender->preload, .wrapper = wrapper,
		.limit_seconds = contender->limit_seconds * valgrind_slows };
	struct zmm_contender_call call = { kind_runs, program_fd, -1, -1, runs };
	struct zmm_child child;
	char nothing;
	int ends[2];
	bool done;

	if (pipe(ends) != 0) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot make a pipe");
		return false;
	}
	snprintf(log, sizeof log, "--log-fd=%d", ends[1]);
	done = zmm_contender_start(contender, &call, &setup, &child, error);
	close(ends[1]);
	done = done && zmm_child_finish(&child, &nothing, sizeof nothing, error);
	if (done && !read_collected(ends[0], instructions)) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "valgrind did not say how many instructions it saw");
		done = false;
	}
	close(ends[0]);
	return done;
}

bool zmm_sample_instructions(const struct zmm_contender *contender, int program_fd,
	uint64_t *instructions, struct zmm_error *error)
{
	uint64_t once, thrice;

	if (!count_runs(contender, program_fd, 1, &once, error)
			|| !count_runs(contender, program_fd, 3, &thrice, error)) {
		return zmm_contender_blame(contender, error, error);
	}
	*instructions = thrice > once ? (thrice - once) / 2 : 0;
	return true;
}
#endif

bool zmm_profile_cpu(const struct zmm_contender *contender, int program_fd, const char *path,
	struct zmm_error *error)
{
	char preload[4200], file[4200];
	const char *environment[] = { file, "CPUPROFILE_FREQUENCY=1000", NULL };
	struct zmm_child_setup setup = { .preload = preload, .environment = environment,
		.limit_seconds = contender->limit_seconds };
	struct zmm_contender_call call = { kind_profile, program_fd, -1, -1, 0 };
	struct zmm_child child;
	char nothing;

	snprintf(preload, sizeof preload, "%s%slibprofiler.so.0",
		contender->preload ? contender->preload : "", contender->preload ? ":" : "");
	snprintf(file, sizeof file, "CPUPROFILE=%s", path);
	return (zmm_contender_start(contender, &call, &setup, &child, error)
			&& zmm_child_finish(&child, &nothing, sizeof nothing, error))
		|| zmm_contender_blame(contender, error, error);
}

/* --- work of a child ------------------------------------------------------------------------- */

union sample {
	struct zmm_time_sample time;
	struct zmm_latency latency;
	uint64_t base_held;
	char nothing;
};

struct work {
	const zmm_program *program;
	struct zmm_replay_options options;
	char **argv;
	union sample *sample;
	size_t size;              /* of what is sent back */
	struct zmm_error *error;
};

static int compare_samples(const void *a, const void *b)
{
	double first = ((const struct zmm_time_sample *)a)->ns;
	double second = ((const struct zmm_time_sample *)b)->ns;

	return (first > second) - (first < second);
}

static size_t runs_of(const zmm_program *program)
{
	size_t runs = ops_per_sample / (program->op_count ? program->op_count : 1);

	return runs < 1 ? 1 : runs > runs_max ? runs_max : runs | 1; /* odd: one is the median */
}

static bool take_time(struct work *work)
{
	static struct zmm_time_sample samples[runs_max];
	size_t operations = work->program->op_count ? work->program->op_count : 1;
	size_t runs = runs_of(work->program), done = 0;
	zmm_replay *replay = zmm_replay_new(work->program, &work->options, work->error);
	uint64_t began = zmm_monotonic_ns();
	double first_ns;
	bool refused = false;

	if (!replay) {
		return false;
	}
	while (done == 0 || (done < runs && zmm_monotonic_ns() - began < sample_ns)) {
		struct zmm_replay_time time;

		errno = 0;
		zmm_replay_timed(replay, &time);
		refused |= errno == ENOMEM && work->options.allocator == ZMM_ALLOCATOR_SYSTEM;
		samples[done].ns = (double)time.cpu_ns / (double)operations;
		samples[done].wall_ns = (double)time.wall_ns / (double)operations;
		done++;
		zmm_replay_rewind(replay);
	}
	zmm_replay_free(replay);
	first_ns = samples[0].ns;
	qsort(samples, done, sizeof samples[0], compare_samples);
	work->sample->time = samples[(done - 1) / 2];
	work->sample->time.first_ns = first_ns;
	work->sample->time.refused = refused;
	work->size = sizeof work->sample->time;
	return true;
}

static bool take_latency(struct work *work)
{
	size_t runs = runs_of(work->program);
	zmm_replay *replay = zmm_replay_new(work->program, &work->options, work->error);
	uint64_t began = zmm_monotonic_ns();
	bool done = replay != NULL;

	for (size_t i = 0; done && (i == 0 || (i < runs && zmm_monotonic_ns() - began < sample_ns));
			i++) {
		done = zmm_latency_run(&work->sample->latency, work->program, replay, work->error);
	}
	zmm_replay_free(replay);
	work->size = sizeof work->sample->latency;
	return done;
}

static bool take_base(struct work *work)
{
	zmm_replay *replay = zmm_replay_new(work->program, &work->options, work->error);
	uint64_t held, of_malloc = zmm_memory_held_by_malloc();

	if (!replay) {
		return false;
	}
	zmm_memory_open();
	held = zmm_memory_now().held;
	work->sample->base_held = held > of_malloc ? held - of_malloc : 0;
	work->size = sizeof work->sample->base_held;
	zmm_replay_free(replay);
	return true;
}

/* Runs it so many times, or, for 0, for two seconds. */
static bool do_runs(struct work *work, uint64_t runs)
{
	zmm_replay *replay = zmm_replay_new(work->program, &work->options, work->error);
	uint64_t began = zmm_monotonic_ns();
	struct zmm_replay_time time;

	if (!replay) {
		return false;
	}
	for (uint64_t i = 0; runs ? i < runs : zmm_monotonic_ns() - began < profile_ns; i++) {
		zmm_replay_timed(replay, &time);
		zmm_replay_rewind(replay);
	}
	zmm_replay_free(replay);
	work->size = sizeof work->sample->nothing;
	return true;
}

static bool watch_memory(struct work *work)
{
	struct zmm_memory_watch watch = {
		atoi(work->argv[ARGUMENT_GATE_FD]), atoi(work->argv[ARGUMENT_RECORD_FD]),
		strtoull(work->argv[ARGUMENT_NUMBER], NULL, 10)
	};

	work->size = sizeof work->sample->nothing;
	return zmm_memory_observe(work->program, &work->options, &watch, work->error);
}

static bool do_work(struct work *work)
{
	const char *kind = work->argv[ARGUMENT_KIND];

	if (strcmp(kind, kind_time) == 0) {
		return take_time(work);
	}
	if (strcmp(kind, kind_latency) == 0) {
		return take_latency(work);
	}
	if (strcmp(kind, kind_memory) == 0) {
		return watch_memory(work);
	}
	if (strcmp(kind, kind_base) == 0) {
		return take_base(work);
	}
	if (strcmp(kind, kind_runs) == 0) {
		return do_runs(work, strtoull(work->argv[ARGUMENT_NUMBER], NULL, 10));
	}
	return do_runs(work, 0);
}

/* --- child ----------------------------------------------------------------------------------- */

#ifdef _WIN32
static bool is_loaded(const char *path)
{
	return path[0] == '\0';
}

static bool has_malloc(const char *path)
{
	return path[0] == '\0';
}
#else
/* The dynamic linker goes on without a library that it cannot preload. */
static bool is_loaded(const char *path)
{
	return path[0] == '\0' || dlopen(path, RTLD_LAZY | RTLD_NOLOAD) != NULL;
}

/* A preloaded library without one would be given the figures of the malloc behind it. */
static bool has_malloc(const char *path)
{
	void *library = path[0] ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	struct link_map *map;
	Dl_info found;

	return !library || (dladdr(dlsym(RTLD_DEFAULT, "malloc"), &found) != 0
		&& dlinfo(library, RTLD_DI_LINKMAP, &map) == 0
		&& strcmp(found.dli_fname, map->l_name) == 0);
}
#endif

static bool work_as_told(struct work *work)
{
	char **argv = work->argv;

	work->program = zmm_program_attach(atoi(argv[ARGUMENT_PROGRAM_FD]), work->error);
	if (!work->program) {
		return false;
	}
	if (!is_loaded(argv[ARGUMENT_PRELOAD])) {
		zmm_error_set(work->error, ZMM_ERROR_INPUT, "%s could not be preloaded; is it a shared "
			"library for this kind of program?", argv[ARGUMENT_PRELOAD]);
		return false;
	}
	if (!has_malloc(argv[ARGUMENT_PRELOAD])) {
		zmm_error_set(work->error, ZMM_ERROR_INPUT, "%s is a library without a malloc of its own",
			argv[ARGUMENT_PRELOAD]);
		return false;
	}
	if (strcmp(argv[ARGUMENT_KIND], kind_profile) == 0 && !is_loaded("libprofiler.so.0")) {
		zmm_error_set(work->error, ZMM_ERROR_INPUT, "gperftools' CPU profiler libprofiler.so.0 is "
			"missing (Debian package libgoogle-perftools4)");
		return false;
	}
	return do_work(work);
}

int zmm_contender_main(int argc, char **argv)
{
	static union sample sample;
	struct zmm_error error;
	struct work work = { .argv = argv, .sample = &sample, .error = &error };
	bool done;

	if (argc != ARGUMENTS || strcmp(argv[ARGUMENT_FLAG], flag) != 0) {
		return -1;
	}
	work.options = (struct zmm_replay_options){
		.allocator = (enum zmm_allocator)atoi(argv[ARGUMENT_ALLOCATOR]),
		.storage = argv[ARGUMENT_STORAGE][0] ? argv[ARGUMENT_STORAGE] : NULL,
		.segment_size = (size_t)strtoull(argv[ARGUMENT_SEGMENT_SIZE], NULL, 10)
	};
	done = work_as_told(&work);
	return zmm_child_report(atoi(argv[ARGUMENT_RESULT_FD]), done, &sample, work.size, &error);
}
