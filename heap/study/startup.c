/* SPDX-License-Identifier: MIT */
/*
 * heap/study/startup.c - making a heap under study from the options of an ordinary one.
 *
 * Compiled like the designs' sources, with heap/study/names.h before it: the constructors called
 * here are those of the second compilation.
 */
#include <errno.h>

#include "heap/design.h"
#include "heap/legacy/layout.h"
#include "heap/study/study.h"
#include "storage/storage.h"

enum { standard_segment_size = 256 * 1024 };

struct zend_mm_study zend_mm_study_default(void)
{
	return (struct zend_mm_study) {
		.switches = { .cache_capacity = legacy_cache_capacity }
	};
}

static const struct zend_mm_storage_type *storage_type(const char *name, const char *otherwise)
{
	return zend_mm_storage_type(name ? name : otherwise);
}

static zend_mm_heap *start_legacy(const zend_mm_options *options, const struct zend_mm_study *study)
{
	struct zend_mm_legacy_setup setup = {
		.handlers = options->segment_handlers,
		.params = options->segment_params,
		.segment_size = options->segment_size ? options->segment_size : standard_segment_size,
		.reserve_size = options->reserve_size,
		.compact_threshold = options->compact_threshold,
		.null_on_failure = options->null_on_failure,
		.study = study
	};

	if (!setup.handlers) {
		const struct zend_mm_storage_type *type = storage_type(options->storage, NULL);

		setup.handlers = type ? &type->segments : NULL;
	}
	if (!setup.handlers || options->internal || setup.segment_size < legacy_smallest_block
			|| (setup.segment_size & (setup.segment_size - 1)) != 0) {
		errno = EINVAL;
		return NULL;
	}
	return zend_mm_legacy_startup(&setup);
}

static zend_mm_heap *start_modern(const zend_mm_options *options, const struct zend_mm_study *study)
{
	struct zend_mm_modern_setup setup = {
		.handlers = options->chunk_handlers,
		.data = options->chunk_data,
		.data_size = options->chunk_data_size,
		.huge_pages = options->huge_pages,
		.null_on_failure = options->null_on_failure,
		.study = study
	};

	if (!setup.handlers) {
		setup.type = storage_type(options->storage, zend_mm_default_chunk_storage);
	}
	if (!setup.handlers && !setup.type) {
		errno = EINVAL;
		return NULL;
	}
	return zend_mm_modern_startup(&setup);
}

zend_mm_heap *zend_mm_study_startup(const zend_mm_options *options,
	const struct zend_mm_study *study)
{
	return options->mode == ZEND_MM_MODERN ? start_modern(options, study)
		: start_legacy(options, study);
}
