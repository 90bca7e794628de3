/* SPDX-License-Identifier: MIT */
/* Makes paths of names.  One of doc/debugging.md's examples: it has a bug. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void join(char *path, const char *folder, const char *name)
{
	size_t length = strlen(folder);

	memcpy(path, folder, length);
	if (folder[length - 1] != '/') {
		path[length++] = '/';
	}
	for (size_t i = 0; i <= strlen(name); i++) {
		path[length + i] = name[i];
	}
}

static char *path_of(const char *folder, const char *name)
{
	char *path = malloc(strlen(folder) + strlen(name) + 1);

	join(path, folder, name);
	return path;
}

int main(void)
{
	char *paths[500], name[32];

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "file%d", i);
		paths[i] = path_of(i == 321 ? "/tmp" : "/tmp/", name);
	}
	for (int i = 0; i < 500; i++) {
		free(paths[i]);
	}
	puts("500 paths");
	return 0;
}
