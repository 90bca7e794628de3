/* SPDX-License-Identifier: MIT */
/*
 * tools/shared_program.h - a compiled trace in a file without a name, so that processes can run the
 * very same one without compiling it, and without their malloc knowing of it.
 */
#ifndef ZMM_SHARED_PROGRAM_H
#define ZMM_SHARED_PROGRAM_H

#include "trace/program.h"

/* Writes the program to such a file and returns its descriptor, which children inherit. -1 with the
 * error set. */
int zmm_program_share(const zmm_program *program, struct zmm_error *error);

/* Maps what zmm_program_share() wrote; threads and sites are left out. The program lives as long as
 * the process. NULL with the error set. */
const zmm_program *zmm_program_attach(int fd, struct zmm_error *error);

/* A file in memory, which children inherit: a descriptor, -1 where there is none. */
int zmm_nameless_file(void);

#endif
