/* SPDX-License-Identifier: MIT */
/*
 * tools/options.c - reading numbers of the command line, strictly.
 */
#include <string.h>

#include "tools/options.h"

/* Reads the digits at *text and moves it behind them. */
static bool take_number(const char **text, uint64_t *number)
{
	const char *digit = *text;

	*number = 0;
	for (; *digit >= '0' && *digit <= '9'; digit++) {
		if (__builtin_mul_overflow(*number, 10u, number)
				|| __builtin_add_overflow(*number, (uint64_t)(*digit - '0'), number)) {
			return false;
		}
	}
	if (digit == *text) {
		return false;
	}
	*text = digit;
	return true;
}

bool zmm_parse_count(const char *text, uint64_t *count)
{
	return take_number(&text, count) && *text == '\0';
}

bool zmm_parse_size(const char *text, size_t *size)
{
	static const char suffixes[] = "KkMmGg";
	const char *suffix;
	uint64_t number;

	if (!take_number(&text, &number)) {
		return false;
	}
	suffix = *text ? strchr(suffixes, *text) : NULL;
	if (*text && (!suffix || text[1])) {
		return false;
	}
	for (int steps = suffix ? (int)(suffix - suffixes) / 2 + 1 : 0; steps > 0; steps--) {
		if (number > SIZE_MAX / 1024) {
			return false;
		}
		number *= 1024;
	}
	*size = (size_t)number;
	return number <= SIZE_MAX;
}
