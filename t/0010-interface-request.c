/* SPDX-License-Identifier: MIT */
/* The request-memory family, on the current heap, in both modes. */
#include "config.h"

#include "t/host.h"
#include "t/tap.h"

static const char *mode_name;

static bool all_zero(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i]) {
			return false;
		}
	}
	return true;
}

static void family(void)
{
	char *data, *copy;
	size_t before = zend_memory_usage(0);

	data = emalloc(100);
	ok(((uintptr_t)data & 7) == 0, "%s: emalloc is aligned to 8", mode_name);
	memset(data, 'x', 100);
	data = erealloc(data, 5000);
	ok(data[0] == 'x' && data[99] == 'x', "%s: erealloc keeps the content", mode_name);
	data = erealloc2(data, 100000, 100);
	ok(data[0] == 'x' && data[99] == 'x', "%s: erealloc2 keeps copy_size bytes", mode_name);
	data = erealloc_recoverable(data, 10);
	ok(data[0] == 'x' && data[9] == 'x', "%s: erealloc_recoverable shrinks", mode_name);
	ok(zend_mem_block_size(data) >= 10, "%s: the block is large enough", mode_name);
	efree(data);
	data = emalloc(64);
	memset(data, 'x', 64);
	efree(data);
	data = ecalloc(8, 8);
	ok(all_zero(data, 64), "%s: ecalloc clears memory that was used", mode_name);
	efree(data);
	data = safe_emalloc(10, 20, 30);
	data = safe_erealloc(data, 100, 20, 30);
	memset(data, 1, 2030);
	efree(data);
	copy = estrdup("a string");
	is_str(copy, "a string", "%s: estrdup", mode_name);
	efree(copy);
	copy = estrndup("a string", 3);
	is_str(copy, "a s", "%s: estrndup ends the copy", mode_name);
	efree(copy);
	is_ptr(safe_estrdup((const char *)NULL), NULL, "%s: safe_estrdup(NULL)", mode_name);
	is_ptr(safe_estrndup((const char *)NULL, 3), NULL, "%s: safe_estrndup(NULL)", mode_name);
	data = erealloc(NULL, 10);
	ok(data != NULL, "%s: erealloc(NULL) allocates", mode_name);
	efree(data);
	data = emalloc(0);
	copy = emalloc(0);
	ok(data && copy && data != copy, "%s: blocks of size 0 are blocks", mode_name);
	efree(data);
	efree(copy);
	is_size(zend_memory_usage(0), before, "%s: everything was given back", mode_name);
}

/* In builds with canaries the four bytes behind the data are added before sizes are rounded, so the
 * block of a bin's whole size can be larger than that of the request. */
static int same_blocks(size_t constant, size_t computed)
{
	return ZEND_MM_HEAP_PROTECTION ? constant >= computed : constant == computed;
}

/* Constant sizes take the entry points of their bins; the block must be as large as any other. */
static void sizes(void)
{
	size_t wrong = 0;

#define COMPARE(size) do { \
		volatile size_t variable = (size); \
		void *constant = emalloc(size), *computed = emalloc(variable); \
		\
		wrong += same_blocks(zend_mem_block_size(constant), zend_mem_block_size(computed)) == 0; \
		memset(constant, 1, (size)); \
		efree_size(constant, (size)); \
		efree(computed); \
	} while (0)
#define COMPARE_AROUND(size) COMPARE(size - 7); COMPARE(size - 1); COMPARE(size); COMPARE(size + 1)
	COMPARE_AROUND(8);
	COMPARE_AROUND(16);
	COMPARE_AROUND(24);
	COMPARE_AROUND(56);
	COMPARE_AROUND(64);
	COMPARE_AROUND(80);
	COMPARE_AROUND(128);
	COMPARE_AROUND(320);
	COMPARE_AROUND(1024);
	COMPARE_AROUND(3072);
	COMPARE(3073);
	COMPARE(4096);
	COMPARE(2 * 1024 * 1024 - 4096);
	COMPARE(2 * 1024 * 1024 - 4095);
	COMPARE(5 * 1024 * 1024);
	is_size(wrong, 0, "%s: constant and computed sizes get equal blocks", mode_name);
}

static void pointers(void)
{
	char *data = emalloc(100);
	int local;

	ok(is_zend_mm(), "%s: is_zend_mm", mode_name);
	ok(is_zend_ptr(data), "%s: a block is a zend pointer", mode_name);
	ok(!is_zend_ptr(&local), "%s: the stack is not", mode_name);
	ok(!is_zend_ptr(NULL), "%s: NULL is not", mode_name);
	ok(!is_zend_ptr(data + 1), "%s: nor is the middle of a block", mode_name);
	efree(data);
	ok(!is_zend_ptr(data), "%s: nor is a freed block", mode_name);
}

static void requests(void)
{
	size_t start;

	shutdown_memory_manager(1, 0);
	start = zend_memory_usage(0);
	for (int i = 0; i < 1000; i++) {
		memset(emalloc((size_t)i * 10), 1, (size_t)i * 10);
	}
	ok(zend_memory_usage(0) > start + 4000000, "%s: usage counts blocks", mode_name);
	ok(zend_memory_usage(1) >= zend_memory_usage(0), "%s: the system gave at least that",
		mode_name);
	ok(zend_memory_peak_usage(0) >= zend_memory_usage(0), "%s: peak", mode_name);
	shutdown_memory_manager(1, 0);
	is_size(zend_memory_usage(0), start, "%s: the end of a request releases all", mode_name);
	is_size(zend_memory_peak_usage(0), start, "%s: and resets the peak", mode_name);
	efree(emalloc(3000000));
	ok(zend_memory_peak_usage(0) >= 3000000, "%s: the next request has its own peak", mode_name);
	zend_memory_reset_peak_usage();
	is_size(zend_memory_peak_usage(0), zend_memory_usage(0), "%s: peak reset", mode_name);
	is_size(zend_memory_peak_usage(1), zend_memory_usage(1), "%s: real peak reset", mode_name);
}

int main(void)
{
	static const char *const modes[] = { "legacy", "modern" };

	for (int i = 0; i < 2; i++) {
		mode_name = modes[i];
		set_environment("ZEND_MM_MODE", mode_name);
		start_memory_manager();
		is_int(zend_mm_get_mode(zend_mm_get_heap()), i, "the environment chose %s", mode_name);
		family();
		sizes();
		pointers();
		requests();
		shutdown_memory_manager(1, 1);
	}
	set_environment("ZEND_MM_MODE", NULL);
	{
		void *data = emalloc(10);

		is_int(zend_mm_get_mode(zend_mm_get_heap()), ZEND_MM_LEGACY,
			"the first request starts the manager, legacy by default");
		efree(data);
		shutdown_memory_manager(1, 1);
	}
	return done_testing();
}
