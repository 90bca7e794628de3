/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/settings.h - what ZEND_MM_DEBUG can say: a list of NAME=VALUE, separated by commas.
 *
 *	poison_alloc=BYTE    fill new blocks with this byte
 *	poison_free=BYTE     fill freed blocks with this byte
 *	padding=BYTES        so many guarded bytes before and behind each block
 *	check_freelists_on_shutdown=0|1   check the heap's structures at the end of each request
 *	check_every=N        check everything after every N requests of the heap
 *	guard_pages=0|1      each block ends right before a page that nobody may touch
 *	quarantine=BYTES     keep freed blocks back, up to so many bytes, and verify them
 *	sites=0|1            remember who allocated and who freed each block
 *	mismatch=0|1         malloc: look whether blocks of malloc, new and new[] are given back by
 *	                     free, delete and delete[]
 *	sizes=0|1            malloc: compare the sizes and alignments that sized frees and deletes
 *	                     say; on where it is not switched off
 *	leaks=0|1            malloc: say at exit which blocks nothing leads to any more
 *	all                  guard_pages=1,quarantine=64M,poison_alloc=0xa5,sites=1,mismatch=1,
 *	                     check_freelists_on_shutdown=1; what follows it can change that
 *
 * BYTES and N may end in K, M or G.
 */
#ifndef HEAP_GUARDED_SETTINGS_H
#define HEAP_GUARDED_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct zend_mm_guard_settings {
	int poison_alloc;      /* a byte; -1: blocks are not filled */
	int poison_free;
	size_t padding;
	size_t check_every;    /* 0: never */
	size_t quarantine;
	bool check_on_shutdown;
	bool guard_pages;
	bool sites;
	bool mismatch;
	bool sizes;
	bool leaks;
};

/* Reads a list.  True if all of it makes sense; otherwise complaint says what does not. */
bool zend_mm_guard_settings_read(const char *list, struct zend_mm_guard_settings *settings,
	char complaint[256]);

#endif
