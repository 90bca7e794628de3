/* SPDX-License-Identifier: MIT */
/*
 * zmm explore: writes a page that steps through the operations of a trace.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ablate_ideas.h"
#include "tools/explore_json.h"
#include "tools/options.h"
#include "tools/page.h"
#include "tools/zmm.h"
#include "trace/error.h"
#include "trace/input.h"

static const char help[] =
	"usage: zmm explore [OPTION…] TRACE -o FILE.html\n"
	"Writes one page, which needs no network, that steps through the operations of a\n"
	"trace, forward and backward: what the allocator did, the memory as a map, the\n"
	"lists, the figures.\n"
	"\n"
	"  -o, --output FILE    the page; - is standard output\n"
	"  -m, --mode MODE      legacy, modern, or both side by side (the default)\n"
	"  -f, --from OP        begin with the heap after that operation (default: 0, a\n"
	"                       new heap)\n"
	"  -n, --count N        so many operations (default: 1000, or what the trace has)\n"
	"  -S, --seg-size SIZE  legacy: size of a segment, as 64K (default:\n"
	"                       ZEND_MM_SEG_SIZE or 256K)\n"
	"      --variant NAME   the legacy heap without one idea, as no-rest-list;\n"
	"                       as-it-was is the design itself; up to four, side by side\n"
	"      --text FILE      HTML that is put beside the heaps, such as a lesson; its\n"
	"                       links to #op=N go to that operation\n"
	"      --docs URL       where the documents are that the page refers to; {} in\n"
	"                       it stands for a document's name (default: ../doc/{}.md)\n"
	"  -h, --help           print this\n"
	"\n"
	"Exit status: 0, 1 if there is no memory or the page cannot be written, 2 for\n"
	"bad usage or a bad trace.\n";

enum { STANDARD_COUNT = 1000, OPTION_DOCS = 256, OPTION_VARIANT, OPTION_TEXT };

struct settings {
	struct zmm_explorer_options page;
	char titles[ZMM_EXPLORER_HEAPS][64];
	bool legacy, modern;
	size_t segment_size;
	const char *text;
	const char *output;
	const char *path;
	bool help;
};

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "mode", required_argument, NULL, 'm' },
	{ "from", required_argument, NULL, 'f' },
	{ "count", required_argument, NULL, 'n' },
	{ "seg-size", required_argument, NULL, 'S' },
	{ "docs", required_argument, NULL, OPTION_DOCS },
	{ "variant", required_argument, NULL, OPTION_VARIANT },
	{ "text", required_argument, NULL, OPTION_TEXT },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int set_mode(struct settings *settings, const char *name)
{
	bool both = strcmp(name, "both") == 0;

	settings->legacy = both || strcmp(name, "legacy") == 0;
	settings->modern = both || strcmp(name, "modern") == 0;
	if (!settings->legacy && !settings->modern)
		return zmm_bad_usage("explore", "there is no mode '%s', only legacy, modern and both",
			name);
	return ZMM_EXIT_OK;
}

static int add_heap(struct settings *settings, struct zmm_explorer_heap heap)
{
	if (settings->page.heap_count == ZMM_EXPLORER_HEAPS)
		return zmm_bad_usage("explore", "a page shows up to %d heaps", ZMM_EXPLORER_HEAPS);
	settings->page.heaps[settings->page.heap_count++] = heap;
	return ZMM_EXIT_OK;
}

static int add_variant(struct settings *settings, const char *name)
{
	const struct zmm_variant *variant;
	int status = zmm_variant_option("explore", name, &variant);

	if (status != ZMM_EXIT_OK)
		return status;
	snprintf(settings->titles[settings->page.heap_count % ZMM_EXPLORER_HEAPS],
		sizeof settings->titles[0], "Legacy heap: %s", variant->title);
	return add_heap(settings, (struct zmm_explorer_heap){
		settings->titles[settings->page.heap_count % ZMM_EXPLORER_HEAPS], ZMM_ALLOCATOR_LEGACY,
		variant->segment_size, variant->switches });
}

/* The heaps that the mode asks for, after those of --variant. */
static int add_modes(struct settings *settings)
{
	struct zend_mm_study_switches standard = zend_mm_study_default().switches;
	bool variants = settings->page.heap_count > 0;
	int status = ZMM_EXIT_OK;

	for (size_t i = 0; i < settings->page.heap_count; i++)
		if (!settings->page.heaps[i].segment_size)
			settings->page.heaps[i].segment_size = settings->segment_size;
	if (settings->legacy && !variants)
		status = add_heap(settings, (struct zmm_explorer_heap){
			"Legacy heap", ZMM_ALLOCATOR_LEGACY, settings->segment_size, standard });
	if (status == ZMM_EXIT_OK && settings->modern)
		status = add_heap(settings, (struct zmm_explorer_heap){
			"Modern heap", ZMM_ALLOCATOR_MODERN, 0, standard });
	return status;
}

static int set_option(struct settings *settings, int option)
{
	switch (option) {
	case 'o':
		settings->output = optarg;
		return ZMM_EXIT_OK;
	case 'm':
		return set_mode(settings, optarg);
	case 'f':
		return zmm_parse_count(optarg, &settings->page.first) ? ZMM_EXIT_OK
			: zmm_bad_usage("explore", "'%s' is no operation's number", optarg);
	case 'n':
		return zmm_parse_count(optarg, &settings->page.count) && settings->page.count > 0
			? ZMM_EXIT_OK : zmm_bad_usage("explore", "'%s' is no number of operations", optarg);
	case 'S':
		return zmm_parse_size(optarg, &settings->segment_size)
			&& settings->segment_size > 0 ? ZMM_EXIT_OK
			: zmm_bad_usage("explore", "'%s' is no size of a segment, such as 64K", optarg);
	case OPTION_DOCS:
		settings->page.docs = optarg;
		return ZMM_EXIT_OK;
	case OPTION_VARIANT:
		return add_variant(settings, optarg);
	case OPTION_TEXT:
		settings->text = optarg;
		return ZMM_EXIT_OK;
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
		&& (option = zmm_next_option("explore", argc, argv, "o:m:f:n:S:h", long_options)) != -1)
		status = set_option(settings, option);
	if (status != ZMM_EXIT_OK || settings->help)
		return status;
	if (optind + 1 != argc)
		return zmm_bad_usage("explore", optind == argc ? "no trace was named"
			: "only one trace can be explored at a time");
	if (!settings->output)
		return zmm_bad_usage("explore", "no page was named: -o FILE.html");
	settings->path = argv[optind];
	if (!settings->legacy && !settings->modern) /* no --mode */
		settings->legacy = settings->modern = settings->page.heap_count == 0;
	return add_modes(settings);
}

/* The file's name without its folders. */
static const char *bare_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The HTML of --text, into a buffer that is released with free(); an empty one without it. */
static char *read_text(const struct settings *settings, size_t *length, struct zmm_error *error)
{
	enum { most = 1 << 20 };
	const unsigned char *bytes;
	struct zmm_input *input;
	char *text = NULL;

	*length = 0;
	if (!settings->text)
		return calloc(1, 1);
	input = zmm_input_open(settings->text, error);
	if (!input)
		return NULL;
	if (zmm_input_peek(input, most + 1, &bytes, length, error)) {
		if (*length > most)
			zmm_error_set(error, ZMM_ERROR_INPUT, "%s: a text may have 1 MiB",
				zmm_input_name(input));
		else if (!(text = malloc(*length + 1)))
			zmm_error_no_memory(error, zmm_input_name(input));
		else
			memcpy(text, bytes, *length);
	}
	zmm_input_close(input);
	return text;
}

static bool write_parts(const struct settings *settings, const zmm_program *program,
	struct zmm_error *error)
{
	size_t text_length, length = 0;
	char *text = read_text(settings, &text_length, error);
	char *data = text ? zmm_explorer_json(program, &settings->page, &length, error) : NULL;
	bool done = false;

	if (data) {
		const struct zmm_page_part parts[] = {
			{ "DATA", data, length, true }, { "TEXT", text, text_length, false }
		};

		done = zmm_page_write(settings->output, "web/explorer.html", parts, 2, error);
	}
	free(data);
	free(text);
	return done;
}

static int write_page(struct settings *settings, const zmm_program *program)
{
	struct zmm_explorer_options *page = &settings->page;
	struct zmm_error error;

	if (page->first > program->op_count)
		return zmm_bad_usage("explore", "%s has %zu operations, so there is nothing after %" PRIu64,
			settings->path, program->op_count, page->first);
	if (page->count > program->op_count - page->first)
		page->count = program->op_count - page->first;
	page->name = bare_name(settings->path);
	return write_parts(settings, program, &error) ? zmm_finish_output(ZMM_EXIT_OK)
		: zmm_error_print(&error);
}

int zmm_cmd_explore(int argc, char **argv)
{
	struct settings settings = {
		.page = { .count = STANDARD_COUNT, .docs = "../doc/{}.md" }
	};
	struct zmm_error error;
	zmm_program *program;
	int status = read_command_line(&settings, argc, argv);

	if (status != ZMM_EXIT_OK)
		return status;
	if (settings.help) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	status = zmm_spare_input("explore", settings.output, settings.path);
	if (status != ZMM_EXIT_OK)
		return status;
	program = zmm_program_load(settings.path, 0, &error);
	if (!program)
		return zmm_error_print(&error);
	status = write_page(&settings, program);
	zmm_program_free(program);
	return status;
}
