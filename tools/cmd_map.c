/* SPDX-License-Identifier: MIT */
/*
 * zmm map: a heap at a moment of a trace, drawn as rows of characters.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tools/ablate_ideas.h"
#include "tools/explore_text.h"
#include "tools/moment.h"
#include "tools/options.h"
#include "tools/terminal.h"
#include "tools/zmm.h"
#include "trace/error.h"

static const char help[] =
	"usage: zmm map [OPTION…] TRACE\n"
	"Draws a heap at a moment of a trace: each segment or chunk as rows of\n"
	"characters with a legend, the lists of free memory below, and the figures. A\n"
	"place is REGION+OFFSET, as zmm replay --placements counts regions.\n"
	"\n"
	"  -a, --at MOMENT      peak (of the live bytes), end (the default), or an\n"
	"                       operation's number; 0 is the heap as it was made\n"
	"  -m, --mode MODE      legacy or modern (default: ZEND_MM_MODE, or legacy)\n"
	"  -S, --seg-size SIZE  legacy: size of a segment, as 64K (default:\n"
	"                       ZEND_MM_SEG_SIZE or 256K)\n"
	"      --variant NAME   the legacy heap without one idea, as no-rest-list\n"
	"  -b, --blocks         each block on a line of its own instead of the rows\n"
	"  -w, --width N        characters of a row (default: what fits, 64 without a\n"
	"                       terminal)\n"
	"  -h, --help           print this\n"
	"\n"
	"Rows are coloured on a terminal, unless NO_COLOR is set.\n"
	"\n"
	"Exit status: 0, 1 if there is no memory, 2 for bad usage or a bad trace.\n";

enum { OPTION_VARIANT = 256 };

struct settings {
	struct zmm_moment moment;
	struct zmm_scene_run run;
	struct zmm_scene_style style;
	bool help;
	const char *path;
};

static const struct option long_options[] = {
	{ "at", required_argument, NULL, 'a' },
	{ "mode", required_argument, NULL, 'm' },
	{ "seg-size", required_argument, NULL, 'S' },
	{ "variant", required_argument, NULL, OPTION_VARIANT },
	{ "blocks", no_argument, NULL, 'b' },
	{ "width", required_argument, NULL, 'w' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int set_mode(struct settings *settings, const char *name)
{
	if (strcmp(name, "legacy") == 0)
		settings->run.allocator = ZMM_ALLOCATOR_LEGACY;
	else if (strcmp(name, "modern") == 0)
		settings->run.allocator = ZMM_ALLOCATOR_MODERN;
	else
		return zmm_bad_usage("map", "there is no mode '%s', only legacy and modern", name);
	return ZMM_EXIT_OK;
}

static int set_width(struct settings *settings, const char *text)
{
	uint64_t width;

	if (!zmm_parse_count(text, &width) || width < 8 || width > 1000)
		return zmm_bad_usage("map", "'%s' is no width from 8 to 1000", text);
	settings->style.width = (unsigned)width;
	return ZMM_EXIT_OK;
}

static int set_variant(struct settings *settings, const char *name)
{
	const struct zmm_variant *variant;
	int status = zmm_variant_option("map", name, &variant);

	if (status == ZMM_EXIT_OK) {
		settings->run.allocator = ZMM_ALLOCATOR_LEGACY;
		settings->run.switches = variant->switches;
		settings->run.segment_size = variant->segment_size;
	}
	return status;
}

static int set_option(struct settings *settings, int option)
{
	switch (option) {
	case 'a':
		if (strcmp(optarg, "0") == 0) {
			settings->moment = (struct zmm_moment){ ZMM_MOMENT_OPERATION, 0 };
			return ZMM_EXIT_OK;
		}
		return zmm_parse_moment(optarg, &settings->moment) ? ZMM_EXIT_OK
			: zmm_bad_usage("map", "'%s' is no operation's number, nor peak or end", optarg);
	case 'm':
		return set_mode(settings, optarg);
	case 'S':
		return zmm_parse_size(optarg, &settings->run.segment_size)
			&& settings->run.segment_size > 0 ? ZMM_EXIT_OK
			: zmm_bad_usage("map", "'%s' is no size of a segment, such as 64K", optarg);
	case 'b':
		settings->style.blocks = true;
		return ZMM_EXIT_OK;
	case 'w':
		return set_width(settings, optarg);
	case OPTION_VARIANT:
		return set_variant(settings, optarg);
	case 'h':
		settings->help = true;
		return ZMM_EXIT_OK;
	default:
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	}
}

static int read_command_line(struct settings *settings, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !settings->help
		&& (option = zmm_next_option("map", argc, argv, "a:m:S:bw:h", long_options)) != -1)
		status = set_option(settings, option);
	if (status != ZMM_EXIT_OK || settings->help)
		return status;
	if (optind + 1 != argc)
		return zmm_bad_usage("map", optind == argc ? "no trace was named"
			: "only one trace can be drawn at a time");
	settings->path = argv[optind];
	return ZMM_EXIT_OK;
}

static bool print_scene(void *context, const struct zmm_scene *scene)
{
	const struct settings *settings = context;

	zmm_scene_print(stdout, scene, &settings->style);
	return true;
}

static int draw(struct settings *settings, const zmm_program *program)
{
	struct zmm_replay_options options = { .allocator = settings->run.allocator };
	struct zmm_error error;

	if (!zmm_find_moment(&settings->moment, program, settings->path, &options,
			&settings->run.first, &error))
		return zmm_error_print(&error);
	settings->run.last = settings->run.first;
	settings->run.observer = print_scene;
	settings->run.context = settings;
	if (!zmm_scenes_run(program, &settings->run, &error))
		return zmm_error_print(&error);
	return zmm_finish_output(ZMM_EXIT_OK);
}

int zmm_cmd_map(int argc, char **argv)
{
	struct settings settings = {
		.moment = { ZMM_MOMENT_END, 0 }, .run.switches = zend_mm_study_default().switches,
		.style = { zmm_colour_wanted(), false, zmm_style_width(zmm_terminal_columns()) }
	};
	zend_mm_options defaults;
	zmm_program *program;
	struct zmm_error error;
	int status;

	zend_mm_default_options(&defaults);
	settings.run.allocator = defaults.mode == ZEND_MM_MODERN ? ZMM_ALLOCATOR_MODERN
		: ZMM_ALLOCATOR_LEGACY;
	status = read_command_line(&settings, argc, argv);
	if (status != ZMM_EXIT_OK)
		return status;
	if (settings.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	program = zmm_program_load(settings.path, 0, &error);
	if (!program)
		return zmm_error_print(&error);
	status = draw(&settings, program);
	zmm_program_free(program);
	return status;
}
