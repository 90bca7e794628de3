/* SPDX-License-Identifier: MIT */
/* Reads a freed block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);
	volatile char byte;

	efree(data);
	stage("at once");
	byte = any(data)[size / 2];
	(void)byte;
}
