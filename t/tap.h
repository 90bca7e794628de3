/* SPDX-License-Identifier: MIT */
/*
 * t/tap.h - the Test Anything Protocol for tests in C, whole in this header.
 *
 * A test program says what it checks, one line each, and returns done_testing() from main:
 *
 *	#include "t/tap.h"
 *
 *	int main(void)
 *	{
 *		ok(1 + 1 == 2, "one and one is %d", 2);
 *		is_size(strlen("abc"), 3, "strlen counts bytes");
 *		return done_testing();
 *	}
 *
 * With plan(n) first, a program that ends early is noticed by the number; without it, by the plan
 * that done_testing() did not print. Checks are counted without a lock: call them from one thread.
 *
 * run_child() runs a function in a process of its own and says how that ended; what ends a process
 * on purpose (fatal errors, exits) and what reads the environment is tested so. On Windows the
 * child is this program started anew, so the function has to set up what it needs by itself: it
 * may rely on its argument alone.
 */
#ifndef T_TAP_H
#define T_TAP_H

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace/sanitizer_options.h"
#include "t/entropy.h"

#ifdef _WIN32
# include <fcntl.h>
# include <io.h>
# include <process.h>
# include <windows.h>
# undef near
# undef far
#else
# include <sys/types.h>
# include <sys/wait.h>
# include <unistd.h>
#endif

#if defined(__GNUC__) && defined(_WIN32)
# define TAP_PRINTF(at, first) __attribute__((format(gnu_printf, at, first)))
#elif defined(__GNUC__)
# define TAP_PRINTF(at, first) __attribute__((format(printf, at, first)))
#else
# define TAP_PRINTF(at, first)
#endif

/* Where a sanitizer or valgrind listens, heaps would lay their blocks out for it: not in tests. */
#ifndef _WIN32
__attribute__((constructor)) static void tap_lay_blocks_out_as_ever(void)
{
	setenv("ZEND_MM_DEBUG", "", 0);
}
#endif

/* ---- output ---- */

static struct {
	int planned; /* 0: no plan yet */
	int ran;
	int failed;
} tap;

/* Prints each line of text behind "# ", so that no part of it is taken for a result. */
static inline void tap_comment(FILE *stream, const char *text)
{
	fflush(stdout);
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		fprintf(stream, "# %.*s\n", (int) length, line);
		line += length + (line[length] == '\n');
	}
	fflush(stream);
}

static inline void tap_vcomment(FILE *stream, const char *format, va_list arguments)
{
	char text[4096];

	vsnprintf(text, sizeof(text), format, arguments);
	tap_comment(stream, text);
}

/* A remark in the protocol; prove shows it with --verbose only. */
TAP_PRINTF(1, 2) static inline void note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tap_vcomment(stdout, format, arguments);
	va_end(arguments);
}

/* A remark that is always shown: what a reader needs to understand a failure. */
TAP_PRINTF(1, 2) static inline void diag(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tap_vcomment(stderr, format, arguments);
	va_end(arguments);
}

/* ---- plan ---- */

/* Says before the first check that n of them will follow. */
static inline void plan(int n)
{
	tap.planned = n;
	printf("1..%d\n", n);
	fflush(stdout);
}

/* The whole program does not apply here; ends it. */
static inline _Noreturn void skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	fflush(stdout);
	exit(0);
}

/* To be returned from main: 0 if all checks were made and passed. */
static inline int done_testing(void)
{
	if (!tap.planned) {
		plan(tap.ran);
	}
	if (tap.planned != tap.ran) {
		diag("planned %d checks, ran %d", tap.planned, tap.ran);
	}
	if (tap.failed) {
		diag("failed %d of %d", tap.failed, tap.ran);
	}
	return tap.failed || tap.planned != tap.ran || tap.ran == 0;
}

/* ---- checks: each returns whether it passed ---- */

TAP_PRINTF(4, 5)
static inline bool tap_check(bool passed, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	tap.ran++;
	tap.failed += !passed;
	printf("%sok %d - ", passed ? "" : "not ", tap.ran);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
	if (!passed) {
		diag("failed check %d, %s line %d", tap.ran, file, line);
	}
	return passed;
}

static inline bool tap_differ(const char *got, const char *expected)
{
	diag("     got: %s", got);
	diag("expected: %s", expected);
	return false;
}

static inline bool tap_differ_int(intmax_t got, intmax_t expected)
{
	diag("     got: %jd", got);
	diag("expected: %jd", expected);
	return false;
}

static inline bool tap_differ_size(size_t got, size_t expected)
{
	diag("     got: %zu (0x%zx)", got, got);
	diag("expected: %zu (0x%zx)", expected, expected);
	return false;
}

static inline bool tap_differ_ptr(const void *got, const void *expected)
{
	diag("     got: %p", got);
	diag("expected: %p", expected);
	return false;
}

static inline bool tap_same_text(const char *got, const char *expected)
{
	return got == expected || (got && expected && strcmp(got, expected) == 0);
}

static inline const char *tap_text(const char *text)
{
	return text ? text : "(NULL)";
}

static inline bool tap_is_int(
	intmax_t got, intmax_t expected, const char *file, int line, const char *what)
{
	return tap_check(got == expected, file, line, "%s", what) || tap_differ_int(got, expected);
}

static inline bool tap_is_size(
	size_t got, size_t expected, const char *file, int line, const char *what)
{
	return tap_check(got == expected, file, line, "%s", what) || tap_differ_size(got, expected);
}

static inline bool tap_is_ptr(
	const void *got, const void *expected, const char *file, int line, const char *what)
{
	return tap_check(got == expected, file, line, "%s", what) || tap_differ_ptr(got, expected);
}

static inline bool tap_is_str(
	const char *got, const char *expected, const char *file, int line, const char *what)
{
	return tap_check(tap_same_text(got, expected), file, line, "%s", what)
		|| tap_differ(tap_text(got), tap_text(expected));
}

static inline bool tap_contains(
	const char *text, const char *part, const char *file, int line, const char *what)
{
	return tap_check(text && strstr(text, part), file, line, "%s", what)
		|| tap_differ(tap_text(text), part);
}

/* The formatted description of a check, or a part of it that a text has to contain; valid until the
 * fourth one after it: a check may need two, and nothing says which is made first. */
TAP_PRINTF(1, 2) static inline const char *tap_format(const char *format, ...)
{
	static char texts[4][1024];
	static unsigned newest;
	char *text = texts[++newest % 4];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof texts[0], format, arguments);
	va_end(arguments);
	return text;
}

/* In all of them the description is a format with its arguments. */
#define ok(condition, ...) tap_check(!!(condition), __FILE__, __LINE__, __VA_ARGS__)
#define pass(...) ok(true, __VA_ARGS__)
#define fail(...) ok(false, __VA_ARGS__)
#define is_int(got, expected, ...) \
	tap_is_int(got, expected, __FILE__, __LINE__, tap_format(__VA_ARGS__))
#define is_size(got, expected, ...) \
	tap_is_size(got, expected, __FILE__, __LINE__, tap_format(__VA_ARGS__))
#define is_ptr(got, expected, ...) \
	tap_is_ptr(got, expected, __FILE__, __LINE__, tap_format(__VA_ARGS__))
#define is_str(got, expected, ...) \
	tap_is_str(got, expected, __FILE__, __LINE__, tap_format(__VA_ARGS__))
/* The text has to contain the part. */
#define contains(text, part, ...) \
	tap_contains(text, part, __FILE__, __LINE__, tap_format(__VA_ARGS__))

/* n checks cannot be made here; they count as skipped, with the reason in the protocol. */
static inline void skip(int n, const char *reason)
{
	while (n-- > 0) {
		printf("ok %d # SKIP %s\n", ++tap.ran, reason);
	}
	fflush(stdout);
}

/* Ends the whole test run: nothing that follows can work. */
static inline _Noreturn void bail_out(const char *reason)
{
	printf("Bail out! %s\n", reason);
	fflush(stdout);
	exit(255);
}

/* ---- random numbers that can be had again ---- */

/* What ZMM_TEST_SEED says, or other if it says nothing. */
static inline uint64_t tap_given_seed(uint64_t other)
{
	const char *given = getenv("ZMM_TEST_SEED");

	return given && *given ? strtoull(given, NULL, 0) : other;
}

/* The keys of heaps follow the seed, where one was given. */
__attribute__((constructor)) static void tap_seed_keys(void)
{
	entropy_state = tap_given_seed(0);
}

/*
 * The seed of this run: ZMM_TEST_SEED of the environment, or of the clock. It is always shown, so
 * that a failure can be had again.
 */
static inline uint64_t tap_seed(void)
{
	uint64_t seed = tap_given_seed(((uint64_t) time(NULL) * 1000003u)
		^ (uint64_t) (uintptr_t) &tap);

	diag("seed %" PRIu64 ": repeat with ZMM_TEST_SEED=%" PRIu64, seed, seed);
	return seed;
}

/* The next of a sequence of 64 random bits; *state is the seed at first (splitmix64). */
static inline uint64_t tap_random(uint64_t *state)
{
	return splitmix_bits(*state += splitmix_step);
}

/* A random number from 0 to limit - 1; limit is not 0. */
static inline uint64_t tap_below(uint64_t *state, uint64_t limit)
{
	return tap_random(state) % limit;
}

/*
 * Whether ZMM_TEST_SHORT asks for samples: what takes long and is tested whole in the default
 * configuration is to be tested in part. (.ci/check-variants sets it.)
 */
static inline bool tap_short(void)
{
	const char *given = getenv("ZMM_TEST_SHORT");

	return given && *given && strcmp(given, "0") != 0;
}

/* ---- children ---- */

/* How a child ended and what it printed. */
struct tap_child {
	int status;     /* exit status, -1 if a signal ended it */
	int signal;     /* that signal, 0 if it exited */
	char out[8192]; /* standard output, cut to what fits */
	char err[8192]; /* standard error, likewise */
};

typedef void tap_child_function(const char *argument);

static inline void tap_take(FILE *file, char *text, size_t size)
{
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

static inline void tap_open_captures(FILE *captured[2])
{
	for (int i = 0; i < 2; i++) {
		if (!(captured[i] = tmpfile())) {
			bail_out("no temporary file for a child's output");
		}
	}
	fflush(stdout);
	fflush(stderr);
}

#ifdef _WIN32

enum { tap_aborted = 0x7a9 }; /* a child's status after abort(), which has none of its own */

static void tap_abort_child(int number)
{
	(void) number;
	_exit(tap_aborted);
}

/* What a POSIX system would have called the end with this status, or 0 for an exit. */
static inline int tap_signal_of(uint32_t status)
{
	switch (status) {
	case 0xC0000005u: return SIGSEGV;
	case 0xC000001Du: return SIGILL;
	case tap_aborted: return SIGABRT;
	default: return 0;
	}
}

/* Runs the function that a parent asked for, in the child that it started. */
__attribute__((constructor)) static void tap_be_child(void)
{
	const char *offset = getenv("TAP_CHILD");
	const char *given = getenv("TAP_CHILD_ARGUMENT");
	tap_child_function *function;
	char *argument;

	_setmode(1, _O_BINARY);
	_setmode(2, _O_BINARY);
	if (!offset || !*offset) {
		return;
	}
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
	function = (tap_child_function *) ((uintptr_t) GetModuleHandle(NULL)
		+ (uintptr_t) strtoull(offset, NULL, 16));
	argument = _strdup(given ? given : "");
	_putenv("TAP_CHILD=");
	signal(SIGABRT, tap_abort_child);
	function(argument);
	exit(0);
}

static inline void tap_put_environment(const char *name, const char *value)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s=%s", name, value);
	_putenv(text);
}

/* Calls function(argument) in a process of its own and waits for its end. */
static inline struct tap_child run_child(tap_child_function *function, const char *argument)
{
	struct tap_child child = {0};
	FILE *captured[2];
	char path[MAX_PATH], offset[32];
	int saved[2];
	intptr_t status;

	tap_open_captures(captured);
	GetModuleFileNameA(NULL, path, sizeof(path));
	snprintf(offset, sizeof(offset), "%" PRIxPTR,
		(uintptr_t) function - (uintptr_t) GetModuleHandle(NULL));
	tap_put_environment("TAP_CHILD", offset);
	tap_put_environment("TAP_CHILD_ARGUMENT", argument ? argument : "");
	for (int i = 0; i < 2; i++) {
		saved[i] = _dup(i + 1);
		_dup2(_fileno(captured[i]), i + 1);
	}
	status = _spawnl(_P_WAIT, path, "child", (char *) NULL);
	for (int i = 0; i < 2; i++) {
		_dup2(saved[i], i + 1);
		_close(saved[i]);
	}
	_putenv("TAP_CHILD=");
	child.signal = tap_signal_of((uint32_t) status);
	child.status = child.signal ? -1 : (int) status;
	tap_take(captured[0], child.out, sizeof(child.out));
	tap_take(captured[1], child.err, sizeof(child.err));
	return child;
}

/* Sets a variable of the environment for children, or removes it (value NULL). */
static inline void set_environment(const char *name, const char *value)
{
	tap_put_environment(name, value ? value : "");
}

#else

/* Calls function(argument) in a process of its own and waits for its end. */
static inline struct tap_child run_child(tap_child_function *function, const char *argument)
{
	struct tap_child child = {0};
	FILE *captured[2];
	int status;
	pid_t pid;

	tap_open_captures(captured);
	if ((pid = fork()) < 0) {
		bail_out("cannot fork");
	}
	if (pid == 0) {
		dup2(fileno(captured[0]), 1);
		dup2(fileno(captured[1]), 2);
		function(argument);
		exit(0);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			bail_out("cannot wait for a child");
		}
	}
	child.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	child.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	tap_take(captured[0], child.out, sizeof(child.out));
	tap_take(captured[1], child.err, sizeof(child.err));
	return child;
}

/* Sets a variable of the environment for children, or removes it (value NULL). */
static inline void set_environment(const char *name, const char *value)
{
	if (value) {
		setenv(name, value, 1);
	} else {
		unsetenv(name);
	}
}

#endif

#endif
