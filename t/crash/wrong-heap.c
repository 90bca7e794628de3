/* SPDX-License-Identifier: MIT */
/* Frees a block with another heap than the one that allocated it. */
#include "t/crash/crash.h"

static void bug(size_t size)
{
	zend_mm_heap *other = zend_mm_startup();
	char *data = block(size);

	zend_mm_free(other, zend_mm_alloc(other, size));
	stage("at once");
	zend_mm_free(other, any(data));
	stage("when freed");
	zend_mm_shutdown(other, 1, 0);
}
