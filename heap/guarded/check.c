/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/check.c - all blocks of a guarded heap: whether they are sound, and which are still
 * in use at the end of a request.
 *
 * Called by verbs.c.
 */
#include "heap/config.h"
#include "heap/failure.h"
#include "heap/guarded/guarded.h"
#include "storage/sanitizer.h"
#include "storage/stack.h"

struct check {
	struct guard_layer *guard;
	zend_mm_problem *problem;
};

static int check_one(void *context, struct guard_record *record)
{
	const struct check *check = context;

	return record->state <= guard_kept &&
		!zend_mm_guard_is_sound(check->guard, record, check->problem);
}

int zend_mm_guard_check_all(struct guard_layer *guard, zend_mm_problem *problem)
{
	struct check check = { guard, problem };

	return zend_mm_guard_records_visit(&guard->records, check_one, &check);
}

/* {{{ Leaks: where the build or the settings know who allocated. */

/* The heap's own block, kept for error reports, is none of the program's and has no record. */
struct leaks {
	struct guard_layer *guard;
	const struct guard_record *first;   /* of those counted now */
	size_t repeated;
};

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_site(const struct guard_layer *guard, const struct guard_record *a,
	const struct guard_record *b)
{
	return a->site.lineno == b->site.lineno && a->site.orig_lineno == b->site.orig_lineno &&
		same_name(a->site.filename, b->site.filename) &&
		same_name(a->site.orig_filename, b->site.orig_filename) &&
		(!guard->settings.sites ||
			memcmp(&a->calls[0], &b->calls[0], sizeof a->calls[0]) == 0);
}

/* The frame that names a leak: the innermost that is not in this library. */
static const void *telling_frame(const struct guard_record *record)
{
	const void *const *frame = record->calls[0].frames;

	while (frame[0] && frame[1] && zend_mm_is_own_code(frame[0])) {
		frame++;
	}
	return *frame;
}

static void report(const struct leaks *leaks)
{
	const struct guard_record *record = leaks->first;
	char code[160];
	zend_leak_info leak = {
		.addr = record->data,
		.size = record->size,
		.filename = record->site.filename,
		.lineno = record->site.lineno,
		.orig_filename = record->site.orig_filename,
		.orig_lineno = record->site.orig_lineno,
	};

	if (!leak.filename && leaks->guard->settings.sites) {
		zend_mm_describe_code(telling_frame(record), code, sizeof code);
		leak.filename = code;
	}
	zend_mm_current_host.leak(&leak);
	if (leaks->repeated) {
		zend_mm_current_host.leak_repeated(leaks->repeated);
	}
}

/* Marks the leaks of the first one's site as belonging to a request that has ended. */
static int count_leak(void *context, struct guard_record *record)
{
	struct leaks *leaks = context;

	if (record->state != guard_live) {
		return 0;
	}
	if (!leaks->first) {
		leaks->first = record;
	} else if (same_site(leaks->guard, leaks->first, record)) {
		leaks->repeated++;
	} else {
		return 0;
	}
	zend_mm_guard_lower(leaks->guard, record);
	zend_mm_guard_record_bury(&leaks->guard->records, record, guard_request_ended);
	return 0;
}

void zend_mm_guard_look_for_leaks(void)
{
	struct guard_layer *guard = zend_mm_guarded_heaps;

	if (!guard || !guard->told) {
		return;
	}
	for (; guard; guard = guard->next) {
		zend_mm_guard_records_forbid(&guard->records);
	}
	zend_mm_sanitizer_look_for_leaks();
	for (guard = zend_mm_guarded_heaps; guard; guard = guard->next) {
		zend_mm_guard_records_permit(&guard->records);
	}
}

/* The host's callback may allocate, so that it is called outside the visits. */
void zend_mm_guard_report_leaks(struct guard_layer *guard)
{
	size_t total = 0;

	if (!config_debug && !guard->settings.sites) {
		return;
	}
	for (;;) {
		struct leaks leaks = { .guard = guard };

		zend_mm_guard_records_visit(&guard->records, count_leak, &leaks);
		if (!leaks.first) {
			break;
		}
		report(&leaks);
		total += 1 + leaks.repeated;
	}
	if (total) {
		zend_mm_current_host.leaks_total(total);
	}
}

/* }}} */
