/* SPDX-License-Identifier: MIT */
/*
 * t/entropy.h - random numbers that can be had again: a generator, and what the system's generator
 * says to a program of the tests. The keys of its hardened heaps are the same in each run, so that
 * a failure that depends on them comes again, too.
 *
 * A program that includes this defines getentropy() for all that is linked into it, unless it has
 * defined TAP_REAL_ENTROPY. Users: t/tap.h and t/fuzz/target.h.
 */
#ifndef T_ENTROPY_H
#define T_ENTROPY_H

#include <stddef.h>
#include <stdint.h>
#ifndef _WIN32
# include <unistd.h>
#endif

/* Sebastiano Vigna's splitmix64: numbers that are one step apart become 64 random bits each. */
static const uint64_t splitmix_step = 0x9e3779b97f4a7c15u;

static inline uint64_t splitmix_bits(uint64_t number)
{
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
	number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
	return number ^ (number >> 31);
}

static uint64_t entropy_state;

#if !defined _WIN32 && !defined TAP_REAL_ENTROPY
__attribute__((visibility("default"))) int getentropy(void *buffer, size_t count)
{
	unsigned char *bytes = buffer;

	for (size_t i = 0; i < count; i++) {
		bytes[i] = (unsigned char) splitmix_bits(__atomic_add_fetch(&entropy_state,
			splitmix_step, __ATOMIC_RELAXED));
	}
	return 0;
}
#endif

#endif
