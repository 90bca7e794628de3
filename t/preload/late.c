/* SPDX-License-Identifier: MIT */
/*
 * Allocates wherever a malloc replacement may not be ready any more, or yet: in constructors,
 * through dlsym() and dlopen(), in destructors of thread-local objects and of keys, after these, in
 * exit handlers, in a child of fork() in the middle of it all.  Prints what it did.  Run by
 * 6030-preload-late.t.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int __cxa_thread_atexit_impl(void (*function)(void *), void *object, void *dso);

static void *early;             /* made before main() */
static pthread_key_t key;
static char *_Atomic left_over; /* made at the end of a thread */

/* Makes and frees blocks of all kinds; what was made before them has to stay. */
static void use_malloc(const char *where)
{
	size_t sizes[] = { 0, 1, 100, 3000, 5000, 500000, 4000000 };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		char *data = malloc(sizes[i]);

		if (!data) {
			printf("no memory %s\n", where);
			_exit(1);
		}
		memset(data, 'x', sizes[i]);
		data = realloc(data, sizes[i] + 1000);
		free(data);
	}
}

__attribute__((constructor(101))) static void before_main(void)
{
	early = strdup("made before main");
	use_malloc("in a constructor");
}

static void object_ends(void *object)
{
	use_malloc("in a thread-local object's destructor");
	free(object);
}

/* The system calls this as often as it is asked to, and then not any more. */
static void key_ends(void *value)
{
	use_malloc("in a key's destructor");
	free(value);
	free(left_over);
	left_over = strdup("made at the end of a thread");
	pthread_setspecific(key, strdup("again"));
}

static void *thread(void *unused)
{
	pthread_setspecific(key, strdup("a key's value"));
	__cxa_thread_atexit_impl(object_ends, malloc(50), &early);
	use_malloc("in a thread");
	return unused;
}

static void run_threads(int count)
{
	for (int i = 0; i < count; i++) {
		pthread_t id;

		pthread_create(&id, NULL, thread, NULL);
		pthread_join(id, NULL);
	}
}

static int run_child(void)
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0) {
		use_malloc("in a child");
		run_threads(2);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void in_fork_handler(void)
{
	use_malloc("in a handler of fork");
}

static void at_exit(void)
{
	use_malloc("in an exit handler");
	run_threads(1);
	puts("exit handlers");
}

int main(void)
{
	void *library;

	pthread_key_create(&key, key_ends);
	pthread_atfork(in_fork_handler, in_fork_handler, in_fork_handler);
	atexit(at_exit);
	library = dlopen("libm.so.6", RTLD_NOW);
	printf("%s, dlsym %s\n", (char *)early, library && dlsym(library, "cos") ? "works" : "fails");
	free(early);
	run_threads(20);
	printf("%s\n", left_over);
	printf("child %d\n", run_child());
	dlclose(library);
	return 0;
}
