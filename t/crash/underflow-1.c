/* SPDX-License-Identifier: MIT */
/* Writes 1 byte before the beginning of a block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	stage("at once");
	any(data)[-1] ^= 'x';
	stage("when freed");
	efree(data);
}
