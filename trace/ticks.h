/* SPDX-License-Identifier: MIT */
/*
 * trace/ticks.h - the finest clock that there is: the processor's time stamp counter, elsewhere
 * nanoseconds of the system's monotonic clock.
 *
 * For single operations of a few dozen ticks. The counter is read behind what came before it
 * (lfence, of SSE2) and, as it is constant on processors of this century, at a rate that one
 * comparison with the system's clock tells.
 */
#ifndef ZMM_TICKS_H
#define ZMM_TICKS_H

#include <stdint.h>
#include <time.h>

static inline uint64_t zmm_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#ifdef __SSE2__
static inline uint64_t zmm_ticks(void)
{
	__builtin_ia32_lfence();
	return __builtin_ia32_rdtsc();
}
#else
static inline uint64_t zmm_ticks(void)
{
	return zmm_monotonic_ns();
}
#endif

#endif
