/* SPDX-License-Identifier: MIT */
/*
 * storage/random.c - words that nobody can guess (see random.h).
 */
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "storage/random.h"

static size_t makeshift_word(void)
{
	static size_t before;
	size_t word = (size_t)(uintptr_t)&word ^ (size_t)time(NULL) << 16 ^ (size_t)clock() ^ before;

	before = (word ^ word >> 7) * (size_t)0x9e3779b97f4a7c15u;
	return before;
}

#ifdef _WIN32
size_t zend_mm_random_word(void)
{
	return makeshift_word();
}
#else
size_t zend_mm_random_word(void)
{
	size_t word;

	return getentropy(&word, sizeof word) == 0 ? word : makeshift_word();
}
#endif
