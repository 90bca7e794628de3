/* SPDX-License-Identifier: MIT */
/*
 * The writer: events to a file in the text or the binary format.
 *
 * A binary file is written in blocks that are encoded straight into the output's buffer. Invariant:
 * between two calls either no block is open, or `block` is and what was reserved for it is not yet
 * committed.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/binary_format.h"
#include "trace/error.h"
#include "trace/output.h"
#include "trace/text_format.h"
#include "trace/trace.h"

struct zmm_writer {
	struct zmm_output *output;
	enum zmm_format format;
	struct zmm_text text;
	struct zmm_block block;
	bool block_open;
	uint64_t events; /* in closed blocks */
};

/* --- names ----------------------------------------------------------------------------------- */

static bool ends_with(const char *path, size_t length, const char *suffix)
{
	size_t suffix_length = strlen(suffix);

	return length > suffix_length
		&& memcmp(path + length - suffix_length, suffix, suffix_length) == 0;
}

bool zmm_format_from_name(const char *path, enum zmm_format *format, bool *compress)
{
	size_t length = strlen(path);

	*compress = ends_with(path, length, ".zst");
	if (*compress)
		length -= strlen(".zst");
	*format = ends_with(path, length, ".zmt") ? ZMM_FORMAT_BINARY : ZMM_FORMAT_TEXT;
	return *format == ZMM_FORMAT_BINARY || ends_with(path, length, ".trace")
		|| ends_with(path, length, ".txt");
}

/* --- binary ---------------------------------------------------------------------------------- */

static bool put_file_header(struct zmm_writer *writer, struct zmm_error *error)
{
	const struct zmm_file_header header = {
		.version = ZMM_BINARY_VERSION,
		.flags = ZMM_FILE_CLOCK,
		.first = ZMM_FILE_HEADER_BYTES,
	};
	unsigned char *bytes = zmm_output_reserve(writer->output, ZMM_FILE_HEADER_BYTES, error);

	if (!bytes)
		return false;
	zmm_file_header_write(bytes, &header);
	zmm_output_commit(writer->output, ZMM_FILE_HEADER_BYTES);
	return true;
}

static void close_block(struct zmm_writer *writer)
{
	if (!writer->block_open)
		return;
	writer->events += writer->block.events;
	zmm_output_commit(writer->output, zmm_block_close(&writer->block, true));
	writer->block_open = false;
}

static bool open_block(struct zmm_writer *writer, const struct zmm_event *event,
	struct zmm_error *error)
{
	const struct zmm_block_start start = {
		.thread = event->thread,
		.stamped = event->stamped,
		.stamp = event->stamp,
		.events_before = writer->events,
	};
	enum { BYTES = ZMM_BLOCK_HEADER_BYTES + ZMM_ROOM_MIN };
	unsigned char *bytes = zmm_output_reserve(writer->output, BYTES, error);

	if (!bytes)
		return false;
	zmm_block_open(&writer->block, bytes, BYTES, &start);
	writer->block_open = true;
	return true;
}

/* Whether the open block's stamps can go on to this event's. */
static bool stamps_go_on(const struct zmm_block *block, const struct zmm_event *event)
{
	return block->stamped == event->stamped && (!event->stamped || event->stamp >= block->stamp);
}

static bool put_binary(struct zmm_writer *writer, const struct zmm_event *original,
	struct zmm_error *error)
{
	struct zmm_event event = *original;

	/* A remark has no time of its own: it goes along with what is around it. */
	if (writer->block_open && !zmm_event_is_operation(&event)) {
		event.stamped = writer->block.stamped;
		event.stamp = writer->block.stamp;
	}
	if (writer->block_open && !stamps_go_on(&writer->block, &event))
		close_block(writer);
	if (writer->block_open && zmm_block_add(&writer->block, &event))
		return true;
	close_block(writer);
	return open_block(writer, &event, error) && zmm_block_add(&writer->block, &event);
}

static bool finish_binary(struct zmm_writer *writer, struct zmm_error *error)
{
	close_block(writer);
	unsigned char *bytes = zmm_output_reserve(writer->output, ZMM_BLOCK_HEADER_BYTES, error);
	if (!bytes)
		return false;
	zmm_end_block_write(bytes, writer->events);
	zmm_output_commit(writer->output, ZMM_BLOCK_HEADER_BYTES);
	return true;
}

/* --- both ------------------------------------------------------------------------------------ */

static bool put_text(struct zmm_writer *writer, const struct zmm_event *event,
	struct zmm_error *error)
{
	unsigned char *bytes = zmm_output_reserve(writer->output, zmm_text_room(event), error);

	if (!bytes)
		return false;
	char *end = zmm_text_format(&writer->text, (char *)bytes, event);
	zmm_output_commit(writer->output, (size_t)(end - (char *)bytes));
	return true;
}

zmm_writer *zmm_writer_open(const char *path, enum zmm_format format, bool compress,
	struct zmm_error *error)
{
	struct zmm_writer *writer = calloc(1, sizeof *writer);

	if (!writer) {
		zmm_error_no_memory(error, path);
		return NULL;
	}
	writer->format = format;
	writer->output = zmm_output_open(path, compress, error);
	if (!writer->output || (format == ZMM_FORMAT_BINARY && !put_file_header(writer, error))) {
		zmm_writer_abandon(writer);
		return NULL;
	}
	return writer;
}

bool zmm_writer_put(zmm_writer *writer, const struct zmm_event *event, struct zmm_error *error)
{
	return writer->format == ZMM_FORMAT_BINARY
		? put_binary(writer, event, error)
		: put_text(writer, event, error);
}

bool zmm_writer_close(zmm_writer *writer, struct zmm_error *error)
{
	bool good = writer->format != ZMM_FORMAT_BINARY || finish_binary(writer, error);

	if (good)
		good = zmm_output_close(writer->output, error);
	else
		zmm_output_abandon(writer->output);
	free(writer);
	return good;
}

void zmm_writer_abandon(zmm_writer *writer)
{
	if (!writer)
		return;
	zmm_output_abandon(writer->output);
	free(writer);
}
