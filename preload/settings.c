/* SPDX-License-Identifier: MIT */
/*
 * preload/settings.c - reading the environment (see settings.h).
 *
 * Called once, by the first thread that makes a home, while requests of that thread are served from
 * the bootstrap arena.
 */
#include "heap/failure.h"
#include "heap/guarded/guarded.h"
#include "heap/hardened/hardened.h"
#include "heap/legacy/layout.h"
#include "preload/home.h"
#include "preload/settings.h"

enum { bad_setting = 255 };

static const char *const default_storage = "mmap_anon";

struct zend_mm_settings zend_mm_settings;

static bool is_on(const char *variable)
{
	const char *value = getenv(variable);

	if (value && value[strspn(value, "0123456789")] != '\0') {
		zend_mm_startup_error(bad_setting, "Wrong %s: '%s' is not 0 or 1\n", variable, value);
	}
	return value && atoi(value) != 0;
}

static enum zend_mm_foreign_policy foreign_policy(void)
{
	const char *name = getenv("ZEND_MM_FOREIGN");

	if (!name) {
		return zend_mm_settings.strict ? ZEND_MM_FOREIGN_ABORT : ZEND_MM_FOREIGN_REPORT;
	}
	if (!strcmp(name, "report")) {
		return ZEND_MM_FOREIGN_REPORT;
	}
	if (!strcmp(name, "ignore")) {
		return ZEND_MM_FOREIGN_IGNORE;
	}
	if (!strcmp(name, "abort")) {
		return ZEND_MM_FOREIGN_ABORT;
	}
	zend_mm_startup_error(bad_setting, "ZEND_MM_FOREIGN is '%s'; supported are:\n"
		"    'report'\n    'ignore'\n    'abort'\n", name);
}

/* A home has no reserve, since nothing is reported to a host, no limit, and a heap that says NULL.
 */
static void set_up_homes(zend_mm_options *options)
{
	options->null_on_failure = true;
	options->reserve_size = 0;
	options->compact_threshold = 0;
	options->internal = false;
	options->malloc_rules = true;
	options->segment_handlers = &zend_mm_home_segments;
	options->chunk_handlers = &zend_mm_home_chunks;
}

/* Which checks the list of them names; none where there is no list. */
static struct zend_mm_hardening hardening_of(const char *list)
{
	struct zend_mm_hardening hardening = { .key = 0 };
	char unknown[64];

	if (list && !zend_mm_hardening_read(list, &hardening, unknown)) {
		hardening = (struct zend_mm_hardening){ .key = 0 };
	}
	return hardening;
}

void zend_mm_settings_read(void)
{
	struct zend_mm_settings *settings = &zend_mm_settings;
	struct zend_mm_hardening hardening;
	const char *name;

	zend_mm_page_size(); /* noted before there are threads */
	zend_mm_default_options(&settings->options);
	set_up_homes(&settings->options);
	hardening = hardening_of(settings->options.hardened);
	settings->strict = settings->options.debug || settings->options.hardened;
	settings->judges = settings->options.debug || hardening.frees;
	settings->sizes = hardening.sizes || config_debug || legacy_keeps_requested;
	settings->foreign = foreign_policy();
	settings->stats = is_on("ZEND_MM_STATS");
	settings->check = settings->strict || is_on("ZEND_MM_CHECK");
	name = settings->options.storage ? settings->options.storage : default_storage;
	settings->options.storage = name;
	if (!zend_mm_home_storage_start(zend_mm_storage_type(name), !hardening.spares)) {
		zend_mm_startup_error(bad_setting, "Cannot initialize zend_mm storage [%s]\n", name);
	}
	zend_mm_corruption_aborts = true;
	zend_mm_guards_fork_freely = true;
}
