/* SPDX-License-Identifier: MIT */
/* Moves a link of a freed block by its lowest byte, as an overflow by one byte would. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	efree(between[0]);
	efree(data);
	stage("at once");
	any(data)[0] += 8;
}
