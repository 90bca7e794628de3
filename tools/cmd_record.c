/* SPDX-License-Identifier: MIT */
/*
 * zmm record: runs a program with the recorder preloaded, waits for it, and puts the traces in
 * order that it and its children wrote.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/preloaded.h"
#include "tools/recording.h"
#include "tools/zmm.h"

static const char help[] =
	"usage: zmm record [OPTION…] [--] COMMAND [ARGUMENT…]\n"
	"Runs a dynamically linked program, and all that it starts, on the system's\n"
	"malloc, and records every request in binary traces: the first process to FILE,\n"
	"each other one, whether forked or become by exec, to FILE.PROCESS. The exit\n"
	"status is the command's, 128 and the signal's number if one ended it, 127 if\n"
	"there is no such command, 126 if it cannot be run.\n"
	"\n"
	"  -o, --output FILE   where to; an old one is replaced (COMMAND.zmt in this\n"
	"                      folder)\n"
	"  -s, --sites[=HOW]   record call stacks, too: by unwind (libunwind) or\n"
	"                      frame-pointers, which is faster and needs programs that\n"
	"                      have them (unwind)\n"
	"  -q, --quiet         say nothing about the traces at the end\n"
	"  -h, --help          print this\n"
	"\n"
	"Whatever ends a process, its trace holds all that it did until then.\n";

struct settings {
	char *output; /* absolute */
	const char *sites;
	bool quiet;
	char **command;
};

#ifdef _WIN32
int zmm_cmd_record(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return zmm_finish_output(ZMM_EXIT_OK);
	}
	return zmm_preload("record", "libzend_record.so");
}
#else
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILES_SHOWN = 10 };

/* --- the command line ------------------------------------------------------------------------ */

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "sites", optional_argument, NULL, 's' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int set_sites(struct settings *settings, const char *how)
{
	if (how && strcmp(how, "unwind") != 0 && strcmp(how, "frame-pointers") != 0)
		return zmm_bad_usage("record", "--sites is unwind or frame-pointers, not '%s'", how);
	settings->sites = how ? how : "unwind";
	return ZMM_EXIT_OK;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int fail(const char *about, const char *what)
{
	fprintf(stderr, "zmm record: %s: %s\n", about, what);
	return ZMM_EXIT_FAILED;
}

/* Make the name of the trace absolute, since the program may change its folder. */
static int set_output(struct settings *settings, const char *name)
{
	const char *file = last_part(name);
	char *folder = strndup(name, (size_t)(file - name));
	char *absolute = folder ? realpath(*folder ? folder : ".", NULL) : NULL;
	size_t length = strlen(file);

	free(folder);
	if (!absolute)
		return zmm_bad_usage("record", "%s: its folder cannot be used: %s", name,
			strerror(errno));
	if (length == 0 || strcmp(file, ".") == 0 || strcmp(file, "..") == 0) {
		free(absolute);
		return zmm_bad_usage("record", "'%s' is no name of a file", name);
	}
	if (length > 4 && strcmp(file + length - 4, ".zst") == 0) {
		free(absolute);
		return zmm_bad_usage("record", "%s: traces are compressed afterwards, with zmm convert; "
			"leave out .zst", name);
	}
	settings->output = malloc(strlen(absolute) + 1 + length + 1);
	if (settings->output)
		sprintf(settings->output, "%s/%s", strcmp(absolute, "/") ? absolute : "", file);
	free(absolute);
	if (!settings->output)
		return fail(name, "no memory");
	if (strlen(settings->output) > PATH_MAX - 64)
		return zmm_bad_usage("record", "%s: the name is too long", name);
	return ZMM_EXIT_OK;
}

static int read_command_line(struct settings *settings, int argc, char **argv, bool *helped)
{
	const char *output = NULL;
	char name[NAME_MAX + 8];
	int option, status = ZMM_EXIT_OK;

	optind = 0;
	while (status == ZMM_EXIT_OK
		&& (option = zmm_next_option("record", argc, argv, "+o:s::qh", options)) != -1) {
		switch (option) {
		case 'o':
			output = optarg;
			break;
		case 's':
			status = set_sites(settings, optarg);
			break;
		case 'q':
			settings->quiet = true;
			break;
		case 'h':
			*helped = true;
			return ZMM_EXIT_OK;
		default:
			return ZMM_EXIT_USAGE; /* zmm_next_option() has said what is wrong */
		}
	}
	if (status != ZMM_EXIT_OK)
		return status;
	if (optind == argc)
		return zmm_bad_usage("record", "name a command to run");
	settings->command = argv + optind;
	snprintf(name, sizeof name, "%.*s.zmt", NAME_MAX, last_part(argv[optind]));
	return set_output(settings, output ? output : name);
}

/* --- before ---------------------------------------------------------------------------------- */

/* See that the trace can be made, and make room for it. */
static int clear_output(const char *output)
{
	struct stat status;

	if (lstat(output, &status) == 0 && !S_ISREG(status.st_mode)) {
		fprintf(stderr, "zmm record: %s is no regular file; name another one with -o\n", output);
		return ZMM_EXIT_USAGE;
	}
	if (unlink(output) == 0)
		return ZMM_EXIT_OK;
	int fd = errno == ENOENT ? open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
	if (fd < 0) {
		fprintf(stderr, "zmm record: cannot write %s: %s; name another file with -o\n", output,
			strerror(errno));
		return ZMM_EXIT_USAGE;
	}
	close(fd);
	unlink(output);
	return ZMM_EXIT_OK;
}

/* --- running --------------------------------------------------------------------------------- */

static volatile pid_t child;

static void pass_on(int signal)
{
	if (child > 0)
		kill(child, signal);
}

/* What comes from the terminal reaches the command as well, which decides; what is sent to zmm
 * alone is passed on. */
static void set_signals(struct sigaction before[4])
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

	for (int i = 0; i < 4; i++) {
		struct sigaction action = { .sa_flags = SA_RESTART };
		action.sa_handler = i < 2 ? SIG_IGN : pass_on;
		sigaction(signals[i], &action, &before[i]);
	}
}

static void restore_signals(const struct sigaction before[4])
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

	for (int i = 0; i < 4; i++)
		sigaction(signals[i], &before[i], NULL);
}

/* Run the command and wait for it; its status as wait() tells it, -1 if there was no process. */
static int run(const struct settings *settings)
{
	struct sigaction before[4];
	sigset_t held, unheld;
	int status = 0;

	set_signals(before);
	sigemptyset(&held); /* until it is known whom to pass them on to */
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, &unheld);
	child = fork();
	if (child == 0) {
		restore_signals(before);
		sigprocmask(SIG_SETMASK, &unheld, NULL);
		_exit(zmm_become("record", settings->command));
	}
	sigprocmask(SIG_SETMASK, &unheld, NULL);
	if (child < 0) {
		fail(settings->command[0], strerror(errno));
		return -1;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	restore_signals(before);
	return status;
}

/* --- after ----------------------------------------------------------------------------------- */

struct found {
	char *path;
	struct zmm_recording recording;
};

struct search {
	struct found *found;
	size_t count, room;
	uint64_t since; /* nanoseconds since 1970 */
};

static void add_found(struct search *search, const char *path)
{
	struct found found = { .path = NULL };

	if (!zmm_recording_look(path, &found.recording)
		|| found.recording.start_time < search->since)
		return;
	if (search->count == search->room) {
		size_t room = search->room ? search->room * 2 : 64;
		struct found *more = realloc(search->found, room * sizeof *more);
		if (!more)
			return;
		search->found = more;
		search->room = room;
	}
	found.path = strdup(path);
	if (found.path)
		search->found[search->count++] = found;
}

/* A process that was killed before its trace had a name leaves one that says whose it was to be. */
static bool is_remainder(const char *suffix)
{
	char *end;
	long process = strtol(suffix, &end, 10);

	return strcmp(end, ".new") == 0 && process > 0 && kill((pid_t)process, 0) != 0
		&& errno == ESRCH;
}

static int compare_found(const void *left, const void *right)
{
	const struct found *a = left;
	const struct found *b = right;

	if (a->recording.start_time != b->recording.start_time)
		return a->recording.start_time < b->recording.start_time ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* Find the traces of this run: OUTPUT and OUTPUT.*, by their time. */
static void find_traces(struct search *search, const char *output)
{
	const char *name = last_part(output);
	size_t length = strlen(name);
	char path[PATH_MAX + NAME_MAX + 2];

	snprintf(path, sizeof path, "%.*s", (int)(name - output), output);
	DIR *folder = opendir(path);
	struct dirent *entry;
	while (folder && (entry = readdir(folder))) {
		const char *rest = entry->d_name + length;
		if (strncmp(entry->d_name, name, length) != 0 || (*rest && *rest != '.'))
			continue;
		snprintf(path, sizeof path, "%.*s%s", (int)(name - output), output, entry->d_name);
		if (*rest && is_remainder(rest + 1))
			unlink(path);
		else
			add_found(search, path);
	}
	if (folder)
		closedir(folder);
	if (search->count)
		qsort(search->found, search->count, sizeof *search->found, compare_found);
}

/* What the recorder wrote first: " zmm record: process 123: COMMAND". */
static void show_command(const char *path)
{
	struct zmm_error error;
	struct zmm_event event;
	zmm_reader *reader = zmm_reader_open(path, &error);

	if (reader && zmm_reader_next(reader, &event, &error) == 1
		&& event.kind == ZMM_EVENT_COMMENT) {
		const char *colon = memchr(event.text, ':', event.text_length);
		const char *text = colon ? colon + 2 : event.text;
		int length = (int)(event.text + event.text_length - text);
		fprintf(stderr, ", %.*s%s", length < 100 ? length : 100, text, length < 100 ? "" : "…");
	}
	zmm_reader_close(reader);
}

/* A recorded process has parts of its trace mapped as long as it lives, and is that program. */
static bool is_recording(const struct found *found)
{
	char name[64], *line = NULL;
	size_t room = 0;
	bool recording = false;

	snprintf(name, sizeof name, "/proc/%lu/maps", (unsigned long)found->recording.process);
	FILE *maps = fopen(name, "re");
	if (!maps)
		return errno == EACCES || errno == EPERM;
	while (!recording && getline(&line, &room, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		const char *path = strchr(line, '/');
		recording = path && strcmp(path, found->path) == 0;
	}
	free(line);
	fclose(maps);
	return recording;
}

static int finish_trace(const struct settings *settings, struct found *found, bool show)
{
	bool alive = is_recording(found);
	struct zmm_error error;

	if (!alive && !zmm_recording_finish(found->path, settings->sites, &found->recording, &error))
		return zmm_error_print(&error);
	if (show) {
		fprintf(stderr, "zmm record: %s: %llu bytes", found->path,
			(unsigned long long)found->recording.bytes);
		show_command(found->path);
		fputs(alive ? ", still recording\n" : "\n", stderr);
	}
	return ZMM_EXIT_OK;
}

static int finish_traces(const struct settings *settings, const struct timespec *started)
{
	struct search search = { .since = (uint64_t)started->tv_sec * 1000000000u
		+ (uint64_t)started->tv_nsec };
	int status = ZMM_EXIT_OK;

	find_traces(&search, settings->output);
	for (size_t i = 0; i < search.count; i++) {
		int result = finish_trace(settings, &search.found[i],
			!settings->quiet && i < FILES_SHOWN);
		status = status == ZMM_EXIT_OK ? result : status;
		free(search.found[i].path);
	}
	if (search.count > FILES_SHOWN && !settings->quiet)
		fprintf(stderr, "zmm record: and %zu more, %s.*\n", search.count - FILES_SHOWN,
			settings->output);
	free(search.found);
	if (search.count == 0)
		return fail(settings->command[0], "nothing was recorded; programs that are linked "
			"statically or have more rights than their user cannot be");
	return status;
}

static int record(const struct settings *settings)
{
	struct timespec started;
	int status = zmm_judge_command("record", settings->command[0]);

	status = status == ZMM_EXIT_OK ? clear_output(settings->output) : status;
	status = status == ZMM_EXIT_OK ? zmm_preload("record", "libzend_record.so") : status;
	if (status != ZMM_EXIT_OK)
		return status;
	setenv("ZEND_MM_RECORD", settings->output, 1);
	if (settings->sites)
		setenv("ZEND_MM_RECORD_SITES", settings->sites, 1);
	else
		unsetenv("ZEND_MM_RECORD_SITES");
	clock_gettime(CLOCK_REALTIME, &started);
	int ended = run(settings);
	if (ended == -1)
		return ZMM_EXIT_FAILED;
	status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
	int finished = finish_traces(settings, &started);
	return status == ZMM_EXIT_OK ? finished : status;
}

int zmm_cmd_record(int argc, char **argv)
{
	struct settings settings = { .output = NULL };
	bool helped = false;
	int status = read_command_line(&settings, argc, argv, &helped);

	if (helped) {
		fputs(help, stdout);
		status = zmm_finish_output(ZMM_EXIT_OK);
	} else if (status == ZMM_EXIT_OK) {
		status = record(&settings);
	}
	free(settings.output);
	return status;
}
#endif
