/* SPDX-License-Identifier: MIT */
/* Frees a block twice, at once. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	efree(data);
	stage("at once");
	efree(any(data));
}
