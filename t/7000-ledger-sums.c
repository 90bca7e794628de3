/* SPDX-License-Identifier: MIT */
/*
 * The ledger of every recorded trace on both heaps sums to what is held: after each operation of
 * the short ones, after every 29th of the random ones, after every thousandth of the long ones.
 * With ZMM_TEST_EVERY=1 in the environment, after each operation of the random ones as well.
 */
#include "t/recorded.h"
#include "tools/census.h"
#include "tools/ledger.h"

enum {
	SHORT_TRACE = 5000, /* operations */
	RANDOM_TRACE = 50000,
	RANDOM_STEP = 29,
	LONG_STEP = 1000
};

static uint64_t step_of(const zmm_program *program)
{
	if (program->op_count <= SHORT_TRACE) {
		return 1;
	}
	if (program->op_count > RANDOM_TRACE) {
		return tap_short() ? 5 * LONG_STEP : LONG_STEP;
	}
	uint64_t every = getenv("ZMM_TEST_EVERY") ? strtoull(getenv("ZMM_TEST_EVERY"), NULL, 10) : 0;

	return every ? every : tap_short() ? 5 * RANDOM_STEP : RANDOM_STEP;
}

struct run {
	const zmm_program *program;
	uint64_t samples;
	uint64_t family_bytes; /* seen over the run, so that a ledger that shows nothing fails */
	uint64_t quarantined; /* likewise */
	char complaint[200];
};

static bool observe(void *context, const struct zmm_replay_moment *moment)
{
	struct run *run = context;
	struct zmm_ledger ledger;
	struct zmm_live live;
	char text[160];

	zmm_census_count(&live, run->program, moment);
	if (zmm_ledger_take(&ledger, moment->heap, &live) != 0) {
		snprintf(run->complaint, sizeof run->complaint, "no memory");
	} else if (live.requested != moment->live_bytes || live.blocks != moment->live_blocks) {
		snprintf(run->complaint, sizeof run->complaint, "operation %" PRIu64
			": the census differs from the replayer's count", moment->operation);
	} else if (zmm_ledger_complaint(&ledger, text, sizeof text)) {
		snprintf(run->complaint, sizeof run->complaint, "operation %" PRIu64 ": %s",
			moment->operation, text);
	}
	run->samples++;
	run->quarantined += ledger.bytes[ZMM_CAUSE_QUARANTINED];
	run->family_bytes += zmm_ledger_family(&ledger, ZMM_FAMILY_FREE);
	return !run->complaint[0];
}

static void check_trace(const char *name, const zmm_program *program, enum zmm_allocator allocator)
{
	struct zmm_replay_options options = { .allocator = allocator, .storage = ZMM_STORAGE_SPACED };
	struct run run = { .program = program };
	struct zmm_full_run full = { .observer = observe, .context = &run };
	struct zmm_error error = { .text = "" };

	full.observe_every = step_of(program);
	zmm_replay *replay = zmm_replay_new(program, &options, &error);
	bool done = replay && zmm_replay_full(replay, &full, &error);
	zmm_replay_free(replay);
	ok(done && run.samples > program->op_count / full.observe_every && run.family_bytes > 0,
		"%s on %s: %" PRIu64 " ledgers sum", name, zmm_allocator_name(allocator), run.samples);
	if (!done) {
		diag("%s; %s", run.complaint, error.text);
	}
}

/* A guarded heap holds what it puts around blocks, and freed ones in quarantine. */
static void check_guarded(const char *path, enum zmm_allocator allocator, const char *guards)
{
	struct zmm_replay_options options = { .allocator = allocator };
	struct zmm_error error = { .text = "" };
	zmm_program *program = zmm_program_load(path, 0, &error);
	struct run run = { .program = program };
	struct zmm_full_run full = { .observer = observe, .context = &run, .observe_every = 50 };

	set_environment("ZEND_MM_DEBUG", guards);
	zmm_replay *replay = program ? zmm_replay_new(program, &options, &error) : NULL;
	bool done = replay && zmm_replay_full(replay, &full, &error);
	zmm_replay_free(replay);
	set_environment("ZEND_MM_DEBUG", NULL);
	ok(done && (run.quarantined > 0) == (strstr(guards, "quarantine") != NULL),
		"guarded by %s on %s: %" PRIu64 " ledgers sum", guards, zmm_allocator_name(allocator),
		run.samples);
	if (!done) {
		diag("%s; %s", run.complaint, error.text);
	}
	zmm_program_free(program);
}

int main(void)
{
	struct zmm_error error;

	need_recordings();
	for (char **name = recorded_traces(); *name; name++) {
		zmm_program *program = zmm_program_load(recorded_file(*name), 0, &error);

		if (!program) {
			fail("%s", error.text);
			continue;
		}
		check_trace(*name, program, ZMM_ALLOCATOR_LEGACY);
		check_trace(*name, program, ZMM_ALLOCATOR_MODERN);
		zmm_program_free(program);
	}
	static const char *const guards[] = {
		"padding=16", "padding=16,quarantine=1M", "guard_pages=1,quarantine=1M"
	};
	for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++) {
		const char *seed = recorded_file("seed.trace");

		check_guarded(seed, ZMM_ALLOCATOR_LEGACY, guards[i]);
		check_guarded(seed, ZMM_ALLOCATOR_MODERN, guards[i]);
	}
	return done_testing();
}
