/* SPDX-License-Identifier: MIT */
/* Overwrites the third word of a freed block with an address: the parent in a tree. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);
	void *wrong = between;

	efree(data);
	stage("at once");
	memcpy(any(data + 2 * sizeof(void *)), &wrong, sizeof wrong);
}
