/* SPDX-License-Identifier: MIT */
/* Overwrites the second word of a freed block with an address: the other link of a ring. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);
	void *wrong = between;

	efree(data);
	stage("at once");
	memcpy(any(data + sizeof(void *)), &wrong, sizeof wrong);
}
