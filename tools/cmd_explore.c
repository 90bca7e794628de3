/* SPDX-License-Identifier: MIT */
/*
 * zmm explore: writes a page that steps through the operations of a trace.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/explore_json.h"
#include "tools/options.h"
#include "tools/page.h"
#include "tools/zmm.h"
#include "trace/error.h"

static const char help[] =
	"usage: zmm explore [OPTION…] TRACE -o FILE.html\n"
	"Writes one page, which needs no network, that steps through the operations of a trace, "
	"forward\n"
	"and backward: what the allocator did, the memory as a map, the lists, the figures.\n\n"
	"  -o, --output FILE    the page; - is standard output\n"
	"  -m, --mode MODE      legacy, modern, or both side by side (the default)\n"
	"  -f, --from OP        begin with the heap after that operation (default: 0, a new heap)\n"
	"  -n, --count N        so many operations (default: 1000, or what the trace has)\n"
	"  -S, --seg-size SIZE  legacy: size of a segment, as 64K (default: ZEND_MM_SEG_SIZE or 256K)\n"
	"      --docs URL       where the documents are that the page refers to (default: ../doc/)\n"
	"  -h, --help           print this\n\n"
	"Exit status: 0, 1 if there is no memory or the page cannot be written, 2 for bad usage or a\n"
	"bad trace.\n";

enum { STANDARD_COUNT = 1000, OPTION_DOCS = 256 };

struct settings {
	struct zmm_explorer_options page;
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
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int set_mode(struct settings *settings, const char *name)
{
	bool both = strcmp(name, "both") == 0;

	settings->page.legacy = both || strcmp(name, "legacy") == 0;
	settings->page.modern = both || strcmp(name, "modern") == 0;
	if (!settings->page.legacy && !settings->page.modern)
		return zmm_bad_usage("explore", "there is no mode '%s', only legacy, modern and both",
			name);
	return ZMM_EXIT_OK;
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
		return zmm_parse_size(optarg, &settings->page.segment_size)
			&& settings->page.segment_size > 0 ? ZMM_EXIT_OK
			: zmm_bad_usage("explore", "'%s' is no size of a segment, such as 64K", optarg);
	case OPTION_DOCS:
		settings->page.docs = optarg;
		return ZMM_EXIT_OK;
	case 'h':
		settings->help = true;
		return ZMM_EXIT_OK;
	default:
		fputs("see zmm explore --help\n", stderr); /* getopt_long() has said what is wrong */
		return ZMM_EXIT_USAGE;
	}
}

static int read_command_line(struct settings *settings, int argc, char **argv)
{
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK && !settings->help
		&& (option = getopt_long(argc, argv, "o:m:f:n:S:h", long_options, NULL)) != -1)
		status = set_option(settings, option);
	if (status != ZMM_EXIT_OK || settings->help)
		return status;
	if (optind + 1 != argc)
		return zmm_bad_usage("explore", optind == argc ? "no trace was named"
			: "only one trace can be explored at a time");
	if (!settings->output)
		return zmm_bad_usage("explore", "no page was named: -o FILE.html");
	settings->path = argv[optind];
	return ZMM_EXIT_OK;
}

/* The file's name without its folders. */
static const char *bare_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int write_page(struct settings *settings, const zmm_program *program)
{
	struct zmm_explorer_options *page = &settings->page;
	struct zmm_error error;
	size_t length;
	char *data;
	bool done;

	if (page->first > program->op_count)
		return zmm_bad_usage("explore", "%s has %zu operations, so there is nothing after %" PRIu64,
			settings->path, program->op_count, page->first);
	if (page->count > program->op_count - page->first)
		page->count = program->op_count - page->first;
	page->name = bare_name(settings->path);
	data = zmm_explorer_json(program, page, &length, &error);
	if (!data)
		return zmm_error_print(&error);
	done = zmm_page_write(settings->output, "web/explorer.html", data, length, &error);
	free(data);
	return done ? zmm_finish_output(ZMM_EXIT_OK) : zmm_error_print(&error);
}

int zmm_cmd_explore(int argc, char **argv)
{
	struct settings settings = {
		.page = { .legacy = true, .modern = true, .count = STANDARD_COUNT, .docs = "../doc/" }
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
	program = zmm_program_load(settings.path, 0, &error);
	if (!program)
		return zmm_error_print(&error);
	status = write_page(&settings, program);
	zmm_program_free(program);
	return status;
}
