/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/witness.h - what guarded heaps tell a process that watches them: zmm check, which
 * runs a program again and again to find out when its heap was damaged.
 *
 * The watcher makes a file with one struct zend_mm_witness in it, zeroed, and names it in the
 * variable ZEND_MM_WITNESS.  Each process with guarded heaps maps it and enters itself.  Requests
 * are numbered from 1 in each process, over all of its guarded heaps; a child of fork() is a
 * process of its own, that goes on counting.
 */
#ifndef HEAP_GUARDED_WITNESS_H
#define HEAP_GUARDED_WITNESS_H

#include <stddef.h>
#include <stdint.h>

enum { zend_mm_witness_processes = 256 };

enum zend_mm_witness_state {
	ZEND_MM_WITNESS_RUNNING,
	ZEND_MM_WITNESS_HALTED,    /* at the beginning of the request asked for; all was sound */
	ZEND_MM_WITNESS_DAMAGED    /* a report was or is being printed */
};

struct zend_mm_witness_process {
	uint32_t pid;
	uint32_t state;            /* enum zend_mm_witness_state */
	uint64_t requests;         /* begun */
	uint64_t inherited;        /* of those, what its parent had begun when it forked */
	uint32_t parent;           /* the place of that parent, and one more; 0: it began by itself */
	uint32_t exited;           /* it came to its end, and was looked at */
	uint32_t seen;             /* the report is of the writing itself, which was trapped */
	uint64_t word;             /* where the report saw damage; 0 where it is no overwriting */
	uint64_t expected;         /* what should be there */
	char program[64];
	char reason[96];
	char last[2][224];         /* the request before the newest, and the newest, in words */
	char fault[224];           /* the newest fault that is none of guards, in words */
};

struct zend_mm_witness {
	/* Written by the watcher before the process starts, and `go` while it waits. */
	uint64_t halt_at;          /* a request at whose beginning to check everything; 0: never */
	uint32_t target;           /* which process does so, by its place below */
	uint32_t go;               /* a halted process waits for this */
	uint64_t watched;          /* where a trap will mean that somebody wrote; 0: nowhere */
	char report[544];          /* the file to which reports go: programs close standard error */
	/* Written by the processes. */
	uint32_t entered;          /* may be more than there is room for */
	struct zend_mm_witness_process process[zend_mm_witness_processes];
};

/* A request, as the witness names it. */
struct zend_mm_witnessed {
	const char *verb;
	const void *ptr;           /* of a free or a resize */
	size_t size;               /* of an allocation or a resize */
	const void *const *frames; /* who called, NULL behind the last; NULL where not known */
};

#ifndef _WIN32
/* Whether somebody watches. */
extern struct zend_mm_witness *zend_mm_witness;

/* Maps what the environment names; called when a guarded heap is made. */
void zend_mm_witness_open(void);
/* A request begins.  The lock of guarded heaps is held. */
void zend_mm_witness_request(const struct zend_mm_witnessed *request);
/* The process ends. */
void zend_mm_witness_exit(void);
/* The program touched memory that is not there, and not hidden by guards either. */
void zend_mm_witness_fault(const void *address, const void *instruction);
#else
static struct zend_mm_witness *const zend_mm_witness = NULL;

static inline void zend_mm_witness_open(void)
{
}

static inline void zend_mm_witness_request(const struct zend_mm_witnessed *request)
{
	(void)request;
}

static inline void zend_mm_witness_fault(const void *address, const void *instruction)
{
	(void)address;
	(void)instruction;
}
#endif

#endif
