/* SPDX-License-Identifier: MIT */
/* Each environment variable with good and bad values: what it changes, or the exact text and exit
 * status. */
#include "heap/legacy/layout.h"
#include "t/tap.h"
#include "zend_alloc.h"

/* Starts the manager and says on standard output what came of it. */
static void report(const char *argument)
{
	zend_mm_heap *heap;
	void *block;

	(void)argument;
	start_memory_manager();
	heap = zend_mm_get_heap();
	block = emalloc(100);
	printf("mode=%d zend=%d real=%zu usage=%zu storage=%s\n", (int)zend_mm_get_mode(heap),
		is_zend_mm(), zend_memory_usage(1), zend_memory_usage(0),
		zend_mm_get_storage(heap) ? zend_mm_get_storage(heap)->handlers->name : "none");
	efree(block);
	shutdown_memory_manager(1, 1);
}

static void forget(void)
{
	static const char *const variables[] = {
		"ZEND_MM_MODE", "USE_ZEND_ALLOC", "USE_TRACKED_ALLOC", "ZEND_MM_MEM_TYPE",
		"ZEND_MM_SEG_SIZE", "ZEND_MM_COMPACT", "USE_ZEND_ALLOC_HUGE_PAGES"
	};

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		set_environment(variables[i], NULL);
	}
}

#ifdef _WIN32
enum { have_empty_variables = 0 };
#else
enum { have_empty_variables = 1 };
#endif

/* With these settings ("NAME=VALUE NAME=VALUE"), the report contains part. */
static void expect_report(const char *settings, const char *part)
{
	char copy[256], *setting, *rest;
	struct tap_child child;

	forget();
	snprintf(copy, sizeof copy, "%s", settings);
	for (setting = strtok_r(copy, " ", &rest); setting; setting = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(setting, '=');

		*value++ = '\0';
		set_environment(setting, value);
	}
	child = run_child(report, NULL);
	contains(child.out, part, "%s: %s", *settings ? settings : "nothing set", part);
	if (child.status != 0) {
		diag("exit status %d, %s", child.status, child.err);
	}
}

static void expect_error(const char *name, const char *value, const char *text)
{
	struct tap_child child;

	forget();
	set_environment(name, value);
	child = run_child(report, NULL);
	is_int(child.status, 255, "%s=%s exits with 255", name, value);
	is_str(child.err, text, "%s=%s: the text", name, value);
	is_str(child.out, "", "%s=%s: nothing started", name, value);
}

static void check_mode(void)
{
	static const char text[] = "Wrong or unsupported zend_mm mode '%s' in ZEND_MM_MODE\n"
		"  supported modes:\n    'legacy'\n    'modern'\n";
	static const char *const bad[] = { "new", "Legacy", "", "legacy " };
	char expected[256];

	expect_report("", "mode=0 zend=1 real=262144");
	expect_report("ZEND_MM_MODE=legacy", legacy_plain ?
		sizeof(void *) == 8 ? "mode=0 zend=1 real=262144 usage=8328 " :
		"mode=0 zend=1 real=262144 usage=8312 " : "mode=0 zend=1 real=262144 usage=8");
	expect_report("ZEND_MM_MODE=modern", config_debug ?
		sizeof(void *) == 4 ? "mode=1 zend=1 real=2097152 usage=128 " :
		"mode=1 zend=1 real=2097152 usage=160 " : "mode=1 zend=1 real=2097152 usage=112 ");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (!bad[i][0] && !have_empty_variables) {
			skip(3, "Windows has no empty variables");
			continue;
		}
		snprintf(expected, sizeof expected, text, bad[i]);
		expect_error("ZEND_MM_MODE", bad[i], expected);
	}
}

static void check_storage(void)
{
	char expected[512], setting[128], part[64];
	const char *name;
	size_t length;

	length = (size_t)snprintf(expected, sizeof expected,
		"Wrong or unsupported zend_mm storage type 'nonsense'\n  supported types:\n");
	for (size_t i = 0; (name = zend_mm_storage_name(i)) != NULL; i++) {
		length += (size_t)snprintf(expected + length, sizeof expected - length,
			"    '%s'\n", name);
		for (int mode = 0; mode < 2; mode++) {
			snprintf(setting, sizeof setting, "ZEND_MM_MODE=%s ZEND_MM_MEM_TYPE=%s",
				mode ? "modern" : "legacy", name);
			snprintf(part, sizeof part, "storage=%s\n", name);
			expect_report(setting, part);
		}
	}
	expect_error("ZEND_MM_MEM_TYPE", "nonsense", expected);
	snprintf(part, sizeof part, "storage=%s\n", zend_mm_storage_name(0));
	expect_report("", part);
}

static void check_segment_size(void)
{
	static const char power[] = "ZEND_MM_SEG_SIZE must be a power of two\n";
	static const char small[] = "ZEND_MM_SEG_SIZE is too small\n";

	expect_report("ZEND_MM_SEG_SIZE=65536", "real=65536 ");
	expect_report("ZEND_MM_SEG_SIZE=64K", "real=65536 ");
	expect_report("ZEND_MM_SEG_SIZE=64k", "real=65536 ");
	expect_report("ZEND_MM_SEG_SIZE=1M", "real=1048576 ");
	expect_report("ZEND_MM_SEG_SIZE=1m", "real=1048576 ");
	expect_report("ZEND_MM_SEG_SIZE=1G", "real=1073741824 ");
	expect_report("ZEND_MM_SEG_SIZE=0x10000", "real=65536 ");
	expect_report("ZEND_MM_SEG_SIZE=32", "real=8");
	expect_error("ZEND_MM_SEG_SIZE", "100000", power);
	expect_error("ZEND_MM_SEG_SIZE", "3K", power);
	expect_error("ZEND_MM_SEG_SIZE", "0", power);
	expect_error("ZEND_MM_SEG_SIZE", "nonsense", power);
	expect_error("ZEND_MM_SEG_SIZE", "256Kx", power);
	expect_error("ZEND_MM_SEG_SIZE", "64 of them", power);
	expect_error("ZEND_MM_SEG_SIZE", "-65536", power);
	expect_error("ZEND_MM_SEG_SIZE", "17179869184G", power);
	expect_error("ZEND_MM_SEG_SIZE", "8E", power);
	expect_report("ZEND_MM_COMPACT=0", "mode=0 ");
	expect_report("ZEND_MM_COMPACT=4M", "mode=0 ");
	expect_error("ZEND_MM_COMPACT", "2MB",
		"Wrong ZEND_MM_COMPACT: '2MB' is not a number of bytes, as 0, 65536 or 2M\n");
	expect_error("ZEND_MM_COMPACT", "never",
		"Wrong ZEND_MM_COMPACT: 'never' is not a number of bytes, as 0, 65536 or 2M\n");
	expect_error("ZEND_MM_SEG_SIZE", "16", small);
	expect_error("ZEND_MM_SEG_SIZE", "1", small);
	expect_report("ZEND_MM_MODE=modern ZEND_MM_SEG_SIZE=3K", "mode=1 zend=1 real=2097152");
}

static void check_system(void)
{
	expect_report("USE_ZEND_ALLOC=0", "zend=0 real=0 usage=0 storage=none");
	expect_report("USE_ZEND_ALLOC=no", "zend=0 real=0 usage=0 storage=none");
	expect_report("USE_ZEND_ALLOC=1", "mode=0 zend=1 real=262144");
	expect_report("USE_ZEND_ALLOC=2", "mode=0 zend=1 real=262144");
	expect_report("USE_ZEND_ALLOC=0 USE_TRACKED_ALLOC=1", "zend=0 real=100 usage=100 storage=none");
	expect_report("USE_ZEND_ALLOC=0 USE_TRACKED_ALLOC=0", "zend=0 real=0 usage=0 storage=none");
	expect_report("USE_TRACKED_ALLOC=1", "mode=0 zend=1 real=262144");
	expect_report("ZEND_MM_MODE=modern USE_ZEND_ALLOC=0", "zend=0 real=0");
}

/* A misspelt variable would have no effect without a word. */
static void check_unknown(void)
{
	struct tap_child child;

	forget();
	set_environment("ZEND_MM_DEBG", "all");
	set_environment("ZEND_MM_", "");
	child = run_child(report, NULL);
	is_int(child.status, 0, "an unknown variable does no harm");
	contains(child.err, "ZEND_MM_DEBG in the environment is ignored: there are ZEND_MM_MODE, ",
		"it is named, and which ones there are");
	contains(child.out, "mode=0 ", "the heap is made");
	set_environment("ZEND_MM_DEBG", NULL);
	set_environment("ZEND_MM_", NULL);
	set_environment("ZEND_MMM", "all");
	child = run_child(report, NULL);
	is_str(child.err, "", "what only begins in the same way is none of the library's business");
	set_environment("ZEND_MMM", NULL);
}

int main(void)
{
	check_unknown();
	check_mode();
	check_storage();
	check_segment_size();
	check_system();
	expect_report("ZEND_MM_MODE=modern USE_ZEND_ALLOC_HUGE_PAGES=1", "mode=1 zend=1 real=2097152");
	expect_report("ZEND_MM_COMPACT=0", "real=262144");
	expect_report("ZEND_MM_COMPACT=1K", "real=262144");
	return done_testing();
}
