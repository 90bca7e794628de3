/* SPDX-License-Identifier: MIT */
/*
 * The ideas of the legacy design that can be switched off, and measuring a heap without one.
 *
 *   ablate_ideas.c  what the variants are, and which workload an idea was invented for
 *   ablate_run.c    one variant on one program
 *   ablate_markdown.c  the table of doc/history.md
 *   cmd_ablate.c    the command
 */
#ifndef ZMM_ABLATE_IDEAS_H
#define ZMM_ABLATE_IDEAS_H

#include "heap/study/study.h"
#include "tools/fragmentation.h"
#include "tools/workload.h"
#include "trace/replay.h"

/* A heap that differs from PHP 5.6's in one point, or in none. */
struct zmm_variant {
	const char *key;     /* "no-rest-list": for JSON and the command line */
	const char *title;
	const char *was;     /* when it was so, a few words */
	struct zend_mm_study_switches switches;
	size_t segment_size; /* 0: 256 KiB */
};

/* The index-th variant, NULL past the last; the first one is the design as it was. And the one of
 * that key, NULL where there is none. */
const struct zmm_variant *zmm_variant_at(size_t index);
const struct zmm_variant *zmm_variant_find(const char *key);

/* For a command's option --variant: finds it, or says what there is. An exit status. */
int zmm_variant_option(const char *command, const char *key, const struct zmm_variant **variant);

enum { ZMM_IDEA_VARIANTS = 4 };

/* An idea, and a workload that shows what it is for. */
struct zmm_idea {
	const char *key;
	const char *title;
	const char *shows;                      /* what the rows show, one sentence */
	const char *variants[ZMM_IDEA_VARIANTS]; /* the keys of those without it; NULL ends them */
	const char *workload;
	struct {
		enum zmm_setting setting;
		uint64_t value;
		bool used;
	} set[4];
};

/* The index-th idea, NULL past the last. */
const struct zmm_idea *zmm_idea_at(size_t index);

/* "strings --ops 100000": its workload as zmm generate takes it; brief: whole MiB as 32M. */
void zmm_idea_command(const struct zmm_idea *idea, bool brief, char *text, size_t size);

/* Makes the idea's workload (seed 1). NULL with the error set. */
zmm_program *zmm_idea_program(const struct zmm_idea *idea, struct zmm_error *error);

/* What a variant does with a program. */
struct zmm_ablation {
	double ns_per_operation;  /* the least of the runs; 0 where there was none */
	double searched;          /* free blocks looked at in trees or lists, per operation */
	uint64_t cache_hits;
	uint64_t failures;
	uint64_t storage_calls;   /* that succeeded */
	uint64_t peak_held;       /* bytes from the system, over all requests */
	uint64_t peak_live;
	struct zmm_course course; /* live and held bytes after each operation */
};

/* Replays a program once watched, and `runs` times timed. False with the error set. */
bool zmm_ablate(const struct zmm_variant *variant, const zmm_program *program, unsigned runs,
	struct zmm_ablation *ablation, struct zmm_error *error);

/* Measures all ideas, and prints a table in Markdown. False with the error set. */
bool zmm_ablate_markdown(unsigned runs, struct zmm_error *error);

#endif
