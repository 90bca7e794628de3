/* SPDX-License-Identifier: MIT */
/*
 * tools/replay_options.c - reading the options that say what a trace is replayed on.
 */
#include <string.h>

#include "tools/options.h"
#include "tools/replay_options.h"
#include "tools/zmm.h"

void zmm_replay_options_init(struct zmm_replay_options *options)
{
	zend_mm_options defaults;

	zend_mm_default_options(&defaults);
	*options = (struct zmm_replay_options){
		.allocator = defaults.mode == ZEND_MM_MODERN ? ZMM_ALLOCATOR_MODERN
			: ZMM_ALLOCATOR_LEGACY
	};
}

static int set_mode(struct zmm_replay_options *options, const char *name, const char *command)
{
	if (strcmp(name, "legacy") == 0)
		options->allocator = ZMM_ALLOCATOR_LEGACY;
	else if (strcmp(name, "modern") == 0)
		options->allocator = ZMM_ALLOCATOR_MODERN;
	else
		return zmm_bad_usage(command, "there is no mode '%s', only legacy and modern", name);
	return ZMM_EXIT_OK;
}

int zmm_replay_option(struct zmm_replay_options *options, int option, const char *value,
	const char *command)
{
	switch (option) {
	case 'm':
		return set_mode(options, value, command);
	case 's':
		options->storage = value;
		return ZMM_EXIT_OK;
	default:
		return zmm_parse_size(value, &options->segment_size) && options->segment_size > 0
			? ZMM_EXIT_OK
			: zmm_bad_usage(command, "'%s' is no size of a segment, such as 64K", value);
	}
}
