/* SPDX-License-Identifier: MIT */
/* Overwrites the fourth word of a freed block with an address: a child in a tree. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);
	void *wrong = between;

	efree(data);
	stage("at once");
	memcpy(any(data + 3 * sizeof(void *)), &wrong, sizeof wrong);
}
