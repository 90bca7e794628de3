/* SPDX-License-Identifier: MIT */
/*
 * tools/check_trace.c - zmm check of a trace: replayed with payloads and deep checks, each time in
 * a process of its own, which a damaged heap may take along.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
# include <sys/wait.h>
# include <unistd.h>
#endif

#include "tools/check.h"
#include "tools/progress.h"
#include "tools/zmm.h"
#include "trace/error.h"

#ifdef _WIN32
int zmm_check_trace(const struct zmm_check_trace *check)
{
	(void)check;
	fputs("zmm check: there is no fork() on Windows; see zmm replay --check --verify\n", stderr);
	return ZMM_EXIT_FAILED;
}
#else

struct attempt {
	const struct zmm_check_trace *check;
	const zmm_program *program;
	char said[4096];       /* by the newest run that found something */
	char noticed[4096];    /* by a run without checks: what the heap itself finds */
	unsigned runs;
};

/* {{{ In the child. */

static bool do_damage(void *context, const struct zmm_replay_moment *moment)
{
	const struct attempt *attempt = context;
	const struct zmm_check_damage *damage = &attempt->check->damage;
	struct zmm_replay_block block;

	if (moment->operation == damage->operation) {
		const struct zmm_op *op = &attempt->program->ops[damage->operation - 1];

		if (zmm_replay_moment_block(moment, zmm_op_slot(op), &block)) {
			memset((char *)(uintptr_t)block.data + damage->offset, 0x5a, damage->length);
		}
	}
	return true;
}

/* Replays the first operations; with checks, payloads are verified, and at the end the heap. */
static int replay(const struct attempt *attempt, uint64_t operations, bool checks)
{
	zmm_program first = *attempt->program;
	struct zmm_full_run run = {
		.verify = checks && attempt->check->damage.operation == 0,
		.check_every = checks ? operations : 0,
		.observe_every = attempt->check->damage.operation ? 1 : 0,
		.observer = attempt->check->damage.operation ? do_damage : NULL,
		.context = (void *)(uintptr_t)attempt,
	};
	struct zmm_error error;
	zmm_replay *replay;

	first.op_count = operations;
	replay = zmm_replay_new(&first, &attempt->check->replay, &error);
	if (!replay || !zmm_replay_full(replay, &run, &error)) {
		zmm_error_print(&error);
		return ZMM_EXIT_FAILED;
	}
	return ZMM_EXIT_OK;
}

/* }}} */

/* Runs that in a child.  True if nothing was wrong; otherwise `said` is what the child said. */
static bool run(struct attempt *attempt, uint64_t operations, bool checks, char said[4096])
{
	int ends[2], status = 0;
	size_t length = 0;
	ssize_t got;
	pid_t child;

	attempt->runs++;
	fflush(NULL);
	if (pipe(ends) != 0 || (child = fork()) < 0) {
		perror("zmm check: cannot start a process");
		exit(ZMM_EXIT_FAILED);
	}
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		_exit(replay(attempt, operations, checks));
	}
	close(ends[1]);
	while ((got = read(ends[0], said + length, 4095 - length)) > 0) {
		length += (size_t)got;
	}
	said[length] = '\0';
	close(ends[0]);
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status) && length == 0) {
		snprintf(said, 4096, "ended by signal %d (%s)\n", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == ZMM_EXIT_OK;
}

/* The first number of operations after which run() finds something; at `damaged` it does. */
static uint64_t first_wrong(struct attempt *attempt, uint64_t damaged, bool checks, char said[4096])
{
	uint64_t sound = 0;

	while (damaged - sound > 1) {
		uint64_t middle = sound + (damaged - sound) / 2;
		char middle_said[4096];

		zmm_progress("run %u: operation %" PRIu64 ", between %" PRIu64 " and %" PRIu64,
			attempt->runs, middle, sound, damaged);
		if (run(attempt, middle, checks, middle_said)) {
			sound = middle;
		} else {
			damaged = middle;
			memcpy(said, middle_said, sizeof middle_said);
		}
	}
	zmm_progress_clear();
	return damaged;
}

static void print_indented(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		printf("  %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void print_operation(const struct attempt *attempt, uint64_t number)
{
	const struct zmm_op *op = &attempt->program->ops[number - 1];

	printf("operation %" PRIu64 " (%s, %" PRIu64 " bytes)", number,
		zmm_op_letter(zmm_op_kind(op)), zmm_op_size(attempt->program, op));
}

/* A number of operations after which something is wrong; 0: none is known.  What was damaged on
 * purpose can be whole again at the end, when what lies there was written anew. */
static uint64_t some_wrong(struct attempt *attempt)
{
	uint64_t tried[] = { attempt->check->damage.operation, attempt->program->op_count };

	for (int i = 0; i < 2; i++) {
		if (tried[i] && !run(attempt, tried[i], true, attempt->said)) {
			return tried[i];
		}
	}
	return 0;
}

/* When checks of the heap's own, which every release build makes, come across the damage. */
static void say_when_noticed(struct attempt *attempt)
{
	uint64_t count = attempt->program->op_count;

	if (run(attempt, count, false, attempt->noticed)) {
		puts("the heap itself does not notice until the end");
		return;
	}
	count = first_wrong(attempt, count, false, attempt->noticed);
	printf("the heap itself notices in ");
	print_operation(attempt, count);
	puts("");
	print_indented(attempt->noticed);
}

static int verdict(struct attempt *attempt)
{
	const struct zmm_check_trace *check = attempt->check;
	const char *mode = zmm_allocator_name(check->replay.allocator);
	uint64_t wrong = some_wrong(attempt);

	if (wrong == 0) {
		printf("%s, %s heap: no damage found after %zu operations\n", check->path, mode,
			attempt->program->op_count);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	if (check->bisect) {
		wrong = first_wrong(attempt, wrong, true, attempt->said);
		printf("%s, %s heap: damaged after ", check->path, mode);
		print_operation(attempt, wrong);
		printf(", found in %u runs\n", attempt->runs);
	} else {
		printf("%s, %s heap: damaged after %" PRIu64 " operations\n", check->path, mode, wrong);
	}
	print_indented(attempt->said);
	if (check->bisect && check->damage.operation) {
		say_when_noticed(attempt);
	}
	return zmm_finish_output(ZMM_EXIT_FAILED);
}

/* The damage has to be one that a block is there for. */
static int judge_damage(const struct zmm_check_trace *check, const zmm_program *program)
{
	uint64_t operation = check->damage.operation;
	enum zmm_op_kind kind = operation && operation <= program->op_count ?
		zmm_op_kind(&program->ops[operation - 1]) : ZMM_OP_USAGE;

	if (operation == 0 || kind == ZMM_OP_ALLOC || kind == ZMM_OP_ALIGNED || kind == ZMM_OP_RESIZE) {
		return ZMM_EXIT_OK;
	}
	return zmm_bad_usage("check", "operation %" PRIu64 " of %s has no block to damage: it has %zu "
		"operations, and this is none that allocates or resizes", operation, check->path,
		program->op_count);
}

int zmm_check_trace(const struct zmm_check_trace *check)
{
	static struct attempt attempt;
	struct zmm_error error;
	zmm_program *program = zmm_program_load(check->path, 0, &error);
	int status;

	if (!program) {
		return zmm_error_print(&error);
	}
	attempt = (struct attempt){ .check = check, .program = program };
	zmm_progress_start();
	status = judge_damage(check, program);
	if (status == ZMM_EXIT_OK) {
		status = verdict(&attempt);
	}
	zmm_program_free(program);
	return status;
}
#endif
