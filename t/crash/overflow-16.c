/* SPDX-License-Identifier: MIT */
/* Writes 16 bytes past the end of a block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	stage("at once");
	memset(any(data + size), 'x', 16);
	stage("when freed");
	efree(data);
}
