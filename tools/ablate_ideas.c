/* SPDX-License-Identifier: MIT */
/*
 * The variants of the legacy heap, and the workloads that its ideas were invented for.
 *
 * The dates are those of doc/history.md. A workload's settings are the smallest that show the idea
 * at a glance.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/ablate_ideas.h"
#include "tools/zmm.h"

#define CAPACITY .cache_capacity = ZEND_MM_STUDY_CACHE_2008

static const struct zmm_variant variants[] = {
	{ "as-it-was", "as it was", "5.6", { CAPACITY }, 0 },
	{ "no-cache", "no cache", "-", { .cache_capacity = 0 }, 0 },
	{ "cache-2006", "cache of 32 KiB", "2006", { .cache_capacity = ZEND_MM_STUDY_CACHE_2006 }, 0 },
	{ "cache-2007", "cache of 128 KiB", "2007", { .cache_capacity = ZEND_MM_STUDY_CACHE_2007 }, 0 },
	{ "best-fit-list", "list, best fit", "before March 2007",
		{ CAPACITY, .large = ZEND_MM_STUDY_LIST_BEST_FIT }, 0 },
	{ "first-fit-list", "list, first fit", "-",
		{ CAPACITY, .large = ZEND_MM_STUDY_LIST_FIRST_FIT }, 0 },
	{ "no-rest-list", "no rest list", "before February 2008",
		{ CAPACITY, .no_rest_list = true }, 0 },
	{ "no-kept-segment", "no kept segment", "before July 2010",
		{ CAPACITY, .no_kept_segment = true }, 0 },
	{ "no-coalescing", "no coalescing", "-", { CAPACITY, .no_coalescing = true }, 0 },
	{ "segments-64k", "64 KiB segments", "-", { CAPACITY }, 64 << 10 },
	{ "segments-1m", "1 MiB segments", "-", { CAPACITY }, 1 << 20 },
	{ "segments-2m", "2 MiB segments", "-", { CAPACITY }, 2 << 20 }
};

static const struct zmm_idea ideas[] = {
	{ "cache", "the cache",
		"Blocks of a few sizes die and are born at random: each hit saves the neighbours' "
		"headers and "
		"the lists, and a greater capacity has more hits.",
		{ "no-cache", "cache-2006", "cache-2007" }, "uniform",
		{ { ZMM_SETTING_OPS, 100000, true }, { ZMM_SETTING_LIVE, 1000000, true },
			{ ZMM_SETTING_MAX, 500, true } } },
	{ "trees", "trees instead of a list",
		"With many free blocks of many sizes a list is walked to its end for each request; first "
		"fit "
		"stops early and fits worse.",
		{ "best-fit-list", "first-fit-list" }, "uniform",
		{ { ZMM_SETTING_OPS, 40000, true }, { ZMM_SETTING_LIVE, 32 << 20, true },
			{ ZMM_SETTING_MIN, 600, true }, { ZMM_SETTING_MAX, 30000, true } } },
	{ "rest-list", "the rest list",
		"Bug 44069, $s = $s . \"x\": small blocks settle in what the string's segment has left "
		"over, "
		"so that no segment becomes empty again.",
		{ "no-rest-list" }, "strings",
		{ { ZMM_SETTING_OPS, 100000, true } } },
	{ "kept-segment", "a segment kept between requests",
		"Short requests that fit into one segment: without it, each takes and gives back one.",
		{ "no-kept-segment" }, "requests",
		{ { ZMM_SETTING_OPS, 100000, true }, { ZMM_SETTING_PER, 500, true } } },
	{ "coalescing", "coalescing",
		"Phases with other sizes each: what the last phase left in small pieces serves the next "
		"only "
		"once the pieces are put together again.",
		{ "no-coalescing" }, "phases",
		{ { ZMM_SETTING_OPS, 100000, true } } },
	{ "segment-size", "segments of 256 KiB",
		"A long-lived set among short requests: smaller segments come back sooner, bigger ones "
		"need "
		"fewer calls.",
		{ "segments-64k", "segments-1m", "segments-2m" }, "server",
		{ { ZMM_SETTING_OPS, 100000, true } } }
};

const struct zmm_variant *zmm_variant_at(size_t index)
{
	return index < sizeof variants / sizeof variants[0] ? &variants[index] : NULL;
}

const struct zmm_variant *zmm_variant_find(const char *key)
{
	for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
		if (strcmp(variants[i].key, key) == 0)
			return &variants[i];
	return NULL;
}

int zmm_variant_option(const char *command, const char *key, const struct zmm_variant **variant)
{
	char names[400];
	size_t length = 0;

	*variant = zmm_variant_find(key);
	if (*variant)
		return ZMM_EXIT_OK;
	for (size_t i = 0; i < sizeof variants / sizeof variants[0] && length < sizeof names; i++)
		length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
			variants[i].key);
	return zmm_bad_usage(command, "there is no variant '%s', only %s", key, names);
}

const struct zmm_idea *zmm_idea_at(size_t index)
{
	return index < sizeof ideas / sizeof ideas[0] ? &ideas[index] : NULL;
}

void zmm_idea_command(const struct zmm_idea *idea, bool brief, char *text, size_t size)
{
	size_t length = (size_t)snprintf(text, size, "%s", idea->workload);

	for (size_t i = 0; i < sizeof idea->set / sizeof idea->set[0] && length < size; i++) {
		unsigned long long value = idea->set[i].value;
		bool whole = brief && value && value % (1 << 20) == 0;

		if (idea->set[i].used)
			length += (size_t)snprintf(text + length, size - length, " --%s %llu%s",
				zmm_setting_name(idea->set[i].setting), whole ? value >> 20 : value,
				whole ? "M" : "");
	}
}

/* --- making a workload's program ------------------------------------------------------------- */

static void settle(const struct zmm_idea *idea, const struct zmm_workload *workload,
	uint64_t setting[ZMM_SETTINGS])
{
	for (int i = 0; i < ZMM_SETTINGS; i++)
		setting[i] = workload->settings[i].standard;
	for (size_t i = 0; i < sizeof idea->set / sizeof idea->set[0]; i++)
		if (idea->set[i].used)
			setting[idea->set[i].setting] = idea->set[i].value;
}

static bool write_workload(const struct zmm_idea *idea, const char *path, struct zmm_error *error)
{
	const struct zmm_workload *workload = zmm_workload_find(idea->workload);
	zmm_writer *writer = zmm_writer_open(path, ZMM_FORMAT_BINARY, false, error);
	struct zmm_workload_summary summary;
	uint64_t setting[ZMM_SETTINGS];

	if (!writer)
		return false;
	settle(idea, workload, setting);
	if (!zmm_workload_write(workload, 1, setting, writer, &summary, error)) {
		zmm_writer_abandon(writer);
		return false;
	}
	return zmm_writer_close(writer, error);
}

zmm_program *zmm_idea_program(const struct zmm_idea *idea, struct zmm_error *error)
{
	const char *folder = getenv("TMPDIR");
	zmm_program *program = NULL;
	char path[1024];

	snprintf(path, sizeof path, "%s/zmm-ablate-%s-%ld.zmt", folder && *folder ? folder : "/tmp",
		idea->key, (long)getpid());
	if (write_workload(idea, path, error))
		program = zmm_program_load(path, 0, error);
	remove(path);
	return program;
}
