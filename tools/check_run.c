/* SPDX-License-Identifier: MIT */
/*
 * tools/check_run.c - running a command in the same way each time (see check_run.h).
 *
 * The same way means: the same input, addresses that are not random, the same environment, no
 * terminal.  What else a program depends on (time, other processes, threads) is its own.
 *
 * A run is over when the command and all processes that it started have ended: those that lose
 * their parents become children of ours.
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
# include <sys/prctl.h>
# include <sys/syscall.h>
/* The C library's own call has no errno with 32-bit words. */
# define same_addresses() syscall(SYS_personality, (long) ADDR_NO_RANDOMIZE)
# define adopt_orphans() prctl(PR_SET_CHILD_SUBREAPER, 1)
#else
# define same_addresses() 0
# define adopt_orphans() 0
#endif

#include "tools/check_run.h"
#include "tools/preloaded.h"
#include "tools/progress.h"
#include "tools/zmm.h"

static int fail(const char *what, const char *path)
{
	fprintf(stderr, "zmm check: cannot %s %s: %s\n", what, path, strerror(errno));
	return ZMM_EXIT_FAILED;
}

/* {{{ Interruption: passed on to the command, which may end in its own way and be checked then; the
 * second time it is killed. */

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t interrupted_again;
static volatile sig_atomic_t running;   /* the command's process group, while it runs */

static void on_interruption(int number)
{
	interrupted_again = interrupted != 0;
	interrupted = number;
	if (running > 0) {
		kill((pid_t)running, interrupted_again ? SIGKILL : number);
		kill((pid_t)-running, interrupted_again ? SIGKILL : number);
	}
}

int zmm_check_interrupted(void)
{
	return interrupted;
}

static void mind_interruptions(void)
{
	struct sigaction action = { .sa_handler = on_interruption };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++) {
		struct sigaction before;

		sigaction(ending_signals[i], NULL, &before);
		if (before.sa_handler != SIG_IGN) {
			sigaction(ending_signals[i], &action, NULL);
		}
	}
}

/* Holds interruptions back until it is known whom to pass them on to: the signals that were blocked
 * before are put in *before. */
static void hold_interruptions(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++) {
		sigaddset(&held, ending_signals[i]);
	}
	sigprocmask(SIG_BLOCK, &held, before);
}

/* In the command's process, before it is one: what we mind ends it. */
static void stop_minding_interruptions(void)
{
	for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++) {
		struct sigaction action;

		sigaction(ending_signals[i], NULL, &action);
		if (action.sa_handler == on_interruption) {
			signal(ending_signals[i], SIG_DFL);
		}
	}
}

/* }}} */
/* {{{ The files. */

static int copy_input(const struct zmm_check *check)
{
	int to = open(check->input_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char buffer[65536];
	ssize_t got = 0;

	if (to < 0) {
		return fail("make", check->input_path);
	}
	while (!isatty(STDIN_FILENO) && !interrupted &&
		(got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
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
	folder = folder && *folder ? folder : "/tmp";
	if ((size_t)snprintf(check->folder, sizeof check->folder, "%s/zmm-check.XXXXXX", folder) >=
		sizeof check->folder) {
		errno = ENAMETOOLONG;
		return fail("make a folder in TMPDIR,", folder);
	}
	if (!mkdtemp(check->folder)) {
		return fail("make", check->folder);
	}
	snprintf(check->witness_path, sizeof check->witness_path, "%s/witness", check->folder);
	snprintf(check->input_path, sizeof check->input_path, "%s/input", check->folder);
	snprintf(check->output_path, sizeof check->output_path, "%s/output", check->folder);
	snprintf(check->report_path, sizeof check->report_path, "%s/report", check->folder);
	check->witness = map_witness(check->witness_path);
	if (!check->witness) {
		return fail("make", check->witness_path);
	}
	if (same_addresses() < 0) {
		snprintf(check->unwatched, sizeof check->unwatched, "this system starts programs at other "
			"addresses each time\n(personality: %s; Docker: --security-opt seccomp=unconfined)",
			strerror(errno));
	}
	adopt_orphans();
	mind_interruptions();
	return copy_input(check);
}

void zmm_check_close(struct zmm_check *check)
{
	if (check->witness) {
		munmap(check->witness, sizeof *check->witness);
	}
	unlink(check->witness_path);
	unlink(check->input_path);
	unlink(check->output_path);
	unlink(check->report_path);
	rmdir(check->folder);
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
	setsid(); /* without a terminal, to read from or to be stopped by */
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

unsigned zmm_check_processes(const struct zend_mm_witness *witness)
{
	uint32_t entered = __atomic_load_n(&witness->entered, __ATOMIC_ACQUIRE);

	return entered < zend_mm_witness_processes ? entered : zend_mm_witness_processes;
}

static struct zend_mm_witness_process *find(struct zend_mm_witness *witness, uint32_t state)
{
	for (unsigned i = 0; i < zmm_check_processes(witness); i++) {
		if (__atomic_load_n(&witness->process[i].state, __ATOMIC_ACQUIRE) == state) {
			return &witness->process[i];
		}
	}
	return NULL;
}

pid_t zmm_check_damaged(struct zend_mm_witness *witness)
{
	const struct zend_mm_witness_process *process = find(witness, ZEND_MM_WITNESS_DAMAGED);

	return process ? (pid_t)process->pid : 0;
}

/* Takes note of what has ended.  False where nothing is left. */
static bool reap(struct zmm_check *check)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == check->child) {
			check->status = status;
			check->ended = true;
		}
	}
	return pid == 0;
}

/* Kills our children: the command, and what has lost its parent. */
static void kill_children(void)
{
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "r");
	while (file && fscanf(file, "%d", &pid) == 1) {
		kill((pid_t)pid, SIGKILL);
	}
	if (file) {
		fclose(file);
	}
}

static void pause_a_little(void)
{
	static const struct timespec pause = { 0, 500000 };

	nanosleep(&pause, NULL);
}

static void end_all(struct zmm_check *check)
{
	kill(-check->child, SIGKILL);
	while (reap(check)) {
		kill_children();
		pause_a_little();
	}
	running = 0;
}

/* Waits until all has ended, or a process is halted.  After an interruption the command has time to
 * end, and what it left behind has none. */
static bool wait_for_halt(struct zmm_check *check)
{
	static const unsigned before_saying = 2000; /* a second or more */
	unsigned waited = 0;

	while (!find(check->witness, ZEND_MM_WITNESS_HALTED)) {
		if (!reap(check)) {
			return false;
		}
		if (interrupted_again || (interrupted && check->ended)) {
			end_all(check);
			return false;
		}
		pause_a_little();
		if (check->ended && ++waited == before_saying) {
			zmm_progress("waiting for what the command left running; an interrupt ends it");
		}
	}
	return true;
}

/* Whether a signal is one that faults send: a shell adds 128 for what it ran. */
static bool is_crash(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGILL ||
		number == SIGFPE || number == SIGTRAP;
}

static enum zmm_check_end judge(struct zmm_check *check, struct zend_mm_witness_process **process)
{
	int status = check->status;

	*process = find(check->witness, ZEND_MM_WITNESS_DAMAGED);
	if (*process) {
		return ZMM_CHECK_DAMAGED;
	}
	if (zmm_check_processes(check->witness) > 0) {
		*process = &check->witness->process[0];
	}
	if (interrupted && WIFSIGNALED(status)) {
		return ZMM_CHECK_ENDED;
	}
	return WIFSIGNALED(status) || (WIFEXITED(status) && is_crash(WEXITSTATUS(status) - 128)) ?
		ZMM_CHECK_CRASHED : ZMM_CHECK_ENDED;
}

/* Starts the command.  False where it cannot be started, or there was an interruption. */
static bool start(struct zmm_check *check, const struct zmm_check_plan *plan)
{
	sigset_t before;

	fflush(NULL);
	hold_interruptions(&before);
	check->ended = false;
	check->child = interrupted ? -1 : fork();
	if (check->child == 0) {
		stop_minding_interruptions();
		sigprocmask(SIG_SETMASK, &before, NULL);
		become(check, plan);
	}
	if (check->child < 0 && !interrupted) {
		fail("start", check->command[0]);
	}
	running = check->child > 0 ? check->child : 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	check->runs += check->child > 0;
	return check->child > 0;
}

enum zmm_check_end zmm_check_run(struct zmm_check *check, const struct zmm_check_plan *plan,
	struct zend_mm_witness_process **process)
{
	struct zend_mm_witness_process *halted;

	if (interrupted) {
		return ZMM_CHECK_FAILED;
	}
	memset(check->witness, 0, sizeof *check->witness);
	check->witness->halt_at = plan->halt_at;
	check->witness->target = plan->target;
	check->witness->watched = plan->watched;
	snprintf(check->witness->report, sizeof check->witness->report, "%s", check->report_path);
	if (!start(check, plan)) {
		return ZMM_CHECK_FAILED;
	}
	if (!wait_for_halt(check)) {
		running = 0;
		return judge(check, process);
	}
	halted = find(check->witness, ZEND_MM_WITNESS_HALTED);
	*process = halted;
	if (plan->watched && zmm_check_watch((pid_t)halted->pid, check->witness, plan->expected)) {
		*process = find(check->witness, ZEND_MM_WITNESS_DAMAGED);
		end_all(check);
		return *process ? ZMM_CHECK_DAMAGED : ZMM_CHECK_ENDED;
	}
	if (plan->watched) {
		snprintf(check->unwatched, sizeof check->unwatched, "this system does not let programs be "
			"watched\n(ptrace: %s; Docker: --cap-add SYS_PTRACE)", strerror(errno));
	}
	end_all(check);
	return ZMM_CHECK_HALTED;
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

void zmm_check_print_last_words(const struct zmm_check *check, const char *prefix)
{
	enum { kept = 4 };
	char lines[kept][256];
	FILE *file = fopen(check->report_path, "r");
	size_t count = 0;

	while (file && fgets(lines[count % kept], sizeof lines[0], file)) {
		lines[count % kept][strcspn(lines[count % kept], "\n")] = '\0';
		count++;
	}
	for (size_t i = count > kept ? count - kept : 0; i < count; i++) {
		printf("%s%s\n", prefix, lines[i % kept]);
	}
	if (file) {
		fclose(file);
	}
}
#endif
