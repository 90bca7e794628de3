/* SPDX-License-Identifier: MIT */
/* Frees memory that the heap never had. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	block(size);
	stage("at once");
	efree(any(foreign() + 1024));
}
