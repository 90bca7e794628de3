/* SPDX-License-Identifier: MIT */
/* Overwrites the word two before a freed block, the size in a boundary tag, with an address. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);
	void *wrong = between;

	efree(data);
	stage("at once");
	memcpy(any(data + (ptrdiff_t)-2 * (ptrdiff_t)sizeof(void *)), &wrong, sizeof wrong);
}
