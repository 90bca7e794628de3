/* SPDX-License-Identifier: MIT */
/*
 * zmm report: makes the page of a comparison from the document that zmm compare --json wrote.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/json_file.h"
#include "tools/report.h"
#include "tools/zmm.h"

static const char help[] =
	"usage: zmm report [-o PAGE.html] FILE.json\n"
	"Makes the page of a comparison from what zmm compare --json wrote: one file\n"
	"that opens without a network. FILE.json can be - for standard input.\n"
	"\n"
	"  -o, --output FILE    where to write it (default: standard output)\n"
	"  -h, --help           print this\n"
	"\n"
	"Exit status: 0, 1 if the page cannot be written, 2 for bad usage or a bad\n"
	"document.\n";

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

int zmm_cmd_report(int argc, char **argv)
{
	const char *output = "-";
	struct zmm_error error;
	size_t length;
	char *json;
	bool written;
	int option, status;

	while ((option = zmm_next_option("report", argc, argv, "o:h", long_options)) != -1) {
		switch (option) {
		case 'o':
			output = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return zmm_finish_output(0);
		default:
			return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
		}
	}
	if (optind + 1 != argc) {
		return zmm_bad_usage("report", "give one file");
	}
	status = zmm_spare_input("report", output, argv[optind]);
	if (status != ZMM_EXIT_OK) {
		return status;
	}
	json = zmm_json_file_read(argv[optind], "zmm-comparison", 1, &length, &error);
	if (!json) {
		return zmm_error_print(&error);
	}
	written = zmm_report_write(output, json, length, &error);
	free(json);
	return written ? 0 : zmm_error_print(&error);
}
