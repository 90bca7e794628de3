/* SPDX-License-Identifier: MIT */
/* Overwrites the first word of a freed block with an address: a link of a cache or a bin. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);
	void *wrong = foreign() + 1024;

	efree(data);
	stage("at once");
	memcpy(any(data + 0), &wrong, sizeof wrong);
}
