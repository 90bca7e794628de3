/* SPDX-License-Identifier: MIT */
/*
 * examples/persistent.c - memory of a request against memory of the process: the last argument of
 * pemalloc() and its relatives says which.
 *
 * A module of PHP keeps what has to outlive a request (its configuration, connections, interned
 * strings) in persistent memory, which comes from the system's malloc. It is no part of any figure
 * of the memory manager, nor does a limit concern it, nor is it freed by the end of a request.
 *
 * The same structure, a list of strings, is built with either kind: code that is told which writes
 * it down in the structure, since a block has to be freed as what it was made.
 */
#include <stdio.h>
#include <zend_alloc.h>

struct list {
	int persistent;
	unsigned count;
	char **strings;
};

static struct list *list_new(int persistent)
{
	struct list *list = pecalloc(1, sizeof *list, persistent);

	list->persistent = persistent;
	return list;
}

static void list_add(struct list *list, const char *string)
{
	list->strings = safe_perealloc(list->strings, list->count + 1, sizeof *list->strings, 0,
		list->persistent);
	list->strings[list->count++] = pestrdup(string, list->persistent);
}

static void list_free(struct list *list)
{
	int persistent = list->persistent;

	while (list->count > 0) {
		pefree(list->strings[--list->count], persistent);
	}
	pefree(list->strings, persistent);
	pefree(list, persistent);
}

int main(void)
{
	struct list *settings, *words;
	size_t empty;
	int request;

	start_memory_manager();
	empty = zend_memory_usage(0);

	settings = list_new(1);
	list_add(settings, "memory_limit=128M");
	list_add(settings, "display_errors=1");
	printf("two settings, persistent: %zu bytes of request memory\n", zend_memory_usage(0) - empty);

	for (request = 1; request <= 2; request++) {
		char name[16];

		snprintf(name, sizeof name, "request %d", request);
		words = list_new(0);
		list_add(words, name);
		list_add(words, settings->strings[0]);
		list_add(settings, words->strings[0]);
		printf("%s: %zu bytes of request memory in %s\n", name, zend_memory_usage(0) - empty,
			is_zend_ptr(words) && !is_zend_ptr(settings) ? "words, none in settings" : "both");
		if (request == 1) {
			list_free(words);
			printf("%s: %zu after its list was freed\n", name, zend_memory_usage(0) - empty);
		}
		/* The second request leaves that to its end. */
		shutdown_memory_manager(1, 0);
		printf("%s: %zu after its end\n", name, zend_memory_usage(0) - empty);
	}
	printf("still there:");
	for (unsigned i = 0; i < settings->count; i++) {
		printf(" %s%s", settings->strings[i], i + 1 < settings->count ? "," : "\n");
	}
	list_free(settings);
	shutdown_memory_manager(1, 1);
	return 0;
}
