/* SPDX-License-Identifier: MIT */
/*
 * One mapping is refused: the first that a run makes, in another run the second, and so on to the
 * last.  Whichever it is, a heap is not made or a request fails, and nothing that was there before
 * is lost.
 */
#include "t/host.h"
#include "t/tap.h"
#include "zend_alloc.h"

#if defined(_WIN32) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
# define REFUSED_CANNOT 1
#elif defined(__has_feature)
# if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#  define REFUSED_CANNOT 1
# endif
#endif

#ifdef REFUSED_CANNOT
int main(void)
{
	skip_all("mappings are made by calls that this program cannot refuse");
}
#else
#include <dlfcn.h>
#include <sys/mman.h>

/* {{{ Mappings. */

static size_t mappings;      /* made in this run, or refused */
static size_t refuse;        /* the one that is refused, counted from 1; 0: none is */

/* The library is linked statically and calls this one, by the name that large files give it. */
void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset)
{
	static void *(*next)(void *, size_t, int, int, int, off_t);

	if (++mappings == refuse) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	if (!next) {
		*(void **)&next = dlsym(RTLD_NEXT, "mmap64");
	}
	return next(address, length, protection, flags, file, offset);
}

/* }}} */
/* {{{ A run. */

enum { few_blocks = 12, most_blocks = 40 };

static struct {
	unsigned char *data;
	size_t size;
} blocks[most_blocks];

static unsigned failures;    /* requests that got nothing */
static unsigned wrong;       /* of anything else */

/* Bytes of large blocks are looked at far apart, as pages that nobody touches cost nothing. */
static size_t next_byte(int i, size_t at)
{
	return at + (blocks[i].size < 4096 ? 7 : 65536);
}

static bool is_intact(int i, size_t size)
{
	for (size_t at = 0; at < size; at = next_byte(i, at)) {
		if (blocks[i].data[at] != i + 1) {
			return false;
		}
	}
	return true;
}

static void ask(zend_mm_heap *heap, int i, size_t size)
{
	unsigned char *data = blocks[i].data ? zend_mm_realloc(heap, blocks[i].data, size)
		: zend_mm_alloc(heap, size);

	if (!data) {
		failures++;
		return;
	}
	blocks[i].data = data;
	wrong += !is_intact(i, blocks[i].size < size ? blocks[i].size : size);
	blocks[i].size = size;
	for (size_t at = 0; at < size; at = next_byte(i, at)) {
		data[at] = (unsigned char)(i + 1);
	}
}

static int count_block(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	(void)region;
	*(size_t *)context += block != NULL;
	return 0;
}

/* A check or a walk has an answer, or no memory. */
static void look_at(zend_mm_heap *heap)
{
	zend_mm_problem problem;
	size_t count = 0;
	int found;

	errno = 0;
	found = zend_mm_check(heap, &problem);
	wrong += found != 0 && !(found < 0 && errno == ENOMEM);
	found = zend_mm_walk(heap, count_block, &count);
	wrong += found != 0 && found != -1;
}

/* Blocks of all kinds, and so many large ones that tables of regions have to grow. */
static void use(zend_mm_heap *heap, bool many)
{
	int count = many ? most_blocks : few_blocks;

	for (int i = 0; i < count; i++) {
		ask(heap, i, i < 4 ? 100 : i < 6 ? (size_t)3000000 + (size_t)i : 1900000);
	}
	look_at(heap);
	for (int i = 0; i < few_blocks; i += 3) {
		ask(heap, i, blocks[i].size / 2 * 3 + 50);
	}
	for (int i = 0; i < count; i++) {
		wrong += !is_intact(i, blocks[i].size);
		zend_mm_free(heap, blocks[i].data);
		blocks[i].data = NULL;
		blocks[i].size = 0;
	}
	look_at(heap);
}

static void run(const zend_mm_options *options, bool many)
{
	zend_mm_heap *heap;
	zend_mm_problem problem;

	mappings = 0;
	errno = 0;
	heap = zend_mm_startup_with(options);
	if (!heap) {
		wrong += errno != ENOMEM;
		failures++;
		return;
	}
	use(heap, many);
	refuse = 0;
	wrong += zend_mm_check(heap, &problem) != 0;
	zend_mm_shutdown(heap, 1, 1);
}

/* }}} */

/* Runs it without a refusal, and with each. */
static void sweep(zend_mm_mode mode, const char *hardened, const char *debug, bool many)
{
	zend_mm_options options;
	size_t all;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.null_on_failure = true;
	options.hardened = hardened;
	options.debug = debug;
	refuse = 0;
	failures = wrong = 0;
	run(&options, many);
	all = mappings;
	ok(failures == 0 && wrong == 0 && all > 0, "mode %d, %s%s: nothing fails in %zu mappings",
		mode, hardened ? hardened : "", debug ? debug : "", all);
	for (size_t at = 1; at <= all; at++) {
		refuse = at;
		run(&options, many);
	}
	refuse = 0;
	ok(failures > 0, "where one is refused, requests fail");
	is_int(wrong, 0, "and nothing else happens");
}

int main(void)
{
	host_start();
	for (int mode = ZEND_MM_LEGACY; mode <= ZEND_MM_MODERN; mode++) {
		sweep((zend_mm_mode)mode, NULL, NULL, false);
		sweep((zend_mm_mode)mode, "all", NULL, false);
		sweep((zend_mm_mode)mode, NULL, "padding=16,quarantine=1M,sites=1", false);
	}
	sweep(ZEND_MM_MODERN, "ends", NULL, true);
	return done_testing();
}
#endif
