/* SPDX-License-Identifier: MIT */
/*
 * preload/settings.h - what the environment says about the malloc replacement, read once.
 *
 *	ZEND_MM_MODE       legacy or modern
 *	ZEND_MM_MEM_TYPE   the storage type; mmap_anon where it is not set
 *	ZEND_MM_SEG_SIZE   legacy: the segment size
 *	USE_ZEND_ALLOC_HUGE_PAGES  modern: 1 asks for huge pages for chunks
 *	ZEND_MM_DEBUG      guards of blocks; with them foreign pointers abort, unless ZEND_MM_FOREIGN
 *	                   says otherwise, and heaps are checked at exit
 *	ZEND_MM_FOREIGN    what to do about a pointer that is none of ours: report (say so on standard
 *	                   error and ignore it; the default), ignore (silently), abort (report and
 *	                   abort)
 *	ZEND_MM_STATS      1: say at exit what the heaps did
 *	ZEND_MM_CHECK      1: check the heaps at exit; a damaged one is reported, and aborts
 *
 * Bad values end the process with 255, as those of the library's own variables do.
 */
#ifndef PRELOAD_SETTINGS_H
#define PRELOAD_SETTINGS_H

#include "zend_alloc.h"

enum zend_mm_foreign_policy {
	ZEND_MM_FOREIGN_REPORT,
	ZEND_MM_FOREIGN_IGNORE,
	ZEND_MM_FOREIGN_ABORT
};

struct zend_mm_settings {
	zend_mm_options options;        /* of every home's heap */
	enum zend_mm_foreign_policy foreign;
	bool stats;
	bool check;
	bool strict;                    /* heaps are hardened or guarded */
	bool judges;                    /* they judge every pointer by themselves */
	bool sizes;                     /* what is said about sizes is compared; not in guarded heaps,
	                                 * which have their own settings */
};

extern struct zend_mm_settings zend_mm_settings;

/* Reads them, and makes the storage under all homes. */
void zend_mm_settings_read(void);

#endif
