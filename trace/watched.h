/* SPDX-License-Identifier: MIT */
/*
 * trace/watched.h - a storage that stands between a heap and another storage: it counts what is
 * asked, keeps the balance, and refuses on demand.
 *
 * For replays (the refusals that a trace prescribes, storage calls, regions held at the peak) and
 * for tests (the call number N fails; nothing is left behind).
 *
 *    struct zmm_watched watched;
 *    if (!zmm_watch(&watched, zend_mm_storage_type("mmap_anon"), NULL)) …
 *    zmm_watched_use(&watched, &options);
 *    heap = zend_mm_startup_with(&options);
 *    …
 *    zend_mm_shutdown(heap, 1, 1);
 *    zmm_unwatch(&watched);
 */
#ifndef ZMM_WATCHED_H
#define ZMM_WATCHED_H

#include "storage/storage.h"

struct zmm_watched {
	/* What is to happen. */
	uint64_t refuse_next; /* so many of the next requests for memory are refused */
	uint64_t refuse_at;   /* the request with this number, from 1, is refused; 0: none */

	/* What happened. Requests for memory are allocations, resizes of segments and extensions of
	 * chunks; the first three below count those that succeeded. */
	uint64_t requests;
	uint64_t allocs;
	uint64_t resizes;     /* of segments */
	uint64_t extends;     /* of chunks */
	uint64_t frees;
	uint64_t truncates;
	uint64_t refused;     /* here or underneath */
	uint64_t regions;     /* held now */
	uint64_t peak_regions;
	uint64_t bytes;       /* held now */
	uint64_t peak_bytes;

	const struct zend_mm_storage_type *type;
	zend_mm_storage *inner;
	zend_mm_storage outer;
	struct zmm_watched *self; /* what a modern heap copies into itself */
};

/* Makes the storage underneath; params goes to its init. False, with errno set, where that
 * fails. The object must stay where it is. */
bool zmm_watch(struct zmm_watched *watched, const struct zend_mm_storage_type *type, void *params);

/* Lets heaps of either design be made on it. */
void zmm_watched_use(struct zmm_watched *watched, zend_mm_options *options);

/* Destroys the storage underneath. */
void zmm_unwatch(struct zmm_watched *watched);

#endif
