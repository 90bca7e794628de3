/* SPDX-License-Identifier: MIT */
/*
 * examples/leak.c - blocks that a request forgot, as a debug build reports them at its end.
 *
 * A debug build (configure --enable-debug, or programs compiled with what its pkg-config says)
 * keeps beside each block where it was asked for. At the end of a request that is not silent, each
 * block that is still there is a line, and blocks of one place are counted. A function that
 * allocates for its caller passes on where that is: then both places are named.
 *
 * In a release build nothing is kept, and the request's end frees the same blocks without a word.
 */
#include <stdio.h>
#include <zend_alloc.h>

/* Joins two strings for its caller, who has to free the result. */
static char *join_(const char *a, const char *b ZEND_FILE_LINE_DC)
{
	char *joined = emalloc_rel(strlen(a) + strlen(b) + 1);

	return strcat(strcpy(joined, a), b);
}
#define join(a, b) join_((a), (b) ZEND_FILE_LINE_CC)

static const char *script_name(void)
{
	return "leak.php";
}

int main(void)
{
	static const zend_mm_host host = { .script_name = script_name };
	char *title;
	int i;

	zend_mm_set_host(&host);
	start_memory_manager();
	title = estrdup("freed");
	for (i = 0; i < 4; i++) {
		*(char *) emalloc(100) = 'x';    /* forgotten four times */
	}
	printf("%s\n", join("for", "gotten"));   /* nobody can free this */
	efree(title);
	if (!ZEND_DEBUG) {
		puts("a release build: the request's end frees five blocks, and nobody is told");
	}
	fflush(stdout);
	shutdown_memory_manager(0, 1);
	return 0;
}
