/* SPDX-License-Identifier: MIT */
/*
 * Many threads on the malloc replacement: blocks change hands, threads come and go, destructors of
 * keys allocate, the process forks meanwhile.  At the end everything was freed, no block's contents
 * were touched by another, and the heaps pass their deep check.
 *
 * ZMM_STRESS_SECONDS makes each run that long instead of a fixed number of operations.  The
 * functions are called by their internal names, so that this also runs under a sanitizer, which has
 * a malloc of its own.
 */
#include "t/tap.h"

#ifdef _WIN32
int main(void)
{
	skip_all("Windows has no preloading");
}
#else
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "preload/fast.h"
#include "preload/report.h"

enum {
	threads = 4,             /* at any moment */
	generations = 12,        /* of threads, without ZMM_STRESS_SECONDS */
	operations = 15000,      /* of each thread */
	mailboxes = 256,         /* where blocks change hands */
	own_blocks = 64,         /* that a thread keeps for itself */
	forks = 6
};

/* What every block begins with; its last byte is a copy of the mark. */
struct head {
	size_t size;
	uint32_t mark;
};

static struct head *_Atomic mailbox[mailboxes];
static atomic_uint damaged;      /* blocks whose contents were not what was written */
static atomic_uint refused;
static pthread_key_t key;

/* ---- blocks ---- */

static struct head *fill(void *data, size_t size, uint64_t *random)
{
	struct head *head = data;

	if (!head) {
		refused++;
		return NULL;
	}
	head->size = size;
	head->mark = (uint32_t)tap_random(random);
	if (size > sizeof *head) {
		((unsigned char *)data)[size - 1] = (unsigned char)head->mark;
	}
	return head;
}

static void verify(const struct head *head)
{
	if (head->size > sizeof *head &&
		((const unsigned char *)head)[head->size - 1] != (unsigned char)head->mark) {
		damaged++;
	}
}

static void release(struct head *head)
{
	if (head) {
		verify(head);
		head->size = 0;
		zend_mm_preload_free(head);
	}
}

/* Mostly small, some large, few huge. */
static size_t random_size(uint64_t *random)
{
	uint64_t kind = tap_below(random, 1000);
	size_t most = kind < 900 ? 600 : kind < 985 ? 20000 : kind < 998 ? 400000 : 5000000;

	return sizeof(struct head) + (size_t)tap_below(random, most);
}

static struct head *allocate(uint64_t *random)
{
	size_t size = random_size(random);
	size_t alignment = (size_t)16 << tap_below(random, 10);
	void *data;

	switch (tap_below(random, 8)) {
	case 0:
		data = zend_mm_preload_calloc(1, size);
		for (size_t i = 0; data && i < size; i += 61) {
			damaged += ((unsigned char *)data)[i] != 0;
		}
		break;
	case 1:
		data = zend_mm_preload_aligned(alignment, size);
		damaged += ((uintptr_t)data & (alignment - 1)) != 0;
		break;
	default:
		data = zend_mm_preload_malloc(size);
		break;
	}
	damaged += data && zend_mm_preload_usable_size(data) < size;
	return fill(data, size, random);
}

static struct head *resize(struct head *head, uint64_t *random)
{
	size_t old_size = head->size, size = random_size(random);
	uint32_t mark = head->mark;
	struct head *moved = zend_mm_preload_realloc(head, size);

	if (!moved) {
		refused++;
		return head;
	}
	damaged += moved->size != old_size || moved->mark != mark;
	damaged += old_size > sizeof *head && size >= old_size &&
		((unsigned char *)moved)[old_size - 1] != (unsigned char)mark;
	return fill(moved, size, random);
}

/* ---- threads ---- */

/* Passes a block on to whoever comes next, and takes what lay there. */
static void exchange(uint64_t *random)
{
	struct head *head = allocate(random);

	head = atomic_exchange(&mailbox[tap_below(random, mailboxes)], head);
	if (head && tap_below(random, 4) == 0) {
		verify(head);
		head = resize(head, random);
	}
	release(head);
}

static void operate(struct head **own, uint64_t *random)
{
	struct head **place = &own[tap_below(random, own_blocks)];

	if (tap_below(random, 3) == 0) {
		exchange(random);
	} else if (!*place) {
		*place = allocate(random);
	} else if (tap_below(random, 3) == 0) {
		verify(*place);
		*place = resize(*place, random);
	} else {
		release(*place);
		*place = NULL;
	}
}

/* Allocates at the thread's end, in every round; in the last one the thread has given its home up.
 */
static void at_thread_end(void *value)
{
	static __thread int rounds;
	uint64_t random = (uintptr_t)value;

	release(allocate(&random));
	if (++rounds < zend_mm_thread_end_rounds) {
		pthread_setspecific(key, zend_mm_preload_malloc(24));
	}
	zend_mm_preload_free(value);
}

/* Half of what a thread kept goes to the mailboxes at its end, to be freed when its home is an
 * orphan or another thread's. */
static void *work(void *seed)
{
	uint64_t random = (uintptr_t)seed;
	struct head *own[own_blocks] = { NULL };

	pthread_setspecific(key, zend_mm_preload_malloc(24));
	for (int i = 0; i < operations; i++) {
		operate(own, &random);
	}
	for (int i = 0; i < own_blocks; i++) {
		if (i % 2 && own[i]) {
			own[i] = atomic_exchange(&mailbox[tap_below(&random, mailboxes)], own[i]);
		}
		release(own[i]);
	}
	return NULL;
}

/* ---- fork ---- */

/* In a child of a process whose other threads were in the middle of anything. */
static void child_of_fork(uint64_t random)
{
	struct head *own[own_blocks] = { NULL };

	for (int i = 0; i < 2000; i++) {
		operate(own, &random);
	}
	_exit(zend_mm_check_homes(2) == 0 && damaged == 0 && refused == 0 ? 0 : 1);
}

static int fork_once(uint64_t random)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		child_of_fork(random);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- a run ---- */

static bool goes_on(int generation, time_t end)
{
	return end ? time(NULL) < end : generation < generations;
}

/* Each thread is replaced when it ends, so that orphans are taken over under load. */
static int run_threads(uint64_t seed)
{
	const char *seconds = getenv("ZMM_STRESS_SECONDS");
	time_t end = seconds ? time(NULL) + atoi(seconds) : 0;
	pthread_t running[threads];
	int forked = 0;

	for (int i = 0; i < threads; i++) {
		pthread_create(&running[i], NULL, work, (void *)(uintptr_t)tap_random(&seed));
	}
	for (int generation = 0; goes_on(generation, end); generation++) {
		if (generation % (generations / forks) == 0) {
			forked += !fork_once(tap_random(&seed));
		}
		for (int i = 0; i < threads; i++) {
			pthread_join(running[i], NULL);
			pthread_create(&running[i], NULL, work, (void *)(uintptr_t)tap_random(&seed));
		}
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(running[i], NULL);
	}
	return forked;
}

static size_t bytes_in_use(void)
{
	struct zend_mm_totals totals = { .homes = 0 };

	zend_mm_figures_refresh();
	for (struct zend_mm_home *home = zend_mm_homes(); home; home = home->next) {
		zend_mm_totals_add(&totals, home);
	}
	return totals.used;
}

static void stress(const char *argument)
{
	uint64_t seed = strtoull(getenv("STRESS_SEED"), NULL, 10);
	size_t before;
	int failed_forks;

	(void)argument;
	zend_mm_homes_prepare();
	pthread_key_create(&key, at_thread_end);
	zend_mm_preload_free(zend_mm_preload_malloc(1));
	before = bytes_in_use();
	failed_forks = run_threads(seed);
	for (int i = 0; i < mailboxes; i++) {
		release(mailbox[i]);
	}
	printf("damaged %u, refused %u, children failed %d, heaps damaged %d\n", damaged, refused,
		failed_forks, zend_mm_check_homes(2));
	printf("left %zd\n", (ssize_t)(bytes_in_use() - before));
	fflush(stdout);
	_exit(0);
}

int main(void)
{
	static const char *const modes[] = { "legacy", "modern" };
	static const char *const storages[] = { "mmap_anon", "malloc" };
	uint64_t seed = tap_seed();
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, seed);
	set_environment("STRESS_SEED", text);
	for (int i = 0; i < 4; i++) {
		const char *mode = modes[i % 2], *storage = storages[i / 2];
		struct tap_child child;

		set_environment("ZEND_MM_MODE", mode);
		set_environment("ZEND_MM_MEM_TYPE", storage);
		child = run_child(stress, "");
		ok(child.status == 0 && strstr(child.out,
			"damaged 0, refused 0, children failed 0, heaps damaged 0\n") != NULL,
			"%s over %s: blocks, heaps and children of fork are sound", mode, storage);
		ok(strstr(child.out, "\nleft 0\n") != NULL,
			"%s over %s: all that was freed came home", mode, storage);
		if (child.status || !strstr(child.out, "damaged 0\nleft 0\n")) {
			diag("status %d, signal %d\n%s%s", child.status, child.signal, child.out,
				child.err);
		}
	}
	return done_testing();
}
#endif
