/* SPDX-License-Identifier: MIT */
/*
 * zmm convert: any readable trace or log to the text or binary format. The events are checked on
 * the way, so what was written can be replayed.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tools/zmm.h"
#include "trace/ids.h"
#include "trace/trace.h"

static const char help[] =
	"usage: zmm convert [OPTION…] IN OUT\n"
	"Turns a trace or a log into a trace in another format.\n"
	"\n"
	"  -t, --to=FORMAT  write text or binary, whatever OUT's name says\n"
	"  -z, --zstd       compress with zstd, whatever OUT's name says\n"
	"  -h, --help       print this\n"
	"\n"
	"IN is told by its content: a text or binary trace, a log of glibc's mtrace(3),\n"
	"output of ltrace(1) (best: ltrace -f -i -o FILE -e\n"
	"malloc+calloc+realloc+free...), or a .rep file of the CS:APP malloc lab; any of\n"
	"them may be compressed with zstd. - is standard input.\n"
	"\n"
	"OUT's name tells the format: .zmt is binary, .trace and .txt are text, each\n"
	"followed by .zst compressed; any other name, and - for standard output, is\n"
	"text. OUT appears only when all of it is written.\n";

struct options {
	const char *in;
	const char *out;
	enum zmm_format format;
	bool compress;
};

/* 0, or the exit status to end with; -1 when there is nothing left to do. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "to", required_argument, NULL, 't' },
		{ "zstd", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *to = NULL;
	bool zstd = false;
	int option;

	while ((option = zmm_next_option("convert", argc, argv, "t:zh", known)) != -1) {
		switch (option) {
		case 't':
			to = optarg;
			break;
		case 'z':
			zstd = true;
			break;
		case 'h':
			fputs(help, stdout);
			return -1;
		default:
			return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
		}
	}
	if (argc - optind != 2)
		return zmm_bad_usage("convert", "name an input and an output");
	options->in = argv[optind];
	options->out = argv[optind + 1];
	zmm_format_from_name(options->out, &options->format, &options->compress);
	options->compress |= zstd;
	if (to && strcmp(to, "text") == 0)
		options->format = ZMM_FORMAT_TEXT;
	else if (to && strcmp(to, "binary") == 0)
		options->format = ZMM_FORMAT_BINARY;
	else if (to)
		return zmm_bad_usage("convert", "'%s' is no format to write; text and binary are", to);
	return 0;
}

/* Copy all events, each checked. False after filling the error. */
static bool copy_events(zmm_reader *reader, zmm_writer *writer, struct zmm_error *error)
{
	struct zmm_event event;
	struct zmm_ids ids;
	uint32_t slot;
	int result;

	zmm_ids_init(&ids);
	while ((result = zmm_reader_next(reader, &event, error)) == 1)
		if (!zmm_ids_follow(&ids, reader, &event, &slot, error)
			|| !zmm_writer_put(writer, &event, error))
			break;
	zmm_ids_release(&ids);
	return result == 0;
}

static bool convert(const struct options *options, struct zmm_error *error)
{
	zmm_reader *reader = zmm_reader_open(options->in, error);
	if (!reader)
		return false;
	zmm_writer *writer = zmm_writer_open(options->out, options->format, options->compress, error);
	bool good = writer && copy_events(reader, writer, error);

	const char *remarks = good ? zmm_reader_remarks(reader) : NULL;
	if (remarks)
		fprintf(stderr, "zmm: %s\n", remarks);
	zmm_reader_close(reader); /* before the output, which may have its name, takes its place */
	if (good)
		good = zmm_writer_close(writer, error);
	else
		zmm_writer_abandon(writer);
	return good;
}

int zmm_cmd_convert(int argc, char **argv)
{
	struct options options = { 0 };
	struct zmm_error error;
	int status = parse_options(argc, argv, &options);

	if (status < 0)
		return zmm_finish_output(ZMM_EXIT_OK);
	if (status)
		return status;
	return convert(&options, &error) ? ZMM_EXIT_OK : zmm_error_print(&error);
}
