/* SPDX-License-Identifier: MIT */
/* Writes into the middle of a freed block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	efree(data);
	stage("at once");
	memset(any(data + size / 2), 'x', 4);
}
