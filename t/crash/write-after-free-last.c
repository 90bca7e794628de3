/* SPDX-License-Identifier: MIT */
/* Writes the last word of a freed block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	efree(data);
	stage("at once");
	memset(any(data + size - sizeof(void *)), 'x', sizeof(void *));
}
