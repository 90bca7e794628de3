/* SPDX-License-Identifier: MIT */
/*
 * t/fuzz/target.h - what fuzz targets share: how they say what is wrong, how they take values from
 * an input, and what calls them.
 *
 * A target is a program that defines fuzz_one(), which gets one input and returns where all is
 * well. What is not well is said by fuzz_fail(), which ends the process, or by a sanitizer.
 *
 * By itself (t/fuzz/NAME of any build) a target runs the inputs that it is given: files, folders of
 * files and packed corpora; see pack.h. Compiled with ZMM_LIBFUZZER it is called by libFuzzer
 * instead, which makes inputs up (make fuzz).
 */
#ifndef T_FUZZ_TARGET_H
#define T_FUZZ_TARGET_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/entropy.h"
#include "t/fuzz/pack.h"

/* Runs one input. Must not depend on the inputs before. */
static void fuzz_one(const uint8_t *bytes, size_t count);

/* --- saying what is wrong -------------------------------------------------------------------- */

/* Ends the process, with the line that says why. */
__attribute__((format(printf, 1, 2), unused))
static _Noreturn void fuzz_fail(const char *format, ...)
{
	va_list arguments;

	fputs("fuzz: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}

/* --- taking values from an input: zeros follow its end --------------------------------------- */

struct fuzz_input {
	const uint8_t *at;
	const uint8_t *end;
};

__attribute__((unused)) static bool fuzz_ended(const struct fuzz_input *input)
{
	return input->at == input->end;
}

__attribute__((unused)) static unsigned fuzz_byte(struct fuzz_input *input)
{
	return fuzz_ended(input) ? 0 : *input->at++;
}

/* Two bytes, the lower one first. */
__attribute__((unused)) static unsigned fuzz_pair(struct fuzz_input *input)
{
	unsigned low = fuzz_byte(input);

	return low | fuzz_byte(input) << 8;
}

/* --- being called ---------------------------------------------------------------------------- */

/* A target of code whose process ends soon, and so need not free everything, defines this as 0. */
#ifndef FUZZ_LEAKS
# define FUZZ_LEAKS "1"
#endif

/* What sanitizers are told where the environment says nothing: malloc refuses as the system does,
 * and keeps little of what was freed, since there are many inputs. */
const char *__asan_default_options(void);
__attribute__((used, visibility("default"))) const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:detect_stack_use_after_return=0"
		":detect_leaks=" FUZZ_LEAKS
		":quarantine_size_mb=8:max_allocation_size_mb=512";
}

/* One input, with the keys that it always gets. */
static void fuzz_again(const uint8_t *bytes, size_t count)
{
	entropy_state = 0;
	fuzz_one(bytes, count);
}

#ifdef ZMM_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
__attribute__((visibility("default")))
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	fuzz_again(bytes, count);
	return 0;
}

#else

int main(int argc, char **argv)
{
	return fuzz_pack_main(argc, argv, fuzz_again);
}

#endif

#endif
