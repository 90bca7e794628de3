/* SPDX-License-Identifier: MIT */
/* Compiling a trace: slots, sizes, threads, figures; by example and against a model. */
#include "t/traces.h"
#include "trace/program.h"

static zmm_program *load(const char *text, unsigned flags)
{
	struct zmm_error error;
	zmm_program *program = zmm_program_load(traces_write_text("t", text), flags, &error);

	if (!program) {
		diag("%s", error.text);
		bail_out("a good trace was refused");
	}
	return program;
}

/* The operations as "a0:8 f0 ". */
static const char *code(const zmm_program *program)
{
	static char text[4096];
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < program->op_count; i++) {
		const struct zmm_op *op = &program->ops[i];
		length += (size_t) snprintf(text + length, sizeof(text) - length,
			"%s%" PRIu32 ":%" PRIu64 " ", zmm_op_letter(zmm_op_kind(op)), zmm_op_slot(op),
			zmm_op_size(program, op));
	}
	return text;
}

static void test_slots(void)
{
	zmm_program *program = load("a 10 8\na 20 16\nf 10\na 30 24\nr 30 32\nf 20\nf 30\na 40 1\n", 0);

	is_str(code(program), "a0:8 a1:16 f0:0 a0:24 r0:32 f1:0 f0:0 a0:1 ",
		"a freed slot is the next to be used");
	is_size(program->slot_count, 2, "there are as many slots as blocks were alive at once");
	is_int(program->peak_blocks, 2, "which is told");
	is_int(program->peak_bytes, 48, "with the most bytes that were alive");
	is_int(program->peak_op, 4, "and the operation that made them so");
	is_int(program->by_kind[ZMM_OP_ALLOC], 4, "allocations are counted");
	is_int(program->by_kind[ZMM_OP_FREE], 3, "and frees");
	is_int(program->thread_count, 1, "there is one thread");
	is_ptr(program->thread, NULL, "so nothing is kept about threads");
	is_int(program->requests, 1, "what no end of a request ends is a request, too");
	zmm_program_free(program);
}

static void test_requests(void)
{
	zmm_program *program = load("a 1 8\na 2 8\ne\na 3 8\nu\ng\nx 3\nl 5\ne\n", 0);

	is_str(code(program), "a0:8 a1:8 e0:0 a0:8 u0:0 g0:0 x0:3 l0:5 e0:0 ",
		"all slots are free after a request");
	is_int(program->requests, 2, "requests are counted");
	zmm_program_free(program);
}

static void test_left(void)
{
	zmm_program *program = load("a 1 8\na 2 8\na 3 8\nf 2\na 4 8\nr 1 9\ne\ne\na 5 8\nf 5\ne\n"
		"a 6 8\n", 0);
	static const uint32_t left[] = { 3, 0, 1, 2, 0, 0 };

	is_size(program->left_length, 6, "what requests leave over is listed, up to the last end");
	ok(memcmp(program->left, left, sizeof left) == 0,
		"each slot once, whoever had it before");
	zmm_program_free(program);
}

static void test_sizes(void)
{
	zmm_program *program = load("a 1 4294967295\na 2 4294967296\nr 1 18446744073709551615\n"
		"a 3 5 align=4096\nl 18446744073709551615\nr 3 6\n", 0);
	const struct zmm_op *ops = program->ops;

	is_str(code(program), "a0:4294967295 a1:4294967296 r0:18446744073709551615 a2:5 "
		"l0:18446744073709551615 r2:6 ", "sizes of all lengths are kept");
	is_size(program->wide_count, 4, "only those that do not fit take more room");
	is_int(zmm_op_kind(&ops[3]), ZMM_OP_ALIGNED, "an alignment makes an operation of its own");
	is_int(zmm_op_alignment(program, &ops[3]), 4096, "and is kept");
	is_int(zmm_op_alignment(program, &ops[1]), 0, "a big size has none");
	is_int(zmm_op_alignment(program, &ops[5]), 0, "nor has a small one");
	is_int(program->peak_bytes, 4294967295u + 4294967296u + 6,
		"a size that is impossible does not count as alive, what was there before does");
	zmm_program_free(program);
}

static void test_threads(void)
{
	zmm_program *program = load("a 1 8\nt 7\nb\na 2 8 site=3\nt 0\nf 2\nt 5\nf 1\nt 7\nd\n",
		ZMM_PROGRAM_SITES);
	static const uint32_t threads[] = {0, 1, 1, 0, 2, 1};
	bool same = program->op_count == 6;

	is_int(program->thread_count, 3, "threads are counted");
	for (size_t i = 0; same && i < program->op_count; i++) {
		same = program->thread && program->thread[i] == threads[i];
	}
	ok(same, "each operation has its thread, numbered as they appear");
	is_str(code(program), "a0:8 b0:0 a1:8 f1:0 f0:0 d0:0 ",
		"the beginning and the end of a thread are operations");
	ok(program->site && program->site[2] == 3 && program->site[0] == 0, "and call sites are kept");
	zmm_program_free(program);
	program = load("a 1 8\nf 1\n", ZMM_PROGRAM_SITES);
	is_ptr(program->site, NULL, "where there are any");
	zmm_program_free(program);
}

static void test_refusals(void)
{
	static const struct {
		const char *text;
		const char *part;
		const char *what;
	} bad[] = {
		{"a 1 8\nf 2\n", "t:2: free of block 2, which was never allocated", "a free of nothing"},
		{"a 1 8\nf 1\nf 1\n", "t:3: free of block 1, which is freed already", "a double free"},
		{"a 1 8\nf 1\nr 1 9\n", "t:3: resize of block 1, which is freed already",
			"a resize of what is freed"},
		{"r 1 9\n", "t:1: resize of block 1, which was never allocated", "a resize of nothing"},
		{"a 1 8\ne\nf 1\n", "t:3: free of block 1, which was gone when its request ended",
			"a free of what a request's end took"},
		{"a 1 8\ne\nr 1 9\n", "t:3: resize of block 1, which was gone",
			"a resize of what a request's end took"},
		{"a 1 8\na 1 8\n", "t:2: block 1 is allocated, but its number was used before",
			"a number that is taken"},
		{"a 1 8\nf 1\na 1 8\n", "t:3: block 1 is allocated, but its number was used before",
			"a number that was taken"},
		{"a 1 8\ne\na 1 8\n", "t:3: block 1 is allocated, but its number was used before",
			"a number that was taken in another request"},
		{"a 18446744073709551615 8\na 18446744073709551615 8\n", "t:2: block 1844",
			"a great number that is taken"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct zmm_error error = {0};
		zmm_program *program = zmm_program_load(traces_write_text("t", bad[i].text), 0, &error);

		ok(!program && error.kind == ZMM_ERROR_INPUT, "%s is refused", bad[i].what);
		contains(error.text, bad[i].part, "and the line and the reason are told");
		zmm_program_free(program);
	}
}

/* --- a random trace and what has to come of it ----------------------------------------------- */

enum { BLOCKS = 20000, ALIVE = 500 };

struct block {
	uint64_t id;
	uint64_t size;
};

/* How ids follow each other. */
enum numbering { DENSE, SPARSE, SCATTERED };

static uint64_t id_number(enum numbering numbering, uint64_t n)
{
	switch (numbering) {
	case DENSE: return n;
	case SPARSE: return n * 1000 + 999;
	default: return n * 0x9e3779b97f4a7c15u; /* odd, so no two are alike */
	}
}

/* Writes a random trace; each operation's block goes to blocks (id 0 for the end of a request). */
static const char *random_trace(uint64_t *state, enum numbering numbering, struct block *ops,
	size_t *op_count)
{
	static struct block alive[ALIVE];
	const char *path = traces_file("random");
	FILE *file = fopen(path, "w");
	size_t count = 0, blocks = 0;

	for (*op_count = 0; blocks < BLOCKS && *op_count < BLOCKS * 5; ++*op_count) {
		struct block *op = &ops[*op_count];
		size_t n = count ? tap_below(state, count) : 0;
		uint64_t choice = tap_below(state, 1000);

		if (choice < 500 ? count < ALIVE : count == 0) {
			op->id = id_number(numbering, ++blocks);
			op->size = tap_below(state, 1000);
			alive[count++] = *op;
			fprintf(file, "a %" PRIu64 " %" PRIu64 "\n", op->id, op->size);
		} else if (choice < 700 && count > 0) {
			alive[n].size = tap_below(state, 1000);
			*op = alive[n];
			fprintf(file, "r %" PRIu64 " %" PRIu64 "\n", op->id, op->size);
		} else if (choice < 999 && count > 0) {
			*op = (struct block){alive[n].id, 0};
			alive[n] = alive[--count];
			fprintf(file, "f %" PRIu64 "\n", op->id);
		} else {
			*op = (struct block){0, 0};
			count = 0;
			fprintf(file, "e\n");
		}
	}
	fclose(file);
	return path;
}

/* Runs the program with ids for blocks: the slot has to hold the block that the trace means. */
static bool agrees(const zmm_program *program, const struct block *ops, size_t op_count)
{
	uint64_t held[ALIVE + 1] = {0};
	const uint32_t *left = program->left;

	if (program->op_count != op_count || program->slot_count > ALIVE) {
		return false;
	}
	for (size_t i = 0; i < op_count; i++) {
		const struct zmm_op *op = &program->ops[i];
		uint32_t slot = zmm_op_slot(op);

		switch (zmm_op_kind(op)) {
		case ZMM_OP_ALLOC:
			if (held[slot] != 0) {
				return false;
			}
			held[slot] = ops[i].id;
			break;
		case ZMM_OP_END_REQUEST:
			for (uint32_t count = *left++; count > 0; count--, left++) {
				if (held[*left] == 0) {
					return false;
				}
				held[*left] = 0;
			}
			for (uint32_t rest = 0; rest <= ALIVE; rest++) {
				if (held[rest] != 0) {
					return false;
				}
			}
			break;
		default:
			break;
		}
		if (held[slot] != ops[i].id && ops[i].id) {
			return false;
		}
		if (zmm_op_kind(op) == ZMM_OP_FREE) {
			held[slot] = 0;
		} else if (zmm_op_size(program, op) != ops[i].size) {
			return false;
		}
	}
	return true;
}

static void test_random(void)
{
	static const char *const names[] = {"dense", "sparse", "scattered"};
	static struct block ops[BLOCKS * 5];
	uint64_t state = tap_seed();

	for (enum numbering numbering = DENSE; numbering <= SCATTERED; numbering++) {
		struct zmm_error error;
		size_t op_count;
		const char *path = random_trace(&state, numbering, ops, &op_count);
		zmm_program *program = zmm_program_load(path, 0, &error);

		ok(program && agrees(program, ops, op_count),
			"a random trace with %s numbers keeps its blocks apart", names[numbering]);
		zmm_program_free(program);
	}
}

int main(void)
{
	test_slots();
	test_requests();
	test_left();
	test_sizes();
	test_threads();
	test_refusals();
	test_random();
	return done_testing();
}
