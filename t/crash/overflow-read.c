/* SPDX-License-Identifier: MIT */
/* Reads a byte past the end of a block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);
	volatile char byte;

	stage("at once");
	byte = any(data)[(size + 7) / 8 * 8];
	(void)byte;
	stage("when freed");
	efree(data);
}
