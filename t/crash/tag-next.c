/* SPDX-License-Identifier: MIT */
/* Overwrites the two words behind a block in use: the next one's boundary tags. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	stage("at once");
	memset(any(data + (size + 7) / 8 * 8), 0x40, 2 * sizeof(void *));
	stage("when freed");
	efree(between[1]);
	efree(data);
}
