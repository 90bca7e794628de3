/* SPDX-License-Identifier: MIT */
/* Persistent memory is the system's: it survives requests, and its way to fail is its own. */

#include "t/tap.h"
#include "zend_alloc.h"

static const size_t impossible = SIZE_MAX - 65536;

/* The compiler knows that the plain constant cannot work. */
static size_t too_much(void)
{
	volatile size_t size = impossible;

	return size;
}

static void child_malloc(const char *argument)
{
	(void)argument;
	free(__zend_malloc(too_much()));
}

static void child_calloc(const char *argument)
{
	(void)argument;
	free(__zend_calloc(too_much(), 1));
}

static void child_realloc(const char *argument)
{
	(void)argument;
	free(__zend_realloc(malloc(10), too_much()));
}

static void child_pemalloc(const char *argument)
{
	(void)argument;
	free(pemalloc(too_much(), 1));
}

static void child_safe_malloc(const char *argument)
{
	(void)argument;
	free(_safe_malloc(too_much(), 1, 0));
}

static void expect_out_of_memory(tap_child_function *function, const char *name)
{
	struct tap_child child = run_child(function, NULL);

	is_int(child.status, 1, "%s exits with 1", name);
	is_str(child.err, "Out of memory\n", "%s says so", name);
}

int main(void)
{
	char *kept, *block;

	kept = pemalloc(100, 1);
	strcpy(kept, "kept");
	ok(!is_zend_ptr(kept), "pemalloc(…, 1) is not request memory");
	block = pemalloc(100, 0);
	ok(is_zend_ptr(block), "pemalloc(…, 0) is");
	pefree(block, 0);
	shutdown_memory_manager(1, 0);
	is_str(kept, "kept", "persistent memory survives the end of a request");
	kept = perealloc(kept, 1000, 1);
	kept = perealloc2(kept, 2000, 5, 1);
	kept = perealloc_recoverable(kept, 3000, 1);
	kept = safe_perealloc(kept, 10, 400, 1, 1);
	is_str(kept, "kept", "and is resized with its content");
	pefree(kept, 1);
	kept = pecalloc(10, 10, 1);
	ok(kept[0] == 0 && kept[99] == 0, "pecalloc clears");
	pefree(kept, 1);
	kept = safe_pemalloc(10, 10, 1, 1);
	pefree_size(kept, 101, 1);
	kept = pestrdup("text", 1);
	is_str(kept, "text", "pestrdup");
	pefree(kept, 1);
	kept = pestrndup("text", 2, 1);
	is_str(kept, "te", "pestrndup");
	pefree(kept, 1);
	kept = pestrndup("text", 2, 0);
	ok(is_zend_ptr(kept) && !strcmp(kept, "te"), "pestrndup in the request");
	pefree(kept, 0);
	free(__zend_malloc(0));
	pass("no bytes are no failure");
	if (getenv("SANITIZER") && *getenv("SANITIZER")) {
		skip(10, "a sanitizer ends the process for impossible sizes");
	} else {
		expect_out_of_memory(child_malloc, "__zend_malloc");
		expect_out_of_memory(child_calloc, "__zend_calloc");
		expect_out_of_memory(child_realloc, "__zend_realloc");
		expect_out_of_memory(child_pemalloc, "pemalloc");
		expect_out_of_memory(child_safe_malloc, "_safe_malloc");
	}
	shutdown_memory_manager(1, 1);
	return done_testing();
}
