/* SPDX-License-Identifier: MIT */
/*
 * tools/check_run.c - running a command in the same way each time (see check_run.h).
 *
 * The same way means: the same input, addresses that are not random, the same environment.  What
 * else a program depends on (time, other processes, threads) is its own.
 */
#include "config.h"

#ifndef _WIN32
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
# include <sys/personality.h>
# define same_addresses() personality(ADDR_NO_RANDOMIZE)
#else
# define same_addresses() 0
#endif

#include "tools/check_run.h"
#include "tools/preloaded.h"
#include "tools/zmm.h"
#include "trace/ending.h"

static int fail(const char *what, const char *path)
{
	fprintf(stderr, "zmm check: cannot %s %s: %s\n", what, path, strerror(errno));
	return ZMM_EXIT_FAILED;
}

/* {{{ The files. */

/* For signals: the files of the one check that there is, and the process group that runs. */
static struct zmm_check *volatile opened;
static volatile pid_t running;

static void remove_files(const struct zmm_check *check)
{
	unlink(check->witness_path);
	unlink(check->input_path);
	unlink(check->output_path);
	unlink(check->report_path);
	rmdir(check->folder);
}

/* The command has a process group of its own, which a terminal's Ctrl-C does not reach. */
static void clear_away(void)
{
	if (running > 0) {
		kill(-running, SIGKILL);
	}
	remove_files(opened);
}

static int copy_input(const struct zmm_check *check)
{
	int to = open(check->input_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char buffer[65536];
	ssize_t got = 0;

	if (to < 0) {
		return fail("make", check->input_path);
	}
	while (!isatty(STDIN_FILENO) && (got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
		if (write(to, buffer, (size_t)got) != got) {
			close(to);
			return fail("write to", check->input_path);
		}
	}
	close(to);
	return ZMM_EXIT_OK;
}

static struct zend_mm_witness *map_witness(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *map = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(struct zend_mm_witness)) == 0) {
		map = mmap(NULL, sizeof(struct zend_mm_witness), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (fd >= 0) {
		close(fd);
	}
	return map == MAP_FAILED ? NULL : map;
}

int zmm_check_open(struct zmm_check *check, char **command)
{
	const char *folder = getenv("TMPDIR");

	*check = (struct zmm_check){ .command = command };
	snprintf(check->folder, sizeof check->folder, "%.40s/zmm-check.XXXXXX",
		folder && *folder && strlen(folder) <= 40 ? folder : "/tmp");
	if (!mkdtemp(check->folder)) {
		return fail("make", check->folder);
	}
	snprintf(check->witness_path, sizeof check->witness_path, "%s/witness", check->folder);
	snprintf(check->input_path, sizeof check->input_path, "%s/input", check->folder);
	snprintf(check->output_path, sizeof check->output_path, "%s/output", check->folder);
	snprintf(check->report_path, sizeof check->report_path, "%s/report", check->folder);
	opened = check;
	zmm_on_ending(clear_away);
	check->witness = map_witness(check->witness_path);
	if (!check->witness) {
		return fail("make", check->witness_path);
	}
	return copy_input(check);
}

void zmm_check_close(struct zmm_check *check)
{
	if (check->witness) {
		munmap(check->witness, sizeof *check->witness);
	}
	remove_files(check);
	zmm_on_ending(NULL);
}

/* }}} */
/* {{{ The child. */

static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags | O_CREAT, 0600);

	if (fd < 0 || dup2(fd, to) < 0) {
		_exit(ZMM_EXIT_NOT_RUN);
	}
	close(fd);
}

static _Noreturn void become(const struct zmm_check *check, const struct zmm_check_plan *plan)
{
	setpgid(0, 0);
	same_addresses();
	redirect(check->input_path, O_RDONLY, STDIN_FILENO);
	redirect(check->output_path, O_WRONLY | O_TRUNC, STDOUT_FILENO);
	redirect(check->report_path, O_WRONLY | O_TRUNC | O_APPEND, STDERR_FILENO);
	setenv("ZEND_MM_WITNESS", check->witness_path, 1);
	setenv("ZEND_MM_DEBUG", plan->guards, 1);
	_exit(zmm_preload("check", "libzend_malloc.so") == ZMM_EXIT_OK ?
		zmm_become("check", check->command) : ZMM_EXIT_NOT_RUN);
}

/* }}} */
/* {{{ The parent. */

static uint32_t processes(const struct zend_mm_witness *witness)
{
	uint32_t entered = __atomic_load_n(&witness->entered, __ATOMIC_ACQUIRE);

	return entered < zend_mm_witness_processes ? entered : zend_mm_witness_processes;
}

static struct zend_mm_witness_process *find(struct zend_mm_witness *witness, uint32_t state)
{
	for (uint32_t i = 0; i < processes(witness); i++) {
		if (__atomic_load_n(&witness->process[i].state, __ATOMIC_ACQUIRE) == state) {
			return &witness->process[i];
		}
	}
	return NULL;
}

static void end_all(struct zmm_check *check, pid_t child)
{
	kill(-child, SIGKILL);
	while (waitpid(child, &check->status, 0) < 0 && errno == EINTR) {
	}
}

/* Waits until the command has ended, or a process is halted. */
static bool wait_for_halt(struct zmm_check *check, pid_t child)
{
	static const struct timespec pause = { 0, 500000 };

	while (!find(check->witness, ZEND_MM_WITNESS_HALTED)) {
		if (waitpid(child, &check->status, WNOHANG) == child) {
			return false;
		}
		nanosleep(&pause, NULL);
	}
	return true;
}

static enum zmm_check_end judge(struct zmm_check *check, struct zend_mm_witness_process **process)
{
	int status = check->status;

	*process = find(check->witness, ZEND_MM_WITNESS_DAMAGED);
	if (*process) {
		return ZMM_CHECK_DAMAGED;
	}
	if (processes(check->witness) > 0) {
		*process = &check->witness->process[0];
	}
	if (WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) > 128)) {
		return ZMM_CHECK_CRASHED;
	}
	return ZMM_CHECK_ENDED;
}

/* Until the command has ended. */
static enum zmm_check_end follow(struct zmm_check *check, const struct zmm_check_plan *plan,
	pid_t child, struct zend_mm_witness_process **process)
{
	struct zend_mm_witness_process *halted;

	if (!wait_for_halt(check, child)) {
		return judge(check, process);
	}
	halted = find(check->witness, ZEND_MM_WITNESS_HALTED);
	*process = halted;
	if (plan->watched && zmm_check_watch((pid_t)halted->pid, check->witness, plan->expected)) {
		bool damaged = find(check->witness, ZEND_MM_WITNESS_DAMAGED) != NULL;

		end_all(check, child);
		return damaged ? ZMM_CHECK_DAMAGED : ZMM_CHECK_ENDED;
	}
	end_all(check, child);
	return ZMM_CHECK_HALTED;
}

enum zmm_check_end zmm_check_run(struct zmm_check *check, const struct zmm_check_plan *plan,
	struct zend_mm_witness_process **process)
{
	enum zmm_check_end end;
	pid_t child;

	memset(check->witness, 0, sizeof *check->witness);
	check->witness->halt_at = plan->halt_at;
	check->witness->target = plan->target;
	check->witness->watched = plan->watched;
	check->runs++;
	fflush(NULL);
	child = fork();
	if (child < 0) {
		fail("start", check->command[0]);
		return ZMM_CHECK_FAILED;
	}
	if (child == 0) {
		become(check, plan);
	}
	setpgid(child, child);
	running = child;
	end = follow(check, plan, child, process);
	running = 0;
	return end;
}

/* }}} */

void zmm_check_print_report(const struct zmm_check *check, const char *prefix)
{
	FILE *file = fopen(check->report_path, "r");
	bool begun = false;
	char line[1024];

	while (file && fgets(line, sizeof line, file)) {
		begun = begun || strncmp(line, "zend_mm_heap corrupted", 22) == 0 ||
			strncmp(line, "zend_malloc: ", 13) == 0;
		if (begun) {
			printf("%s%s%s", prefix, line, strchr(line, '\n') ? "" : "\n");
		}
	}
	if (file) {
		fclose(file);
	}
}
#endif
