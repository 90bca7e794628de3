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

/* How many of the processes run the same program as the one at a place; 0 if one before it does. */
static unsigned count_alike(const struct zend_mm_witness *witness, unsigned place)
{
	unsigned alike = 0, all = zmm_check_processes(witness);

	for (unsigned i = 0; i < all; i++) {
		if (strcmp(witness->process[i].program, witness->process[place].program) == 0) {
			if (i < place) {
				return 0;
			}
			alike++;
		}
	}
	return alike;
}

/* What was looked at: "202 requests of NAME", or of several processes with the names of all. */
static void say_whose_requests(const struct zend_mm_witness *witness)
{
	unsigned all = zmm_check_processes(witness);
	const char *between = "";
	uint64_t requests = 0;

	for (unsigned i = 0; i < all; i++) {
		requests += witness->process[i].requests - witness->process[i].inherited;
	}
	printf("%" PRIu64 " request%s of ", requests, requests == 1 ? "" : "s");
	if (all > 1) {
		printf("%u processes: ", all);
	}
	for (unsigned i = 0; i < all; i++) {
		unsigned alike = count_alike(witness, i);

		if (alike > 0) {
			printf("%s%s", between, named(&witness->process[i]));
			between = ", ";
		}
		if (alike > 1) {
			printf(" (%u)", alike);
		}
	}
	putchar('\n');
}

/* Whether a process is known by no entry to have come to its end. */
static bool is_lost(const struct zend_mm_witness *witness, unsigned place)
{
	for (unsigned i = 0; i < zmm_check_processes(witness); i++) {
		if (witness->process[i].pid == witness->process[place].pid &&
			(i > place || witness->process[i].exited)) {
			return false;
		}
	}
	return true;
}

/* Programs are not looked at that were started without the library. */
static void say_who_was_lost(const struct zmm_check *check)
{
	const struct zend_mm_witness *witness = check->witness;

	for (unsigned i = 0; i < zmm_check_processes(witness); i++) {
		const struct zend_mm_witness_process *process = &witness->process[i];
		bool own = process->pid == (uint32_t)check->child;

		if (is_lost(witness, i) && !(own && WIFSIGNALED(check->status))) {
			printf("%s became another program, which was not checked: its environment was cleared, "
				"or it has\nother rights, another word size, or no dynamic linker%s\n",
				named(process), own ? "" : "; or it was killed");
		}
	}
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

static int say_sound(const struct zmm_check *check)
{
	say_how_it_ended(check);
	printf("\nno damage found in ");
	say_whose_requests(check->witness);
	say_who_was_lost(check);
	return zmm_finish_output(ZMM_EXIT_OK);
}

static void say_faults(const struct zend_mm_witness *witness)
{
	for (unsigned i = 0; i < zmm_check_processes(witness); i++) {
		if (witness->process[i].fault[0]) {
			printf("  %s %s\n", named(&witness->process[i]), witness->process[i].fault);
		}
	}
}

static int say_crash(const struct zmm_check *check, const struct zend_mm_witness_process *process)
{
	say_how_it_ended(check);
	printf(", in request %" PRIu64 " of %s or after it\n", process->requests, named(process));
	say_faults(check->witness);
	zmm_check_print_last_words(check, "  its last words: ");
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

static int say_differs(struct zmm_check *check, const struct narrowed *narrowed)
{
	struct zmm_check_plan plan = { .guards = narrowed->guards };
	struct zend_mm_witness_process *process = NULL;

	printf("%s: memory was overwritten, but not in the same way each time, so it cannot be "
		"narrowed.\nThe program does not do the same each time: threads, time, random numbers?\n",
		named(&narrowed->found));
	if (zmm_check_run(check, &plan, &process) == ZMM_CHECK_DAMAGED) {
		puts("The report of one more run:");
		zmm_check_print_report(check, "  ");
	}
	return zmm_finish_output(ZMM_EXIT_DIFFERS);
}

static int say_stopped(const struct narrowed *narrowed)
{
	printf("%s: %s\ninterrupted: before request %" PRIu64 " it was sound, and damaged before "
		"request %" PRIu64 "\n", named(&narrowed->found), narrowed->found.reason, narrowed->sound,
		narrowed->damaged);
	return zmm_finish_output(ZMM_EXIT_FAILED);
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
	if (end != ZMM_CHECK_DAMAGED || process != &check->witness->process[narrowed->target] ||
		process->requests > request) {
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
	if (found_in > narrowed->sound) {
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
	printf("  after   request %" PRIu64 "%s%s%s\n", narrowed->sound,
		narrowed->sound ? ": " : " (the program's start)",
		narrowed->sound ? found->last[named_both ? 0 : 1] : "",
		narrowed->sound && narrowed->sound == found->inherited ? ", before the fork" : "");
	if (named_both) {
		printf("  before  request %" PRIu64 ": %s\n", narrowed->damaged, found->last[1]);
	} else {
		printf("  before  request %" PRIu64 ", or the end\n", narrowed->damaged);
	}
	printf("  found   in %u runs\n", check->runs);
}

/* Runs to the last sound request, of the parent where the child has made none yet, and watches.
 * True if the write was seen. */
static bool watch(struct zmm_check *check, const struct narrowed *narrowed)
{
	struct zmm_check_plan plan = halted_at(narrowed, narrowed->sound);
	struct zend_mm_witness_process *process = NULL;

	if (narrowed->sound == 0) {
		return false;
	}
	if (narrowed->sound == narrowed->found.inherited && narrowed->found.parent > 0) {
		plan.target = narrowed->found.parent - 1;
	}
	plan.watched = narrowed->found.word;
	plan.expected = narrowed->found.expected;
	return zmm_check_run(check, &plan, &process) == ZMM_CHECK_DAMAGED && process->seen;
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
		.sound = process->inherited,
		.damaged = process->requests,
		.found = *process,
	};

	if (!bisect(check, &narrowed)) {
		zmm_progress_clear();
		return zmm_check_interrupted() ? say_stopped(&narrowed) :
			say_differs(check, &narrowed);
	}
	zmm_progress_clear();
	say_interval(check, &narrowed);
	if (watch(check, &narrowed)) {
		puts("the write:");
	} else if (see_with_pages(check)) {
		puts("the write could not be watched; with guard pages, this is the first access:");
	} else {
		printf("the write was not seen: %s.\nThe last report:\n", check->unwatched[0] ?
			check->unwatched : "in that run memory was written in another order, as by threads, "
			"or at\nanother place");
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
	if (strncmp(line, "ERROR: ld.so: ", 14) == 0) {
		fprintf(stderr, "zmm check: %s cannot be checked: %s", check->command[0], line + 14);
		return ZMM_EXIT_FAILED;
	}
	fprintf(stderr, "zmm check: %s did not call malloc: linked statically, set-user-ID, or with "
		"its environment cleared?\n", check->command[0]);
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
	zmm_progress_clear();
	if (end == ZMM_CHECK_FAILED) {
		return ZMM_EXIT_FAILED;
	}
	if (!process) {
		return not_run(check);
	}
	if (end == ZMM_CHECK_DAMAGED) {
		struct zend_mm_witness_process copy = *process;

		return wanted->bisect && copy.word && !zmm_check_interrupted() ?
			narrow(check, guards, process) : say_found(check, &copy);
	}
	if (zmm_check_interrupted() && guards == padded) {
		puts("interrupted: guard pages, which find reads, too, were not tried");
	}
	*going_on = guards == padded && !zmm_check_interrupted();
	if (*going_on) {
		return ZMM_EXIT_OK;
	}
	return end == ZMM_CHECK_CRASHED ? say_crash(check, process) : say_sound(check);
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
	if (status == ZMM_EXIT_OK && zmm_check_interrupted()) {
		status = 128 + zmm_check_interrupted();
	}
	if (status == ZMM_EXIT_FAILED && check.runs == 0 && zmm_check_interrupted()) {
		fputs("zmm check: interrupted before the command was run\n", stderr);
	}
	return status;
}
#endif
