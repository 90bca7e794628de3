/* SPDX-License-Identifier: MIT */
/*
 * zmm ledger: where the memory is that a heap holds at a moment of a replay, and how fragmented it
 * is, then and over the run.
 *
 * On the way, the ledger is taken every so many operations and has to sum each time.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/census.h"
#include "tools/emit_figures.h"
#include "tools/moment.h"
#include "tools/options.h"
#include "tools/replay_options.h"
#include "tools/zmm.h"

static const char help[] =
	"usage: zmm ledger [OPTION…] TRACE\n"
	"Replays a trace, and says what each byte that the heap holds at a moment is\n"
	"held for, how fragmented the heap is at that moment and over the run, and which\n"
	"blocks keep nearly empty segments or chunks from going back to the system.\n"
	"\n"
	"  -a, --at MOMENT      peak (of the live bytes, the default), end, or an\n"
	"                       operation's number\n"
	"  -e, --every N        take a ledger every N operations, which has to sum\n"
	"                       (default: as many as make 200 ledgers)\n"
	"  -c, --curve          also the unusable-free index for each size of request\n"
	"  -b, --bins           also how many blocks of each small size are used and idle\n"
	"  -p, --pins N         show at most N pinned regions, and N blocks of each\n"
	"                       (default: 5)\n"
	ZMM_REPLAY_OPTIONS_HELP
	"  -j, --json           print the results as JSON\n"
	"  -h, --help           print this\n"
	"\n"
	"Exit status: 0, 1 if a ledger does not sum or there is no memory, 2 for bad\n"
	"usage or a bad trace.\n";

enum { STANDARD_LEDGERS = 200 };

struct settings {
	struct zmm_replay_options replay;
	struct zmm_moment moment;
	uint64_t every;      /* 0: not said */
	uint64_t pins;
	bool curve, bins;
	bool json;
	bool help;
	const char *path;
};

/* --- the command line ------------------------------------------------------------------------ */

static const char short_options[] = "a:e:cbp:" ZMM_REPLAY_SHORT_OPTIONS "jh";

static const struct option long_options[] = {
	{ "at", required_argument, NULL, 'a' },
	{ "every", required_argument, NULL, 'e' },
	{ "curve", no_argument, NULL, 'c' },
	{ "bins", no_argument, NULL, 'b' },
	{ "pins", required_argument, NULL, 'p' },
	ZMM_REPLAY_LONG_OPTIONS,
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* Options that take no value. */
static int set_switch(struct settings *settings, int option)
{
	switch (option) {
	case 'c':
		settings->curve = true;
		return ZMM_EXIT_OK;
	case 'b':
		settings->bins = true;
		return ZMM_EXIT_OK;
	case 'j':
		settings->json = true;
		return ZMM_EXIT_OK;
	case 'h':
		settings->help = true;
		return ZMM_EXIT_OK;
	default:
		return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
	}
}

static int set_option(struct settings *settings, int option)
{
	switch (option) {
	case 'a':
		return zmm_parse_moment(optarg, &settings->moment) ? ZMM_EXIT_OK
			: zmm_bad_usage("ledger", "'%s' is no operation's number, nor peak or end", optarg);
	case 'e':
		return zmm_parse_count(optarg, &settings->every) && settings->every > 0 ? ZMM_EXIT_OK
			: zmm_bad_usage("ledger", "'%s' is no number of operations", optarg);
	case 'p':
		return zmm_parse_count(optarg, &settings->pins) ? ZMM_EXIT_OK
			: zmm_bad_usage("ledger", "'%s' is no number of pins", optarg);
	case 'm':
	case 's':
	case 'S':
		return zmm_replay_option(&settings->replay, option, optarg, "ledger");
	default:
		return set_switch(settings, option);
	}
}

static int read_command_line(struct settings *settings, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !settings->help
		&& (option = zmm_next_option("ledger", argc, argv, short_options, long_options)) != -1)
		status = set_option(settings, option);
	if (status != ZMM_EXIT_OK || settings->help)
		return status;
	if (optind + 1 != argc)
		return zmm_bad_usage("ledger", optind == argc ? "no trace was named"
			: "only one trace can be replayed at a time");
	settings->path = argv[optind];
	return ZMM_EXIT_OK;
}

/* --- the run --------------------------------------------------------------------------------- */

struct survey {
	const struct settings *settings;
	const zmm_program *program;
	uint64_t at;               /* the moment's operation */
	uint64_t ledgers;          /* taken, all of which summed */
	struct zmm_course course;
	struct zmm_shape shape;    /* of the moment */
	struct zmm_pins pins;      /* likewise */
	struct zmm_error *error;
	bool failed;
};

static bool no_memory(struct survey *survey)
{
	zmm_error_set(survey->error, ZMM_ERROR_SYSTEM, "no memory to look at the heap");
	return false;
}

static bool ledger_sums(struct survey *survey, const struct zmm_ledger *ledger, uint64_t operation)
{
	char text[160];

	survey->ledgers++;
	if (!zmm_ledger_complaint(ledger, text, sizeof text))
		return true;
	zmm_error_set(survey->error, ZMM_ERROR_SYSTEM, "%s: the ledger after operation %" PRIu64
		" does not sum: %s", survey->settings->path, operation, text);
	return false;
}

static bool take_ledger(struct survey *survey, const struct zmm_replay_moment *now)
{
	struct zmm_ledger ledger;
	struct zmm_live live;

	zmm_census_count(&live, survey->program, now);
	if (zmm_ledger_take(&ledger, now->heap, &live) != 0)
		return no_memory(survey);
	return ledger_sums(survey, &ledger, now->operation);
}

static bool take_moment(struct survey *survey, const struct zmm_replay_moment *now)
{
	struct zmm_census census;
	bool done = zmm_census_take(&census, survey->program, now)
		&& zmm_shape_take(&survey->shape, now->heap, &census.live) == 0
		&& zmm_pins_find(&survey->pins, now->heap, zmm_census_lookup, &census) == 0;

	zmm_census_drop(&census);
	return done ? ledger_sums(survey, &survey->shape.ledger, now->operation) : no_memory(survey);
}

static bool observe(void *context, const struct zmm_replay_moment *now)
{
	struct survey *survey = context;
	zend_mm_figures figures;

	if (now->operation > 0 && now->operation == survey->course.operation)
		return true; /* the last one is shown twice */
	zend_mm_get_figures(now->heap, &figures);
	zmm_course_feed(&survey->course, now->operation, now->live_bytes, figures.real_size);
	if (now->operation == survey->at)
		survey->failed = !take_moment(survey, now);
	else if (now->operation % survey->settings->every == 0)
		survey->failed = !take_ledger(survey, now);
	return !survey->failed;
}

static bool run(struct survey *survey, struct zmm_error *error)
{
	struct zmm_full_run full = { .observe_every = 1, .observer = observe, .context = survey };
	zmm_replay *replay = zmm_replay_new(survey->program, &survey->settings->replay, error);
	struct zmm_error why;
	bool done;

	if (!replay)
		return false;
	survey->error = error;
	done = zmm_replay_full(replay, &full, &why);
	zmm_replay_free(replay);
	if (!done && !survey->failed)
		*error = why;
	return done;
}

/* --- results --------------------------------------------------------------------------------- */

static void emit_facts(zmm_emit *emit, const struct survey *survey)
{
	const struct zmm_ledger *ledger = &survey->shape.ledger;
	bool legacy = survey->shape.mode == ZEND_MM_LEGACY;

	zmm_emit_fact(emit, "trace", "trace", zmm_value_text(survey->settings->path));
	zmm_emit_fact(emit, "mode", "mode", zmm_value_text(legacy ? "legacy" : "modern"));
	zmm_emit_fact(emit, "operation", "after operation", zmm_value_count(survey->at));
	zmm_emit_fact(emit, "live_blocks", "live blocks", zmm_value_count(ledger->live.blocks));
	zmm_emit_fact(emit, "live_bytes", "live bytes", zmm_value_bytes(ledger->live.requested));
	zmm_emit_fact(emit, "held_bytes", "held bytes", zmm_value_bytes(ledger->held));
	zmm_emit_fact(emit, "regions", legacy ? "segments" : "chunks in use",
		zmm_value_count(survey->shape.regions));
	zmm_emit_fact(emit, "pinned_regions", "pinned of these", zmm_value_count(survey->pins.count));
	zmm_emit_fact(emit, "pinned_bytes", "which would give back",
		zmm_value_bytes(survey->pins.pinned_bytes));
	zmm_emit_fact(emit, "ledgers", "ledgers that sum", zmm_value_count(survey->ledgers));
}

static int print_results(const struct survey *survey)
{
	const struct settings *settings = survey->settings;
	struct zmm_error error;
	zmm_emit *emit = settings->json ? zmm_emit_json(stdout, &error)
		: zmm_emit_text(stdout, &error);

	if (!emit)
		return zmm_error_print(&error);
	emit_facts(emit, survey);
	zmm_emit_ledger(emit, &survey->shape.ledger, survey->shape.mode);
	zmm_emit_measures(emit, &survey->shape, &survey->course, NULL);
	zmm_emit_symbols(emit);
	if (settings->curve)
		zmm_emit_curve(emit, &survey->shape);
	if (settings->bins)
		zmm_emit_bins(emit, &survey->shape);
	if (survey->pins.count && settings->pins)
		zmm_emit_pins(emit, &survey->pins, settings->pins);
	if (!zmm_emit_close(emit)) {
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "no memory for the results");
		return zmm_error_print(&error);
	}
	return zmm_finish_output(ZMM_EXIT_OK);
}

static int look(const struct settings *settings, const zmm_program *program)
{
	static struct survey survey; /* too big for the stack of some systems */
	struct zmm_error error;
	int status;

	survey = (struct survey){ .settings = settings, .program = program };
	if (zmm_find_moment(&settings->moment, program, settings->path, &settings->replay, &survey.at,
			&error)
		&& run(&survey, &error))
		status = print_results(&survey);
	else
		status = zmm_error_print(&error);
	zmm_pins_drop(&survey.pins);
	return status;
}

int zmm_cmd_ledger(int argc, char **argv)
{
	struct settings settings = { .pins = 5 };
	struct zmm_error error;

	zmm_replay_options_init(&settings.replay);
	int status = read_command_line(&settings, argc, argv);
	if (status != ZMM_EXIT_OK)
		return status;
	if (settings.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	zmm_program *program = zmm_program_load(settings.path, 0, &error);
	if (!program)
		return zmm_error_print(&error);
	if (settings.every == 0)
		settings.every = program->op_count / STANDARD_LEDGERS + 1;
	status = look(&settings, program);
	zmm_program_free(program);
	return status;
}
