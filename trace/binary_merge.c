/* SPDX-License-Identifier: MIT */
/*
 * See binary_merge.h. Invariant: `open` is a heap, the block with the earliest next event first;
 * every block whose first event could be as early as that one is in it.
 */
#include "trace/binary_merge.h"

#include <stdlib.h>
#include <string.h>

/* A block in the file. */
struct place {
	uint64_t stamp; /* no event in it is earlier */
	uint64_t offset;
	uint32_t thread; /* of its first event */
};

/* A block in memory. */
struct run {
	struct zmm_block_cursor cursor;
	struct zmm_event event; /* the next one */
	uint64_t event_offset;
	uint64_t offset;        /* of the block */
	bool cut;               /* the file ends inside it */
	unsigned char payload[];
};

struct zmm_merge {
	const struct zmm_file_header *header;
	struct place *places; /* by stamp */
	size_t place_count, place_room, places_opened;
	struct run **open;
	size_t open_count, open_room;
	bool delivered; /* open[0]'s event was handed out and is still in use */
};

/* --- the index ------------------------------------------------------------------------------- */

static bool blame_block(struct zmm_reader *reader, struct zmm_error *error, uint64_t offset,
	const char *what)
{
	reader->offset = offset;
	zmm_reader_blame(reader, error, "%s; the file is damaged or cut short, record or convert it "
		"again", what);
	return false;
}

/* The recording stops at `offset`: fine, if it is one. */
static bool note_cut(struct zmm_merge *merge, struct zmm_reader *reader, uint64_t offset,
	struct zmm_error *error)
{
	if (!(merge->header->flags & ZMM_FILE_RECORDED))
		return blame_block(reader, error, offset, "the file ends in the middle of a block");
	reader->remarks[ZMM_REMARK_CUT] = 1;
	reader->cut_offset = offset;
	return true;
}

static bool add_place(struct zmm_merge *merge, struct zmm_reader *reader,
	const struct zmm_block_info *info, uint64_t offset, struct zmm_error *error)
{
	if (merge->place_count == merge->place_room) {
		size_t room = merge->place_room ? merge->place_room * 2 : 64;
		struct place *places = realloc(merge->places, room * sizeof *places);
		if (!places) {
			zmm_error_no_memory(error, zmm_input_name(reader->input));
			return false;
		}
		merge->places = places;
		merge->place_room = room;
	}
	merge->places[merge->place_count++] = (struct place){ info->stamp, offset, info->thread };
	return true;
}

/* Look at the block header at `*offset` and move on to where the next one is. 1: go on, 0: that was
 * the last, -1: failure. */
static int index_block(struct zmm_merge *merge, struct zmm_reader *reader, uint64_t *offset,
	struct zmm_error *error)
{
	unsigned char bytes[ZMM_BLOCK_HEADER_BYTES];
	struct zmm_block_info info;
	uint32_t stride = merge->header->stride;
	bool recorded = merge->header->flags & ZMM_FILE_RECORDED;
	uint64_t here = *offset;
	ssize_t got = zmm_input_read_at(reader->input, bytes, sizeof bytes, here, error);

	if (got < 0)
		return -1;
	if (got == 0 && recorded)
		return 0;
	if (got < (ssize_t)sizeof bytes)
		return note_cut(merge, reader, here, error) ? 0 : -1;
	if (recorded && zmm_block_header_blank(bytes)) {
		*offset += stride;
		return stride != 0;
	}
	const char *fault = zmm_block_header_read(&info, bytes);
	if (!fault && stride && info.room > stride - ZMM_BLOCK_HEADER_BYTES)
		fault = "the block claims more room than it can have";
	if (fault)
		return blame_block(reader, error, here, fault) ? 0 : -1;
	*offset += stride ? stride : ZMM_BLOCK_HEADER_BYTES + info.room;
	if (info.type == ZMM_BLOCK_END)
		return 0;
	if (info.type == ZMM_BLOCK_EVENTS && info.used
		&& !add_place(merge, reader, &info, here, error))
		return -1;
	return 1;
}

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left;
	const struct place *b = right;

	if (a->stamp != b->stamp)
		return a->stamp < b->stamp ? -1 : 1;
	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static bool same_block(const struct place *a, const struct place *b)
{
	return a->stamp == b->stamp && a->thread == b->thread;
}

/* A recorder copies a block that is full before it empties the place where it was written;
 * killed in between, it leaves both, with the stamp and the thread that no other block has. The
 * first is the whole one. */
static void leave_out_copies(struct zmm_merge *merge)
{
	size_t kept = 0;

	for (size_t i = 0; i < merge->place_count; i++)
		if (!kept || !same_block(&merge->places[i], &merge->places[kept - 1]))
			merge->places[kept++] = merge->places[i];
	merge->place_count = kept;
}

static bool build_index(struct zmm_merge *merge, struct zmm_reader *reader,
	struct zmm_error *error)
{
	uint64_t offset = merge->header->first;
	int result;

	if (!zmm_input_make_seekable(reader->input, error))
		return false;
	while ((result = index_block(merge, reader, &offset, error)) == 1)
		;
	if (merge->place_count)
		qsort(merge->places, merge->place_count, sizeof *merge->places, compare_places);
	if (merge->header->flags & ZMM_FILE_RECORDED)
		leave_out_copies(merge);
	return result == 0;
}

/* --- runs ------------------------------------------------------------------------------------ */

/* Decode the run's next event: 1, 0 at its end, -1 on failure. */
static int advance(struct zmm_merge *merge, struct zmm_reader *reader, struct run *run,
	struct zmm_error *error)
{
	run->event_offset = run->offset + ZMM_BLOCK_HEADER_BYTES
		+ (uint64_t)(run->cursor.at - run->cursor.start);
	int result = zmm_block_next(&run->cursor, &run->event);
	if (result < 0 && run->cut)
		return note_cut(merge, reader, run->event_offset, error) ? 0 : -1;
	if (result < 0)
		return blame_block(reader, error, run->event_offset, run->cursor.fault) ? 0 : -1;
	return result;
}

/* Read the block at `offset`. What the file does not hold any more of it is left out. */
static struct run *load(struct zmm_merge *merge, struct zmm_reader *reader, uint64_t offset,
	struct zmm_error *error)
{
	unsigned char bytes[ZMM_BLOCK_HEADER_BYTES];
	struct zmm_block_info info;

	if (zmm_input_read_at(reader->input, bytes, sizeof bytes, offset, error) < 0)
		return NULL;
	zmm_block_header_read(&info, bytes);
	struct run *run = malloc(sizeof *run + info.used);
	if (!run) {
		zmm_error_no_memory(error, zmm_input_name(reader->input));
		return NULL;
	}
	ssize_t got = zmm_input_read_at(reader->input, run->payload, info.used,
		offset + ZMM_BLOCK_HEADER_BYTES, error);
	bool good = got >= 0;
	run->offset = offset;
	run->cut = good && (uint32_t)got < info.used;
	if (run->cut) {
		info.used = (uint32_t)got;
		good = note_cut(merge, reader, offset + ZMM_BLOCK_HEADER_BYTES + info.used, error);
	} else if (good && info.closed) {
		good = zmm_block_checksum(bytes, run->payload, info.used) == info.checksum
			|| blame_block(reader, error, offset, "the block's checksum does not agree");
	}
	if (!good) {
		free(run);
		return NULL;
	}
	zmm_block_start_reading(&run->cursor, &info, run->payload, merge->header->id_shift);
	return run;
}

/* --- the heap -------------------------------------------------------------------------------- */

static bool earlier(const struct run *a, const struct run *b)
{
	if (a->event.stamp != b->event.stamp)
		return a->event.stamp < b->event.stamp;
	return a->offset < b->offset;
}

static void sift_down(struct zmm_merge *merge)
{
	struct run *run = merge->open[0];
	size_t at = 0;

	for (size_t child; (child = 2 * at + 1) < merge->open_count; at = child) {
		if (child + 1 < merge->open_count && earlier(merge->open[child + 1], merge->open[child]))
			child++;
		if (!earlier(merge->open[child], run))
			break;
		merge->open[at] = merge->open[child];
	}
	merge->open[at] = run;
}

static void sift_up(struct zmm_merge *merge, struct run *run)
{
	size_t at = merge->open_count++;

	for (; at && earlier(run, merge->open[(at - 1) / 2]); at = (at - 1) / 2)
		merge->open[at] = merge->open[(at - 1) / 2];
	merge->open[at] = run;
}

static bool make_room(struct zmm_merge *merge, struct zmm_reader *reader,
	struct zmm_error *error)
{
	if (merge->open_count < merge->open_room)
		return true;
	size_t room = merge->open_room ? merge->open_room * 2 : 16;
	struct run **open = realloc(merge->open, room * sizeof(struct run *));
	if (!open) {
		zmm_error_no_memory(error, zmm_input_name(reader->input));
		return false;
	}
	merge->open = open;
	merge->open_room = room;
	return true;
}

static bool open_next_block(struct zmm_merge *merge, struct zmm_reader *reader,
	struct zmm_error *error)
{
	if (!make_room(merge, reader, error))
		return false;
	struct run *run = load(merge, reader, merge->places[merge->places_opened++].offset, error);
	if (!run)
		return false;
	int result = advance(merge, reader, run, error);
	if (result == 1)
		sift_up(merge, run);
	else
		free(run);
	return result >= 0;
}

/* Step the first run over the event that was handed out. */
static bool step_first(struct zmm_merge *merge, struct zmm_reader *reader,
	struct zmm_error *error)
{
	struct run *run = merge->open[0];
	int result = advance(merge, reader, run, error);

	merge->delivered = false;
	if (result < 0)
		return false;
	if (result == 0) {
		free(run);
		merge->open[0] = merge->open[--merge->open_count];
	}
	if (merge->open_count)
		sift_down(merge);
	return true;
}

int zmm_merge_next(struct zmm_merge *merge, struct zmm_reader *reader, struct zmm_event *event,
	struct zmm_error *error)
{
	if (merge->delivered && !step_first(merge, reader, error))
		return -1;
	while (merge->places_opened < merge->place_count
		&& (merge->open_count == 0
			|| merge->places[merge->places_opened].stamp <= merge->open[0]->event.stamp))
		if (!open_next_block(merge, reader, error))
			return -1;
	if (merge->open_count == 0)
		return 0;
	*event = merge->open[0]->event;
	reader->offset = merge->open[0]->event_offset;
	merge->delivered = true;
	return 1;
}

struct zmm_merge *zmm_merge_open(struct zmm_reader *reader, const struct zmm_file_header *header,
	struct zmm_error *error)
{
	struct zmm_merge *merge = calloc(1, sizeof *merge);

	if (!merge) {
		zmm_error_no_memory(error, zmm_input_name(reader->input));
		return NULL;
	}
	merge->header = header;
	if (!build_index(merge, reader, error)) {
		zmm_merge_close(merge);
		return NULL;
	}
	return merge;
}

void zmm_merge_close(struct zmm_merge *merge)
{
	if (!merge)
		return;
	for (size_t i = 0; i < merge->open_count; i++)
		free(merge->open[i]);
	free(merge->open);
	free(merge->places);
	free(merge);
}
