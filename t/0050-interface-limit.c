/* SPDX-License-Identifier: MIT */
/* The memory limit as a program meets it: set, hit, the text, the bailout, the next request; and
 * what the default host prints. */
#include "t/host.h"
#include "t/tap.h"

static const char *const modes[] = { "legacy", "modern" };

static void start(int mode)
{
	set_environment("ZEND_MM_MODE", modes[mode]);
	start_memory_manager();
}

/* What a modern heap of a debug build asks for beside the block. */
static size_t record_size(int mode)
{
	return ZEND_DEBUG && mode ? 2 * (sizeof(size_t) + sizeof(char *) + sizeof(unsigned)) : 0;
}

static void check_limit(int mode)
{
	const char *name = modes[mode];
	size_t limit = (size_t)8 << 20;
	zend_mm_problem problem;
	char expected[256];
	char *block;

	host_start();
	start(mode);
	is_int(zend_set_memory_limit(limit), 0, "%s: the limit is set", name);
	block = emalloc(1000000);
	memset(block, 'b', 1000000);
	ok(bails_out(emalloc(9000000)), "%s: too much bails out", name);
	snprintf(expected, sizeof expected,
		"Allowed memory size of %zu bytes exhausted (tried to allocate %zu bytes)", limit,
		9000000 + record_size(mode));
	is_str(host_message, expected, "%s: the text", name);
	is_int(zend_alloc_in_memory_limit_error_reporting(), mode == 0,
		"%s: the overflow state stays until the request ends in legacy mode only", name);
	ok(block[0] == 'b' && block[999999] == 'b', "%s: the other block is untouched", name);
	ok(bails_out(erealloc(block, 9000000)), "%s: growing too far bails out", name);
	ok(block[0] == 'b' && block[999999] == 'b', "%s: and leaves the block", name);
	is_int(zend_mm_check(zend_mm_get_heap(), &problem), 0, "%s: the heap is sound", name);
	shutdown_memory_manager(1, 0);
	host_messages = 0;
	ok(bails_out(emalloc(9000000)), "%s: the limit survives the request", name);
	is_int(host_messages, 1, "%s: and is reported again", name);
	shutdown_memory_manager(1, 0);
	is_int(zend_set_memory_limit((size_t)64 << 20), 0, "%s: the limit is raised", name);
	block = emalloc(9000000);
	memset(block, 1, 9000000);
	is_int(zend_set_memory_limit(limit), mode ? -1 : 0,
		"%s: a limit below what is held is %s", name, mode ? "refused" : "taken");
	efree(block);
	shutdown_memory_manager(1, 1);
}

static void hit_without_try(const char *mode)
{
	set_environment("ZEND_MM_MODE", mode);
	start_memory_manager();
	zend_set_memory_limit((size_t)4 << 20);
	emalloc(50000000);
	printf("unreachable\n");
}

static void hit_with_default_host(const char *mode)
{
	zend_mm_set_host(NULL);
	hit_without_try(mode);
}

static void emalloc_while_reporting(const char *message)
{
	(void)message;
	emalloc(50000000);
}

static void hit_while_reporting(const char *mode)
{
	static const zend_mm_host host = { .fatal_error = emalloc_while_reporting };

	zend_mm_set_host(&host);
	hit_without_try(mode);
}

static void check_default_host(int mode)
{
	char text[128];
	struct tap_child child = run_child(hit_with_default_host, modes[mode]);

	snprintf(text, sizeof text, "\nFatal error: Allowed memory size of 4194304 bytes exhausted "
		"(tried to allocate %zu bytes)", 50000000 + record_size(mode));
	is_int(child.status, 255, "%s: without a zend_try the process exits with 255", modes[mode]);
	contains(child.err, text, "%s: the default host prints the error", modes[mode]);
	is_str(child.out, "", "%s: and nothing goes on", modes[mode]);
	child = run_child(hit_while_reporting, modes[mode]);
	is_int(child.status, 255, "%s: an error while reporting ends it, too", modes[mode]);
	if (mode == 0) {
		contains(child.err, "(tried to allocate 50000000 bytes) in ",
			"legacy: the message is printed with the place");
	}
}

int main(void)
{
	for (int mode = 0; mode < 2; mode++) {
		check_limit(mode);
		check_default_host(mode);
	}
	return done_testing();
}
