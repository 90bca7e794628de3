/* SPDX-License-Identifier: MIT */
/* Writes by an old pointer into a block that has been freed and allocated anew. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	efree(data);
	between[0] = emalloc(size);
	stage("at once");
	memset(any(data), 'x', size);
}
