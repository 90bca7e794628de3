/* SPDX-License-Identifier: MIT */
/* Frees memory on the stack. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char on_stack[4096];

	block(size);
	memset(on_stack, 0, sizeof on_stack);
	stage("at once");
	efree(any(on_stack + 1024));
}
