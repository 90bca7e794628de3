/* SPDX-License-Identifier: MIT */
/* Debug builds: the exact texts of the leak report at the end of a request, in both designs. */
#include "t/tap.h"
#include "zend_alloc.h"

#if !ZEND_DEBUG
int main(void)
{
	skip_all("not a debug build");
}
#else

static void start(const char *mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = strcmp(mode, "modern") == 0 ? ZEND_MM_MODERN : ZEND_MM_LEGACY;
	zend_mm_set_heap(zend_mm_startup_with(&options));
}

enum { relaying_line = __LINE__ + 4 };

static void *relay(size_t size ZEND_FILE_LINE_DC)
{
	return emalloc_rel(size);
}

static void leak_one(const char *mode)
{
	start(mode);
	printf("%p %d\n", emalloc(123), __LINE__);
	shutdown_memory_manager(0, 0);
}

static void leak_relayed(const char *mode)
{
	start(mode);
	printf("%p %d\n", relay(7 ZEND_FILE_LINE_CC), __LINE__);
	shutdown_memory_manager(0, 0);
}

static void leak_four_at_a_place(const char *mode)
{
	start(mode);
	for (int i = 0; i < 4; i++) {
		emalloc(16);
	}
	shutdown_memory_manager(0, 0);
}

/* Each in a segment or chunk of its own. */
static void leak_large_at_a_place(const char *mode)
{
	start(mode);
	for (int i = 0; i < 3; i++) {
		emalloc(200000);
	}
	shutdown_memory_manager(0, 0);
}

static void leak_two_at_a_place(const char *mode)
{
	start(mode);
	for (int i = 0; i < 2; i++) {
		emalloc(16);
	}
	shutdown_memory_manager(0, 0);
}

static void leak_silently(const char *mode)
{
	start(mode);
	emalloc(16);
	shutdown_memory_manager(1, 0);
}

static void leak_nothing(const char *mode)
{
	start(mode);
	efree(emalloc(16));
	shutdown_memory_manager(0, 0);
}

/* The address as the report has it: upper case, at least 8 digits. */
static const char *address_text(const char *out)
{
	static char text[40];

	snprintf(text, sizeof text, "0x%08llX", strtoull(out, NULL, 16));
	return text;
}

static int line_of(const char *out)
{
	const char *blank = strchr(out, ' ');

	return blank ? atoi(blank) : -1;
}

static void check_one(const char *mode)
{
	struct tap_child child = run_child(leak_one, mode);
	char expected[512];

	snprintf(expected, sizeof expected, "]  Script:  '-'\n%s(%d) :  Freeing %s (123 bytes), "
		"script=-\n=== Total 1 memory leaks detected ===\n", __FILE__, line_of(child.out),
		address_text(child.out));
	is_int(child.err[0], '[', "%s: the date comes first", mode);
	is_str(child.err + strcspn(child.err, "]"), expected, "%s: one leak", mode);
}

static void check_relayed(const char *mode)
{
	struct tap_child child = run_child(leak_relayed, mode);
	char expected[512];

	snprintf(expected, sizeof expected, "%s(%d) :  Freeing %s (7 bytes), script=-\n"
		"%s(%d) : Actual location (location was relayed)\n"
		"=== Total 1 memory leaks detected ===\n", __FILE__, line_of(child.out),
		address_text(child.out), __FILE__, relaying_line);
	contains(child.err, expected, "%s: a relayed leak has two places", mode);
}

static void check_repeated(const char *mode)
{
	struct tap_child child = run_child(leak_four_at_a_place, mode);
	const char *first = strstr(child.err, "Freeing");

	contains(child.err, "(16 bytes), script=-\nLast leak repeated 3 times\n"
		"=== Total 4 memory leaks detected ===\n", "%s: repetitions are folded", mode);
	ok(first && !strstr(first + 1, "Freeing"), "%s: and one line says so", mode);
	child = run_child(leak_large_at_a_place, mode);
	contains(child.err, "(200000 bytes), script=-\nLast leak repeated 2 times\n"
		"=== Total 3 memory leaks detected ===\n", "%s: also from one segment to the next", mode);
	child = run_child(leak_two_at_a_place, mode);
	contains(child.err, "Last leak repeated 1 time\n=== Total 2 memory leaks detected ===\n",
		"%s: one repetition is a time", mode);
}

int main(void)
{
	static const char *const modes[] = { "legacy", "modern" };

	for (int i = 0; i < 2; i++) {
		check_one(modes[i]);
		check_relayed(modes[i]);
		check_repeated(modes[i]);
		is_str(run_child(leak_silently, modes[i]).err, "", "%s: silent", modes[i]);
		is_str(run_child(leak_nothing, modes[i]).err, "", "%s: no leak, no line", modes[i]);
	}
	return done_testing();
}

#endif
