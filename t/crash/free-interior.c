/* SPDX-License-Identifier: MIT */
/* Frees an address within a block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	stage("at once");
	efree(any(data + 48));
}
