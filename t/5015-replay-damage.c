/* SPDX-License-Identifier: MIT */
/*
 * What a full run says when something was overwritten: a list of the heap's, or a payload. The
 * damage is done by an observer, so the message has to name the operation after it.
 */
#include "t/tap.h"
#include "trace/replay.h"

enum {
	operations = 400,
	damage_at = 300
};

/* Where to do damage. */
struct victim {
	zend_mm_block_state state;
	uint64_t *word;
};

static int find_victim(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	struct victim *victim = context;

	(void)region;
	if (!block || block->state != victim->state || block->internal || block->usable < 24
			|| !block->data) {
		return 0;
	}
	victim->word = (uint64_t *)(uintptr_t)block->data;
	return 1;
}

static bool do_damage(void *context, const struct zmm_replay_moment *moment)
{
	struct victim *victim = context;

	if (moment->operation == damage_at) {
		zend_mm_walk(moment->heap, find_victim, victim);
		if (victim->word) {
			victim->word[0] ^= 0x1234567890abcdef;
		}
	}
	return true;
}

/* Small and large blocks, some of them freed again: lists of every kind have members. The operation
 * after the damage is one that does not meet it by itself. */
static zmm_program *make_program(void)
{
	static zmm_program program;
	static struct zmm_op ops[operations];
	uint32_t slot = 0;

	for (uint32_t i = 0; i < operations; i++) {
		if (i % 4 == 3) {
			ops[i] = (struct zmm_op){ (slot - 2) << ZMM_OP_SLOT_SHIFT | ZMM_OP_FREE, 0 };
		} else {
			ops[i] = (struct zmm_op){ slot++ << ZMM_OP_SLOT_SHIFT | ZMM_OP_ALLOC,
				i % 3 ? 56 : 1200 };
		}
	}
	ops[damage_at] = (struct zmm_op){ ZMM_OP_USAGE, 0 };
	program.ops = ops;
	program.op_count = operations;
	program.slot_count = slot;
	program.thread_count = 1;
	return &program;
}

/* Ends without destroying the heap, which is damaged. */
static void run(enum zmm_allocator allocator, struct zmm_full_run *full,
	zend_mm_block_state state)
{
	struct victim victim = { .state = state };
	struct zmm_replay_options options = { .allocator = allocator };
	struct zmm_error error = { .text = "nothing was found" };
	zmm_replay *replay = zmm_replay_new(make_program(), &options, &error);

	full->observe_every = 1;
	full->observer = do_damage;
	full->context = &victim;
	if (replay && zmm_replay_full(replay, full, &error)) {
		puts("no error");
	}
	printf("%s%s\n", victim.word ? "" : "no victim; ", error.text);
	fflush(stdout);
	_Exit(0);
}

static void damage_heap(const char *mode)
{
	struct zmm_full_run full = { .check_every = 1 };

	run(*mode == 'l' ? ZMM_ALLOCATOR_LEGACY : ZMM_ALLOCATOR_MODERN, &full, ZEND_MM_BLOCK_FREE);
}

static void damage_payload(const char *mode)
{
	struct zmm_full_run full = { .verify = true };

	run(*mode == 'l' ? ZMM_ALLOCATOR_LEGACY : ZMM_ALLOCATOR_MODERN, &full, ZEND_MM_BLOCK_USED);
}

static void test(const char *mode)
{
	struct tap_child child = run_child(damage_heap, mode);

	contains(child.out, "the heap is damaged after operation 301 (u, ", "%s: a damaged list", mode);
	contains(child.out, ", at 0x", "and where");
	child = run_child(damage_payload, mode);
	contains(child.out, "operation ", "%s: a damaged payload", mode);
	contains(child.out, "was overwritten at byte 0", "and at which byte");
	contains(child.out, ", allocated by operation ", "and whose it is");
}

int main(void)
{
	test("legacy");
	test("modern");
	return done_testing();
}
