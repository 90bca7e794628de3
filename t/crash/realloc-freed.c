/* SPDX-License-Identifier: MIT */
/* Resizes a freed block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	efree(data);
	stage("at once");
	erealloc(any(data), 2 * size);
}
