/* SPDX-License-Identifier: MIT */
/*
 * The call sites of a trace: their stacks, and what its remarks say stands at the addresses.
 *
 * A compiled program keeps the numbers of sites only; this reads the trace once more for the rest.
 */
#ifndef ZMM_PROFILE_SITES_H
#define ZMM_PROFILE_SITES_H

#include "tools/profile.h"

typedef struct zmm_sites zmm_sites;

/* Reads the remarks of the trace at path, a file. NULL on failure. */
zmm_sites *zmm_sites_read(const char *path, struct zmm_error *error);
void zmm_sites_free(zmm_sites *sites); /* NULL is fine */

/* The stack of a site, innermost frame first, with a symbol for each frame in the profile: its
 * name, or the module and the offset in its file, or the address alone. NULL and count 0 where the
 * trace does not tell the stack. Valid as long as the sites. */
const uint64_t *zmm_sites_stack(const zmm_sites *sites, uint32_t site, size_t *count,
	zmm_profile *profile);

#endif
