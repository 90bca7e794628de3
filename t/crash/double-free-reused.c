/* SPDX-License-Identifier: MIT */
/* Frees a block again whose memory has been allocated anew: frees another's block. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	char *data = block(size);

	efree(data);
	between[0] = any(emalloc(size));
	stage("at once");
	efree(any(data));
	stage("when freed");
	efree(between[0]);
}
