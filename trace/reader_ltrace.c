/* SPDX-License-Identifier: MIT */
/*
 * Reads what ltrace(1) prints about malloc() and its relatives, with or without -f, -i, -t, -r,
 * -T, -S and -o. Lines about other functions are passed over; lines of the program's own output
 * are counted and left out.
 *
 * With -f a call can be spread over two lines, between which others run. An allocation counts
 * where its result is known, a free where it is called; a resize releases its address when it
 * is called and takes the new one when the result is known. While a thread is inside such a
 * call, what it calls in turn (calloc() calling malloc()) is the same request once more, and
 * passed over.
 */
#include "trace/reader.h"

#include <stdlib.h>
#include <string.h>

#include "trace/addresses.h"
#include "trace/ltrace_line.h"

enum { PAGE_LOG2 = 12 };

/* A call that a thread is inside of. */
struct pending {
	struct zmm_ltrace_line call;
	unsigned depth; /* calls that matter inside it, and not yet resumed */
	bool active;
};

struct ltrace {
	struct zmm_addresses addresses;
	struct zmm_map threads; /* process number + 1 to index in pending + 1 */
	struct pending *pending;
	size_t pending_room;
	struct zmm_map sites; /* instruction to number */
	uint64_t frame;       /* of the site that is being told about */
	bool any_call;
};

bool zmm_ltrace_looks_like(const char *line, size_t length)
{
	struct zmm_ltrace_line parsed;

	zmm_ltrace_parse(&parsed, line, length);
	return parsed.form != ZMM_LTRACE_NOTHING && parsed.form != ZMM_LTRACE_EXIT;
}

/* --- threads and sites ----------------------------------------------------------------------- */

static struct pending *pending_of(struct ltrace *ltrace, uint32_t process)
{
	uint64_t key = (uint64_t)process + 1;
	uint64_t known = zmm_map_get(&ltrace->threads, key);

	if (known)
		return &ltrace->pending[known - 1];
	size_t index = ltrace->threads.count;
	if (index == ltrace->pending_room) {
		size_t room = index ? index * 2 : 16;
		struct pending *pending = realloc(ltrace->pending, room * sizeof *pending);
		if (!pending)
			return NULL;
		ltrace->pending = pending;
		ltrace->pending_room = room;
	}
	ltrace->pending[index] = (struct pending){ .active = false };
	return zmm_map_put(&ltrace->threads, key, index + 1) ? &ltrace->pending[index] : NULL;
}

/* The number of the site that a call came from (-i), told about when it is met first. */
static bool find_site(struct ltrace *ltrace, struct zmm_reader *reader, uint64_t caller,
	struct zmm_event *event)
{
	uint32_t *site = &event->site;


	*site = (uint32_t)zmm_map_get(&ltrace->sites, caller);
	if (*site || caller == 0)
		return true;
	*site = (uint32_t)ltrace->sites.count + 1;
	ltrace->frame = caller;
	zmm_reader_push(reader, &(struct zmm_event){ .kind = ZMM_EVENT_STACK, .id = *site,
		.thread = event->thread, .frames = &ltrace->frame, .frame_count = 1 });
	return zmm_map_put(&ltrace->sites, caller, *site);
}

/* --- what calls mean ------------------------------------------------------------------------- */

/* How many bytes were asked for; sizes that overflow are as good as the greatest. */
static uint64_t size_asked(const struct zmm_ltrace_line *call)
{
	const uint64_t *arguments = call->arguments;
	uint64_t size = 0;

	switch (call->function) {
	case ZMM_LTRACE_MALLOC:
	case ZMM_LTRACE_VALLOC:
		return arguments[0];
	case ZMM_LTRACE_PVALLOC:
		return (arguments[0] + (1u << PAGE_LOG2) - 1) >> PAGE_LOG2 << PAGE_LOG2;
	case ZMM_LTRACE_CALLOC:
		return __builtin_mul_overflow(arguments[0], arguments[1], &size) ? UINT64_MAX : size;
	case ZMM_LTRACE_REALLOCARRAY:
		return __builtin_mul_overflow(arguments[1], arguments[2], &size) ? UINT64_MAX : size;
	default:
		return arguments[1];
	}
}

/* memalign() takes an alignment that is no power of two for the next one. */
static unsigned alignment_log2_asked(const struct zmm_ltrace_line *call)
{
	if (call->function == ZMM_LTRACE_VALLOC || call->function == ZMM_LTRACE_PVALLOC)
		return PAGE_LOG2;
	if (call->function != ZMM_LTRACE_ALIGNED_ALLOC || call->arguments[0] < 2)
		return 0;
	return 64 - (unsigned)__builtin_clzll(call->arguments[0] - 1);
}

static bool is_resize(const struct zmm_ltrace_line *call)
{
	return call->function == ZMM_LTRACE_REALLOC || call->function == ZMM_LTRACE_REALLOCARRAY;
}

/* What a call does before its result is known. */
static bool begin_call(struct ltrace *ltrace, struct zmm_reader *reader,
	const struct zmm_ltrace_line *call, struct zmm_event *event)
{
	event->id = call->arguments[0];
	if (call->function == ZMM_LTRACE_FREE)
		return zmm_addresses_free(&ltrace->addresses, reader, event);
	if (is_resize(call))
		return zmm_addresses_detach(&ltrace->addresses, reader, event);
	return true;
}

static bool end_resize(struct ltrace *ltrace, struct zmm_reader *reader,
	const struct zmm_ltrace_line *call, uint64_t result, struct zmm_event *event)
{
	if (result) {
		event->id = result;
		return zmm_addresses_attach(&ltrace->addresses, reader, event);
	}
	/* It failed, or it was a free in disguise. */
	event->id = call->arguments[0];
	if (!zmm_addresses_reattach(&ltrace->addresses, event->thread, event->id))
		return false;
	if (event->size || event->id == 0) {
		reader->remarks[ZMM_REMARK_FAILED]++;
		return true;
	}
	return zmm_addresses_free(&ltrace->addresses, reader, event);
}

/* What it does then. */
static bool end_call(struct ltrace *ltrace, struct zmm_reader *reader,
	const struct zmm_ltrace_line *call, uint64_t result, struct zmm_event *event)
{
	unsigned alignment_log2 = alignment_log2_asked(call);

	if (call->function == ZMM_LTRACE_FREE)
		return true;
	if (call->function == ZMM_LTRACE_POSIX_MEMALIGN) {
		reader->remarks[ZMM_REMARK_HIDDEN]++;
		return true;
	}
	if (alignment_log2 > ZMM_ALIGNMENT_LOG2_MAX) {
		/* whatever the log says, there is no such address */
		reader->remarks[ZMM_REMARK_FAILED]++;
		return true;
	}
	event->size = size_asked(call);
	event->alignment_log2 = (uint8_t)alignment_log2;
	if (is_resize(call))
		return end_resize(ltrace, reader, call, result, event);
	event->id = result;
	return zmm_addresses_alloc(&ltrace->addresses, reader, event);
}

static bool follow_line(struct ltrace *ltrace, struct zmm_reader *reader,
	const struct zmm_ltrace_line *line)
{
	struct zmm_event event = { .thread = line->process };
	struct pending *pending = pending_of(ltrace, line->process);

	if (!pending)
		return false;
	if (line->form == ZMM_LTRACE_EXIT) {
		pending->active = false;
		return true;
	}
	if (pending->active) {
		if (line->form == ZMM_LTRACE_UNFINISHED)
			pending->depth++;
		if (line->form != ZMM_LTRACE_RESUMED || pending->depth-- > 0)
			return true;
		pending->active = false;
		return find_site(ltrace, reader, pending->call.caller, &event)
			&& end_call(ltrace, reader, &pending->call, line->result, &event);
	}
	if (line->form == ZMM_LTRACE_RESUMED)
		return true; /* of a call from before the log began */
	if (!find_site(ltrace, reader, line->caller, &event)
		|| !begin_call(ltrace, reader, line, &event))
		return false;
	if (line->form == ZMM_LTRACE_CALL)
		return end_call(ltrace, reader, line, line->result, &event);
	*pending = (struct pending){ .call = *line, .active = true };
	return true;
}

/* --- lines ----------------------------------------------------------------------------------- */

static int step_ltrace(struct zmm_reader *reader, struct zmm_error *error)
{
	struct ltrace *ltrace = reader->state;
	struct zmm_ltrace_line parsed;
	const char *line;
	size_t length;
	int result = zmm_input_line(reader->input, &line, &length, error);

	if (result == 0 && !ltrace->any_call) {
		zmm_reader_blame(reader, error, "this is output of ltrace, but no call of malloc or its "
			"relatives is in it; run ltrace -f -e malloc+calloc+realloc+free");
		return -1;
	}
	if (result != 1)
		return result;
	zmm_ltrace_parse(&parsed, line, length);
	if (parsed.form == ZMM_LTRACE_NOTHING)
		reader->remarks[ZMM_REMARK_LINES] += length != 0;
	if (parsed.function == ZMM_LTRACE_OTHER && parsed.form != ZMM_LTRACE_EXIT)
		return 1;
	if (parsed.form == ZMM_LTRACE_NOTHING)
		return 1;
	ltrace->any_call |= parsed.form != ZMM_LTRACE_EXIT;
	if (!follow_line(ltrace, reader, &parsed)) {
		zmm_error_no_memory(error, zmm_input_name(reader->input));
		return -1;
	}
	return 1;
}

/* --- opening --------------------------------------------------------------------------------- */

static void release(void *state)
{
	struct ltrace *ltrace = state;

	zmm_addresses_release(&ltrace->addresses);
	zmm_map_free(&ltrace->threads);
	zmm_map_free(&ltrace->sites);
	free(ltrace->pending);
	free(ltrace);
}

bool zmm_reader_start_ltrace(struct zmm_reader *reader, struct zmm_error *error)
{
	reader->step = step_ltrace;
	reader->release = release;
	reader->state = calloc(1, sizeof(struct ltrace));
	if (!reader->state)
		zmm_error_no_memory(error, zmm_input_name(reader->input));
	return reader->state;
}
