/* SPDX-License-Identifier: MIT */
/* Debug builds: a block that a function asked for in the name of its caller, in reports. */
#include "t/tap.h"
#include "zend_alloc.h"

#if !ZEND_DEBUG
int main(void)
{
	skip_all("not a debug build");
}
#else

static int relayed_line;

static char *relay(size_t size ZEND_FILE_LINE_DC)
{
	relayed_line = __LINE__ + 1;
	return emalloc_rel(size);
}

static int check_relayed(char *block ZEND_FILE_LINE_DC)
{
	return _mem_block_check(block, 0 ZEND_MM_SITE_RELAY_CC);
}

static void start(const char *mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = strcmp(mode, "modern") == 0 ? ZEND_MM_MODERN : ZEND_MM_LEGACY;
	zend_mm_set_heap(zend_mm_startup_with(&options));
}

static void ask(const char *mode)
{
	char *block;

	start(mode);
	block = relay(20 ZEND_FILE_LINE_CC);
	printf("%d\n", check_relayed(block ZEND_FILE_LINE_CC));
	block[-(int)sizeof(size_t)] ^= 0x40;
	block[20] ^= 1;
	printf("%d\n", check_relayed(block ZEND_FILE_LINE_CC));
	printf("%d\n", relayed_line);
}

static void check_reports(const char *mode)
{
	struct tap_child child = run_child(ask, mode);
	int line = 0;

	ok(sscanf(child.out, "1 0 %d", &line) == 1, "%s: a sound block is, a damaged one is not", mode);
	contains(child.err, " : Actual location (location was relayed)\n",
		"%s: the report says that the question was relayed", mode);
	contains(child.err, tap_format("by way of %s(%d)", __FILE__, line),
		"%s: and by way of what place the block was asked for", mode);
}

int main(void)
{
	check_reports("legacy");
	check_reports("modern");
	return done_testing();
}
#endif
