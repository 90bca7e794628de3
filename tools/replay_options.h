/* SPDX-License-Identifier: MIT */
/*
 * tools/replay_options.h - the options of all subcommands that replay a trace on one heap: which
 * heap, over which storage.
 */
#ifndef ZMM_REPLAY_OPTIONS_H
#define ZMM_REPLAY_OPTIONS_H

#include "trace/replay.h"

/* Their part of getopt_long()'s two descriptions, and of the help text. */
#define ZMM_REPLAY_SHORT_OPTIONS "m:s:S:"
#define ZMM_REPLAY_LONG_OPTIONS \
	{ "mode", required_argument, NULL, 'm' }, \
	{ "storage", required_argument, NULL, 's' }, \
	{ "seg-size", required_argument, NULL, 'S' }
#define ZMM_REPLAY_OPTIONS_HELP \
	"  -m, --mode MODE      legacy or modern (default: ZEND_MM_MODE, or legacy)\n" \
	"  -s, --storage NAME   where the heap gets memory: a storage type of this build,\n" \
	"                       or spaced\n" \
	"  -S, --seg-size SIZE  legacy: size of a segment, as 64K (default:\n" \
	"                       ZEND_MM_SEG_SIZE or 256K)\n"

/* What holds where no option says otherwise. */
void zmm_replay_options_init(struct zmm_replay_options *options);

/* Takes the option that getopt_long() returned, 'm', 's' or 'S', with its value. Returns
 * ZMM_EXIT_OK, or ZMM_EXIT_USAGE after saying what is wrong. */
int zmm_replay_option(struct zmm_replay_options *options, int option, const char *value,
	const char *command);

#endif
