/* SPDX-License-Identifier: MIT */
/*
 * The compiler from a trace's events to a program; see program.h for what that is. What a trace may
 * and may not do is judged by ids.c.
 */
#include "trace/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/error.h"
#include "trace/ids.h"
#include "trace/map.h"

/* A program while it grows. */
struct compiler {
	zmm_program *program;
	zmm_reader *reader;
	unsigned flags;
	size_t op_room;
	size_t wide_room;
	struct zmm_ids ids;
	struct zmm_map threads; /* thread number to its index + 1 */
	uint32_t last_thread;   /* number and index of the thread seen last */
	uint32_t last_index;
};

static const struct op_kind {
	uint8_t op;
	const char *letter;
} op_kinds[] = {
	[ZMM_EVENT_ALLOC] = { ZMM_OP_ALLOC, "a" },
	[ZMM_EVENT_FREE] = { ZMM_OP_FREE, "f" },
	[ZMM_EVENT_RESIZE] = { ZMM_OP_RESIZE, "r" },
	[ZMM_EVENT_LIMIT] = { ZMM_OP_LIMIT, "l" },
	[ZMM_EVENT_END_REQUEST] = { ZMM_OP_END_REQUEST, "e" },
	[ZMM_EVENT_GC] = { ZMM_OP_GC, "g" },
	[ZMM_EVENT_REFUSE] = { ZMM_OP_REFUSE, "x" },
	[ZMM_EVENT_USAGE] = { ZMM_OP_USAGE, "u" },
	[ZMM_EVENT_THREAD_START] = { ZMM_OP_THREAD_START, "b" },
	[ZMM_EVENT_THREAD_END] = { ZMM_OP_THREAD_END, "d" },
};

const char *zmm_op_letter(enum zmm_op_kind kind)
{
	for (size_t i = ZMM_EVENT_ALLOC; i < sizeof op_kinds / sizeof op_kinds[0]; i++)
		if (op_kinds[i].op == kind)
			return op_kinds[i].letter;
	return op_kinds[ZMM_EVENT_ALLOC].letter; /* ALIGNED */
}

/* --- arrays ---------------------------------------------------------------------------------- */

/* Resize the array that the pointer at `array` points to, to `room` entries of `size` bytes. */
static bool set_room(void *array, size_t room, size_t size)
{
	void *entries;

	memcpy(&entries, array, sizeof entries);
	entries = realloc(entries, room * size);
	if (!entries)
		return false;
	memcpy(array, &entries, sizeof entries);
	return true;
}

static bool grow_ops(struct compiler *compiler)
{
	zmm_program *program = compiler->program;
	size_t room = compiler->op_room ? compiler->op_room + compiler->op_room / 2 : 4096;

	if (!set_room(&program->ops, room, sizeof *program->ops)
		|| (program->thread && !set_room(&program->thread, room, sizeof *program->thread))
		|| (program->site && !set_room(&program->site, room, sizeof *program->site)))
		return false;
	compiler->op_room = room;
	return true;
}

/* Keep a big size or an alignment aside; `*index` says where. */
static bool add_wide(struct compiler *compiler, const struct zmm_event *event, uint32_t *index)
{
	zmm_program *program = compiler->program;

	if (program->wide_count == compiler->wide_room) {
		size_t room = compiler->wide_room ? compiler->wide_room * 2 : 256;
		if (room > UINT32_MAX || !set_room(&program->wide, room, sizeof *program->wide))
			return false;
		compiler->wide_room = room;
	}
	*index = (uint32_t)program->wide_count++;
	program->wide[*index] = (struct zmm_wide){ event->size,
		event->alignment_log2 ? 1ull << event->alignment_log2 : 0 };
	return true;
}

/* --- threads and sites ----------------------------------------------------------------------- */

/* The index of a thread, which is a new one if its number is. False when memory ran out. */
static bool find_thread(struct compiler *compiler, uint32_t number, uint32_t *index)
{
	zmm_program *program = compiler->program;

	if (program->thread_count && number == compiler->last_thread) {
		*index = compiler->last_index;
		return true;
	}
	uint64_t known = zmm_map_get(&compiler->threads, number);
	if (!known) {
		known = ++program->thread_count;
		if (!zmm_map_put(&compiler->threads, number, known))
			return false;
	}
	*index = compiler->last_index = (uint32_t)(known - 1);
	compiler->last_thread = number;
	return true;
}

/* Start to note something of each operation; it was 0 for all up to now. */
static bool start_notes(struct compiler *compiler, uint32_t **notes)
{
	if (!set_room(notes, compiler->op_room, sizeof **notes))
		return false;
	memset(*notes, 0, compiler->program->op_count * sizeof **notes);
	return true;
}

static bool note_origin(struct compiler *compiler, const struct zmm_event *event)
{
	zmm_program *program = compiler->program;
	uint32_t thread;

	if (!find_thread(compiler, event->thread, &thread))
		return false;
	if (thread && !program->thread && !start_notes(compiler, &program->thread))
		return false;
	if (program->thread)
		program->thread[program->op_count] = thread;
	if (event->site && compiler->flags & ZMM_PROGRAM_SITES && !program->site
		&& !start_notes(compiler, &program->site))
		return false;
	if (program->site)
		program->site[program->op_count] = event->site;
	return true;
}

/* --- compiling ------------------------------------------------------------------------------- */

static bool add_operation(struct compiler *compiler, const struct zmm_event *event, uint32_t slot,
	struct zmm_error *error)
{
	zmm_program *program = compiler->program;
	uint32_t kind = op_kinds[event->kind].op;
	uint32_t size = (uint32_t)event->size;
	uint32_t wide = 0;
	bool good = program->op_count < compiler->op_room || grow_ops(compiler);

	if (kind == ZMM_OP_ALLOC && event->alignment_log2)
		kind = ZMM_OP_ALIGNED;
	if (good && (event->size > UINT32_MAX || event->alignment_log2)) {
		good = add_wide(compiler, event, &size);
		wide = ZMM_OP_WIDE;
	}
	if (!good || !note_origin(compiler, event)) {
		zmm_error_no_memory(error, "the operations of the trace");
		return false;
	}
	program->by_kind[kind]++;
	program->ops[program->op_count++] = (struct zmm_op){
		slot << ZMM_OP_SLOT_SHIFT | wide | kind, size
	};
	return true;
}

static bool compile(struct compiler *compiler, struct zmm_error *error)
{
	zmm_program *program = compiler->program;
	struct zmm_ids *ids = &compiler->ids;
	struct zmm_event event;
	bool in_request = false;
	int result;

	while ((result = zmm_reader_next(compiler->reader, &event, error)) == 1) {
		uint64_t peak_before = ids->peak_bytes;
		uint32_t slot;
		if (!zmm_event_is_operation(&event))
			continue;
		if (!zmm_ids_follow(ids, compiler->reader, &event, &slot, error)
			|| !add_operation(compiler, &event, slot, error))
			return false;
		if (ids->peak_bytes > peak_before)
			program->peak_op = program->op_count - 1;
		in_request = event.kind != ZMM_EVENT_END_REQUEST;
	}
	program->requests = program->by_kind[ZMM_OP_END_REQUEST] + in_request;
	return result == 0;
}

/* --- what requests leave over ---------------------------------------------------------------- */

/* Adds the slots that are alive after the operations of a request, and forgets them; the count
 * comes first. False when memory ran out. */
static bool add_left(zmm_program *program, size_t *room, unsigned char *alive,
	const struct zmm_op *first, const struct zmm_op *end)
{
	size_t count_at = program->left_length++;

	for (const struct zmm_op *op = first; op < end; op++) {
		enum zmm_op_kind kind = zmm_op_kind(op);

		if (kind == ZMM_OP_ALLOC || kind == ZMM_OP_ALIGNED || kind == ZMM_OP_RESIZE)
			alive[zmm_op_slot(op)] = 1;
		else if (kind == ZMM_OP_FREE)
			alive[zmm_op_slot(op)] = 0;
	}
	for (const struct zmm_op *op = first; op <= end; op++) {
		enum zmm_op_kind kind = zmm_op_kind(op);

		if (program->left_length + 1 >= *room) {
			*room = *room ? *room * 2 : 256;
			if (!set_room(&program->left, *room, sizeof *program->left))
				return false;
		}
		if ((kind == ZMM_OP_ALLOC || kind == ZMM_OP_ALIGNED || kind == ZMM_OP_RESIZE)
			&& alive[zmm_op_slot(op)]) {
			alive[zmm_op_slot(op)] = 0;
			program->left[program->left_length++] = zmm_op_slot(op);
		}
	}
	program->left[count_at] = (uint32_t)(program->left_length - count_at - 1);
	return true;
}

/* A malloc has to free them one by one, and a replay that is timed has no time to look for them. */
static bool find_left(zmm_program *program)
{
	const struct zmm_op *first = program->ops, *end = first + program->op_count;
	unsigned char *alive = calloc((size_t)program->slot_count + 1, 1);
	size_t room = 0;
	bool good = alive;

	for (const struct zmm_op *op = first; good && op < end; op++) {
		if (zmm_op_kind(op) == ZMM_OP_END_REQUEST) {
			good = add_left(program, &room, alive, first, op);
			first = op + 1;
		}
	}
	free(alive);
	return good;
}

/* Take over the figures, and give back the room that was not needed. */
static void finish(struct compiler *compiler)
{
	zmm_program *program = compiler->program;

	program->slot_count = compiler->ids.slot_count;
	program->peak_blocks = compiler->ids.peak_blocks;
	program->peak_bytes = compiler->ids.peak_bytes;
	program->format = zmm_reader_format(compiler->reader);
	program->compressed = zmm_reader_compressed(compiler->reader);
	if (!program->thread_count)
		program->thread_count = 1;
	if (program->op_count) {
		/* Shrinking may fail: then the array is just longer than it needs to be. */
		set_room(&program->ops, program->op_count, sizeof *program->ops);
		if (program->thread)
			set_room(&program->thread, program->op_count, sizeof *program->thread);
		if (program->site)
			set_room(&program->site, program->op_count, sizeof *program->site);
	}
}

static bool start(struct compiler *compiler, const char *path, unsigned flags,
	struct zmm_error *error)
{
	compiler->flags = flags;
	compiler->program = calloc(1, sizeof *compiler->program);
	if (!compiler->program || !grow_ops(compiler)) {
		zmm_error_no_memory(error, path);
		return false;
	}
	zmm_ids_init(&compiler->ids);
	compiler->reader = zmm_reader_open(path, error);
	return compiler->reader;
}

zmm_program *zmm_program_load(const char *path, unsigned flags, struct zmm_error *error)
{
	struct compiler compiler = { 0 };
	bool good = start(&compiler, path, flags, error) && compile(&compiler, error);

	if (good) {
		finish(&compiler);
		good = find_left(compiler.program);
		if (!good)
			zmm_error_no_memory(error, "what the requests of the trace leave over");
	}
	if (good) {
		const char *remarks = zmm_reader_remarks(compiler.reader);
		if (remarks)
			fprintf(stderr, "zmm: %s\n", remarks);
	} else {
		zmm_program_free(compiler.program);
	}
	zmm_ids_release(&compiler.ids);
	zmm_map_free(&compiler.threads);
	zmm_reader_close(compiler.reader);
	return good ? compiler.program : NULL;
}

void zmm_program_free(zmm_program *program)
{
	if (!program)
		return;
	free(program->ops);
	free(program->wide);
	free(program->left);
	free(program->thread);
	free(program->site);
	free(program);
}
