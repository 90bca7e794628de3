/* SPDX-License-Identifier: MIT */
/* Writes to a block after the end of the request it belongs to. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	shutdown_memory_manager(1, 0);
	stage("at once");
	memset(any(data), 'x', 16);
}
