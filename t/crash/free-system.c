/* SPDX-License-Identifier: MIT */
/* Frees with the heap what the system's malloc allocated. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = malloc(size);

	block(size);
	memset(data, 0, size);
	stage("at once");
	efree(any(data));
}
