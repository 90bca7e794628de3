/* SPDX-License-Identifier: MIT */
/* Random events of all kinds through the writer and the reader, in both formats and packed. */
#include "config.h"
#include "t/traces.h"

#if HAVE_ZSTD
enum { packs = 1 };
#else
enum { packs = 0 };
#endif

enum { EVENTS = 30000 };

static struct zmm_event events[EVENTS];
static uint64_t frames[EVENTS][3];
static uint64_t state;

static uint64_t random_number(void)
{
	return tap_random(&state) >> tap_below(&state, 64);
}

static void add_remark(struct zmm_event *event, int i)
{
	event->kind = (uint8_t) (ZMM_EVENT_COMMENT + tap_below(&state, 4));
	event->stamped = false;
	if (event->kind == ZMM_EVENT_STACK) {
		event->id = tap_below(&state, 1000);
		event->frames = frames[i];
		event->frame_count = tap_below(&state, 4);
		for (size_t n = 0; n < 3; n++) {
			frames[i][n] = random_number();
		}
		return;
	}
	event->text = " some text: #, \xc3\xa9, ...";
	event->text_length = tap_below(&state, 20);
	if (event->kind != ZMM_EVENT_COMMENT) {
		event->id = random_number();
	}
	if (event->kind == ZMM_EVENT_MODULE) {
		event->size = random_number();
		event->offset = random_number();
	}
}

static void add_operation(struct zmm_event *event)
{
	event->kind = (uint8_t) (ZMM_EVENT_ALLOC + tap_below(&state, 10));
	event->site = tap_below(&state, 2) ? 0 : (uint32_t) tap_below(&state, 500);
	if (event->kind <= ZMM_EVENT_RESIZE) {
		event->id = random_number();
	}
	if (event->kind == ZMM_EVENT_ALLOC || event->kind == ZMM_EVENT_RESIZE
		|| event->kind == ZMM_EVENT_LIMIT || event->kind == ZMM_EVENT_REFUSE) {
		event->size = random_number();
	}
	if (event->kind == ZMM_EVENT_ALLOC || event->kind == ZMM_EVENT_RESIZE) {
		event->alignment_log2 = tap_below(&state, 4) ? 0 : (uint8_t) tap_below(&state, 63);
	}
}

static void make_events(void)
{
	uint32_t thread = 0;
	uint64_t clock = 0;

	for (int i = 0; i < EVENTS; i++) {
		bool stamped = i / 5000 % 2;
		/* Stretches with times, which now and then go back. */
		clock += tap_below(&state, 100) ? tap_below(&state, 1000) : 0 - clock / 2;
		thread = tap_below(&state, 5) ? thread : (uint32_t) random_number();
		events[i] = (struct zmm_event){
			.thread = thread, .stamped = stamped, .stamp = stamped ? clock : 0};
		if (tap_below(&state, 20)) {
			add_operation(&events[i]);
		} else {
			add_remark(&events[i], i);
		}
	}
}

static bool write_events(const char *path, enum zmm_format format, bool compress)
{
	struct zmm_error error;
	zmm_writer *writer = zmm_writer_open(path, format, compress, &error);

	for (int i = 0; writer && i < EVENTS; i++) {
		if (!zmm_writer_put(writer, &events[i], &error)) {
			zmm_writer_abandon(writer);
			writer = NULL;
		}
	}
	if (writer && zmm_writer_close(writer, &error)) {
		return true;
	}
	diag("%s", error.text);
	return false;
}

static bool same(const struct zmm_event *a, const struct zmm_event *b)
{
	if (a->kind != b->kind || a->thread != b->thread || a->site != b->site || a->id != b->id
		|| a->size != b->size || a->offset != b->offset
		|| a->alignment_log2 != b->alignment_log2 || a->text_length != b->text_length
		|| a->frame_count != b->frame_count) {
		return false;
	}
	if (zmm_event_is_operation(a) && (a->stamped != b->stamped || a->stamp != b->stamp)) {
		return false;
	}
	return (a->text_length == 0 || memcmp(a->text, b->text, a->text_length) == 0)
		&& (a->frame_count == 0
			|| memcmp(a->frames, b->frames, a->frame_count * sizeof(*a->frames)) == 0);
}

/* The number of the first event that comes back as another, EVENTS if none does. */
static int read_events(const char *path, enum zmm_format format)
{
	struct zmm_error error;
	struct zmm_event event;
	zmm_reader *reader = zmm_reader_open(path, &error);
	int result = -1, i = 0;

	if (reader && zmm_reader_format(reader) != format) {
		diag("taken for %s", zmm_format_name(zmm_reader_format(reader)));
	}
	while (reader && (result = zmm_reader_next(reader, &event, &error)) == 1) {
		if (i == EVENTS || !same(&event, &events[i])) {
			break;
		}
		i++;
	}
	if (result < 0) {
		diag("%s", error.text);
	}
	zmm_reader_close(reader);
	return result == 0 ? i : result == 1 ? i : -1;
}

int main(void)
{
	static const struct {
		const char *name;
		enum zmm_format format;
		bool compress;
	} cases[] = {
		{"text", ZMM_FORMAT_TEXT, false},
		{"binary", ZMM_FORMAT_BINARY, false},
		{"packed-text", ZMM_FORMAT_TEXT, true},
		{"packed-binary", ZMM_FORMAT_BINARY, true},
	};

	state = tap_seed();
	make_events();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = traces_file(cases[i].name);

		if (cases[i].compress && !packs) {
			skip(2, "built without libzstd");
			continue;
		}
		ok(write_events(path, cases[i].format, cases[i].compress), "%s is written",
			cases[i].name);
		is_int(read_events(path, cases[i].format), EVENTS, "and every event comes back");
	}
	return done_testing();
}
