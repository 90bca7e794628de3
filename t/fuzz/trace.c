/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the readers of all trace formats, told apart by content.
 *
 *   input:  mode (1 byte, if it is below 8) | the bytes of a file
 *   mode:   1: checksums of a binary trace are made right  2: it is compressed  4: and cut short
 *
 * A file is read to its end or refused with one line that names it and the place. What was read can
 * be written in both formats, packed or not, and comes back the same. Small programs are run, by
 * one thread on both heaps and by their own threads.
 */
#include "config.h"
#include "t/fuzz/files.h"
#include "t/fuzz/target.h"
#include "trace/binary_layout.h"
#include "trace/compressed.h"
#include "trace/program.h"
#include "trace/replay.h"
#include "trace/replay_threads.h"
#include "trace/trace.h"

enum {
	MODE_CHECKSUMS = 1, MODE_PACKED = 2, MODE_CUT = 4, MODES = 8,
	MOST_BYTES = 1 << 16,
	MOST_EVENTS = 4096,       /* longer traces are read, and that is all */
	MOST_TEXT = 1 << 18,
	MOST_OPERATIONS = 2000    /* longer programs are not run */
};

static const uint64_t most_run_bytes = 1 << 24;

/* --- making a file of the input -------------------------------------------------------------- */

/* Corrects the checksums of a binary trace, as far as its blocks can be followed. */
static void correct_checksums(uint8_t *bytes, size_t count)
{
	struct zmm_block_info info;
	size_t at, next;

	if (count < ZMM_FILE_HEADER_BYTES) {
		return;
	}
	memcpy(bytes, zmm_binary_magic, sizeof zmm_binary_magic);
	zmm_put32(bytes + FILE_CHECKSUM, zmm_xxh32(bytes, FILE_CHECKSUM, 0));
	uint32_t stride = zmm_get32(bytes + FILE_STRIDE);
	for (at = zmm_get32(bytes + FILE_FIRST); at < count; at = next) {
		uint8_t *block = bytes + at;
		size_t left = count - at;

		if (left < ZMM_BLOCK_HEADER_BYTES || zmm_block_header_read(&info, block)) {
			return;
		}
		uint32_t used = info.used;
		if (used > left - ZMM_BLOCK_HEADER_BYTES) {
			return;
		}
		zmm_put32(block + BLOCK_CHECKSUM,
			zmm_block_checksum(block, block + ZMM_BLOCK_HEADER_BYTES, used));
		next = at + (stride ? stride : ZMM_BLOCK_HEADER_BYTES + info.room);
		if (next <= at) {
			return;
		}
	}
}

static size_t pack(uint8_t *bytes, size_t count)
{
	static uint8_t packed[MOST_BYTES + 1024];
	struct zmm_error error;
	struct zmm_pieces pieces = { bytes, count, packed, sizeof packed };
	struct zmm_packer *packer = zmm_packer_open("input", &error);
	bool done = false;

	if (!packer) {
		return count; /* built without libzstd */
	}
	while (!done && pieces.out_left
			&& zmm_packer_step(packer, &pieces, true, &done, &error)) {
	}
	zmm_packer_close(packer);
	count = sizeof packed - pieces.out_left;
	memcpy(bytes, packed, count);
	return count;
}

static const char *make_file(const uint8_t *bytes, size_t count)
{
	static uint8_t content[MOST_BYTES + 1024];
	unsigned mode = count && bytes[0] < MODES ? bytes[0] : 0;

	if (count && bytes[0] < MODES) {
		bytes++;
		count--;
	}
	count = count < MOST_BYTES ? count : MOST_BYTES;
	memcpy(content, bytes, count);
	if (mode & MODE_CHECKSUMS) {
		correct_checksums(content, count);
	}
	if (mode & MODE_PACKED) {
		count = pack(content, count);
	}
	if (mode & MODE_CUT) {
		count -= count / 8;
	}
	return fuzz_write_file("in", content, count);
}

/* --- events ---------------------------------------------------------------------------------- */

static struct zmm_event events[MOST_EVENTS];
static size_t event_count;
static char texts[MOST_TEXT];
static uint64_t frames[MOST_TEXT / 8];
static size_t text_used, frames_used;

/* Keeps an event with what belongs to it; false where there is no more room. */
static bool keep(const struct zmm_event *event)
{
	struct zmm_event *kept = &events[event_count];

	if (event_count == MOST_EVENTS || event->text_length > MOST_TEXT - text_used
			|| event->frame_count > sizeof frames / sizeof *frames - frames_used) {
		return false;
	}
	*kept = *event;
	if (event->text_length) {
		memcpy(texts + text_used, event->text, event->text_length);
	}
	kept->text = texts + text_used;
	text_used += event->text_length;
	if (event->frame_count) {
		memcpy(frames + frames_used, event->frames, event->frame_count * sizeof *frames);
	}
	kept->frames = frames + frames_used;
	frames_used += event->frame_count;
	event_count++;
	return true;
}

/* A refusal is one line that names the file and the place in it. */
static void judge_error(const struct zmm_error *error, const char *path)
{
	size_t length = strlen(path);
	const char *place = error->text + length;

	if (error->kind != ZMM_ERROR_INPUT) {
		fuzz_fail("a bad input is no error of the input: %s", error->text);
	}
	if (strncmp(error->text, path, length) != 0 || *place != ':') {
		fuzz_fail("the message does not begin with the file: %s", error->text);
	}
	if (strchr(error->text, '\n') || strlen(error->text) < length + 20) {
		fuzz_fail("no line of text: %s", error->text);
	}
	if (!strstr(place, "byte ") && !strstr(place, "empty")
			&& !(place[1] >= '0' && place[1] <= '9')
			&& (HAVE_ZSTD || !strstr(place, "compressed with zstd"))) {
		fuzz_fail("the message does not say where: %s", error->text);
	}
}

/* Reads a file and keeps its events. True if all of it was read and kept. */
static bool read_events(const char *path)
{
	struct zmm_error error = { .kind = ZMM_ERROR_NONE };
	zmm_reader *reader = zmm_reader_open(path, &error);
	struct zmm_event event;
	bool kept = true;
	int result = -1;

	event_count = text_used = frames_used = 0;
	while (reader && (result = zmm_reader_next(reader, &event, &error)) == 1) {
		kept = kept && keep(&event);
	}
	if (result < 0) {
		judge_error(&error, path);
	}
	if (reader && zmm_reader_next(reader, &event, &error) != result) {
		fuzz_fail("a reader that has ended goes on");
	}
	if (reader) {
		zmm_reader_remarks(reader);
	}
	zmm_reader_close(reader);
	return kept && result == 0;
}

/* --- there and back -------------------------------------------------------------------------- */

static bool same_text(const struct zmm_event *a, const struct zmm_event *b, bool as_line)
{
	if (a->text_length != b->text_length) {
		return false;
	}
	for (size_t i = 0; i < a->text_length; i++) {
		unsigned char byte = (unsigned char) a->text[i];

		if (as_line && byte < ' ' && byte != '\t') {
			byte = ' '; /* there are no control characters in text */
		}
		if (byte != (unsigned char) b->text[i]) {
			return false;
		}
	}
	return true;
}

static bool same_event(const struct zmm_event *a, const struct zmm_event *b, bool as_line)
{
	bool timed = zmm_event_is_operation(a);

	return a->kind == b->kind && a->thread == b->thread && a->site == b->site && a->id == b->id
		&& a->size == b->size && a->offset == b->offset
		&& a->alignment_log2 == b->alignment_log2 && a->frame_count == b->frame_count
		&& (!timed || (a->stamped == b->stamped && a->stamp == b->stamp))
		&& same_text(a, b, as_line)
		&& (a->frame_count == 0
			|| memcmp(a->frames, b->frames, a->frame_count * sizeof *a->frames) == 0);
}

static void write_events(const char *path, enum zmm_format format, bool compress)
{
	struct zmm_error error;
	zmm_writer *writer = zmm_writer_open(path, format, compress, &error);

	for (size_t i = 0; writer && i < event_count; i++) {
		if (!zmm_writer_put(writer, &events[i], &error)) {
			fuzz_fail("event %zu cannot be written: %s", i, error.text);
		}
	}
	if (!writer || !zmm_writer_close(writer, &error)) {
		fuzz_fail("cannot write what was read: %s", error.text);
	}
}

static void compare_events(const char *path, bool as_line)
{
	struct zmm_error error;
	zmm_reader *reader = zmm_reader_open(path, &error);
	struct zmm_event event;
	size_t count = 0;
	int result = -1;

	while (reader && (result = zmm_reader_next(reader, &event, &error)) == 1) {
		if (count >= event_count || !same_event(&events[count], &event, as_line)) {
			fuzz_fail("event %zu of %zu, kind %u, comes back as another, kind %u (%s)", count,
				event_count, events[count].kind, event.kind, as_line ? "text" : "binary");
		}
		count++;
	}
	if (result != 0) {
		fuzz_fail("what was written cannot be read: %s", error.text);
	}
	if (count != event_count) {
		fuzz_fail("%zu of %zu events come back", count, event_count);
	}
	zmm_reader_close(reader);
}

/* A file without operations is none in the text format: there has to be a line. */
static void there_and_back(bool compress)
{
	const char *path = fuzz_path("out");

	compress &= HAVE_ZSTD;
	write_events(path, ZMM_FORMAT_BINARY, compress);
	compare_events(path, false);
	if (event_count > 0) {
		write_events(path, ZMM_FORMAT_TEXT, compress);
		compare_events(path, true);
	}
}

/* --- programs -------------------------------------------------------------------------------- */

static void judge_program(const zmm_program *program)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < program->op_count; i++) {
		const struct zmm_op *op = &program->ops[i];

		if (zmm_op_kind(op) >= ZMM_OP_KINDS
				|| (zmm_op_kind(op) <= ZMM_OP_ALIGNED && zmm_op_slot(op) >= program->slot_count)
				|| ((op->head & ZMM_OP_WIDE) && op->size >= program->wide_count)
				|| (program->thread && program->thread[i] >= program->thread_count)) {
			fuzz_fail("operation %zu makes no sense", i);
		}
	}
	for (int kind = 0; kind < ZMM_OP_KINDS; kind++) {
		sum += program->by_kind[kind];
	}
	if (sum != program->op_count) {
		fuzz_fail("%" PRIu64 " operations by kind, %zu in all", sum, program->op_count);
	}
}

static bool is_small(const zmm_program *program)
{
	for (size_t i = 0; i < program->op_count; i++) {
		uint64_t alignment = zmm_op_alignment(program, &program->ops[i]);

		/* between these, sanitizers need gigabytes */
		if (alignment > 1 << 22 || (zmm_op_size(program, &program->ops[i]) > most_run_bytes
				&& zmm_op_kind(&program->ops[i]) <= ZMM_OP_ALIGNED)) {
			return false;
		}
	}
	return program->op_count <= MOST_OPERATIONS && program->peak_bytes <= most_run_bytes;
}

static void run_on(const zmm_program *program, enum zmm_allocator allocator)
{
	struct zmm_replay_options options = { .allocator = allocator,
		.storage = allocator == ZMM_ALLOCATOR_SYSTEM ? NULL : ZMM_STORAGE_SPACED };
	struct zmm_full_run full = { .check_every = 64, .verify = true };
	struct zmm_error error;
	zmm_replay *replay = zmm_replay_new(program, &options, &error);

	if (!replay) {
		if (error.kind != ZMM_ERROR_INPUT) {
			fuzz_fail("no replay on %s: %s", zmm_allocator_name(allocator), error.text);
		}
		return;
	}
	if (!zmm_replay_full(replay, &full, &error)) {
		fuzz_fail("the replay on %s: %s", zmm_allocator_name(allocator), error.text);
	}
	zmm_replay_free(replay);
}

static void run_threads(const zmm_program *program)
{
	struct zmm_threads_results results;
	struct zmm_error error;

	if (!zmm_replay_threads(program, true, &results, &error) && error.kind != ZMM_ERROR_INPUT) {
		fuzz_fail("the replay by threads: %s", error.text);
	}
}

static void run_program(const char *path)
{
	struct zmm_error error = { .kind = ZMM_ERROR_NONE };
	int kept = fuzz_redirect(2, "/dev/null"); /* remarks */
	zmm_program *program = zmm_program_load(path, ZMM_PROGRAM_SITES, &error);

	fuzz_restore(2, kept);
	if (!program) {
		judge_error(&error, path);
		return;
	}
	judge_program(program);
	if (is_small(program)) {
		run_on(program, ZMM_ALLOCATOR_LEGACY);
		run_on(program, ZMM_ALLOCATOR_MODERN);
		if (program->thread_count <= 4) {
			run_threads(program);
		}
	}
	zmm_program_free(program);
}

/* --------------------------------------------------------------------------------------------- */

static void fuzz_one(const uint8_t *bytes, size_t count)
{
	const char *path = make_file(bytes, count);

	if (read_events(path)) {
		there_and_back(count % 2);
	}
	run_program(path);
}
