/* SPDX-License-Identifier: MIT */
/*
 * Replays on as many threads as were recorded: what happens to one block happens in its order,
 * threads begin and end as recorded, and whatever cannot be replayed so is refused.
 */
#include "t/traces.h"

#include "trace/replay_threads.h"

/* --- random traces -----------------------------------------------------------------------------
 */

enum { THREADS_MAX = 12, BLOCKS_MAX = 200 };

struct life {
	uint64_t state;
	FILE *text;
	uint64_t blocks[BLOCKS_MAX]; /* alive; 0 is none */
	uint64_t last_block;
	unsigned alive[THREADS_MAX]; /* numbers of threads, 0 is none */
	unsigned last_thread;
};

/* A thread that is there, or a new one in the place of one that ends. */
static unsigned any_thread(struct life *life)
{
	unsigned place = (unsigned) tap_below(&life->state, THREADS_MAX);

	if (life->alive[place] && tap_below(&life->state, 200) == 0) {
		fprintf(life->text, "t %u\nd\n", life->alive[place]);
		life->alive[place] = 0;
	}
	if (!life->alive[place]) {
		life->alive[place] = ++life->last_thread;
		fprintf(life->text, "t %u\nb\n", life->alive[place]);
	}
	return life->alive[place];
}

static void put_event(struct life *life)
{
	uint64_t *block = &life->blocks[tap_below(&life->state, BLOCKS_MAX)];
	uint64_t size = tap_below(&life->state, 20) ? tap_below(&life->state, 300)
						    : tap_below(&life->state, 40000);

	fprintf(life->text, "t %u\n", any_thread(life));
	if (!*block) {
		*block = ++life->last_block;
		fprintf(life->text, "a %" PRIu64 " %" PRIu64 "%s\n", *block, size,
			tap_below(&life->state, 10) ? "" : " align=64");
	} else if (tap_below(&life->state, 3)) {
		fprintf(life->text, "f %" PRIu64 "\n", *block);
		*block = 0;
	} else {
		fprintf(life->text, "r %" PRIu64 " %" PRIu64 "\n", *block, size);
	}
}

static const char *write_random(uint64_t seed, int events)
{
	const char *path = traces_file("random.trace");
	struct life life = {.state = seed, .text = fopen(path, "w")};

	if (!life.text) {
		bail_out("cannot write a trace");
	}
	while (events-- > 0) {
		put_event(&life);
	}
	fclose(life.text);
	return path;
}

/* --- replaying ------------------------------------------------------------------------------- */

static struct zmm_threads_results results;
static struct zmm_error error;

static bool replay(const char *path, bool verify)
{
	zmm_program *program = zmm_program_load(path, 0, &error);
	bool good = program && zmm_replay_threads(program, verify, &results, &error);

	if (!good) {
		note("%s", error.text);
	}
	zmm_program_free(program);
	return good;
}

static bool replay_text(const char *text)
{
	return replay(traces_write_text("text.trace", text), true);
}

static void test_orders(void)
{
	ok(replay_text("a 1 10\nf 1\n"), "one thread needs no others");
	is_int(results.threads, 1, "and is one");
	is_size(results.waits, 0, "that waits for nobody");
	ok(replay_text("t 9\nb\na 1 1000\nt 8\nb\nr 1 50000\nt 9\nr 1 0\nt 8\nr 1 70\nt 7\nf 1\n"),
		"a block goes from thread to thread and back");
	is_int(results.threads, 3, "three in all");
	is_size(results.shared_blocks, 1, "with one block between them");
	ok(replay_text("a 1 8\nt 2\nb\nf 1\nd\nt 3\nb\na 2 8\nd\nt 4\nb\nf 2\nd\n"),
		"threads follow each other");
	is_int(results.threads_at_once, 2, "two at once, at most");
	ok(replay_text("t 1\na 1 8\nt 2\nb\nd\na 2 8\nt 3\nf 1\nf 2\n"),
		"an end of a thread that goes on is none");
	ok(replay_text("a 1 18446744073709551615\nt 2\nr 1 100\nt 3\nf 1\na 2 3 align=4096\n"),
		"a request that is refused leaves nothing behind");
	is_size(results.failures, 1, "and is counted");
	ok(replay_text("b\nd\n"), "threads that do nothing");
}

static void test_refusals(void)
{
	static const char *const texts[] = {"a 1 8\ne\n", "l 4000000\na 1 1\n", "g\n", "x 1\na 1 1\n"};

	for (int i = 0; i < 4; i++) {
		ok(!replay_text(texts[i]) && error.kind == ZMM_ERROR_INPUT,
			"a trace of one heap is refused: %.1s", texts[i] + (i ? 0 : 6));
		contains(error.text, "replay it without --threads", "with what to do about it");
	}
}

int main(void)
{
	uint64_t state = tap_seed();
	uint32_t threads = 0;

	test_orders();
	test_refusals();
	for (int round = 0; round < 10; round++) {
		const char *path = write_random(tap_random(&state), 20000);
		ok(replay(path, round % 2), "random events of many threads%s",
			round % 2 ? ", verified" : "");
		threads = results.threads > threads ? results.threads : threads;
		ok(results.shared_blocks > 1000 && results.failures == 0 &&
			results.threads_at_once <= THREADS_MAX + 1, "with many blocks between them");
	}
	ok(threads > 50, "%u threads in one of them", threads);
	return done_testing();
}
