/* SPDX-License-Identifier: MIT */
/* Writes 8 bytes before the beginning of a block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	stage("at once");
	memset(any(data - 8), 'x', 8);
	stage("when freed");
	efree(data);
}
