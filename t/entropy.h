/* SPDX-License-Identifier: MIT */
/*
 * t/entropy.h - what the system's generator says to a program of the tests: numbers that can be had
 * again. The keys of its hardened heaps are the same in each run, so that a failure that depends on
 * them comes again, too.
 *
 * A program that includes this defines getentropy() for all that is linked into it. Users: t/tap.h
 * and t/fuzz/target.h.
 */
#ifndef T_ENTROPY_H
#define T_ENTROPY_H

#include <stddef.h>
#include <stdint.h>
#ifndef _WIN32
# include <unistd.h>
#endif

static uint64_t entropy_state;

#ifndef _WIN32
__attribute__((visibility("default"))) int getentropy(void *buffer, size_t count)
{
	unsigned char *bytes = buffer;

	for (size_t i = 0; i < count; i++) {
		uint64_t bits = __atomic_add_fetch(&entropy_state, 0x9e3779b97f4a7c15u, __ATOMIC_RELAXED);

		bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
		bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
		bytes[i] = (unsigned char) (bits ^ (bits >> 31));
	}
	return 0;
}
#endif

#endif
