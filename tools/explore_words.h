/* SPDX-License-Identifier: MIT */
/*
 * The steps of an operation in words, and what the elements of a heap are, for readers.
 *
 * A step's sentence is a template: {at} is the place, {size} and {n} are the event's numbers,
 * {bits} is size in binary. The terminal fills it in here, the page in the browser, from the same
 * table.
 */
#ifndef ZMM_EXPLORE_WORDS_H
#define ZMM_EXPLORE_WORDS_H

#include <stdio.h>

#include "tools/explore_scene.h"

/* What a step says, and where the document explains it ("legacy.md#the-cache"). */
struct zmm_step_words {
	const char *sentence;
	const char *document;
};

const struct zmm_step_words *zmm_step_words(enum zend_mm_study_event_kind kind);

/* Writes a step's sentence to text. */
void zmm_step_text(const struct zmm_scene_step *step, char *text, size_t size);

/* "0+8240": region and offset, or "-". Writes to text and returns it. */
const char *zmm_spot_text(struct zmm_spot spot, char text[48]);

/* What an element of a picture is: its key, a sentence or two, the document. */
struct zmm_element_words {
	const char *key;
	const char *title;
	const char *text;
	const char *document;
};

/* The index-th element, NULL past the last. */
const struct zmm_element_words *zmm_element_words(size_t index);

/* The operation that allocated the block which this one, from 1, works on; 0 where none did. */
uint64_t zmm_operation_origin(const zmm_program *program, uint64_t operation);

/* An operation as a form, a sentence with {size} and {n}, and what stands there: the bytes, and the
 * operation that allocated the block. */
struct zmm_operation_words {
	unsigned form;
	uint64_t size, origin;
};

enum { ZMM_OPERATION_FORMS = ZMM_OP_KINDS + 1 };

/* 0 is the heap's making. */
struct zmm_operation_words zmm_operation_words(const zmm_program *program, uint64_t operation);
const char *zmm_operation_form(unsigned form);

/* "resize to 200 bytes: the block of operation 3". */
void zmm_operation_text(const zmm_program *program, uint64_t operation, char *text, size_t size);

#endif
