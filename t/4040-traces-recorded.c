/* SPDX-License-Identifier: MIT */
/*
 * Files as recorders write them: blocks of several threads to be merged, blocks still open,
 * addresses for ids, a recorder killed at any moment.
 */
#include "t/traces.h"
#include "trace/binary_format.h"

enum { STRIDE = 4096, FILE_BYTES = 1 << 20, ADDRESS = 0x7f0000000000 };

/* A file in memory, in blocks of STRIDE bytes after a first one for the header. */
static _Alignas(4096) unsigned char image[FILE_BYTES];
static size_t image_blocks;

static void begin_file(uint32_t flags)
{
	const struct zmm_file_header header = {.version = 1, .flags = flags, .first = STRIDE,
		.stride = STRIDE, .id_shift = 3};

	memset(image, 0, sizeof(image));
	zmm_file_header_write(image, &header);
	image_blocks = 0;
}

static struct zmm_block begin_block(uint32_t thread, uint64_t stamp)
{
	const struct zmm_block_start start = {
		.thread = thread, .stamped = true, .stamp = stamp, .id_shift = 3};
	struct zmm_block block;

	zmm_block_open(&block, image + STRIDE * ++image_blocks, STRIDE, &start);
	return block;
}

static void add(struct zmm_block *block, uint64_t stamp, uint8_t kind, uint64_t address,
	uint64_t size)
{
	const struct zmm_event event = {.kind = kind, .thread = block->thread, .stamped = true,
		.stamp = stamp, .id = address ? ADDRESS + address * 16 : 0, .size = size};

	if (!zmm_block_add(block, &event)) {
		bail_out("an event does not fit");
	}
}

static const char *file_so_far(void)
{
	return traces_write("recorded", image, STRIDE * (image_blocks + 1));
}

enum {
	A = ZMM_EVENT_ALLOC,
	F = ZMM_EVENT_FREE,
	R = ZMM_EVENT_RESIZE,
	D = ZMM_BINARY_DETACH,
	T = ZMM_BINARY_ATTACH
};

static const uint32_t recorder = ZMM_FILE_MERGE | ZMM_FILE_BY_ADDRESS | ZMM_FILE_RECORDED;

static void test_merge(void)
{
	struct zmm_block one, two, late;

	begin_file(recorder);
	one = begin_block(1, 0);
	two = begin_block(2, 4);
	add(&one, 1, A, 1, 100);
	add(&one, 2, A, 2, 200);
	add(&two, 5, F, 1, 0);
	add(&one, 6, A, 1, 300);
	add(&two, 7, A, 3, 400);
	add(&one, 9, F, 3, 0);
	zmm_block_close(&one, false);
	late = begin_block(1, 9);
	add(&late, 10, F, 1, 0);
	add(&two, 11, F, 2, 0);
	is_str(traces_operations(file_so_far()),
		"1a1:100 1a2:200 2f1 1a3:300 2a4:400 1f4 1f3 2f2 ",
		"events of two threads come in the order of their stamps, addresses become numbers");
	is_str(traces_remarks(file_so_far()), "", "with nothing to remark");
}

static void test_resizes(void)
{
	struct zmm_block one, two;

	begin_file(recorder);
	one = begin_block(1, 0);
	two = begin_block(2, 0);
	add(&one, 1, A, 1, 100);
	add(&one, 2, D, 1, 0);
	add(&two, 3, A, 1, 55); /* the old address, before the resize has returned */
	add(&one, 4, T, 2, 200);
	add(&one, 5, R, 2, 210);
	add(&two, 6, F, 2, 0);
	add(&two, 7, F, 1, 0);
	is_str(traces_operations(file_so_far()), "1a1:100 2a2:55 1r1:200 1r1:210 2f1 2f2 ",
		"a block that moves keeps its number, whoever gets its address");
	is_str(traces_remarks(file_so_far()), "", "with nothing to remark");
}

static void test_lost_events(void)
{
	struct zmm_block one;

	begin_file(recorder);
	one = begin_block(0, 0);
	add(&one, 1, F, 9, 0);
	add(&one, 2, A, 1, 10);
	add(&one, 3, A, 1, 20);
	add(&one, 4, R, 8, 30);
	add(&one, 5, D, 7, 0);
	add(&one, 6, T, 6, 40);
	add(&one, 7, A, 0, 50);
	add(&one, 8, F, 0, 0);
	is_str(traces_operations(file_so_far()), "a1:10 f1 a2:20 a3:30 a4:40 ",
		"what does not fit together is mended");
	contains(traces_remarks(file_so_far()), "1 free of a block that was not seen allocated",
		"frees of unknown blocks are counted");
	contains(traces_remarks(file_so_far()), "2 resizes of blocks that were not seen allocated",
		"resizes of such blocks");
	contains(traces_remarks(file_so_far()), "1 address was given out again",
		"addresses given out twice");
	contains(traces_remarks(file_so_far()), "1 request that had failed", "and failed requests");
}

static void test_end_of_request(void)
{
	struct zmm_block one;

	begin_file(recorder);
	one = begin_block(0, 0);
	add(&one, 1, A, 1, 10);
	add(&one, 2, ZMM_EVENT_END_REQUEST, 0, 0);
	add(&one, 3, A, 1, 20);
	is_str(traces_operations(file_so_far()), "a1:10 e0:0 a2:20 ",
		"after the end of a request all addresses are free");
	is_str(traces_remarks(file_so_far()), "", "with nothing to remark");
}

static void test_holes_and_ends(void)
{
	struct zmm_block one, two;
	size_t whole;

	begin_file(recorder);
	one = begin_block(0, 0);
	add(&one, 1, A, 1, 10);
	add(&one, 2, A, 2, 20);
	zmm_block_close(&one, false);
	image_blocks++; /* claimed by a thread that was killed before it began it */
	two = begin_block(0, 2);
	add(&two, 3, A, 3, 30);
	add(&two, 4, A, 4, 40);
	is_str(traces_operations(file_so_far()), "a1:10 a2:20 a3:30 a4:40 ",
		"blocks never begun are passed over");
	whole = STRIDE * 3 + ZMM_BLOCK_HEADER_BYTES;
	is_str(traces_operations(traces_write("cut", image, whole + 3)), "a1:10 a2:20 ",
		"a recording that was cut inside an event ends before it");
	contains(traces_remarks(traces_write("cut", image, whole + 3)),
		"1 recording ends in the middle of a block (at byte 12336)", "and says so");
	is_str(traces_operations(traces_write("cut", image, STRIDE * 3 + 20)), "a1:10 a2:20 ",
		"one that was cut inside a block's header ends before it");
	is_str(traces_operations(traces_write("cut", image, STRIDE)), "",
		"and one without blocks is empty");
}

/* A recorder may write a full block to the file's end before it empties the place it came from. */
static void test_copies(void)
{
	struct zmm_block one, two;

	begin_file(recorder);
	one = begin_block(1, 5);
	two = begin_block(2, 5);
	add(&one, 6, A, 1, 10);
	add(&two, 7, A, 2, 20);
	zmm_block_close(&one, false);
	image_blocks++;
	memcpy(image + STRIDE * image_blocks, one.header, STRIDE);
	is_str(traces_operations(file_so_far()), "1a1:10 2a2:20 ",
		"a block and its copy count once, one of another thread for itself");
	memset(image + STRIDE * image_blocks + ZMM_BLOCK_HEADER_BYTES, 0, 8);
	is_str(traces_operations(file_so_far()), "1a1:10 2a2:20 ", "even if the copy is not whole");
	memset(one.header, 0, 4);
	memcpy(image + STRIDE * image_blocks, one.header, STRIDE);
	memcpy(image + STRIDE * image_blocks, two.header, 4);
	is_str(traces_operations(file_so_far()), "1a1:10 2a2:20 ",
		"and once the original is given up, the copy counts");
}

static void test_damage(void)
{
	struct zmm_block one;

	begin_file(recorder);
	one = begin_block(0, 0);
	add(&one, 1, A, 1, 10);
	zmm_block_close(&one, false);
	image[STRIDE + ZMM_BLOCK_HEADER_BYTES + 1] ^= 1;
	contains(traces_operations(file_so_far()),
		"recorded: byte 4096: the block's checksum does not agree",
		"a damaged closed block is told with its offset");
	image[STRIDE] = 'X';
	contains(traces_operations(file_so_far()), "recorded: byte 4096: no block starts here",
		"and so is something else in a block's place");
	begin_file(ZMM_FILE_MERGE);
	one = begin_block(0, 0);
	add(&one, 1, A, 1, 10);
	zmm_block_close(&one, false);
	contains(traces_operations(file_so_far()), "the file ends in the middle of a block",
		"a file that no recorder wrote has to have its end mark");
}

/* --- many threads, against a model ----------------------------------------------------------- */

enum { THREADS = 20, EVENTS = 20000, LIVE = 200 };

/* Random events in a known order, each written to the block of a random thread. */
static void test_random_merge(uint64_t *state)
{
	static char expected[EVENTS * 24];
	static struct zmm_block blocks[THREADS];
	uint64_t address[LIVE + 1] = {0}, number[LIVE + 1] = {0};
	uint64_t last = 0, stamp = 0;
	size_t length = 0, first = 0;
	struct zmm_error error;
	struct zmm_event event;
	zmm_reader *reader;
	bool good = true;

	begin_file(recorder);
	memset(blocks, 0, sizeof(blocks));
	for (int i = 0; i < EVENTS && image_blocks + 2 < FILE_BYTES / STRIDE; i++) {
		unsigned n = (unsigned) tap_below(state, LIVE);
		uint32_t thread = (uint32_t) tap_below(state, THREADS);
		struct zmm_block *block = &blocks[thread];
		char one[64] = "";

		stamp += 1 + tap_below(state, 3);
		if (!block->header || block->end - block->at < ZMM_SMALL_EVENT_BYTES_MAX) {
			if (block->header && tap_below(state, 2)) {
				zmm_block_close(block, false);
			}
			*block = begin_block(thread, stamp);
		}
		if (!address[n]) {
			address[n] = n + 1;
			number[n] = ++last;
			add(block, stamp, A, address[n], n);
			snprintf(one, sizeof(one), "%.0da%" PRIu64 ":%u ", (int) thread, last, n);
		} else {
			add(block, stamp, F, address[n], 0);
			snprintf(one, sizeof(one), "%.0df%" PRIu64 " ", (int) thread, number[n]);
			address[n] = 0;
		}
		length += (size_t) snprintf(expected + length, sizeof(expected) - length, "%s", one);
	}
	reader = zmm_reader_open(file_so_far(), &error);
	while (reader && zmm_reader_next(reader, &event, &error) == 1) {
		char one[64] = "";

		traces_append(one, sizeof(one), &event);
		good &= strncmp(expected + first, one, strlen(one)) == 0;
		first += strlen(one);
	}
	zmm_reader_close(reader);
	ok(good && first == length && last > 1000,
		"%d threads' events in %zu blocks come in their order", THREADS, image_blocks);
}

/* --- a recorder that is killed --------------------------------------------------------------- */

#ifdef _WIN32
static void test_killed(uint64_t *state)
{
	(void) state;
	skip(1, "programs are recorded on POSIX systems only");
}
#else
#include <fcntl.h>
#include <sys/mman.h>

/* Allocates ever new addresses of the size of their number into a shared mapping, until it is
 * killed or the file is full. */
static void record_until_killed(const char *path, int ready)
{
	int fd = open(path, O_RDWR);
	unsigned char *file = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t n = 0;

	if (file == MAP_FAILED || write(ready, "x", 1) != 1) {
		_exit(1);
	}
	for (size_t offset = STRIDE; offset < FILE_BYTES; offset += STRIDE) {
		const struct zmm_block_start start = {.stamped = true, .stamp = n, .id_shift = 3};
		struct zmm_block block;

		zmm_block_open(&block, file + offset, STRIDE, &start);
		for (;; n++) {
			const struct zmm_event event = {.kind = A, .stamp = n + 1, .stamped = true,
				.id = ADDRESS + n * 16, .size = n};

			if (!zmm_block_add(&block, &event)) {
				break;
			}
			/* Slow enough to be killed at work. */
			for (volatile int wait = 0; wait < 300; wait++) {
				;
			}
		}
		zmm_block_close(&block, false);
	}
	_exit(0);
}

/* How many events a recording holds, all in order; -1 if it cannot be read or one is wrong. */
static long events_in_order(const char *path)
{
	struct zmm_error error;
	struct zmm_event event;
	zmm_reader *reader = zmm_reader_open(path, &error);
	int result = -1;
	long count = 0;

	while (reader && (result = zmm_reader_next(reader, &event, &error)) == 1) {
		if (event.id != (uint64_t) count + 1 || event.size != (uint64_t) count) {
			result = -1;
			break;
		}
		count++;
	}
	if (result < 0) {
		diag("after %ld events: %s", count, error.text);
	}
	zmm_reader_close(reader);
	return result == 0 ? count : -1;
}

static void test_killed(uint64_t *state)
{
	int readable = 0, at_work = 0;

	for (int round = 0; round < 50; round++) {
		const char *path;
		int ready[2], status;
		char byte;
		pid_t child;

		begin_file(recorder);
		path = traces_write("killed", image, FILE_BYTES);
		if (pipe(ready) != 0 || (child = fork()) < 0) {
			bail_out("cannot start a child");
		}
		if (child == 0) {
			record_until_killed(path, ready[1]);
		}
		if (read(ready[0], &byte, 1) == 1) {
			usleep((useconds_t) tap_below(state, 20000));
		}
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		close(ready[0]);
		close(ready[1]);
		at_work += WIFSIGNALED(status);
		readable += events_in_order(path) >= 0;
	}
	is_int(readable, 50, "what a killed recorder left can be read, 50 times");
	note("%d of them were killed at work", at_work);
}
#endif

int main(void)
{
	uint64_t state = tap_seed();

	test_merge();
	test_resizes();
	test_lost_events();
	test_end_of_request();
	test_holes_and_ends();
	test_copies();
	test_damage();
	test_random_merge(&state);
	test_killed(&state);
	return done_testing();
}
