/* SPDX-License-Identifier: MIT */
/* Forgets a block: found where the end of the request reports it. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	any(emalloc(size));
}
