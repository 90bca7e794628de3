/* SPDX-License-Identifier: MIT */
/*
 * The terminal of an interactive command: single keys, its width, and that it is left as it was,
 * whatever ends or stops the program.
 */
#ifndef ZMM_TERMINAL_H
#define ZMM_TERMINAL_H

#include <stdbool.h>

enum zmm_key {
	ZMM_KEY_END = -1,      /* there are no more */
	ZMM_KEY_RESIZED = 256, /* the terminal has another size, or was away: draw again */
	ZMM_KEY_UP, ZMM_KEY_DOWN, ZMM_KEY_RIGHT, ZMM_KEY_LEFT, ZMM_KEY_HOME, ZMM_KEY_LAST,
	ZMM_KEY_OTHER          /* one that is not known */
};

/* Lets the terminal hand over each key. False where standard input or output is none. */
bool zmm_terminal_begin(void);
void zmm_terminal_end(void);

/* The next key: a character, or one of enum zmm_key. */
int zmm_terminal_key(void);

/* Standard output's width in characters, 0 where it is no terminal. */
unsigned zmm_terminal_columns(void);

#endif
