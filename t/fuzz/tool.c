/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the command line of zmm, the environment, and the documents that zmm reads.
 *
 *   input:  a line of words | the bytes of the file "in" and of standard input
 *   words:  NAME=VALUE of the environment, "!" (standard output is full), then a subcommand and
 *           its arguments; or "heap": the process's own heap is started and used
 *
 * Subcommands run in this process, in a folder of its own that has nothing but the files "in" and
 * "folder". Whatever the words say: the status is one of those documented, a failure says why, a
 * full disk is a failure, and a failure leaves no file. No word may have a slash in it, and nothing
 * is forked or executed.
 */
#include "config.h"

#define FUZZ_LEAKS "0"

#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio_ext.h>
#include <sys/resource.h>

#include "t/fuzz/files.h"
#include "t/fuzz/target.h"
#include "tools/zmm.h"
#include "zend_alloc.h"

enum { MOST_WORDS = 24, MOST_LINE = 512, MOST_FILE_BYTES = 1 << 22, MOST_MEMORY = 1 << 30 };
enum { STATUS_STARTUP = 255 };

struct words {
	char line[MOST_LINE];
	char *variables[MOST_WORDS + 1];
	size_t variable_count;
	char *arguments[MOST_WORDS + 1];
	int argument_count;
	bool full;
};

/* --- what must not happen: the end of the process, and others beside it ---------------------- */

static bool caught;          /* an exit is to be caught */
static jmp_buf at_exit_call;
static volatile int exit_status;

void exit(int status)
{
	void (*real_exit)(int) = (void (*)(int)) (uintptr_t) dlsym(RTLD_NEXT, "exit");

	if (caught) {
		caught = false;
		exit_status = status;
		longjmp(at_exit_call, 1);
	}
	real_exit(status);
	abort();
}

pid_t fork(void)
{
	errno = EAGAIN;
	return -1;
}

int execv(const char *path, char *const arguments[])
{
	(void) path;
	(void) arguments;
	errno = ENOENT;
	return -1;
}

int execvp(const char *path, char *const arguments[])
{
	return execv(path, arguments);
}

/* --- the words ------------------------------------------------------------------------------- */

static bool is_variable(const char *word)
{
	static const char *const names[] = { "ZEND_MM_MODE=", "ZEND_MM_MEM_TYPE=", "ZEND_MM_SEG_SIZE=",
		"ZEND_MM_COMPACT=", "ZEND_MM_DEBUG=", "ZEND_MM_HARDENED=", "USE_ZEND_ALLOC=",
		"USE_TRACKED_ALLOC=", "USE_ZEND_ALLOC_HUGE_PAGES=", "COLUMNS=", "NO_COLOR=", "TERM=" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strncmp(word, names[i], strlen(names[i])) == 0) {
			return true;
		}
	}
	return false;
}

static bool take_word(struct words *words, char *word)
{
	if (words->argument_count == 0 && is_variable(word)) {
		words->variables[words->variable_count++] = word;
	} else if (words->argument_count == 0 && strcmp(word, "!") == 0) {
		words->full = true;
	} else {
		words->arguments[words->argument_count++] = word;
	}
	return !strchr(word, '/') && words->argument_count < MOST_WORDS
		&& words->variable_count < MOST_WORDS;
}

/* False for words that are not tried. */
static bool split(struct words *words, const uint8_t *bytes, size_t count)
{
	char *rest;

	memset(words, 0, sizeof *words);
	if (count >= MOST_LINE || memchr(bytes, '\0', count)) {
		return false;
	}
	memcpy(words->line, bytes, count);
	for (char *word = strtok_r(words->line, " ", &rest); word;
			word = strtok_r(NULL, " ", &rest)) {
		if (!take_word(words, word)) {
			return false;
		}
	}
	return words->argument_count > 0;
}

/* --- running them ---------------------------------------------------------------------------- */

static int use_heap(int argc, char **argv)
{
	void *blocks[40];

	(void) argv;
	start_memory_manager();
	for (int i = 0; i < 40; i++) {
		blocks[i] = emalloc((size_t) i * 97 % 5000);
		memset(blocks[i], i, (size_t) i * 97 % 5000);
	}
	for (int i = 0; i < 40; i += 2) {
		efree(blocks[i]);
		blocks[i + 1] = erealloc(blocks[i + 1], 300 * (size_t) argc);
	}
	shutdown_memory_manager(1, 0);
	efree(estrdup("another request"));
	shutdown_memory_manager(1, 1);
	return ZMM_EXIT_OK;
}

/* Without times and without workloads: they take what they take. */
static int ablate_traces(int argc, char **argv)
{
	static char traces[] = "-t", runs[] = "-r0";
	char *longer[MOST_WORDS + 3] = { argv[0], traces, runs };

	memcpy(longer + 3, argv + 1, (size_t) argc * sizeof *argv);
	return zmm_cmd_ablate(argc + 2, longer);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "replay", zmm_cmd_replay }, { "compare", zmm_cmd_compare }, { "sweep", zmm_cmd_sweep },
	{ "info", zmm_cmd_info }, { "convert", zmm_cmd_convert }, { "generate", zmm_cmd_generate },
	{ "ledger", zmm_cmd_ledger }, { "ablate", ablate_traces }, { "map", zmm_cmd_map },
	{ "step", zmm_cmd_step }, { "explore", zmm_cmd_explore }, { "profile", zmm_cmd_profile },
	{ "report", zmm_cmd_report }, { "run", zmm_cmd_run }, { "record", zmm_cmd_record },
	{ "heap", use_heap }
};

/* The status, or -1 for what is no subcommand. */
static int call(const struct words *words)
{
	char *arguments[MOST_WORDS + 1];

	memcpy(arguments, words->arguments, sizeof arguments);
	optind = 0;
	opterr = 1;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(words->arguments[0], commands[i].name) == 0) {
			return commands[i].run(words->argument_count, arguments);
		}
	}
	return -1;
}

static int call_caught(const struct words *words)
{
	int status;

	if (setjmp(at_exit_call) != 0) {
		return exit_status;
	}
	caught = true;
	status = call(words);
	caught = false;
	return status;
}

/* Standard streams, as they were. */
struct streams {
	int in, out, err;
};

static struct streams open_streams(bool full)
{
	struct streams kept = { dup(0), 0, 0 };
	int in = open("in", O_RDONLY);

	fflush(stdout);
	fflush(stderr);
	__fpurge(stdin);
	clearerr(stdin);
	dup2(in, 0);
	close(in);
	kept.out = fuzz_redirect(1, full ? "/dev/full" : ".out");
	kept.err = fuzz_redirect(2, ".err");
	return kept;
}

static void close_streams(struct streams kept)
{
	fflush(stdout);
	__fpurge(stdout);
	clearerr(stdout);
	fflush(stderr);
	__fpurge(stdin);
	clearerr(stdin);
	fuzz_restore(0, kept.in);
	fuzz_restore(1, kept.out);
	fuzz_restore(2, kept.err);
}

/* Runs the words once; what they printed is in .out and .err. */
static int run(struct words *words, bool full)
{
	char **environment = environ;
	struct streams kept = open_streams(full);
	int status;

	environ = words->variables;
	status = call_caught(words);
	environ = environment;
	close_streams(kept);
	zend_mm_set_host(NULL);
	return status;
}

/* --- judging --------------------------------------------------------------------------------- */

static long length_of(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 ? (long) about.st_size : 0;
}

/* The first file that was not there before; NULL where there is none. */
static const char *new_file(void)
{
	static char name[256];
	DIR *folder = opendir(".");
	struct dirent *entry;

	name[0] = '\0';
	while (folder && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "in") != 0
				&& strcmp(entry->d_name, "folder") != 0) {
			snprintf(name, sizeof name, "%s", entry->d_name);
		}
	}
	closedir(folder);
	return name[0] ? name : NULL;
}

static void judge(int status)
{
	if (status != ZMM_EXIT_OK && status != ZMM_EXIT_FAILED && status != ZMM_EXIT_USAGE
			&& status != STATUS_STARTUP && status != 126 && status != 127) {
		fuzz_fail("the status is %d", status);
	}
	if (status != ZMM_EXIT_OK && length_of(".err") == 0) {
		fuzz_fail("status %d, and no word about it", status);
	}
	if (status != ZMM_EXIT_OK && new_file()) {
		fuzz_fail("status %d leaves the file %s behind", status, new_file());
	}
}

/* --------------------------------------------------------------------------------------------- */

/* What a trace asks for it gets, and may fill: so a block of gigabytes has to be refused. The limit
 * counts the sanitizer's memory, most of which is never touched, so it begins there. */
static void limit_memory(void)
{
	unsigned long long held = 0;
	char line[128];
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof line, status)) {
		if (sscanf(line, "VmData: %llu kB", &held) == 1) {
			rlim_t most = (rlim_t) held * 1024 + MOST_MEMORY;

			setrlimit(RLIMIT_DATA, &(struct rlimit) { most, RLIM_INFINITY });
		}
	}
	if (status) {
		fclose(status);
	}
}

static void prepare(const uint8_t *bytes, size_t count)
{
	static bool prepared;

	if (!prepared) {
		const struct rlimit limit = { MOST_FILE_BYTES, MOST_FILE_BYTES };

		limit_memory();
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		mkdir(fuzz_path("folder"), 0777);
		prepared = true;
	}
	fuzz_empty_folder();
	fuzz_write_file("in", bytes, count);
}

static void fuzz_one(const uint8_t *bytes, size_t count)
{
	static struct words words;
	const uint8_t *end = memchr(bytes, '\n', count);
	size_t line = end ? (size_t) (end - bytes) : count;
	int here, status;

	if (!split(&words, bytes, line)) {
		return;
	}
	prepare(bytes + line + (end != NULL), count - line - (end != NULL));
	here = open(".", O_RDONLY | O_DIRECTORY);
	if (chdir(fuzz_folder) != 0) {
		fuzz_fail("the folder is gone");
	}
	status = run(&words, false);
	if (status >= 0) {
		judge(status);
		if (words.full && status == ZMM_EXIT_OK && length_of(".out") > 0
				&& run(&words, true) == ZMM_EXIT_OK) {
			fuzz_fail("nobody notices that standard output is full");
		}
	}
	if (fchdir(here) != 0) {
		fuzz_fail("no way back");
	}
	close(here);
}
