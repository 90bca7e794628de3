/* SPDX-License-Identifier: MIT */
/* Frees a pointer that was read from memory nobody had written. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);
	void **pointers;

	memset(data, 0, size);
	efree(data);
	pointers = (void **)(void *)any(emalloc(size));
	stage("at once");
	efree(pointers[size / 2 / sizeof(void *)]);
}
