/* SPDX-License-Identifier: MIT */
/*
 * Reads the binary format. A file whose blocks are in order is read as it comes, one block in the
 * input's window at a time; one written by a recorder goes through binary_merge.c. Ids that are
 * addresses go through addresses.c.
 *
 * Invariant: a file that no recorder wrote is either read to its end block, whose count of events
 * agrees, or reported as damaged or cut short.
 */
#include "trace/reader.h"

#include <stdlib.h>
#include <string.h>

#include "trace/addresses.h"
#include "trace/binary_format.h"
#include "trace/binary_merge.h"

struct binary {
	struct zmm_file_header header;
	struct zmm_merge *merge; /* NULL: read in order */
	struct zmm_block_cursor cursor;
	uint64_t payload_offset; /* of the block in the cursor */
	size_t in_window;        /* its bytes, to be skipped when it is done */
	uint64_t events;
	struct zmm_addresses addresses;
};

/* --- blocks in order ------------------------------------------------------------------------- */

static int blame(struct zmm_reader *reader, struct zmm_error *error, uint64_t offset,
	const char *what)
{
	reader->offset = offset;
	zmm_reader_blame(reader, error, "%s; get the file again, or convert it again", what);
	return -1;
}

static int end_of_file(struct binary *binary, struct zmm_reader *reader,
	const struct zmm_block_info *info, uint64_t offset, struct zmm_error *error)
{
	const unsigned char *bytes;
	size_t count;

	if (info->events_before != binary->events)
		return blame(reader, error, offset, "the end mark counts another number of events: a part "
			"of the file is missing");
	zmm_input_skip(reader->input, ZMM_BLOCK_HEADER_BYTES + info->room);
	if (!zmm_input_peek(reader->input, 1, &bytes, &count, error))
		return -1;
	if (count)
		return blame(reader, error, zmm_input_offset(reader->input), "something follows the end "
			"mark");
	return 0;
}

/* Everything of a block that can be told before its events are looked at. */
static const char *fault_of_block(const struct binary *binary, const struct zmm_block_info *info,
	const unsigned char *bytes)
{
	if (!info->closed)
		return "the block was never finished";
	if (info->checksum != zmm_block_checksum(bytes, bytes + ZMM_BLOCK_HEADER_BYTES, info->used))
		return "the block's checksum does not agree";
	if (info->type == ZMM_BLOCK_EVENTS && info->events_before != binary->events)
		return "a block before this one is missing";
	return NULL;
}

/* Make the next block's events ready: 1, 0 at the trace's end, -1 on failure. */
static int next_block(struct binary *binary, struct zmm_reader *reader, struct zmm_error *error)
{
	const unsigned char *bytes;
	struct zmm_block_info info;
	const char *fault = NULL;
	size_t count;

	zmm_input_skip(reader->input, binary->in_window);
	binary->in_window = 0;
	uint64_t offset = zmm_input_offset(reader->input);
	size_t whole = ZMM_BLOCK_HEADER_BYTES;
	if (!zmm_input_peek(reader->input, whole, &bytes, &count, error))
		return -1;
	if (count >= whole)
		fault = zmm_block_header_read(&info, bytes);
	if (count >= whole && !fault) {
		whole += info.room;
		if (!zmm_input_peek(reader->input, whole, &bytes, &count, error))
			return -1;
	}
	if (count < whole)
		return blame(reader, error, offset + count,
			"the file is cut short: its end mark is missing");
	fault = fault ? fault : fault_of_block(binary, &info, bytes);
	if (fault)
		return blame(reader, error, offset, fault);
	if (info.type == ZMM_BLOCK_END)
		return end_of_file(binary, reader, &info, offset, error);
	if (info.type != ZMM_BLOCK_EVENTS)
		info.used = 0; /* for newer readers only */
	zmm_block_start_reading(&binary->cursor, &info, bytes + ZMM_BLOCK_HEADER_BYTES,
		binary->header.id_shift);
	binary->payload_offset = offset + ZMM_BLOCK_HEADER_BYTES;
	binary->in_window = whole;
	return 1;
}

static int next_in_order(struct binary *binary, struct zmm_reader *reader,
	struct zmm_event *event, struct zmm_error *error)
{
	for (;;) {
		reader->offset = binary->payload_offset
			+ (uint64_t)(binary->cursor.at - binary->cursor.start);
		int result = zmm_block_next(&binary->cursor, event);
		if (result < 0)
			return blame(reader, error, reader->offset, binary->cursor.fault);
		if (result == 1) {
			binary->events++;
			return 1;
		}
		result = next_block(binary, reader, error);
		if (result != 1)
			return result;
	}
}

/* --- events ---------------------------------------------------------------------------------- */

static inline int next_raw(struct zmm_reader *reader, struct zmm_event *event,
	struct zmm_error *error)
{
	struct binary *binary = reader->state;
	int result = binary->merge
		? zmm_merge_next(binary->merge, reader, event, error)
		: next_in_order(binary, reader, event, error);

	/* Stamps that are no times have done their work. */
	if (result == 1 && !(event->stamped && binary->header.flags & ZMM_FILE_CLOCK)) {
		event->stamped = false;
		event->stamp = 0;
	}
	return result;
}

static int next_by_id(struct zmm_reader *reader, struct zmm_event *event,
	struct zmm_error *error)
{
	int result = next_raw(reader, event, error);

	if (result == 1 && (event->kind == ZMM_BINARY_DETACH || event->kind == ZMM_BINARY_ATTACH))
		return blame(reader, error, reader->offset, "the event makes sense only where blocks are "
			"named by address");
	return result;
}

static bool push_by_id(struct binary *binary, struct zmm_reader *reader,
	const struct zmm_event *event)
{
	struct zmm_addresses *addresses = &binary->addresses;

	switch (event->kind) {
	case ZMM_EVENT_ALLOC:
		return zmm_addresses_alloc(addresses, reader, event);
	case ZMM_EVENT_FREE:
		return zmm_addresses_free(addresses, reader, event);
	case ZMM_EVENT_RESIZE:
		return zmm_addresses_resize(addresses, reader, event);
	case ZMM_BINARY_DETACH:
		return zmm_addresses_detach(addresses, reader, event);
	case ZMM_BINARY_ATTACH:
		return zmm_addresses_attach(addresses, reader, event);
	case ZMM_EVENT_END_REQUEST:
		zmm_addresses_clear(addresses);
		break;
	}
	zmm_reader_push(reader, event);
	return true;
}

static int step_by_address(struct zmm_reader *reader, struct zmm_error *error)
{
	struct zmm_event event;
	int result = next_raw(reader, &event, error);

	if (result == 1 && !push_by_id(reader->state, reader, &event)) {
		zmm_error_no_memory(error, zmm_input_name(reader->input));
		return -1;
	}
	return result;
}

/* --- opening --------------------------------------------------------------------------------- */

static void release(void *state)
{
	struct binary *binary = state;

	zmm_merge_close(binary->merge);
	zmm_addresses_release(&binary->addresses);
	free(binary);
}

static bool read_header(struct binary *binary, struct zmm_reader *reader,
	struct zmm_error *error)
{
	const unsigned char *bytes;
	size_t count;

	if (!zmm_input_peek(reader->input, ZMM_FILE_HEADER_BYTES, &bytes, &count, error))
		return false;
	reader->offset = count;
	if (count < ZMM_FILE_HEADER_BYTES) {
		zmm_reader_blame(reader, error, "the file is cut short inside its header; get it again");
		return false;
	}
	reader->offset = 0;
	const char *fault = zmm_file_header_read(&binary->header, bytes);
	if (fault && binary->header.version != ZMM_BINARY_VERSION) {
		reader->offset = 8;
		zmm_reader_blame(reader, error, "the trace is in version %u of the binary format and this "
			"zmm reads version %d; use the zmm that wrote it to convert it to text",
			binary->header.version, ZMM_BINARY_VERSION);
	} else if (fault) {
		zmm_reader_blame(reader, error, "the file's header %s; get the file again, or a newer zmm",
			fault);
	}
	return !fault;
}

/* Skip to where the blocks begin. */
static bool reach_first_block(struct binary *binary, struct zmm_reader *reader,
	struct zmm_error *error)
{
	uint64_t left = binary->header.first;
	const unsigned char *bytes;
	size_t count;

	while (left) {
		if (!zmm_input_peek(reader->input, 1, &bytes, &count, error))
			return false;
		if (count == 0)
			return true; /* next_block() says what that means */
		count = count < left ? count : left;
		zmm_input_skip(reader->input, count);
		left -= count;
	}
	return true;
}

bool zmm_reader_start_binary(struct zmm_reader *reader, struct zmm_error *error)
{
	struct binary *binary = calloc(1, sizeof *binary);

	if (!binary) {
		zmm_error_no_memory(error, zmm_input_name(reader->input));
		return false;
	}
	reader->state = binary;
	reader->release = release;
	reader->by_offset = true;
	if (!read_header(binary, reader, error))
		return false;
	if (binary->header.flags & ZMM_FILE_BY_ADDRESS)
		reader->step = step_by_address;
	else
		reader->next = next_by_id;
	bool in_order = !(binary->header.flags & (ZMM_FILE_MERGE | ZMM_FILE_RECORDED));
	if (in_order && !binary->header.stride)
		return reach_first_block(binary, reader, error);
	binary->merge = zmm_merge_open(reader, &binary->header, error);
	return binary->merge;
}
