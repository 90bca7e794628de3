/* SPDX-License-Identifier: MIT */
/*
 * leaks NAME: ends with blocks still in use, all of them reached in one way, or lost in one way, as
 * the name says.  leaks, alone, lists the names.  Run by 6087-preload-leaks.t.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
	struct node *next;
	char text[40];
};

static void *volatile kept;
static void **volatile keeper;
static __thread void *volatile of_thread;
static volatile size_t too_much = (size_t)-1 / 4 * 3; /* more than PTRDIFF_MAX */

/* Hides from the compiler what becomes of a pointer. */
static void *any(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

static __attribute__((noinline)) void *some(size_t size)
{
	return memset(any(malloc(size)), 0, size);
}

static __attribute__((noinline)) struct node *list(int nodes)
{
	struct node *first = NULL;

	for (int i = 0; i < nodes; i++) {
		struct node *node = some(sizeof *node);

		node->next = first;
		first = node;
	}
	return first;
}

/* {{{ What can be reached. */

static void none(void) { free(some(100)); }
static void variable(void) { kept = some(100); }
static void inside(void) { kept = (char *)some(100) + 99; }
static void no_bytes(void) { kept = malloc(0); }
static void of_list(void) { kept = list(1000); }
static void thread_local(void) { of_thread = some(100); }

static void large(void)
{
	keeper = some(5000000);
	keeper[600000] = some(100);
}

/* The compiler must not know that it does not come back. */
static void (*volatile leave)(int status) = exit;

static void local(void)
{
	void *volatile here[3] = { NULL, some(100), NULL };

	leave(0);
	free(here[1]);
}

/* In what may be registers until the end. */
static void locals(void)
{
	void *a = some(100), *b = some(200), *c = some(300);

	leave(0);
	free(any(a));
	free(any(b));
	free(any(c));
}

static void *wait(void *ready)
{
	void *volatile here = some(100);

	if (write(*(int *)ready, "", 1) == 1) {
		pause();
	}
	free(here);
	return NULL;
}

static void other_stack(void)
{
	pthread_t thread;
	int ends[2];
	char byte;

	if (pipe(ends) == 0 && pthread_create(&thread, NULL, wait, &ends[1]) == 0 &&
		read(ends[0], &byte, 1) == 1) {
		exit(0);
	}
}

/* }}} */
/* {{{ What cannot. */

static void lost(void) { some(100); }
static void lost_list(void) { list(10); }
static void many(void) { for (int i = 0; i < 2000; i++) { some(64); } }
static void behind(void) { kept = (char *)some(112) + 112; }

static void circle(void)
{
	struct node *node = list(3);

	node->next->next->next = node;
}

static void overwritten(void)
{
	kept = some(100);
	kept = some(200);
}

static void failed_realloc(void)
{
	kept = some(100);
	kept = realloc(kept, too_much);
}

/* }}} */

static const struct end {
	const char *name;
	void (*run)(void);
} ends[] = {
#define END(name) { #name, name }
	END(none), END(variable), END(inside), END(no_bytes), END(of_list), END(thread_local),
	END(large), END(local), END(locals), END(other_stack),
	END(lost), END(lost_list), END(many), END(behind), END(circle), END(overwritten),
	END(failed_realloc),
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		if (argc == 1) {
			puts(ends[i].name);
		} else if (strcmp(ends[i].name, argv[1]) == 0) {
			ends[i].run();
			return 0;
		}
	}
	return argc == 1 ? 0 : 2;
}
