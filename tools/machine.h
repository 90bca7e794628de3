/* SPDX-License-Identifier: MIT */
/*
 * tools/machine.h - what a measurement was made on: system, processor, compiler, configuration.
 */
#ifndef ZMM_MACHINE_H
#define ZMM_MACHINE_H

#include "tools/emit.h"

/* Objects "machine" and "build" of a document, for JSON. What cannot be found out is null. */
void zmm_emit_machine(zmm_emit *emit);

/* The same in one line, for people. Writes to text and returns it. */
const char *zmm_machine_line(char *text, size_t size);

#endif
