/* SPDX-License-Identifier: MIT */
/*
 * A program to be recorded: requests TASK [ARGUMENT]. What it asks of malloc is known, by sizes
 * that nothing else asks for, or checked by itself; how it ends is up to the task.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The compiler must not know what these do, or it would leave calls out. */
static void *(*volatile allocate)(size_t) = malloc;
static void *(*volatile resize)(void *, size_t) = realloc;
static void (*volatile release)(void *) = free;

static char *early; /* from before main() */

__attribute__((constructor)) static void begin_early(void)
{
	early = allocate(70001);
}

static volatile char *volatile nowhere = (volatile char *)8;

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* --- random requests ------------------------------------------------------------------------- */

enum { KEPT = 256 };

/* `count` requests with blocks of the thread's own. */
static void use_blocks(uint32_t seed, long count)
{
	void *blocks[KEPT] = { NULL };

	while (count--) {
		unsigned place = next_random(&seed) % KEPT;
		size_t size = next_random(&seed) % 600;
		if (blocks[place] && next_random(&seed) % 4 == 0) {
			blocks[place] = resize(blocks[place], size + 1);
		} else {
			release(blocks[place]);
			blocks[place] = allocate(size);
		}
	}
	for (int i = 0; i < KEPT; i++)
		release(blocks[i]);
}

static void *use_blocks_in_thread(void *seed)
{
	use_blocks((uint32_t)(uintptr_t)seed, 20000);
	return NULL;
}

static void *use_few_blocks(void *seed)
{
	use_blocks((uint32_t)(uintptr_t)seed, 50);
	return NULL;
}

/* --- blocks that go from thread to thread ---------------------------------------------------- */

enum { THREADS = 4, PLACES = 64 };

static _Atomic(void *) places[PLACES];
static atomic_bool enough;

static int exchanges = 30000; /* of each thread */

/* Put a block where another thread's was, and free or resize that one. */
static void *exchange_blocks(void *seed)
{
	uint32_t state = (uint32_t)(uintptr_t)seed;

	for (int i = 0; i < exchanges && !enough; i++) {
		size_t size = next_random(&state) % 200;
		void *block = atomic_exchange(&places[next_random(&state) % PLACES], allocate(size));
		if (block && next_random(&state) % 3 == 0)
			block = resize(block, size * 2 + 1);
		release(block);
		if (i % 16 == 0)
			sched_yield();
	}
	return NULL;
}

static void *exchange_for_ever(void *seed)
{
	for (;;)
		exchange_blocks(seed);
	return NULL;
}

static void run_threads(int count, void *(*task)(void *))
{
	pthread_t threads[64];

	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, task, (void *)(uintptr_t)(i + 1)) != 0)
			abort();
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* --- tasks ----------------------------------------------------------------------------------- */

static void task_plain(const char *argument)
{
	use_blocks(1, argument ? atol(argument) : 100000);
}

static void task_known(const char *argument)
{
	void *block = allocate(70011), *aligned, *other;

	(void)argument;
	block = resize(block, 70012);
	block = resize(block, 7000123); /* moves */
	release(block);
	release(calloc(7, 10003));
	if (posix_memalign(&aligned, 256, 70013) != 0)
		abort();
	other = aligned_alloc(4096, 70014);
	void *third = memalign(64, 70015);
	release(resize(NULL, 70016));
	release(aligned);
	release(other);
	release(third);
	release(reallocarray(NULL, 3, 23339));
	release(resize(allocate(70018), 0));
	void *refused = allocate(SIZE_MAX - 5000);
	if (refused || errno != ENOMEM)
		abort();
	release(early);
}

static void task_threads(const char *argument)
{
	(void)argument;
	run_threads(THREADS, use_blocks_in_thread);
}

static void task_exchange(const char *argument)
{
	exchanges = argument ? atoi(argument) : exchanges;
	run_threads(THREADS, exchange_blocks);
	for (int i = 0; i < PLACES; i++)
		release(places[i]);
}

/* Many threads, few at a time. */
static void task_churn(const char *argument)
{
	for (int i = argument ? atoi(argument) : 200; i > 0; i--)
		run_threads(3, use_few_blocks);
}

static void task_fork(const char *argument)
{
	void *inherited = allocate(70021);

	(void)argument;
	pid_t child = fork();
	use_blocks(2, 1000);
	inherited = resize(inherited, 70022);
	release(inherited);
	release(allocate(child ? 70023 : 70024));
	if (child && waitpid(child, NULL, 0) != child)
		abort();
}

/* A process of several threads forks in the middle of it all. */
static void task_fork_threads(const char *argument)
{
	pthread_t thread;

	(void)argument;
	if (pthread_create(&thread, NULL, exchange_blocks, (void *)1) != 0)
		abort();
	for (int i = 0; i < 8; i++) {
		pid_t child = fork();
		use_blocks((uint32_t)i, 500);
		if (child == 0) {
			run_threads(2, use_blocks_in_thread);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	enough = true;
	pthread_join(thread, NULL);
}

static void task_exec(const char *argument)
{
	use_blocks(3, 1000);
	execl("/proc/self/exe", "requests", argument, (char *)NULL);
	abort();
}

static void task_exit(const char *argument)
{
	(void)argument;
	use_blocks(4, 3000);
	allocate(70031);
	_exit(7);
}

static void task_abort(const char *argument)
{
	(void)argument;
	use_blocks(5, 3000);
	allocate(70032);
	abort();
}

static void task_crash(const char *argument)
{
	(void)argument;
	use_blocks(6, 3000);
	allocate(70033);
	*nowhere = 1;
}

/* Until it is killed. */
static void task_forever(const char *argument)
{
	if (argument && strcmp(argument, "one") == 0)
		for (;;)
			use_blocks(7, 100000);
	run_threads(THREADS, exchange_for_ever);
}

static void task_close(const char *argument)
{
	use_blocks(8, 30000);
	for (int fd = 3; fd < 4096; fd++)
		close(fd);
	/* What the program opens now must stay its own. */
	int mine = open(argument, O_RDWR | O_CREAT | O_TRUNC, 0666);
	for (int fd = mine + 1; fd < 1024; fd++)
		dup2(mine, fd);
	use_blocks(9, 100000);
	if (write(mine, "mine\n", 5) != 5 || lseek(mine, 0, SEEK_END) != 5)
		abort();
	release(allocate(70041));
}

static void task_folder(const char *argument)
{
	if (chdir(argument) != 0)
		abort();
	use_blocks(10, 100000);
	release(allocate(70042));
}

/* Files of up to 300 KiB only. */
static void task_limit(const char *argument)
{
	const struct rlimit limit = { 300 << 10, 300 << 10 };

	(void)argument;
	setrlimit(RLIMIT_FSIZE, &limit);
	use_blocks(11, 200000);
	run_threads(THREADS, use_blocks_in_thread);
	puts("went on");
}

static void fork_a_child(int signal)
{
	(void)signal;
	if (fork() == 0)
		_exit(0);
}

/* Signals interrupt the recorder, and fork. */
static void task_signals(const char *argument)
{
	struct sigaction action = { .sa_flags = SA_RESTART };

	(void)argument;
	action.sa_handler = fork_a_child;
	sigaction(SIGPROF, &action, NULL);
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 50; i++) {
		use_blocks(12, 2000);
		kill(getpid(), SIGPROF);
	}
	release(allocate(70051));
}

static void task_vfork(const char *argument)
{
	(void)argument;
	static int rounds; /* the child runs on the parent's stack */

	while (rounds++ < 3) {
		use_blocks(13, 100);
		pid_t child = vfork();
		if (child == 0) {
			execl("/proc/self/exe", "requests", "plain", "100", (char *)NULL);
			_exit(1);
		}
		waitpid(child, NULL, 0);
	}
	release(allocate(70061));
}

static atomic_bool worked;

static void *work_until_the_end(void *nothing)
{
	use_blocks(14, 100000);
	worked = true;
	for (;;)
		pthread_testcancel();
	return nothing;
}

/* A thread is cancelled, but never inside malloc. */
static void task_cancel(const char *argument)
{
	pthread_t thread;

	(void)argument;
	for (int i = 0; i < 3; i++) {
		worked = false;
		if (pthread_create(&thread, NULL, work_until_the_end, NULL) != 0)
			abort();
		pthread_cancel(thread);
		pthread_join(thread, NULL);
		if (!worked)
			abort();
		use_blocks(15, 20000);
	}
	release(allocate(70081));
}

/* Stops after every hundred pairs of requests, so that a tracer can choose where to look closely.
 */
static void task_stops(const char *argument)
{
	(void)argument;
	for (;;) {
		for (unsigned i = 0; i < 100; i++)
			release(allocate(i * 5));
		raise(SIGSTOP);
	}
}

/* Leaves a child behind that goes on, and says which. */
static void task_background(const char *argument)
{
	pid_t child = fork();

	(void)argument;
	if (child == 0) {
		freopen("/dev/null", "w", stdout);
		freopen("/dev/null", "w", stderr);
		execl("/proc/self/exe", "requests", "forever", (char *)NULL);
		_exit(1);
	}
	printf("%d\n", (int)child);
	usleep(300000);
}

static const struct {
	const char *name;
	void (*run)(const char *argument);
} tasks[] = {
	{ "plain", task_plain },
	{ "known", task_known },
	{ "threads", task_threads },
	{ "exchange", task_exchange },
	{ "churn", task_churn },
	{ "fork", task_fork },
	{ "fork-threads", task_fork_threads },
	{ "exec", task_exec },
	{ "exit", task_exit },
	{ "abort", task_abort },
	{ "crash", task_crash },
	{ "forever", task_forever },
	{ "background", task_background },
	{ "close", task_close },
	{ "folder", task_folder },
	{ "limit", task_limit },
	{ "signals", task_signals },
	{ "vfork", task_vfork },
	{ "cancel", task_cancel },
	{ "stops", task_stops },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof tasks / sizeof tasks[0]; i++) {
		if (strcmp(tasks[i].name, argv[1]) == 0) {
			tasks[i].run(argv[2]);
			return 0;
		}
	}
	fputs("requests: which task?\n", stderr);
	return 2;
}
