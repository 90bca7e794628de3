/* SPDX-License-Identifier: MIT */
/* fork() while another thread has the lock of the orphans: it does not wait for that thread, and
 * the child can use the lock and allocate. */
#include "t/tap.h"

#ifdef _WIN32
int main(void)
{
	skip_all("Windows has no preloading");
}
#else
#include <pthread.h>

#include "preload/fast.h"

static int has_lock[2], may_go[2];

static void *ended_thread(void *unused)
{
	zend_mm_preload_free(zend_mm_preload_malloc(100));
	return unused;
}

static void *hold_lock(void *unused)
{
	char byte = 0;

	zend_mm_orphans_lock();
	if (write(has_lock[1], &byte, 1) != 1 || read(may_go[0], &byte, 1) != 1) {
		abort();
	}
	zend_mm_orphans_unlock();
	return unused;
}

static int use_heaps(void)
{
	void *data = zend_mm_preload_malloc(1000);

	zend_mm_figures_refresh(); /* takes the lock */
	zend_mm_preload_free(data);
	return data ? 42 : 1;
}

static void in_a_thread(void *(*function)(void *))
{
	pthread_t thread;

	pthread_create(&thread, NULL, function, NULL);
	pthread_join(thread, NULL);
}

/* In a process of its own, which is killed where it waits for ever. */
static void fork_while_locked(const char *unused)
{
	pthread_t thread;
	char byte = 0;
	int status = 0;
	pid_t pid;

	(void)unused;
	alarm(20);
	zend_mm_homes_prepare();
	use_heaps();
	in_a_thread(ended_thread);
	if (pipe(has_lock) != 0 || pipe(may_go) != 0) {
		exit(1);
	}
	pthread_create(&thread, NULL, hold_lock, NULL);
	if (read(has_lock[0], &byte, 1) != 1) {
		exit(1);
	}
	pid = fork();
	if (pid == 0) {
		alarm(20);
		in_a_thread(ended_thread);
		_exit(use_heaps());
	}
	waitpid(pid, &status, 0);
	printf("child %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	if (write(may_go[1], &byte, 1) != 1) {
		exit(1);
	}
	pthread_join(thread, NULL);
	printf("parent %d\n", use_heaps());
}

int main(void)
{
	const char *sanitizer = getenv("SANITIZER");

	if (sanitizer && strstr(sanitizer, "thread")) {
		skip_all("ThreadSanitizer ends children of fork() that start threads");
	}
	is_str(run_child(fork_while_locked, "").out, "child 42\nparent 42\n",
		"fork() waits for no lock of ours, and parent and child go on");
	return done_testing();
}
#endif
