/* SPDX-License-Identifier: MIT */
/*
 * preload/claims.h - looking at what sized frees say about blocks (see claims.c).
 */
#ifndef PRELOAD_CLAIMS_H
#define PRELOAD_CLAIMS_H

#include "heap/claim.h"
#include "preload/home.h"

/* Ends the process with a report if a block of a home whose heap is not guarded cannot have been
 * asked for with the size and alignment that the program says.  ptr is aligned, and lies in the
 * home's memory; whether it is a block the heap itself has to say. */
void zend_mm_claim_judge(const struct zend_mm_home *home, void *ptr,
	const struct zend_mm_claim *claim) ZEND_MM_COLD;

#endif
