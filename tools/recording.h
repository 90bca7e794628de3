/* SPDX-License-Identifier: MIT */
/*
 * Recordings after the recorded process has ended: what it left as it was when it ended is put in
 * order, and its call stacks get names.
 */
#ifndef ZMM_RECORDING_H
#define ZMM_RECORDING_H

#include "trace/trace.h"

struct zmm_recording {
	uint32_t process;
	uint64_t start_time; /* nanoseconds since 1970 */
	uint64_t bytes;      /* of the file, when it is finished */
};

/* What a file's header says. False when it is no recording. */
bool zmm_recording_look(const char *path, struct zmm_recording *recording);

/* Close the blocks that were being written, cut off what was reserved and not used and, if
 * `name_functions`, append the names of the functions in call stacks. The process must have
 * ended. False with the error set; the file is then as readable as before. */
bool zmm_recording_finish(const char *path, bool name_functions,
	struct zmm_recording *recording, struct zmm_error *error);

#endif
