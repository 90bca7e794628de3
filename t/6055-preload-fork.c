/* SPDX-License-Identifier: MIT */
/* fork() while another thread has the lock of the orphans, or works in a guarded heap: it does not
 * wait for that thread, the child can use the lock and allocate, and blocks of a heap that is in
 * the middle of a change keep their size and contents. */
#include "t/tap.h"

#ifdef _WIN32
int main(void)
{
	skip_all("Windows has no preloading");
}
#else
#include <pthread.h>

#include "heap/guarded/guarded.h"
#include "preload/fast.h"
#include "preload/report.h"

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

/* {{{ Guarded heaps. */

static struct guard_layer *guard_held;

static void *work_in_guarded_heap(void *unused)
{
	char byte = 0;

	zend_mm_guard_lock(guard_held);
	if (write(has_lock[1], &byte, 1) != 1 || read(may_go[0], &byte, 1) != 1) {
		abort();
	}
	zend_mm_guard_unlock(guard_held);
	return unused;
}

enum { blocks = 5000 };

/* What came of the blocks in the child: the first mistake, or 0. */
static int go_on_with(char **block)
{
	for (int i = 0; i < blocks; i++) {
		size_t size = 1 + (size_t)i % 600;

		if (zend_mm_preload_usable_size(block[i]) != size) {
			return 1;
		}
		block[i] = zend_mm_preload_resize(block[i], size * 3);
		if (!block[i] || block[i][0] != (char)i || block[i][size - 1] != (char)i) {
			return 2;
		}
		memset(block[i], i + 1, size * 3);
	}
	for (int i = 0; i < blocks; i++) {
		if (block[i][0] != (char)(i + 1)) {
			return 3;
		}
		zend_mm_preload_free(block[i]);
	}
	return zend_mm_check_homes(2) == 0 ? 0 : 4;
}

static int count_block(void *count, const zend_mm_region *region, const zend_mm_block_info *block)
{
	(void)region;
	(void)block;
	++*(int *)count;
	return 0;
}

/* Whether a heap serves nothing any more, and says so quietly; it was abandoned. */
static bool is_inert(zend_mm_heap *heap, char *block)
{
	const struct zend_mm_verbs *verbs = heap->verbs;
	zend_mm_place place = { .page = 0 };
	zend_mm_figures figures;
	int blocks_shown = 0;

	verbs->shutdown(heap, false, true);
	verbs->locate(heap, block, &place);
	verbs->get_figures(heap, &figures);
	return !verbs->alloc(heap, 10) && !verbs->alloc_aligned(heap, 64, 10) &&
		!verbs->realloc(heap, block, 10, 10) && verbs->owns(heap, block) &&
		!verbs->owns(heap, block + 1) && verbs->usage(heap) == 0 &&
		verbs->set_limit(heap, 1) == 0 && verbs->gc(heap) == 0 && figures.size == 0 &&
		verbs->walk(heap, count_block, &blocks_shown) == 0 && blocks_shown == 0 &&
		verbs->walk_lists(heap, NULL, NULL) == 0 && verbs->check(heap, NULL) == 0;
}

/* The heap is this thread's, or of a thread that has ended, and another thread is at work in it. */
static void fork_while_guarded(const char *whose)
{
	static char *block[blocks];
	struct zend_mm_home *home;
	pthread_t thread;
	char byte = 0;
	int status = 0;
	pid_t pid;

	alarm(60);
	setenv("ZEND_MM_DEBUG", "padding=16,quarantine=1M", 1);
	for (int i = 0; i < blocks; i++) {
		size_t size = 1 + (size_t)i % 600;

		block[i] = zend_mm_preload_malloc(size);
		memset(block[i], i, size);
	}
	zend_mm_homes_prepare();
	in_a_thread(ended_thread);
	zend_mm_orphans_lock();
	home = strcmp(whose, "own") == 0 ? zend_mm_home_here() : zend_mm_orphans();
	zend_mm_orphans_unlock();
	guard_held = guard_of(home->heap);
	if (pipe(has_lock) != 0 || pipe(may_go) != 0) {
		exit(1);
	}
	pthread_create(&thread, NULL, work_in_guarded_heap, NULL);
	if (read(has_lock[0], &byte, 1) != 1) {
		exit(1);
	}
	pid = fork();
	if (pid == 0) {
		bool inert = zend_mm_guard_abandoned(home->heap) &&
			(home->heap != zend_mm_home_of(block[0])->heap || is_inert(home->heap, block[0]));
		int mistake = inert ? go_on_with(block) : 5;

		in_a_thread(ended_thread);
		_exit(mistake ? mistake : use_heaps());
	}
	waitpid(pid, &status, 0);
	printf("child %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	if (write(may_go[1], &byte, 1) != 1) {
		exit(1);
	}
	pthread_join(thread, NULL);
	printf("parent %d\n", go_on_with(block) == 0 ? use_heaps() : 1);
}

/* }}} */

int main(void)
{
	const char *sanitizer = getenv("SANITIZER");

	if (sanitizer && strstr(sanitizer, "thread")) {
		skip_all("ThreadSanitizer ends children of fork() that start threads");
	}
	is_str(run_child(fork_while_locked, "").out, "child 42\nparent 42\n",
		"fork() waits for no lock of ours, and parent and child go on");
	for (int modern = 0; modern < 2; modern++) {
		setenv("ZEND_MM_MODE", modern ? "modern" : "legacy", 1);
		is_str(run_child(fork_while_guarded, "own").out, "child 42\nparent 42\n",
			"nor for who frees in a guarded heap of this thread");
		is_str(run_child(fork_while_guarded, "orphan").out, "child 42\nparent 42\n",
			"nor for who works in a guarded heap of a thread that has ended");
	}
	return done_testing();
}
#endif
