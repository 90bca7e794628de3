/* SPDX-License-Identifier: MIT */
/* Frees static memory. */
#include "t/crash/crash.h"

static char foreign[4096];

static void bug(size_t size)
{
	block(size);
	memset(foreign, 0, sizeof foreign);
	stage("at once");
	efree(any(foreign + 1024));
}
