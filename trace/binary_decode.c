/* SPDX-License-Identifier: MIT */
/*
 * The decoding half of the binary trace format: headers and events from buffers of the caller,
 * which may hold anything. Invariant: nothing is read outside the buffer, and a cursor that
 * failed stands on the event it could not read.
 */
#include "trace/binary_format.h"

#include <string.h>

#include "trace/binary_layout.h"

/* --- headers --------------------------------------------------------------------------------- */

const char *zmm_file_header_read(struct zmm_file_header *header,
	const unsigned char bytes[ZMM_FILE_HEADER_BYTES])
{
	*header = (struct zmm_file_header){
		.version = zmm_get32(bytes + FILE_VERSION),
		.flags = zmm_get32(bytes + FILE_FLAGS),
		.first = zmm_get32(bytes + FILE_FIRST),
		.stride = zmm_get32(bytes + FILE_STRIDE),
		.process = zmm_get32(bytes + FILE_PROCESS),
		.id_shift = bytes[FILE_ID_SHIFT],
		.start_time = zmm_get64(bytes + FILE_START_TIME),
	};
	if (memcmp(bytes, zmm_binary_magic, sizeof zmm_binary_magic) != 0)
		return "does not start as a binary trace does";
	if (header->version != ZMM_BINARY_VERSION)
		return "has another version of the format";
	if (zmm_get32(bytes + FILE_CHECKSUM) != zmm_xxh32(bytes, FILE_CHECKSUM, 0))
		return "is damaged (its checksum does not agree)";
	if (header->flags & ~(uint32_t)ZMM_FILE_KNOWN_FLAGS)
		return "asks for something that only a newer zmm knows";
	if (header->first < ZMM_FILE_HEADER_BYTES || header->id_shift > ID_SHIFT_MAX)
		return "has impossible values";
	if (header->stride && header->stride <= ZMM_BLOCK_HEADER_BYTES)
		return "has blocks too small to hold anything";
	return NULL;
}

const char *zmm_block_header_read(struct zmm_block_info *info,
	const unsigned char bytes[ZMM_BLOCK_HEADER_BYTES])
{
	*info = (struct zmm_block_info){
		.type = bytes[BLOCK_TYPE],
		.closed = bytes[BLOCK_STATE] == BLOCK_STATE_CLOSED,
		.stamped = bytes[BLOCK_FLAGS] & BLOCK_FLAG_STAMPED,
		.room = zmm_get32(bytes + BLOCK_ROOM),
		.used = zmm_get32(bytes + BLOCK_USED),
		.thread = zmm_get32(bytes + BLOCK_THREAD),
		.checksum = zmm_get32(bytes + BLOCK_CHECKSUM),
		.stamp = zmm_get64(bytes + BLOCK_STAMP),
		.events_before = zmm_get64(bytes + BLOCK_EVENTS_BEFORE),
	};
	if (zmm_get32(bytes + BLOCK_MAGIC) != BLOCK_MAGIC_VALUE)
		return "no block starts here";
	if (info->room > ZMM_ROOM_MAX)
		return "the block claims more room than any has";
	if (info->used > info->room)
		return "the block claims to use more than its room";
	if (info->type == 0 || (info->type > ZMM_BLOCK_END && info->type < ZMM_BLOCK_OPTIONAL))
		return "the block is of a type that only a newer zmm knows";
	return NULL;
}

bool zmm_block_header_blank(const unsigned char bytes[ZMM_BLOCK_HEADER_BYTES])
{
	return zmm_get32(bytes + BLOCK_MAGIC) == 0;
}

/* --- events ---------------------------------------------------------------------------------- */

void zmm_block_start_reading(struct zmm_block_cursor *cursor, const struct zmm_block_info *info,
	const unsigned char *payload, uint8_t id_shift)
{
	cursor->start = payload;
	cursor->at = payload;
	cursor->end = payload + info->used;
	cursor->id = 0;
	cursor->stamp = info->stamp;
	cursor->thread = info->thread;
	cursor->id_shift = id_shift;
	cursor->stamped = info->stamped;
	cursor->fault = NULL;
}

/* What is left of the event being decoded. A failure sets `fault` once and reads zeros from then
 * on, so that callers check at the end only. */
struct source {
	const unsigned char *at;
	const unsigned char *end;
	const char *fault;
};

static void fail(struct source *source, const char *fault)
{
	if (!source->fault)
		source->fault = fault;
	source->at = source->end;
}

static unsigned get_byte(struct source *source)
{
	if (source->at == source->end) {
		fail(source, "the event is cut short");
		return 0;
	}
	return *source->at++;
}

static uint64_t get_varint_slow(struct source *source)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t byte = get_byte(source);
		if (shift == 63 && byte > 1)
			break;
		value |= (byte & 127) << shift;
		if (byte < 128)
			return value;
	}
	fail(source, "a number is longer than 64 bits");
	return 0;
}

static inline uint64_t get_varint(struct source *source)
{
	if (source->at < source->end && *source->at < 128)
		return *source->at++;
	return get_varint_slow(source);
}

static inline uint64_t get_difference(struct source *source, uint64_t before)
{
	uint64_t folded = get_varint(source);

	return before + (folded >> 1 ^ (0 - (folded & 1)));
}

static uint32_t get_number32(struct source *source, const char *fault)
{
	uint64_t value = get_varint(source);

	if (value > UINT32_MAX)
		fail(source, fault);
	return (uint32_t)value;
}

static void get_text(struct source *source, struct zmm_event *event)
{
	uint64_t length = get_varint(source);

	if (length > ZMM_TEXT_MAX) {
		fail(source, "a text is longer than the format allows");
		return;
	}
	if (length > (uint64_t)(source->end - source->at)) {
		fail(source, "a text is cut short");
		return;
	}
	event->text = (const char *)source->at;
	event->text_length = (size_t)length;
	source->at += length;
}

static void get_frames(struct source *source, uint64_t *frames, struct zmm_event *event)
{
	uint64_t count = get_varint(source);
	uint64_t before = 0;

	if (count > ZMM_FRAMES_MAX) {
		fail(source, "a stack has more frames than the format allows");
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		before = get_difference(source, before);
		frames[i] = before;
	}
	event->frames = frames;
	event->frame_count = (size_t)count;
}

static void get_operands(struct source *source, struct zmm_block_cursor *cursor,
	struct zmm_event *event)
{
	switch (zmm_operands(event->kind)) {
	case OPERANDS_NONE:
		break;
	case OPERANDS_ID:
	case OPERANDS_ID_SIZE:
		cursor->id = get_difference(source, cursor->id);
		event->id = cursor->id << cursor->id_shift;
		if (zmm_operands(event->kind) == OPERANDS_ID_SIZE)
			event->size = get_varint(source);
		break;
	case OPERANDS_SIZE:
		event->size = get_varint(source);
		break;
	case OPERANDS_TEXT:
		get_text(source, event);
		break;
	case OPERANDS_STACK:
		event->id = get_number32(source, "a call site's number is too big");
		get_frames(source, cursor->frames, event);
		break;
	case OPERANDS_SYMBOL:
		event->id = get_varint(source);
		get_text(source, event);
		break;
	case OPERANDS_MODULE:
		event->id = get_varint(source);
		event->size = get_varint(source);
		event->offset = get_varint(source);
		get_text(source, event);
		break;
	case OPERANDS_UNKNOWN:
		fail(source, "the event is of a kind that only a newer zmm knows");
		break;
	}
}

/* Step over an event that a newer writer put in for newer readers. */
static void skip_event(struct source *source)
{
	uint64_t length = get_varint(source);

	if (length > (uint64_t)(source->end - source->at))
		fail(source, "the event is cut short");
	else
		source->at += length;
}

static void get_event(struct source *source, struct zmm_block_cursor *cursor, unsigned code,
	struct zmm_event *event)
{
	memset(event, 0, sizeof *event);
	event->kind = code & CODE_KIND;
	event->thread = cursor->thread;
	cursor->stamp += code & CODE_STAMP ? get_varint(source) : 1;
	event->stamp = cursor->stamp;
	event->stamped = cursor->stamped;
	if (code & CODE_ALIGNED) {
		event->alignment_log2 = (uint8_t)get_byte(source);
		if (event->alignment_log2 > ZMM_ALIGNMENT_LOG2_MAX)
			fail(source, "an alignment is too big");
		if (zmm_operands(code) != OPERANDS_ID_SIZE)
			fail(source, "an event has an alignment that has no block to be aligned");
	}
	if (code & CODE_SITE) {
		event->site = get_number32(source, "a call site's number is too big");
		if (zmm_operands(code) >= OPERANDS_TEXT)
			fail(source, "a remark has a call site");
	}
	get_operands(source, cursor, event);
}

int zmm_block_next(struct zmm_block_cursor *cursor, struct zmm_event *event)
{
	while (cursor->at < cursor->end) {
		struct source source = { cursor->at, cursor->end, NULL };
		unsigned code = get_byte(&source);
		bool found = false;
		if ((code & CODE_KIND) >= CODE_SKIPPABLE) {
			skip_event(&source);
		} else if ((code & CODE_KIND) == ZMM_BINARY_SWITCH) {
			cursor->thread = get_number32(&source, "a thread's number is too big");
		} else {
			get_event(&source, cursor, code, event);
			found = true;
		}
		if (source.fault) {
			cursor->fault = source.fault;
			return -1;
		}
		cursor->at = source.at;
		if (found)
			return 1;
	}
	return 0;
}
