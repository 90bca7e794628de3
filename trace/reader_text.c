/* SPDX-License-Identifier: MIT */
/* Reads the text format: lines of the input through the parser. */
#include "trace/reader.h"

#include <stdlib.h>

#include "trace/text_format.h"

static int next_text(struct zmm_reader *reader, struct zmm_event *event, struct zmm_error *error)
{
	struct zmm_text *text = reader->state;
	const char *line;
	size_t length;
	int result;

	while ((result = zmm_input_line(reader->input, &line, &length, error)) == 1) {
		int found = zmm_text_parse(text, line, length, event);
		if (found == 1)
			return 1;
		if (found < 0) {
			zmm_reader_blame(reader, error, "%s", text->fault);
			return -1;
		}
	}
	return result;
}

bool zmm_reader_start_text(struct zmm_reader *reader, struct zmm_error *error)
{
	reader->next = next_text;
	reader->release = free;
	reader->state = calloc(1, sizeof(struct zmm_text));
	if (!reader->state)
		zmm_error_no_memory(error, zmm_input_name(reader->input));
	return reader->state;
}
