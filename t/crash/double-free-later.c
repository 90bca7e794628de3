/* SPDX-License-Identifier: MIT */
/* Frees a block twice, with other blocks freed in between. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	efree(data);
	efree(between[0]);
	efree(between[1]);
	stage("at once");
	efree(any(data));
}
