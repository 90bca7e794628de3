/* SPDX-License-Identifier: MIT */
/* Products and sums over size_t at every function that computes one: the exact message, a
 * bailout, and a heap that goes on. */
#include "t/host.h"
#include "t/tap.h"

#define HALF (SIZE_MAX / 2 + 1)

static void expect(bool bailed, size_t nmemb, size_t size, size_t offset, const char *function)
{
	char expected[256];

	snprintf(expected, sizeof expected,
		"Possible integer overflow in memory allocation (%zu * %zu + %zu)", nmemb, size, offset);
	ok(bailed, "%s(%zu, %zu, %zu) bails out", function, nmemb, size, offset);
	is_str(host_message, expected, "%s: the message", function);
}

static void each(size_t nmemb, size_t size, size_t offset)
{
	char *block = emalloc(40);
	char *system = malloc(40);

	strcpy(block, "block");
	strcpy(system, "system");
	expect(bails_out(safe_emalloc(nmemb, size, offset)), nmemb, size, offset, "safe_emalloc");
	expect(bails_out(safe_erealloc(block, nmemb, size, offset)), nmemb, size, offset,
		"safe_erealloc");
	expect(bails_out(safe_pemalloc(nmemb, size, offset, 1)), nmemb, size, offset,
		"safe_pemalloc persistent");
	expect(bails_out(safe_perealloc(system, nmemb, size, offset, 1)), nmemb, size, offset,
		"safe_perealloc persistent");
	if (offset == 0) {
		expect(bails_out(ecalloc(nmemb, size)), nmemb, size, 0, "ecalloc");
	}
	is_str(block, "block", "the block that could not be resized is as it was");
	is_str(system, "system", "so is the system's");
	efree(block);
	free(system);
}

int main(void)
{
	static const char *const modes[] = { "legacy", "modern" };

	host_start();
	for (int i = 0; i < 2; i++) {
		zend_mm_problem problem;

		set_environment("ZEND_MM_MODE", modes[i]);
		start_memory_manager();
		each(HALF, 2, 0);
		each(SIZE_MAX, SIZE_MAX, SIZE_MAX);
		each(1, SIZE_MAX, 1);
		each(2, HALF - 1, 2);
		each(3, SIZE_MAX / 3 + 1, 0);
		is_int(zend_mm_check(zend_mm_get_heap(), &problem), 0, "%s: the heap is sound", modes[i]);
		shutdown_memory_manager(1, 1);
	}
	return done_testing();
}
