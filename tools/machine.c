/* SPDX-License-Identifier: MIT */
/*
 * tools/machine.c - asks the system about itself. See machine.h.
 */
#include "config.h"

#include "tools/machine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef _WIN32
#include <sys/utsname.h>
#endif
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "zend_alloc.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

struct machine {
	char system[200];
	char processor[200];
	char libc[40];
	long processors;
	uint64_t memory;
	double load;
	long page_size;
};

#ifdef _WIN32
static void ask(struct machine *machine)
{
	snprintf(machine->system, sizeof machine->system, "Windows");
	machine->load = -1;
}
#else
/* "model name	: …" of the first processor. */
static void ask_processor(struct machine *machine)
{
	char line[300];
	FILE *file = fopen("/proc/cpuinfo", "r");

	while (file && fgets(line, sizeof line, file)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) == 0 && colon) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(machine->processor, sizeof machine->processor, "%.190s",
				colon + 1 + strspn(colon + 1, " \t"));
			break;
		}
	}
	if (file) {
		fclose(file);
	}
}

#ifdef __GLIBC__
static void ask_libc(struct machine *machine)
{
	snprintf(machine->libc, sizeof machine->libc, "glibc %.20s", gnu_get_libc_version());
}
#else
static void ask_libc(struct machine *machine)
{
	(void)machine;
}
#endif

static void ask(struct machine *machine)
{
	struct utsname name;

	if (uname(&name) == 0) {
		snprintf(machine->system, sizeof machine->system, "%.60s %.60s %.60s", name.sysname,
			name.release, name.machine);
	}
	ask_processor(machine);
	ask_libc(machine);
	machine->processors = sysconf(_SC_NPROCESSORS_ONLN);
	machine->page_size = sysconf(_SC_PAGESIZE);
	machine->memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)machine->page_size;
	if (getloadavg(&machine->load, 1) != 1) {
		machine->load = -1;
	}
}
#endif

static const char *configuration(char *text, size_t size)
{
	snprintf(text, size, "%s%s%s%s%s", ZEND_DEBUG ? "debug, " : "", ZEND_MM_ZTS ? "zts, " : "",
		ZEND_MM_HEAP_PROTECTION ? "heap-protection, " : "", ZEND_MM_COOKIES ? "cookies, " : "",
		ZEND_MM_CACHE_STATISTICS ? "cache-statistics, " : "");
	if (text[0] == '\0') {
		snprintf(text, size, "release");
	} else {
		text[strlen(text) - 2] = '\0';
	}
	return text;
}

static struct zmm_value text_or_missing(const char *text)
{
	return *text ? zmm_value_text(text) : zmm_value_missing();
}

static struct zmm_value count_or_missing(long count)
{
	return count > 0 ? zmm_value_count((uint64_t)count) : zmm_value_missing();
}

void zmm_emit_machine(zmm_emit *emit)
{
	struct machine machine = { .load = -1 };
	char text[100];

	ask(&machine);
	zmm_emit_object(emit, "machine");
	zmm_emit_fact(emit, "system", "", text_or_missing(machine.system));
	zmm_emit_fact(emit, "processor", "", text_or_missing(machine.processor));
	zmm_emit_fact(emit, "processors", "", count_or_missing(machine.processors));
	zmm_emit_fact(emit, "memory", "", zmm_value_bytes(machine.memory));
	zmm_emit_fact(emit, "libc", "", text_or_missing(machine.libc));
	zmm_emit_fact(emit, "load", "", machine.load >= 0 ? zmm_value_ratio(machine.load)
		: zmm_value_missing());
	zmm_emit_fact(emit, "page_size", "", count_or_missing(machine.page_size));
	zmm_emit_end(emit);
	zmm_emit_object(emit, "build");
	zmm_emit_fact(emit, "compiler", "", zmm_value_text(COMPILER));
	zmm_emit_fact(emit, "configuration", "", zmm_value_text(configuration(text, sizeof text)));
	zmm_emit_end(emit);
}

const char *zmm_machine_line(char *text, size_t size)
{
	struct machine machine = { .load = -1 };
	char options[100];

	ask(&machine);
	snprintf(text, size, "%ld x %s, %s, %s, %s build", machine.processors,
		machine.processor[0] ? machine.processor : "processor", machine.system, COMPILER,
		configuration(options, sizeof options));
	return text;
}
