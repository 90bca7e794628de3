/* SPDX-License-Identifier: MIT */
/*
 * Names of functions in a program or shared library, from its own symbol tables: what a stack in a
 * recording is made of. Modules of this machine's kind only (not 32-bit ones under a 64-bit zmm).
 */
#ifndef ZMM_ELF_SYMBOLS_H
#define ZMM_ELF_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

typedef struct zmm_elf zmm_elf;

/* Opens the file. NULL if it cannot be read, is no module, or tells no names. */
zmm_elf *zmm_elf_open(const char *path);
void zmm_elf_close(zmm_elf *elf); /* NULL is fine */

/* The function that has code at this offset of the file, NULL where none is known. Valid until the
 * module is closed. */
const char *zmm_elf_function(const zmm_elf *elf, uint64_t offset);

#endif
