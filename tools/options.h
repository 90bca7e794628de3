/* SPDX-License-Identifier: MIT */
/*
 * tools/options.h - values of options that several subcommands take.
 */
#ifndef ZMM_OPTIONS_H
#define ZMM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole number, decimal. False where it is none or does not fit. */
bool zmm_parse_count(const char *text, uint64_t *count);

/* A number of bytes: a whole number that K, M or G (in either case) at its end multiplies by 1024,
 * 1024^2 or 1024^3. */
bool zmm_parse_size(const char *text, size_t *size);

#endif
