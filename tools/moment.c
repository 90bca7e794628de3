/* SPDX-License-Identifier: MIT */
/*
 * Reads and finds moments of a replay. See moment.h.
 */
#include "tools/moment.h"

#include <inttypes.h>
#include <string.h>

#include "tools/options.h"

bool zmm_parse_moment(const char *text, struct zmm_moment *moment)
{
	moment->operation = 0;
	if (strcmp(text, "peak") == 0) {
		moment->kind = ZMM_MOMENT_PEAK;
		return true;
	}
	if (strcmp(text, "end") == 0) {
		moment->kind = ZMM_MOMENT_END;
		return true;
	}
	moment->kind = ZMM_MOMENT_OPERATION;
	return zmm_parse_count(text, &moment->operation) && moment->operation > 0;
}

struct peak {
	uint64_t bytes;
	uint64_t operation;
};

static bool look_for_peak(void *context, const struct zmm_replay_moment *now)
{
	struct peak *peak = context;

	if (now->live_bytes > peak->bytes)
		*peak = (struct peak){ now->live_bytes, now->operation };
	return true;
}

static bool find_peak(const zmm_program *program, const struct zmm_replay_options *options,
	uint64_t *operation, struct zmm_error *error)
{
	struct peak peak = { 0, 0 };
	struct zmm_full_run run = { .observe_every = 1, .observer = look_for_peak, .context = &peak };
	zmm_replay *replay = zmm_replay_new(program, options, error);
	bool done = replay && zmm_replay_full(replay, &run, error);

	zmm_replay_free(replay);
	*operation = peak.operation;
	return done;
}

bool zmm_find_moment(const struct zmm_moment *moment, const zmm_program *program, const char *path,
	const struct zmm_replay_options *options, uint64_t *operation, struct zmm_error *error)
{
	*operation = moment->operation;
	switch (moment->kind) {
	case ZMM_MOMENT_PEAK:
		return find_peak(program, options, operation, error);
	case ZMM_MOMENT_END:
		*operation = program->op_count;
		return true;
	default:
		if (moment->operation <= program->op_count)
			return true;
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: the trace has %zu operations, so there is no"
			" moment after operation %" PRIu64, path, program->op_count, moment->operation);
		return false;
	}
}
