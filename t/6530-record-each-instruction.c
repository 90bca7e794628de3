/* SPDX-License-Identifier: MIT */
/*
 * A recorded program may be killed between any two instructions. Here it is stopped after each one
 * instead, from a little before its block is full until a little after the next block began; every
 * time the file has to hold what it held before, and perhaps one event more.
 */
#include "t/traces.h"

#ifndef __linux__
int main(void)
{
	skip_all("programs are recorded on Linux only");
}
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "trace/binary_format.h"

enum {
	IMAGE_BYTES = 256 << 10, /* of the file that is looked at */
	NEARLY_FULL = 1500,      /* bytes that are left when the stepping starts */
	FAR_ENOUGH = 300,        /* bytes of the next block when it ends */
	STEPS_MAX = 2000000
};

static const char *trace; /* the file */
static unsigned char *image;

/* --- the program ----------------------------------------------------------------------------- */

static pid_t program;

static _Noreturn void be_program(const char *library, const char *path)
{
	setenv("LD_PRELOAD", library, 1);
	setenv("ZEND_MM_RECORD", trace, 1);
	unsetenv("ZEND_MM_RECORD_SITES");
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execl(path, path, "stops", (char *) NULL);
	_exit(127);
}

/* Lets it go on, and waits until it stops. */
static int go_on(int how)
{
	int status;

	if (ptrace(how, program, NULL, NULL) != 0 || waitpid(program, &status, 0) != program
		|| !WIFSTOPPED(status)) {
		bail_out("the traced program is lost");
	}
	return WSTOPSIG(status);
}

static void start(const char *builddir)
{
	char library[4096], path[4096];
	int status;

	snprintf(library, sizeof(library), "%s/libzend_record.so", builddir);
	snprintf(path, sizeof(path), "%s/t/record/requests", builddir);
	if (access(library, R_OK) != 0) {
		skip_all("this build has no recorder");
	}
	program = fork();
	if (program == 0) {
		be_program(library, path);
	}
	if (program < 0 || waitpid(program, &status, 0) != program || !WIFSTOPPED(status)
		|| WSTOPSIG(status) != SIGTRAP) {
		skip_all("processes cannot be traced here");
	}
}

/* --- the file -------------------------------------------------------------------------------- */

static off_t file_size(void)
{
	struct stat status;

	return stat(trace, &status) == 0 ? status.st_size : 0;
}

static void map_trace(void)
{
	int fd = open(trace, O_RDONLY);

	image = fd < 0 ? MAP_FAILED : mmap(NULL, IMAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (image == MAP_FAILED) {
		bail_out("the trace cannot be mapped");
	}
	close(fd);
}

/* Bytes in use and left in the block that is being written. */
static void look_at_block(uint32_t *used, uint32_t *left)
{
	struct zmm_file_header header;
	struct zmm_block_info info;

	*used = *left = 0;
	if (!zmm_file_header_read(&header, image)
		&& !zmm_block_header_read(&info, image + header.first)) {
		*used = info.used;
		*left = info.room - info.used;
	}
}

static int complaints;

/* How many events the file has; -1 if it does not read. */
static long count_events(const char *path)
{
	struct zmm_error error;
	struct zmm_event event;
	zmm_reader *reader = zmm_reader_open(path, &error);
	long count = 0;
	int result = reader ? 1 : -1;

	while (result == 1 && (result = zmm_reader_next(reader, &event, &error)) == 1) {
		count++;
	}
	if (result < 0 && complaints++ < 5) {
		diag("%s", error.text);
	}
	zmm_reader_close(reader);
	return result < 0 ? -1 : count;
}

/* --- stepping -------------------------------------------------------------------------------- */

struct course {
	long steps;
	long checks;
	long events;
	long wrong;
	bool renewed;
	bool cuts_checked;
};

static void check_file(struct course *course)
{
	long events = count_events(trace);

	if (events != course->events && events != course->events + 1) {
		course->wrong++;
		if (complaints++ < 5) {
			diag("step %ld: %ld events after %ld", course->steps, events, course->events);
		}
	}
	course->events = events;
	course->checks++;
}

/* The system may be in the middle of copying the block when the process is killed. */
static void check_cuts(struct course *course, off_t from, off_t to)
{
	static unsigned char bytes[IMAGE_BYTES];
	long wrong = 0;

	memcpy(bytes, image, (size_t) to);
	for (int i = 0; i < 20; i++) {
		off_t cut = from + (to - from) * i / 20;
		const char *path = traces_write("cut", bytes, (size_t) cut);
		wrong += count_events(path) != course->events;
	}
	memset(bytes + from + 4096, 0, 8192); /* pages that were not written before later ones */
	wrong += count_events(traces_write("cut", bytes, (size_t) to)) != course->events;
	is_int(wrong, 0, "half a copy of the block loses and adds nothing");
	course->cuts_checked = true;
}

/* One instruction; false when enough was seen. */
static bool step(struct course *course)
{
	static unsigned char before[IMAGE_BYTES];
	static off_t size_before;
	uint32_t used, left;

	go_on(PTRACE_SINGLESTEP);
	course->steps++;
	off_t size = file_size();
	size_t shown = size < IMAGE_BYTES ? (size_t) size : IMAGE_BYTES;
	if (size == size_before && memcmp(before, image, shown) == 0) {
		return course->steps < STEPS_MAX;
	}
	check_file(course);
	if (size_before && size > size_before && !course->cuts_checked) {
		check_cuts(course, size_before, size);
	}
	memcpy(before, image, shown);
	size_before = size;
	look_at_block(&used, &left);
	course->renewed |= left > NEARLY_FULL;
	return !(course->renewed && used > FAR_ENOUGH) && course->steps < STEPS_MAX;
}

int main(void)
{
	const char *builddir = getenv("builddir");
	struct course course = {.steps = 0};
	uint32_t used, left;

	trace = traces_file("trace.zmt");
	start(builddir ? builddir : ".");
	do {
		if (go_on(PTRACE_CONT) != SIGSTOP) {
			bail_out("the program ended");
		}
		if (!image) {
			map_trace();
		}
		look_at_block(&used, &left);
	} while (left > NEARLY_FULL);
	course.events = count_events(trace);
	ok(course.events > 1000, "the block is nearly full, with %ld events", course.events);
	while (step(&course)) {
	}
	ok(course.renewed, "a block was full and the next one began in %ld steps", course.steps);
	is_int(course.wrong, 0, "after each of them the trace reads and has lost nothing");
	ok(course.checks > 100, "%ld of them changed the file", course.checks);
	ok(course.cuts_checked, "the block was copied");
	kill(program, SIGKILL);
	waitpid(program, NULL, 0);
	return done_testing();
}
#endif
