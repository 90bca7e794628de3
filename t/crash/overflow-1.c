/* SPDX-License-Identifier: MIT */
/* Writes 1 byte past the end of a block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	stage("at once");
	memset(any(data + size), 'x', 1);
	stage("when freed");
	efree(data);
}
