/* SPDX-License-Identifier: MIT */
/*
 * trace/sanitizer_options.h - what programs tell a sanitizer's runtime, in builds that have one.
 *
 * The runtime asks when it starts: malloc is to return NULL for a size that no system has, instead
 * of ending the program.  Traces and tests ask for such sizes.  Included by the file that has
 * main(): from an archive the definitions would not be taken, for the runtime has weak ones.
 */
#ifndef TRACE_SANITIZER_OPTIONS_H
#define TRACE_SANITIZER_OPTIONS_H

const char *__asan_default_options(void);
const char *__tsan_default_options(void);

__attribute__((used, visibility("default"))) const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

__attribute__((used, visibility("default"))) const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

#endif
