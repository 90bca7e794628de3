/* SPDX-License-Identifier: MIT */
/* ZEND_MM_DEBUG: what it takes, and the text and exit status for what it does not. */
#include "heap/guarded/settings.h"
#include "t/tap.h"
#include "zend_alloc.h"

static struct zend_mm_guard_settings settings;
static char complaint[256];

static void refuses(const char *list, const char *text)
{
	ok(!zend_mm_guard_settings_read(list, &settings, complaint), "'%s' is refused", list);
	is_str(complaint, text, "and the complaint says why");
}

static bool reads(const char *list)
{
	return zend_mm_guard_settings_read(list, &settings, complaint);
}

static void check_reading(void)
{
	ok(reads("") && settings.poison_alloc == -1 && settings.poison_free == -1 &&
		settings.padding == 0 && settings.quarantine == 0 && !settings.guard_pages &&
		!settings.sites && !settings.check_on_shutdown && settings.check_every == 0 &&
		!settings.mismatch && settings.sizes && !settings.leaks,
		"nothing: nothing is on but what costs nothing");
	ok(reads("poison_alloc=0xbe,poison_free=0") && settings.poison_alloc == 0xbe &&
		settings.poison_free == 0, "bytes are read, 0 among them");
	ok(reads("padding=24,check_freelists_on_shutdown=1") && settings.padding == 24 &&
		settings.check_on_shutdown, "padding and the check at the end");
	ok(reads("check_every=1K,quarantine=3M") && settings.check_every == 1024 &&
		settings.quarantine == (size_t)3 << 20, "units multiply");
	ok(reads("guard_pages=1,sites=1,guard_pages=0") && !settings.guard_pages && settings.sites,
		"the last one of a name holds");
	ok(reads("mismatch=1,sizes=0,leaks=1") && settings.mismatch && !settings.sizes &&
		settings.leaks,
		"what is said about blocks");
	ok(reads(",,sites=1,"), "empty settings say nothing");
	refuses("poison_alloc=256", "'poison_alloc' is not '256', but a byte, 0 to 255");
	refuses("poison_free=", "'poison_free' is not '', but a byte, 0 to 255");
	refuses("padding=many", "'padding' is not 'many', but a number of bytes");
	refuses("padding=2M", "'padding' is at most 1048576 bytes");
	refuses("padding=-1", "'padding' is not '-1', but a number of bytes");
	refuses("padding=1KB", "'padding' is not '1KB', but a number of bytes");
	refuses("check_every=0", "'check_every' is not '0', but a number above 0");
	refuses("quarantine=99999999999999999999",
		"'quarantine' is not '99999999999999999999', but a number of bytes");
	refuses("quarantine=99999999999G", "'quarantine' is not '99999999999G', but a number of bytes");
	refuses("guard_pages=2", "'guard_pages' is not '2', but 0 or 1");
	refuses("sites", "'sites' has no value; it is 0 or 1");
	refuses("padding=8,poison=1", "'poison' is none of all, poison_alloc, poison_free, padding, "
		"check_freelists_on_shutdown, check_every, guard_pages, quarantine, sites, mismatch, "
		"sizes, leaks");
}

static void check_all(void)
{
	ok(reads("all,sites=0,quarantine=1M"), "all, and what changes it");
	ok(settings.guard_pages && settings.check_on_shutdown && settings.poison_alloc == 0xa5 &&
		settings.mismatch && settings.sizes && !settings.leaks, "sets the guards");
	ok(!settings.sites && settings.quarantine == 1 << 20, "which later names change");
	refuses("all=1", "'all' is none of all, poison_alloc, poison_free, padding, "
		"check_freelists_on_shutdown, check_every, guard_pages, quarantine, sites, mismatch, "
		"sizes, leaks");
}

static void start(const char *list)
{
	set_environment("ZEND_MM_DEBUG", list);
	efree(emalloc(10));
	printf("started\n");
}

static void check_start(void)
{
	struct tap_child child = run_child(start, "padding=16,sites=1");
	zend_mm_options options;

	is_str(child.out, "started\n", "a good list starts the manager");
	child = run_child(start, "padding=16,site=1");
	is_int(child.status, 255, "a bad one exits with 255");
	is_str(child.err, "Wrong ZEND_MM_DEBUG: 'site' is none of all, poison_alloc, poison_free, "
		"padding, check_freelists_on_shutdown, check_every, guard_pages, quarantine, sites, "
		"mismatch, sizes, leaks\n",
		"and says what is wrong");
	is_str(child.out, "", "before anything starts");
	zend_mm_default_options(&options);
	options.debug = "padding=x";
	errno = 0;
	ok(!zend_mm_startup_with(&options) && errno == EINVAL, "a bad list of a call is EINVAL");
}

int main(void)
{
	check_reading();
	check_all();
	check_start();
	return done_testing();
}
