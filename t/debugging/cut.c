/* SPDX-License-Identifier: MIT */
/* Cuts a text into words.  One of doc/debugging.md's examples: it has a bug. */
#include <stdio.h>
#include <string.h>

#include "zend_alloc.h"

static char *cut(const char *text, size_t length)
{
	char *word = emalloc(length);

	memcpy(word, text, length);
	word[length] = '\0';
	return word;
}

int main(void)
{
	const char *text = "boundary-tags-everywhere are checked";
	char *words[8];
	int count = 0;

	while (*text) {
		size_t length = strcspn(text, " ");

		words[count++] = cut(text, length);
		text += length + (text[length] == ' ');
	}
	for (int i = 0; i < count; i++) {
		puts(words[i]);
		efree(words[i]);
	}
	shutdown_memory_manager(0, 1);
	return 0;
}
