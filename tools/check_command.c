/* SPDX-License-Identifier: MIT */
/*
 * tools/check_command.c - zmm check of a command: is its heap damaged, since which request, and by
 * which instruction.
 *
 *  1. The command is run with padding and a quarantine, then with guard pages, which see reads,
 *     too.  A misuse that is found when it is made (a block freed twice) needs no more.
 *  2. Where memory was overwritten, runs are halted at the beginning of request K, and everything
 *     is checked.  Bisection finds the first K before which it is damaged.
 *  3. One more run is halted at K - 1, the last that was sound, and the damaged byte is watched.
 */
#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
# include <sys/wait.h>
#endif

#include "tools/check.h"
#include "tools/check_run.h"
#include "tools/preloaded.h"
#include "tools/progress.h"
#include "tools/zmm.h"

#ifdef _WIN32
int zmm_check_command(const struct zmm_check_command *check)
{
	(void)check;
	fputs("zmm check: commands cannot be checked: Windows has no preloading\n", stderr);
	return ZMM_EXIT_FAILED;
}
#else

static const char padded[] = "padding=16,quarantine=64M,sites=1,check_freelists_on_shutdown=1";
static const char paged[] = "all";

/* What is known while a damage is being narrowed. */
struct narrowed {
	const char *guards;
	uint32_t target;                       /* the process */
	uint64_t sound, damaged;               /* requests at whose beginning it was so */
	struct zend_mm_witness_process found;  /* what was said at the newest damaged one */
};

/* {{{ Words. */

static const char *named(const struct zend_mm_witness_process *process)
{
	return process && process->program[0] ? process->program : "the command";
}

static void say_how_it_ended(const struct zmm_check *check)
{
	if (WIFSIGNALED(check->status)) {
		printf("the command was ended by signal %d (%s)", WTERMSIG(check->status),
			strsignal(WTERMSIG(check->status)));
	} else {
		printf("the command exited with status %d", WEXITSTATUS(check->status));
	}
}

static int say_sound(const struct zmm_check *check, const struct zend_mm_witness_process *process)
{
	say_how_it_ended(check);
	printf("\nno damage found in %" PRIu64 " requests of %s\n", process->requests, named(process));
	return zmm_finish_output(ZMM_EXIT_OK);
}

static int say_crash(const struct zmm_check *check, const struct zend_mm_witness_process *process)
{
	say_how_it_ended(check);
	printf(", in request %" PRIu64 " of %s or after it\n", process->requests, named(process));
	zmm_check_print_report(check, "  ");
	puts("its heap was not found damaged");
	return zmm_finish_output(ZMM_EXIT_FAILED);
}

static int say_found(const struct zmm_check *check, const struct zend_mm_witness_process *process)
{
	printf("%s: %s, in request %" PRIu64 " or after it\n", named(process), process->reason,
		process->requests);
	zmm_check_print_report(check, "  ");
	if (process->word) {
		puts("zmm check --bisect finds out who wrote there");
	}
	return zmm_finish_output(ZMM_EXIT_FAILED);
}

static int say_differs(const struct narrowed *narrowed)
{
	printf("%s: memory was overwritten, but not in the same way each time: before request %"
		PRIu64 " it was sound, and damaged before request %" PRIu64 ", and a run in between "
		"came to neither.\nThe program does not do the same each time: threads, time, random "
		"numbers?\n", named(&narrowed->found), narrowed->sound, narrowed->damaged);
	return zmm_finish_output(ZMM_EXIT_DIFFERS);
}

/* }}} */
/* {{{ Bisecting. */

static struct zmm_check_plan halted_at(const struct narrowed *narrowed, uint64_t request)
{
	return (struct zmm_check_plan){
		.guards = narrowed->guards, .halt_at = request, .target = narrowed->target
	};
}

/* Whether all is sound at the beginning of a request: 1, 0, or -1 for a run that tells neither. */
static int is_sound_at(struct zmm_check *check, struct narrowed *narrowed, uint64_t request)
{
	struct zmm_check_plan plan = halted_at(narrowed, request);
	struct zend_mm_witness_process *process = NULL;
	enum zmm_check_end end = zmm_check_run(check, &plan, &process);

	zmm_progress("run %u: request %" PRIu64 ", between %" PRIu64 " and %" PRIu64, check->runs,
		request, narrowed->sound, narrowed->damaged);
	if (end == ZMM_CHECK_HALTED) {
		narrowed->sound = request;
		return 1;
	}
	if (end != ZMM_CHECK_DAMAGED || process != &check->witness->process[narrowed->target]) {
		return -1;
	}
	narrowed->damaged = request;
	narrowed->found = *process;
	return 0;
}

/* The damage was found in the request that narrowed->damaged says, or after it.  False where runs
 * differ. */
static bool bisect(struct zmm_check *check, struct narrowed *narrowed)
{
	uint64_t found_in = narrowed->damaged;

	int sound = 1;

	narrowed->damaged++;
	if (found_in > 0) {
		sound = is_sound_at(check, narrowed, found_in);
	}
	if (sound < 0 || (sound > 0 && is_sound_at(check, narrowed, found_in + 1) != 0)) {
		return false;
	}
	while (narrowed->damaged - narrowed->sound > 1) {
		uint64_t middle = narrowed->sound + (narrowed->damaged - narrowed->sound) / 2;

		if (is_sound_at(check, narrowed, middle) < 0) {
			return false;
		}
	}
	return true;
}

/* }}} */
/* {{{ The verdict. */

/* What the requests around the damage are is known where both halted or were checked. */
static void say_interval(const struct zmm_check *check, const struct narrowed *narrowed)
{
	const struct zend_mm_witness_process *found = &narrowed->found;
	bool named_both = found->requests == narrowed->damaged;

	printf("%s: %s\n", named(found), found->reason);
	printf("  after   request %" PRIu64 "%s%s\n", narrowed->sound,
		narrowed->sound ? ": " : " (the program's start)",
		narrowed->sound ? found->last[named_both ? 0 : 1] : "");
	if (named_both) {
		printf("  before  request %" PRIu64 ": %s\n", narrowed->damaged, found->last[1]);
	} else {
		printf("  before  request %" PRIu64 ", or the end\n", narrowed->damaged);
	}
	printf("  found   in %u runs\n", check->runs);
}

/* Runs to the last sound request and watches.  True if the write was seen. */
static bool watch(struct zmm_check *check, const struct narrowed *narrowed)
{
	struct zmm_check_plan plan = halted_at(narrowed, narrowed->sound);
	struct zend_mm_witness_process *process = NULL;

	if (narrowed->sound == 0) {
		return false;
	}
	plan.watched = narrowed->found.word;
	plan.expected = narrowed->found.expected;
	return zmm_check_run(check, &plan, &process) == ZMM_CHECK_DAMAGED;
}

static bool see_with_pages(struct zmm_check *check)
{
	struct zmm_check_plan plan = { .guards = paged };
	struct zend_mm_witness_process *process = NULL;

	return zmm_check_run(check, &plan, &process) == ZMM_CHECK_DAMAGED &&
		strstr(process->reason, "touched") != NULL;
}

static int narrow(struct zmm_check *check, const char *guards,
	const struct zend_mm_witness_process *process)
{
	struct narrowed narrowed = {
		.guards = guards,
		.target = (uint32_t)(process - check->witness->process),
		.damaged = process->requests,
		.found = *process,
	};

	if (!bisect(check, &narrowed)) {
		zmm_progress_clear();
		return say_differs(&narrowed);
	}
	zmm_progress_clear();
	say_interval(check, &narrowed);
	if (watch(check, &narrowed)) {
		puts("the write:");
	} else if (see_with_pages(check)) {
		puts("the write could not be watched; with guard pages, this is the first access:");
	} else {
		puts("the write was not seen: made by the kernel for a system call, or by a thread that "
			"is not watched.\nThe last report:");
		is_sound_at(check, &narrowed, narrowed.damaged);
		zmm_progress_clear();
	}
	zmm_check_print_report(check, "  ");
	return zmm_finish_output(ZMM_EXIT_FAILED);
}

/* }}} */

/* A command that could not be run says so itself, with the exit status of a shell. */
static int not_run(const struct zmm_check *check)
{
	int status = WIFEXITED(check->status) ? WEXITSTATUS(check->status) : 0;
	FILE *said = fopen(check->report_path, "r");
	char line[512] = "";

	if (said && !fgets(line, sizeof line, said)) {
		line[0] = '\0';
	}
	if (said) {
		fclose(said);
	}
	if (strncmp(line, "zmm check: ", 11) == 0) {
		fputs(line, stderr);
		return status;
	}
	fprintf(stderr, "zmm check: %s did not call malloc: linked statically, or without the right "
		"to be preloaded into?\n", check->command[0]);
	return ZMM_EXIT_FAILED;
}

/* One way of guarding.  False in *going_on where there is a verdict, which is returned. */
static int try_guards(struct zmm_check *check, const struct zmm_check_command *wanted,
	const char *guards, bool *going_on)
{
	struct zmm_check_plan plan = { .guards = guards };
	struct zend_mm_witness_process *process = NULL;
	enum zmm_check_end end = zmm_check_run(check, &plan, &process);

	*going_on = false;
	if (end == ZMM_CHECK_FAILED) {
		return ZMM_EXIT_FAILED;
	}
	if (!process) {
		return not_run(check);
	}
	if (end == ZMM_CHECK_DAMAGED) {
		struct zend_mm_witness_process copy = *process;

		return wanted->bisect && copy.word ? narrow(check, guards, process) :
			say_found(check, &copy);
	}
	*going_on = guards == padded;
	if (*going_on) {
		return ZMM_EXIT_OK;
	}
	return end == ZMM_CHECK_CRASHED ? say_crash(check, process) : say_sound(check, process);
}

int zmm_check_command(const struct zmm_check_command *wanted)
{
	struct zmm_check check;
	bool going_on = true;
	int status = zmm_check_open(&check, wanted->command);

	zmm_progress_start();
	if (status == ZMM_EXIT_OK) {
		status = try_guards(&check, wanted, wanted->guards ? wanted->guards : padded, &going_on);
	}
	if (status == ZMM_EXIT_OK && going_on) {
		status = try_guards(&check, wanted, paged, &going_on);
	}
	zmm_check_close(&check);
	return status;
}
#endif
