/* SPDX-License-Identifier: MIT */
/*
 * zmm step: goes through a trace one operation at a time, forward and backward, in the terminal.
 *
 * On a terminal one key is a command; from a pipe each line is one. Going anywhere replays the
 * trace up to there: that is quick, and exact.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/ablate_ideas.h"
#include "tools/explore_text.h"
#include "tools/options.h"
#include "tools/terminal.h"
#include "tools/zmm.h"
#include "trace/error.h"

#define KEYS \
	"  n, Enter, →  the next operation         p, ←     the one before\n" \
	"  N            100 further                P        100 back\n" \
	"  NUMBER, g N  that operation             0, ^, $  the beginning, the end\n" \
	"  m            map on or off              b        map as blocks or as rows\n" \
	"  ?            these keys                 q        quit\n"

static const char help[] =
	"usage: zmm step [OPTION…] TRACE\n"
	"Goes through a trace one operation at a time: what the allocator did, in words,\n"
	"and the heap afterwards. On a terminal a key is a command, otherwise each line\n"
	"of standard input is one.\n"
	"\n"
	KEYS
	"\n"
	"  -f, --from OP        begin after that operation (default: 0, the heap as it\n"
	"                       was made)\n"
	"  -m, --mode MODE      legacy or modern (default: ZEND_MM_MODE, or legacy)\n"
	"  -S, --seg-size SIZE  legacy: size of a segment, as 64K (default:\n"
	"                       ZEND_MM_SEG_SIZE or 256K)\n"
	"      --variant NAME   the legacy heap without one idea, as no-rest-list\n"
	"  -h, --help           print this\n"
	"\n"
	"Exit status: 0, 1 if there is no memory, 2 for bad usage or a bad trace.\n";

enum { LEAP = 100, OPTION_VARIANT = 256 };

struct session {
	struct zmm_scene_run run;
	struct zmm_scene_style style;
	const zmm_program *program;
	uint64_t at;
	bool map;
	bool help;
	bool keys;             /* one key at a time */
	const char *path;
};

static const struct option long_options[] = {
	{ "from", required_argument, NULL, 'f' },
	{ "mode", required_argument, NULL, 'm' },
	{ "seg-size", required_argument, NULL, 'S' },
	{ "variant", required_argument, NULL, OPTION_VARIANT },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* --- keys ------------------------------------------------------------------------------------ */

/* A line without its end; false at the end of input. */
static bool read_line(char *line, int size)
{
	if (!fgets(line, size, stdin))
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	return true;
}

/* The number of an operation, digit by digit, the first of which may have been typed; escape or
 * another key takes it back, and then the command is to draw again. */
static bool read_number(char *line, size_t size, int key)
{
	size_t length = 0;

	fputs("operation: ", stdout);
	for (; key != '\n' && key != '\r'; key = zmm_terminal_key()) {
		if (key >= '0' && key <= '9' && length + 1 < size) {
			line[length++] = (char)key;
			putchar(key);
		} else if ((key == 127 || key == 8) && length > 0) {
			length--;
			fputs("\b \b", stdout);
		} else if (key != 0) {
			snprintf(line, size, "r");
			return key != ZMM_KEY_END;
		}
		fflush(stdout);
	}
	line[length] = '\0';
	if (length == 0)
		snprintf(line, size, "r");
	return true;
}

/* The next command as a line: a key is one, but for a number, which ends with Enter. False at the
 * end of input, and where nobody gets to see what is shown. */
static bool read_command(struct session *session, char *line, size_t size)
{
	static const struct { int key; char command; } others[] = {
		{ '\n', 'n' }, { '\r', 'n' }, { ' ', 'n' }, { ZMM_KEY_RIGHT, 'n' }, { ZMM_KEY_DOWN, 'n' },
		{ ZMM_KEY_LEFT, 'p' }, { ZMM_KEY_UP, 'p' }, { ZMM_KEY_HOME, '^' }, { ZMM_KEY_LAST, '$' },
		{ ZMM_KEY_RESIZED, 'r' }, { ZMM_KEY_OTHER, '?' }
	};
	int key;

	fputs(session->keys ? "n next, p back, g operation, ? keys, q quit > " : "> ", stdout);
	if (!zmm_flush_output())
		return false;
	if (!session->keys)
		return read_line(line, (int)size);
	key = zmm_terminal_key();
	if (key == 'g' || (key >= '1' && key <= '9'))
		return read_number(line, size, key == 'g' ? 0 : key);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (key == others[i].key)
			key = others[i].command;
	snprintf(line, size, "%c", key);
	return key != ZMM_KEY_END;
}

/* --- showing --------------------------------------------------------------------------------- */

static bool show_scene(void *context, const struct zmm_scene *scene)
{
	struct session *session = context;

	if (session->keys) { /* what happened last, where the eye is */
		fputs("\033[H\033[2J\033[3J", stdout);
		session->style.width = zmm_style_width(zmm_terminal_columns());
	} else {
		zmm_steps_print(stdout, scene, session->program);
	}
	if (session->map)
		zmm_scene_print(stdout, scene, &session->style);
	if (session->keys) {
		putchar('\n');
		zmm_steps_print(stdout, scene, session->program);
		putchar('\n');
	}
	return true;
}

static bool show(struct session *session, struct zmm_error *error)
{
	session->run.first = session->run.last = session->at;
	session->run.observer = show_scene;
	session->run.context = session;
	return zmm_scenes_run(session->program, &session->run, error);
}

static void go(struct session *session, uint64_t to)
{
	uint64_t last = session->program->op_count;

	session->at = to < last ? to : last;
}

/* Does a command; false for one that there is not. */
static bool obey(struct session *session, const char *line)
{
	uint64_t number, at = session->at;

	if (zmm_parse_count(line[0] == 'g' ? line + 1 + strspn(line + 1, " ") : line, &number)) {
		go(session, number);
		return true;
	}
	if (strlen(line) > 1)
		return false;
	switch (*line) {
	case '\0':
	case 'n':
		go(session, at + 1);
		return true;
	case 'p':
		go(session, at ? at - 1 : 0);
		return true;
	case 'N':
		go(session, at + LEAP);
		return true;
	case 'P':
		go(session, at > LEAP ? at - LEAP : 0);
		return true;
	case '^':
		go(session, 0);
		return true;
	case '$':
		go(session, UINT64_MAX);
		return true;
	case 'm':
		session->map = !session->map;
		return true;
	case 'b':
		session->style.blocks = !session->style.blocks;
		return true;
	case 'r':
		return true;
	default:
		return false;
	}
}

static bool converse(struct session *session, struct zmm_error *error)
{
	char line[64];

	if (!show(session, error))
		return false;
	while (read_command(session, line, sizeof line) && strcmp(line, "q") != 0) {
		if (!obey(session, line))
			fputs(session->keys ? "\n\n" KEYS "\n" : KEYS, stdout);
		else if (!show(session, error))
			return false;
	}
	return true;
}

/* --- the command line ------------------------------------------------------------------------ */

static int set_variant(struct session *session, const char *name)
{
	const struct zmm_variant *variant;
	int status = zmm_variant_option("step", name, &variant);

	if (status == ZMM_EXIT_OK) {
		session->run.allocator = ZMM_ALLOCATOR_LEGACY;
		session->run.switches = variant->switches;
		session->run.segment_size = variant->segment_size;
	}
	return status;
}

static int set_option(struct session *session, int option)
{
	switch (option) {
	case 'f':
		return zmm_parse_count(optarg, &session->at) ? ZMM_EXIT_OK
			: zmm_bad_usage("step", "'%s' is no operation's number", optarg);
	case 'm':
		session->run.allocator = strcmp(optarg, "modern") == 0 ? ZMM_ALLOCATOR_MODERN
			: ZMM_ALLOCATOR_LEGACY;
		return strcmp(optarg, "modern") == 0 || strcmp(optarg, "legacy") == 0 ? ZMM_EXIT_OK
			: zmm_bad_usage("step", "there is no mode '%s', only legacy and modern", optarg);
	case 'S':
		return zmm_parse_size(optarg, &session->run.segment_size)
			&& session->run.segment_size > 0 ? ZMM_EXIT_OK
			: zmm_bad_usage("step", "'%s' is no size of a segment, such as 64K", optarg);
	case OPTION_VARIANT:
		return set_variant(session, optarg);
	case 'h':
		session->help = true;
		return ZMM_EXIT_OK;
	default:
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	}
}

static int read_command_line(struct session *session, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !session->help
		&& (option = zmm_next_option("step", argc, argv, "f:m:S:h", long_options)) != -1)
		status = set_option(session, option);
	if (status != ZMM_EXIT_OK || session->help)
		return status;
	if (optind + 1 != argc)
		return zmm_bad_usage("step", optind == argc ? "no trace was named"
			: "only one trace can be stepped through at a time");
	session->path = argv[optind];
	if (strcmp(session->path, "-") == 0)
		return zmm_bad_usage("step", "commands come from standard input, so a trace cannot");
	return ZMM_EXIT_OK;
}

int zmm_cmd_step(int argc, char **argv)
{
	struct session session = {
		.run.switches = zend_mm_study_default().switches,
		.style = { zmm_colour_wanted(), false, 64 }, .map = true
	};
	zend_mm_options defaults;
	struct zmm_error error;
	int status;
	bool done;

	zend_mm_default_options(&defaults);
	session.run.allocator = defaults.mode == ZEND_MM_MODERN ? ZMM_ALLOCATOR_MODERN
		: ZMM_ALLOCATOR_LEGACY;
	status = read_command_line(&session, argc, argv);
	if (status != ZMM_EXIT_OK)
		return status;
	if (session.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	session.program = zmm_program_load(session.path, 0, &error);
	if (!session.program)
		return zmm_error_print(&error);
	go(&session, session.at);
	session.keys = zmm_terminal_begin();
	done = converse(&session, &error);
	if (session.keys) {
		zmm_terminal_end();
		putchar('\n');
	}
	zmm_program_free((zmm_program *)(uintptr_t)session.program);
	return done ? zmm_finish_output(ZMM_EXIT_OK) : zmm_error_print(&error);
}
