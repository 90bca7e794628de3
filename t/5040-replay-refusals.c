/* SPDX-License-Identifier: MIT */
/*
 * Storage's N-th answer is no, for every N: the heap reports it through the host or makes do
 * without, stays sound, the trace goes on, and at the end everything is back with storage.
 */
#include "t/recorded.h"
#include "trace/replay.h"

/* Storage that asks the system itself. */
#ifdef _WIN32
# define MAPPED "win32"
enum { is_windows = true };
#else
# define MAPPED "mmap_anon"
enum { is_windows = false };
#endif

/* What is seen around the moment of the refusal. */
struct look {
	const struct zmm_watched *watched;
	bool seen;            /* the refusal came */
	bool sound;           /* the heap was, right after it, and ever since */
};

static bool look(void *context, const struct zmm_replay_moment *moment)
{
	struct look *look = context;
	zend_mm_problem problem;

	if (!look->seen && look->watched->requests >= look->watched->refuse_at) {
		look->seen = true;
		look->sound = zend_mm_check(moment->heap, &problem) == 0;
	}
	return true;
}

struct tally {
	uint64_t refused;     /* requests that were refused, one a run */
	uint64_t usual;       /* failed requests of a run without a refusal */
	uint64_t noticed;     /* runs in which other requests failed */
	uint64_t unsound;
	uint64_t unfinished;
	uint64_t unbalanced;
	uint64_t first_bad;
};

/* One run; false when it has fewer than n requests. With n 0 nothing is refused. */
static bool refuse(const zmm_program *program, struct zmm_replay_options options, uint64_t n,
	struct tally *tally)
{
	struct zmm_watched watched;
	struct look seen = { .watched = &watched, .sound = true };
	struct zmm_full_run run = { .check_every = 3000, .observe_every = 1, .observer = look,
		.context = &seen };
	struct zmm_replay_results results;
	struct zmm_error error = { .text = "" };
	uint64_t bad = tally->unsound + tally->unfinished + tally->unbalanced;
	zmm_replay *replay;

	options.watched = &watched;
	options.refuse_at = n;
	replay = zmm_replay_new(program, &options, &error);
	if (!replay || !zmm_replay_full(replay, &run, &error)) {
		tally->unfinished++;
		diag("request %" PRIu64 ": %s", n, error.text);
	} else {
		zmm_replay_get_results(replay, &results);
		tally->usual = n ? tally->usual : results.failures;
		tally->noticed += results.failures != tally->usual;
	}
	zmm_replay_free(replay);
	tally->refused += seen.seen;
	tally->unsound += !seen.sound;
	tally->unbalanced += watched.regions != 0 || watched.bytes != 0;
	if (tally->unsound + tally->unfinished + tally->unbalanced > bad && !tally->first_bad) {
		tally->first_bad = n;
	}
	return seen.seen;
}

/* The heap's first request is for what it cannot be without. */
static void test_start(const zmm_program *program, struct zmm_replay_options options)
{
	struct zmm_watched watched;
	struct zmm_error error = { .text = "" };
	zmm_replay *replay;

	options.watched = &watched;
	options.refuse_at = 1;
	replay = zmm_replay_new(program, &options, &error);
	ok(!replay, "no %s heap without its first region", zmm_allocator_name(options.allocator));
	contains(error.text, "cannot make a", "which is said: %s", error.text);
	ok(watched.regions == 0 && watched.bytes == 0, "and nothing is left behind");
	zmm_replay_free(replay);
}

/* Sanitizers and Wine are slow: there, every ninth request. Short runs take every third. */
static uint64_t step(void)
{
	const char *sanitizer = getenv("SANITIZER");

	return is_windows || (sanitizer && *sanitizer) ? 9 : tap_short() ? 3 : 1;
}

/* Of all traces: a heap that finds other room each time in one of them is right to do so. */
static uint64_t noticed[ZMM_ALLOCATOR_MODERN + 1];

static void sweep(const char *trace, enum zmm_allocator allocator, const char *storage)
{
	struct zmm_replay_options options = { .allocator = allocator, .storage = storage };
	struct tally tally = { .refused = 0 };
	struct zmm_error error;
	zmm_program *program;
	uint64_t n = 2;

	program = zmm_program_load(recorded_file(tap_format("%s.trace", trace)), 0, &error);
	if (!program) {
		fail("%s", error.text);
		return;
	}
	test_start(program, options);
	refuse(program, options, 0, &tally);
	tally.refused = 0;
	while (refuse(program, options, n, &tally)) {
		n += step();
	}
	noticed[allocator] += tally.noticed;
	ok(tally.refused * step() > 10,
		"%s, %s, %s: %" PRIu64 " refusals, %" PRIu64 " of them noticed by the program", trace,
		zmm_allocator_name(allocator), storage, tally.refused, tally.noticed);
	is_size(tally.unsound, 0, "the heap is sound after each");
	is_size(tally.unfinished, 0, "each run comes to its end");
	is_size(tally.unbalanced, 0, "and everything goes back");
	if (tally.first_bad) {
		diag("first seen with request %" PRIu64, tally.first_bad);
	}
	zmm_program_free(program);
}

int main(void)
{
	need_recordings();
	sweep("fuzz-mixed", ZMM_ALLOCATOR_LEGACY, MAPPED);
	sweep("fuzz-mixed", ZMM_ALLOCATOR_MODERN, MAPPED);
	sweep("fuzz-full", ZMM_ALLOCATOR_LEGACY, "malloc");
	sweep("fuzz-limreq", ZMM_ALLOCATOR_MODERN, "malloc");
	sweep("fuzz-limit", ZMM_ALLOCATOR_LEGACY, ZMM_STORAGE_SPACED);
	sweep("corner-modern", ZMM_ALLOCATOR_MODERN, ZMM_STORAGE_SPACED);
	ok(noticed[ZMM_ALLOCATOR_LEGACY] > 0, "programs of legacy heaps noticed some");
	ok(noticed[ZMM_ALLOCATOR_MODERN] > 0, "programs of modern heaps noticed some");
	return done_testing();
}
