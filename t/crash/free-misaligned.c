/* SPDX-License-Identifier: MIT */
/* Frees an address one byte into a block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	stage("at once");
	efree(any(data + 1));
}
