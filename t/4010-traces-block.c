/* SPDX-License-Identifier: MIT */
/* The binary format on buffers: events in, the same events out, and whatever else is in them. */
#include "t/tap.h"
#include "trace/binary_format.h"

enum { ROOM = 1 << 17, EVENTS = 4000 };

static uint64_t state;
static _Alignas(8) unsigned char buffer[ZMM_BLOCK_HEADER_BYTES + ROOM];
static struct zmm_event events[EVENTS];
static uint64_t frames[16];

static const uint8_t kinds[] = {
	ZMM_EVENT_ALLOC, ZMM_EVENT_FREE, ZMM_EVENT_RESIZE, ZMM_EVENT_LIMIT, ZMM_EVENT_END_REQUEST,
	ZMM_EVENT_GC, ZMM_EVENT_REFUSE, ZMM_EVENT_USAGE, ZMM_EVENT_THREAD_START, ZMM_EVENT_THREAD_END,
	ZMM_BINARY_DETACH, ZMM_BINARY_ATTACH, ZMM_EVENT_COMMENT, ZMM_EVENT_STACK, ZMM_EVENT_SYMBOL,
	ZMM_EVENT_MODULE,
};

/* Numbers of all lengths, the extreme ones included. */
static uint64_t random_number(void)
{
	uint64_t number = tap_random(&state) >> tap_below(&state, 64);

	return tap_below(&state, 50) ? number : UINT64_MAX - (number & 1);
}

static struct zmm_event random_event(uint64_t stamp)
{
	struct zmm_event event = {.kind = kinds[tap_below(&state, sizeof(kinds))], .stamp = stamp};

	event.thread = tap_below(&state, 8) ? 3 : (uint32_t) random_number();
	if (event.kind < ZMM_EVENT_COMMENT) {
		event.site = tap_below(&state, 3) ? 0 : (uint32_t) random_number();
	}
	if (event.kind == ZMM_EVENT_ALLOC || event.kind == ZMM_EVENT_RESIZE
		|| event.kind == ZMM_BINARY_ATTACH) {
		event.id = random_number();
		event.size = random_number();
		event.alignment_log2 = tap_below(&state, 3) ? 0 : (uint8_t) tap_below(&state, 63);
	} else if (event.kind == ZMM_EVENT_FREE || event.kind == ZMM_BINARY_DETACH) {
		event.id = random_number();
	} else if (event.kind == ZMM_EVENT_LIMIT || event.kind == ZMM_EVENT_REFUSE) {
		event.size = random_number();
	} else if (event.kind == ZMM_EVENT_STACK) {
		event.id = (uint32_t) random_number();
		event.frames = frames;
		event.frame_count = tap_below(&state, 17);
	} else if (event.kind >= ZMM_EVENT_COMMENT) {
		event.text = "a text, of which a part is taken";
		event.text_length = tap_below(&state, 33);
		event.id = event.kind == ZMM_EVENT_COMMENT ? 0 : random_number();
		event.size = event.kind == ZMM_EVENT_MODULE ? random_number() : 0;
		event.offset = event.kind == ZMM_EVENT_MODULE ? random_number() : 0;
	}
	return event;
}

static bool same(const struct zmm_event *a, const struct zmm_event *b)
{
	if (a->kind != b->kind || a->alignment_log2 != b->alignment_log2 || a->thread != b->thread
		|| a->site != b->site || a->id != b->id || a->size != b->size || a->offset != b->offset
		|| a->text_length != b->text_length || a->frame_count != b->frame_count) {
		return false;
	}
	return (a->text_length == 0 || memcmp(a->text, b->text, a->text_length) == 0)
		&& (a->frame_count == 0
			|| memcmp(a->frames, b->frames, a->frame_count * sizeof(*a->frames)) == 0);
}

/* Fills a block; returns how many events went in, and leaves it open. */
static size_t fill(struct zmm_block *block, bool stamped, uint8_t id_shift)
{
	struct zmm_block_start start = {
		.thread = 3, .stamped = stamped, .stamp = 1000, .id_shift = id_shift};
	uint64_t stamp = 1000;
	size_t count = 0;

	for (int i = 0; i < 16; i++) {
		frames[i] = random_number();
	}
	memset(buffer, 0xaa, sizeof(buffer));
	zmm_block_open(block, buffer, sizeof(buffer), &start);
	for (; count < EVENTS; count++) {
		stamp += stamped ? tap_below(&state, 3) * tap_below(&state, 100) : 1;
		events[count] = random_event(stamp);
		events[count].id = events[count].kind == ZMM_EVENT_COMMENT
			|| events[count].kind >= ZMM_EVENT_STACK ? events[count].id
			: events[count].id >> id_shift << id_shift;
		if (!zmm_block_add(block, &events[count])) {
			break;
		}
	}
	return count;
}

/* How many of the events come out of the block, in order and alike; -1 if another comes out. */
static long read_back(uint8_t id_shift, bool with_stamps)
{
	static struct zmm_block_cursor cursor;
	struct zmm_block_info info;
	struct zmm_event event;
	long count = 0;
	int result;

	if (zmm_block_header_read(&info, buffer)) {
		return -1;
	}
	zmm_block_start_reading(&cursor, &info, buffer + ZMM_BLOCK_HEADER_BYTES, id_shift);
	while ((result = zmm_block_next(&cursor, &event)) == 1) {
		if (!same(&event, &events[count])
			|| (with_stamps && event.stamp != events[count].stamp)) {
			return -1;
		}
		count++;
	}
	return result == 0 ? count : -1;
}

static void test_round_trip(bool stamped, uint8_t id_shift)
{
	struct zmm_block block;
	size_t count = fill(&block, stamped, id_shift);
	const char *what = stamped ? "with stamps" : "without stamps";
	struct zmm_block_info info;
	size_t bytes;

	ok(count > 1000, "%zu events fit into a block %s", count, what);
	is_int(read_back(id_shift, true), (long) count, "an open block %s can be read", what);
	bytes = zmm_block_close(&block, false);
	is_size(bytes, sizeof(buffer), "closing it keeps its room");
	is_int(read_back(id_shift, true), (long) count, "closed, it holds the same");
	zmm_block_header_read(&info, buffer);
	ok(info.closed && info.stamped == stamped && info.thread == 3, "its header says what it is");
	is_int(zmm_block_checksum(buffer, buffer + ZMM_BLOCK_HEADER_BYTES, info.used), info.checksum,
		"and has its checksum");
	buffer[ZMM_BLOCK_HEADER_BYTES + info.used / 2] ^= 4;
	ok(zmm_block_checksum(buffer, buffer + ZMM_BLOCK_HEADER_BYTES, info.used) != info.checksum,
		"which a changed bit in the payload does not agree with");
	buffer[ZMM_BLOCK_HEADER_BYTES + info.used / 2] ^= 4;
	buffer[16] ^= 1;
	ok(zmm_block_checksum(buffer, buffer + ZMM_BLOCK_HEADER_BYTES, info.used) != info.checksum,
		"nor one in the header");
}

static void test_trim(void)
{
	const struct zmm_block_start start = {0};
	const struct zmm_event event = {.kind = ZMM_EVENT_ALLOC, .id = 1, .size = 100};
	struct zmm_block block;

	zmm_block_open(&block, buffer, sizeof(buffer), &start);
	zmm_block_add(&block, &event);
	is_size(zmm_block_close(&block, true), ZMM_BLOCK_HEADER_BYTES + 8,
		"a trimmed block is as long as its events, rounded up to 8");
}

/* What a recorder relies on when it is killed: the header never counts half an event. */
static void test_every_moment(void)
{
	const struct zmm_block_start start = {.stamp = 5};
	struct zmm_block block;
	bool good = true;

	zmm_block_open(&block, buffer, sizeof(buffer), &start);
	good &= read_back(0, false) == 0;
	for (long count = 0; count < 200; count++) {
		events[count] = random_event(0);
		good &= zmm_block_add(&block, &events[count]);
		good &= read_back(0, false) == count + 1;
	}
	ok(good, "after each event an open block can be read up to it");
}

static void test_garbage(void)
{
	static struct zmm_block_cursor cursor;
	struct zmm_event event;
	unsigned ended = 0, failed = 0;

	for (int round = 0; round < 3000; round++) {
		size_t used = tap_below(&state, 300);
		/* On its own, so that a checker sees what is read behind it. */
		unsigned char *payload = malloc(used + 1);
		const struct zmm_block_info info = {.used = (uint32_t) used};
		int result;

		for (size_t i = 0; i < used; i++) {
			payload[i] = (unsigned char) (tap_random(&state) >> tap_below(&state, 8));
		}
		zmm_block_start_reading(&cursor, &info, payload, 0);
		while ((result = zmm_block_next(&cursor, &event)) == 1) {
			;
		}
		ended += result == 0;
		failed += result < 0 && cursor.fault && cursor.at < cursor.end;
		free(payload);
	}
	is_int(ended + failed, 3000, "garbage ends, or fails with a reason and a place");
	ok(failed > 1000, "and mostly fails");
}

static void test_cut_events(void)
{
	static struct zmm_block_cursor cursor;
	struct zmm_block block;
	size_t count = fill(&block, true, 0);
	struct zmm_block_info info;
	struct zmm_event event;
	bool good = count > 0;

	zmm_block_header_read(&info, buffer);
	info.used = info.used < 3000 ? info.used : 3000;
	for (; info.used > 0; info.used--) {
		unsigned char *payload = malloc(info.used);
		size_t read = 0;

		memcpy(payload, buffer + ZMM_BLOCK_HEADER_BYTES, info.used);
		zmm_block_start_reading(&cursor, &info, payload, 0);
		while (zmm_block_next(&cursor, &event) == 1) {
			good &= same(&event, &events[read++]);
		}
		free(payload);
	}
	ok(good, "of a payload that is cut anywhere, the whole events are read");
}

static void test_headers(void)
{
	const struct zmm_file_header written = {.version = 1, .flags = 7, .first = 4096,
		.stride = 65536, .process = 1234, .id_shift = 4, .start_time = 99};
	struct zmm_file_header header;
	struct zmm_block_info info;
	unsigned char bytes[ZMM_FILE_HEADER_BYTES], end[ZMM_BLOCK_HEADER_BYTES];
	bool found = true;

	zmm_file_header_write(bytes, &written);
	is_str(zmm_file_header_read(&header, bytes), NULL, "a file's header can be read");
	ok(header.version == 1 && header.flags == 7 && header.first == 4096 && header.stride == 65536
		&& header.process == 1234 && header.id_shift == 4 && header.start_time == 99,
		"and says what was written");
	for (unsigned bit = 0; bit < ZMM_FILE_HEADER_BYTES * 8; bit++) {
		bytes[bit / 8] ^= (unsigned char) (1 << bit % 8);
		found &= zmm_file_header_read(&header, bytes) != NULL;
		bytes[bit / 8] ^= (unsigned char) (1 << bit % 8);
	}
	ok(found, "any bit of it that changes is noticed");
	zmm_end_block_write(end, 77);
	is_str(zmm_block_header_read(&info, end), NULL, "the end block can be read");
	ok(info.type == ZMM_BLOCK_END && info.closed && info.events_before == 77 && info.room == 0
		&& info.checksum == zmm_block_checksum(end, end, 0), "and counts the events");
	memset(end, 0, sizeof(end));
	ok(zmm_block_header_blank(end) && zmm_block_header_read(&info, end),
		"zeros are a block never begun");
}

/* The examples of the xxHash documentation and of its best known implementations. */
static void test_hash(void)
{
	static const struct {
		const char *text;
		uint32_t hash;
	} known[] = {
		{"", 0x02cc5d05}, {"a", 0x550d7456}, {"abc", 0x32d153ff},
		{"Nobody inspects the spammish repetition", 0xe2293b2f},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		is_int(zmm_xxh32((const unsigned char *) known[i].text, strlen(known[i].text), 0),
			known[i].hash, "the checksum of '%s' is xxHash's", known[i].text);
	}
}

int main(void)
{
	state = tap_seed();
	test_hash();
	test_headers();
	test_round_trip(true, 0);
	test_round_trip(false, 4);
	test_trim();
	test_every_moment();
	test_cut_events();
	test_garbage();
	return done_testing();
}
