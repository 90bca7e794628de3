/* SPDX-License-Identifier: MIT */
/*
 * interface/startup.c - making heaps: what the environment asks for, and the calls that make one.
 *
 * Bad values of a variable end the process with the messages and the exit status (255) of PHP's
 * allocator; bad options of a call come back as EINVAL.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "heap/guarded/guarded.h"
#include "heap/hardened/hardened.h"
#include "interface/interface.h"
#include "storage/sanitizer.h"

enum { startup_failed = 255 };

/* Vital numbers of a legacy heap's set-up; see spec section 1 in doc/legacy.md. */
static const size_t default_segment_size = (size_t)256 * 1024;
static const size_t default_reserve_size = 8 * 1024;
static const size_t default_compact_threshold = (size_t)2 * 1024 * 1024;
static const size_t smallest_segment_size = 32;

const char *zend_mm_storage_name(size_t index)
{
	const struct zend_mm_storage_type *type = zend_mm_storage_type_at(index);

	return type ? type->segments.name : NULL;
}

/* A number as PHP has it in its configuration: K, M or G at the end multiply.  False for what is
 * none, or does not fit: PHP takes such a text for what it begins with, or for 0. */
static bool parse_size(const char *text, size_t *size)
{
	static const char letters[] = "KMG";
	unsigned long long number;
	unsigned shift = 0;
	char *end;

	if (!isdigit((unsigned char)*text)) {
		return false;
	}
	errno = 0;
	number = strtoull(text, &end, 0);
	end += strspn(end, " ");
	if (*end) {
		const char *letter = strchr(letters, toupper((unsigned char)*end));

		if (!letter || end[1]) {
			return false;
		}
		shift = 10 * (unsigned)(letter - letters + 1);
	}
	*size = (size_t)number << shift;
	return errno == 0 && *size >> shift == number;
}

static bool is_power_of_two(size_t number)
{
	return number && !(number & (number - 1));
}

static bool is_on(const char *variable, bool otherwise)
{
	const char *value = getenv(variable);

	return value ? atoi(value) != 0 : otherwise;
}

static zend_mm_mode mode_of_environment(void)
{
	const char *name = getenv("ZEND_MM_MODE");

	if (!name || !strcmp(name, "legacy")) {
		return ZEND_MM_LEGACY;
	}
	if (!strcmp(name, "modern")) {
		return ZEND_MM_MODERN;
	}
	zend_mm_startup_error(startup_failed, "Wrong or unsupported zend_mm mode '%s' in "
		"ZEND_MM_MODE\n  supported modes:\n    'legacy'\n    'modern'\n", name);
}

static const char *storage_of_environment(void)
{
	const char *name = getenv("ZEND_MM_MEM_TYPE");

	if (name && !zend_mm_storage_type(name)) {
		const char *supported;

		fprintf(stderr, "Wrong or unsupported zend_mm storage type '%s'\n", name);
		fprintf(stderr, "  supported types:\n");
		for (size_t i = 0; (supported = zend_mm_storage_name(i)) != NULL; i++) {
			fprintf(stderr, "    '%s'\n", supported);
		}
		exit(startup_failed);
	}
	return name;
}

static size_t segment_size_of_environment(void)
{
	const char *value = getenv("ZEND_MM_SEG_SIZE");
	size_t size;

	if (!value) {
		return default_segment_size;
	}
	if (!parse_size(value, &size) || !is_power_of_two(size)) {
		zend_mm_startup_error(startup_failed, "ZEND_MM_SEG_SIZE must be a power of two\n");
	}
	if (size < smallest_segment_size) {
		zend_mm_startup_error(startup_failed, "ZEND_MM_SEG_SIZE is too small\n");
	}
	return size;
}

/* What the environment says of guards; a list of nothing is as good as none.  Where it says
 * nothing and a sanitizer listens, blocks get what there is to tell it of. */
static const char *guards_of_environment(void)
{
	const char *list = getenv("ZEND_MM_DEBUG");
	struct zend_mm_guard_settings settings;
	char complaint[256];

	if (!list && zend_mm_sanitizer_listens()) {
		return zend_mm_sanitizer_wants_sites() ? "padding=16,quarantine=16M,sites=1" :
			"padding=16,quarantine=16M";
	}
	if (list && !zend_mm_guard_settings_read(list, &settings, complaint)) {
		zend_mm_startup_error(startup_failed, "Wrong ZEND_MM_DEBUG: %s\n", complaint);
	}
	return list && *list ? list : NULL;
}

static const char *hardening_of_environment(void)
{
	const char *list = getenv("ZEND_MM_HARDENED");
	struct zend_mm_hardening hardening;
	char unknown[64];

	if (list && !zend_mm_hardening_read(list, &hardening, unknown)) {
		zend_mm_startup_error(startup_failed, "Wrong ZEND_MM_HARDENED: '%s' is none of all, "
			"links, lists, cached, frees, spares, ends, sizes\n", unknown);
	}
	return list && *list ? list : NULL;
}

static size_t compact_threshold_of_environment(void)
{
	const char *value = getenv("ZEND_MM_COMPACT");
	size_t size = default_compact_threshold;

	if (value && !parse_size(value, &size)) {
		zend_mm_startup_error(startup_failed, "Wrong ZEND_MM_COMPACT: '%s' is not a number of "
			"bytes, as 0, 65536 or 2M\n", value);
	}
	return size;
}

void zend_mm_default_options(zend_mm_options *options)
{
	zend_mm_warn_of_unknown_variables();
	*options = (zend_mm_options){
		.struct_size = sizeof *options,
		.mode = mode_of_environment(),
		.storage = storage_of_environment(),
		.segment_size = default_segment_size,
		.reserve_size = default_reserve_size,
		.compact_threshold = compact_threshold_of_environment(),
		.huge_pages = is_on("USE_ZEND_ALLOC_HUGE_PAGES", false),
	};
	if (options->mode == ZEND_MM_LEGACY) {
		options->segment_size = segment_size_of_environment();
	}
	options->debug = guards_of_environment();
	options->hardened = hardening_of_environment();
}

/* False, with errno set, where the options name a check that there is not. */
static bool read_hardening(const zend_mm_options *options, struct zend_mm_hardening *hardening)
{
	char unknown[64];

	if (!zend_mm_hardening_read(options->hardened, hardening, unknown)) {
		errno = EINVAL;
		return false;
	}
	return true;
}

static zend_mm_heap *start_legacy(const zend_mm_options *options)
{
	struct zend_mm_legacy_setup setup = {
		.handlers = options->segment_handlers,
		.params = options->segment_params,
		.segment_size = options->segment_size ? options->segment_size : default_segment_size,
		.reserve_size = options->reserve_size,
		.compact_threshold = options->compact_threshold,
		.internal = options->internal,
		.null_on_failure = options->null_on_failure,
	};
	struct zend_mm_hardening hardening;

	if (!setup.handlers) {
		const struct zend_mm_storage_type *type = zend_mm_storage_type(options->storage);

		setup.handlers = type ? &type->segments : NULL;
	}
	if (!setup.handlers || !is_power_of_two(setup.segment_size) ||
		setup.segment_size < smallest_segment_size) {
		errno = EINVAL;
		return NULL;
	}
	if (options->hardened && *options->hardened) {
		if (!read_hardening(options, &hardening)) {
			return NULL;
		}
		setup.hardening = &hardening;
		return zend_mm_hardened_legacy_startup(&setup);
	}
	return zend_mm_legacy_startup(&setup);
}

/* A hardened modern heap, with canaries if they are asked for. */
static zend_mm_heap *with_ends(zend_mm_heap *heap, const struct zend_mm_hardening *hardening)
{
	if (heap && hardening->ends && !zend_mm_hardened_ends(heap)) {
		heap->verbs->shutdown(heap, true, true);
		errno = ENOMEM;
		return NULL;
	}
	return heap;
}

static zend_mm_heap *start_modern(const zend_mm_options *options)
{
	struct zend_mm_modern_setup setup = {
		.handlers = options->chunk_handlers,
		.data = options->chunk_data,
		.data_size = options->chunk_data_size,
		.huge_pages = options->huge_pages,
		.null_on_failure = options->null_on_failure,
	};
	struct zend_mm_hardening hardening;

	if (!setup.handlers) {
		setup.type = zend_mm_storage_type(options->storage ? options->storage :
			zend_mm_default_chunk_storage);
	}
	if (!setup.handlers && !setup.type) {
		errno = EINVAL;
		return NULL;
	}
	if (options->hardened && *options->hardened) {
		if (!read_hardening(options, &hardening)) {
			return NULL;
		}
		setup.hardening = &hardening;
		return with_ends(zend_mm_hardened_modern_startup(&setup), &hardening);
	}
	return zend_mm_modern_startup(&setup);
}

static zend_mm_heap *start_design(const zend_mm_options *options)
{
	switch (options->mode) {
	case ZEND_MM_LEGACY:
		return start_legacy(options);
	case ZEND_MM_MODERN:
		return start_modern(options);
	}
	errno = EINVAL;
	return NULL;
}

/* What a block of a new heap has beside its data. */
static size_t overhead_of(const zend_mm_heap *heap)
{
	return heap->mode == ZEND_MM_LEGACY ? (size_t)legacy_header_size + legacy_canary_size : 0;
}

/* Lays over a new heap what the options ask for; a heap without all of it is no use. */
static zend_mm_heap *with_layers(zend_mm_heap *heap, const zend_mm_options *options)
{
	struct zend_mm_guard_setup guards = {
		.malloc_rules = options->malloc_rules,
		.overhead = overhead_of(heap),
	};
	char complaint[256];
	int reason = EINVAL;

	if (!options->debug || !*options->debug) {
		return heap;
	}
	if (zend_mm_guard_settings_read(options->debug, &guards.settings, complaint)) {
		reason = ENOMEM;
		if (zend_mm_guard(heap, &guards)) {
			return heap;
		}
	}
	heap->verbs->shutdown(heap, true, true);
	errno = reason;
	return NULL;
}

/* A new heap, or NULL, after the host was given its say. */
static zend_mm_heap *told_of(zend_mm_heap *heap)
{
	if (heap) {
		zend_mm_keep_interruptions_out(heap);
	}
	return heap;
}

zend_mm_heap *zend_mm_startup_with(const zend_mm_options *options)
{
	zend_mm_options full = { .struct_size = 0 };
	zend_mm_heap *heap;

	/* A program compiled with an older header knows fewer options. */
	if (!options || options->struct_size > sizeof full ||
		options->struct_size < offsetof(zend_mm_options, storage)) {
		errno = EINVAL;
		return NULL;
	}
	memcpy(&full, options, options->struct_size);
	heap = start_design(&full);
	return heap ? told_of(with_layers(heap, &full)) : NULL;
}

/* A heap that cannot be made ends the process, as in PHP. */
static zend_mm_heap *started_or_exit(zend_mm_heap *heap, const char *storage)
{
	if (!heap) {
		zend_mm_startup_error(startup_failed, "Cannot initialize zend_mm storage [%s]: %s\n",
			storage ? storage : zend_mm_storage_name(0), strerror(errno));
	}
	return heap;
}

zend_mm_heap *zend_mm_startup(void)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	return started_or_exit(zend_mm_startup_with(&options), options.storage);
}

zend_mm_heap *zend_mm_startup_ex(const zend_mm_mem_handlers *handlers, size_t block_size,
	size_t reserve_size, int internal, void *params)
{
	struct zend_mm_legacy_setup setup = {
		.handlers = handlers,
		.params = params,
		.segment_size = block_size,
		.reserve_size = reserve_size,
		.internal = internal != 0,
	};

	if (!is_power_of_two(block_size)) {
		zend_mm_startup_error(startup_failed, "'block_size' must be a power of two\n");
	}
	if (block_size < smallest_segment_size) {
		zend_mm_startup_error(startup_failed, "'block_size' is too small\n");
	}
	return told_of(started_or_exit(zend_mm_legacy_startup(&setup), handlers->name));
}

zend_mm_heap *zend_mm_startup_chunks(const zend_mm_chunk_handlers *handlers, void *data,
	size_t data_size)
{
	struct zend_mm_modern_setup setup = {
		.handlers = handlers,
		.data = data,
		.data_size = data_size,
	};

	return told_of(zend_mm_modern_startup(&setup));
}

zend_mm_heap *zend_mm_start_as_environment_says(void)
{
	zend_mm_heap *heap;

	if (is_on("USE_ZEND_ALLOC", true)) {
		return zend_mm_startup();
	}
	heap = is_on("USE_TRACKED_ALLOC", false) ? zend_mm_tracked_startup() : zend_mm_system_startup();
	if (!heap) {
		zend_mm_system_out_of_memory();
	}
	return heap;
}
