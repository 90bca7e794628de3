/* SPDX-License-Identifier: MIT */
/*
 * Heaps under study without switches place every block where the library's heaps do, which
 * t/5000-replay-placements.t compares with the recordings; they are sound all the way, and being
 * watched changes nothing.
 */
#include "heap/study/study.h"
#include "t/recorded.h"
#include "trace/replay.h"

static struct zend_mm_study study;

static zend_mm_heap *make_studied(const zend_mm_options *options, void *context)
{
	(void)context;
	return zend_mm_study_startup(options, &study);
}

static void count_event(void *context, const struct zend_mm_study_event *event)
{
	if (event->kind < ZEND_MM_EVENT_KINDS)
		++*(uint64_t *)context;
}

/* The placements of a trace as text; NULL where it could not be replayed. */
static char *placements(const zmm_program *program, enum zmm_allocator allocator, bool studied)
{
	struct zmm_replay_options options = {
		.allocator = allocator, .storage = ZMM_STORAGE_SPACED,
		.make_heap = studied ? make_studied : NULL
	};
	struct zmm_full_run run = { .check_every = studied ? program->op_count / 50 + 1 : 0 };
	struct zmm_error error;
	char *text = NULL;
	zmm_replay *replay = zmm_replay_new(program, &options, &error);
	bool done;

	run.placements = tmpfile();
	done = replay && run.placements && zmm_replay_full(replay, &run, &error);
	if (!done)
		tap_comment(stderr, error.text);
	zmm_replay_free(replay);
	if (done) {
		long size = ftell(run.placements);
		text = calloc(1, (size_t)size + 1);
		rewind(run.placements);
		if (!text || fread(text, 1, (size_t)size, run.placements) != (size_t)size) {
			bail_out("cannot read a temporary file");
		}
	}
	fclose(run.placements);
	return text;
}

static void compare(const char *name, const zmm_program *program, enum zmm_allocator allocator)
{
	uint64_t events = 0;
	char *plain = placements(program, allocator, false);
	char *studied, *watched;

	study = zend_mm_study_default();
	studied = placements(program, allocator, true);
	study.observer = count_event;
	study.context = &events;
	watched = placements(program, allocator, true);
	ok(plain && studied && strcmp(plain, studied) == 0, "%s, %s: the same placements", name,
		zmm_allocator_name(allocator));
	ok(plain && watched && strcmp(plain, watched) == 0, "%s, %s: the same while watched", name,
		zmm_allocator_name(allocator));
	ok(events > program->op_count / 2, "%s, %s: %llu events of %zu operations", name,
		zmm_allocator_name(allocator), (unsigned long long)events, program->op_count);
	free(plain);
	free(studied);
	free(watched);
}

/* fuzz-edge and fuzz-oom have sizes that no window holds; they are in order all the same. */
static const char *const traces[] = {
	"seed", "fuzz-small", "fuzz-mixed", "fuzz-large", "fuzz-equal", "fuzz-grow", "fuzz-tiny",
	"fuzz-rest", "fuzz-full", "fuzz-limit", "fuzz-limreq", "fuzz-req", "fuzz-oom", "fuzz-gc",
	"fuzz-edge", "quirk-hidden", "corner-sizes", "corner-null-resize", "corner-big-kept", "mustache"
};

int main(void)
{
	struct zmm_error error;

	need_recordings();
	for (size_t i = 0; i < sizeof traces / sizeof traces[0]; i += tap_short() ? 5 : 1) {
		const char *path = recorded_file(tap_format("%s.trace", traces[i]));
		zmm_program *program = zmm_program_load(path, 0, &error);

		if (!ok(program != NULL, "%s is a trace", traces[i])) {
			tap_comment(stderr, error.text);
			continue;
		}
		compare(traces[i], program, ZMM_ALLOCATOR_LEGACY);
		compare(traces[i], program, ZMM_ALLOCATOR_MODERN);
		zmm_program_free(program);
	}
	return done_testing();
}
