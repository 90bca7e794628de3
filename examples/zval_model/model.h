/* SPDX-License-Identifier: MIT */
/*
 * examples/zval_model/model.h - what the two models of PHP's values have in common: the statements
 * they can run, and memory that writes down each request.
 *
 * A model is a table of functions, one for each kind of statement. It keeps its variables and
 * asks memory.c for all of its memory, which takes it from the current heap.
 */
#ifndef EXAMPLES_ZVAL_MODEL_H
#define EXAMPLES_ZVAL_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <zend_alloc.h>

/* The variables of a script, as the compiler numbers them (PHP calls them compiled variables). */
enum variable { A, B, C, K, S, T, VARIABLES };

/* The statements, $x being the statement's target and $y its source. */
enum operation {
	ASSIGN_LONG,      /* $x = number; */
	ASSIGN_LITERAL,   /* $x = "text"; */
	ASSIGN_ARRAY,     /* $x = []; */
	ASSIGN,           /* $x = $y; */
	ASSIGN_REFERENCE, /* $x = &$y; */
	ADD_LONG,         /* $x += number; */
	APPEND,           /* $x .= "text"; */
	CONCAT,           /* $x = $y . "text"; */
	PUSH,             /* $x[] = number; */
	SET_INDEX,        /* $x[index] = number; */
	SET_KEY,          /* $x["text"] = number; */
	SET_KEY_OF,       /* $x[$y] = number; */
	SET_KEY_REFERENCE, /* $x["text"] = &$y; */
	UNSET,            /* unset($x); */
	OPERATIONS
};

/* One statement. */
struct statement {
	const char *php;          /* as it is printed */
	enum operation operation;
	enum variable target;
	enum variable source;
	long number;
	long index;
	const char *text;
	unsigned times;           /* 0: once */
};

typedef void (*statement_function)(const struct statement *statement);

struct text;

struct model {
	const char *title;
	zend_mm_mode mode;                               /* the heap it belongs on */
	statement_function run[OPERATIONS];
	/* Writes a variable's value as text; "unset" where it has none. */
	void (*show)(enum variable variable, struct text *text);
	/* Forgets all variables: their memory has gone with the request. */
	void (*forget)(void);
};

extern const struct model php5, php7;

/* How much of a value is shown: elements of an array, bytes of a string. */
enum { show_elements = 5, show_bytes = 24 };

/* Text that is being written; what has no room is left out. */
struct text {
	char *bytes;
	size_t size;
	size_t used;
};
void say(struct text *text, const char *format, ...);
void say_string(struct text *text, const char *bytes, size_t length);

/* {{{ Memory. */

enum { event_text = 128, event_count = 64 };

/* What the requests of a statement were, as text, and how many. */
struct journal {
	unsigned count;       /* of this statement; those beyond event_count are not kept */
	char event[event_count][event_text];
	size_t blocks;        /* alive */
};

/* Says which heap serves from now on, and which journal is written. */
void memory_of(zend_mm_heap *heap, struct journal *journal);
/* Request memory; what is said in the journal. */
void *take(size_t size, const char *what);
void give_back(void *block, const char *what);
/* Of a block that moves, copy bytes are kept (erealloc2). */
void *resize(void *block, size_t size, size_t copy, const char *what);

/* A literal of the script: memory that outlives requests, taken once for each text. header bytes
 * before the text are for the model. */
void *literal(const char *text, size_t header);
bool is_literal(const void *address);
/* }}} */

#endif
