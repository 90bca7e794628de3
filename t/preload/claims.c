/* SPDX-License-Identifier: MIT */
/*
 * Gives blocks back by functions that say something about them, C23's sized frees and C++'s
 * deletes:
 *
 *	claims right SEED    thousands of blocks of all kinds, by two threads; all that is said is so
 *	claims NAME          one thing that is not
 *	claims               lists the names
 *
 * Prints "went on" when it comes to its end.  Run by 6085-preload-claims.t.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if SIZE_MAX == UINT32_MAX
# define SIZE "j"
#else
# define SIZE "m"
#endif
#define ALIGNED "St11align_val_t"

/* What this program was linked with need not have them. */
static void (*sized_free)(void *ptr, size_t size);
static void (*aligned_sized_free)(void *ptr, size_t alignment, size_t size);
static void *(*new_one)(size_t size);
static void *(*new_array)(size_t size);
static void *(*new_aligned)(size_t size, size_t alignment);
static void (*delete_one)(void *ptr);
static void (*delete_array)(void *ptr);
static void (*delete_sized)(void *ptr, size_t size);
static void (*delete_array_sized)(void *ptr, size_t size);
static void (*delete_aligned)(void *ptr, size_t alignment);
static void (*delete_sized_aligned)(void *ptr, size_t size, size_t alignment);

static bool find_all(void)
{
	const struct { void *function; const char *name; } wanted[] = {
		{ &sized_free, "free_sized" }, { &aligned_sized_free, "free_aligned_sized" },
		{ &new_one, "_Znw" SIZE }, { &new_array, "_Zna" SIZE },
		{ &new_aligned, "_Znw" SIZE ALIGNED },
		{ &delete_one, "_ZdlPv" }, { &delete_array, "_ZdaPv" },
		{ &delete_sized, "_ZdlPv" SIZE }, { &delete_array_sized, "_ZdaPv" SIZE },
		{ &delete_aligned, "_ZdlPv" ALIGNED },
		{ &delete_sized_aligned, "_ZdlPv" SIZE ALIGNED },
	};

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		void *found = dlsym(RTLD_DEFAULT, wanted[i].name);

		if (!found) {
			printf("there is no %s\n", wanted[i].name);
			return false;
		}
		memcpy(wanted[i].function, &found, sizeof found);
	}
	return true;
}

/* {{{ What is so. */

enum kind { MALLOC, CALLOC, REALLOC, ALIGNED_ALLOC, NEW, NEW_ARRAY, NEW_ALIGNED, KINDS };

struct held {
	void *data;
	size_t size, alignment;
	enum kind kind;
};

enum { held_most = 600, rounds = 20000 };
static struct held shared[held_most];

static unsigned draw(unsigned *state, unsigned below)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 8) % below;
}

static size_t draw_size(unsigned *state)
{
	unsigned kind = draw(state, 100);

	return draw(state, kind < 60 ? 300 : kind < 90 ? 5000 : kind < 99 ? 60000 : 3000000);
}

static void obtain(struct held *held, unsigned *state)
{
	held->kind = (enum kind)draw(state, KINDS);
	held->size = draw_size(state);
	held->alignment = (size_t)1 << draw(state, 15);
	switch (held->kind) {
	case CALLOC: held->data = calloc(held->size, 1); break;
	case REALLOC: held->data = realloc(NULL, held->size); break;
	case ALIGNED_ALLOC: held->data = aligned_alloc(held->alignment, held->size); break;
	case NEW: held->data = new_one(held->size); break;
	case NEW_ARRAY: held->data = new_array(held->size); break;
	case NEW_ALIGNED: held->data = new_aligned(held->size, held->alignment); break;
	default: held->data = malloc(held->size);
	}
	memset(held->data, 'h', held->size);
}

static void resize(struct held *held, unsigned *state)
{
	size_t size = 1 + (draw(state, 2) ? draw_size(state) :
		held->size - held->size / (2 + draw(state, 30)));

	if (held->kind <= REALLOC) {
		held->data = realloc(held->data, size);
		held->size = size;
	}
}

static void give_back(struct held *held, bool sized)
{
	switch (held->kind) {
	case ALIGNED_ALLOC:
		sized ? aligned_sized_free(held->data, held->alignment, held->size) : free(held->data);
		break;
	case NEW:
		sized ? delete_sized(held->data, held->size) : delete_one(held->data);
		break;
	case NEW_ARRAY:
		sized ? delete_array_sized(held->data, held->size) : delete_array(held->data);
		break;
	case NEW_ALIGNED:
		sized ? delete_sized_aligned(held->data, held->size, held->alignment) :
			delete_aligned(held->data, held->alignment);
		break;
	default:
		sized ? sized_free(held->data, held->size) : free(held->data);
	}
	held->data = NULL;
}

static void *work(void *seed)
{
	struct held held[held_most] = { { NULL, 0, 0, MALLOC } };
	unsigned state = *(unsigned *)seed;

	for (int round = 0; round < rounds; round++) {
		struct held *one = &held[draw(&state, held_most)];

		if (!one->data) {
			obtain(one, &state);
		} else if (draw(&state, 3) == 0) {
			resize(one, &state);
		} else {
			give_back(one, draw(&state, 4));
		}
	}
	memcpy(shared, held, sizeof held);
	return NULL;
}

/* Blocks are resized and given back by the thread that made them, and by another. */
static void all_right(unsigned seed)
{
	pthread_t thread;
	unsigned state = seed;

	sized_free(NULL, 100);
	delete_sized(NULL, 100);
	work(&seed);
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < held_most; k++) {
			if (shared[k].data) {
				if (k % 2) {
					resize(&shared[k], &state);
				}
				give_back(&shared[k], true);
			}
		}
		if (i == 0) {
			seed++;
			if (pthread_create(&thread, NULL, work, &seed) != 0 ||
				pthread_join(thread, NULL) != 0) {
				puts("there is no thread to be had");
			}
		}
	}
}

/* }}} */
/* {{{ What is not. */

static void less(void) { sized_free(malloc(1000), 100); }
static void more(void) { sized_free(malloc(1000), 10000); }
static void off_by_one(void) { sized_free(malloc(1000), 999); }
static void zero(void) { sized_free(malloc(100), 0); }
static void greatest(void) { sized_free(malloc(100), SIZE_MAX); }
static void after_realloc(void) { sized_free(realloc(malloc(1000), 100), 1000); }
static void of_calloc(void) { sized_free(calloc(10, 100), 100); }
static void large(void) { sized_free(malloc(20000), 40000); }
static void large_less(void) { sized_free(malloc(20000), 4000); }
static void huge(void) { sized_free(malloc(3000000), 4000000); }
static void huge_less(void) { sized_free(malloc(3000000), 1000000); }
static void aligned_size(void) { aligned_sized_free(aligned_alloc(64, 640), 64, 64); }
static void deleted_less(void) { delete_sized(new_one(200), 16); }
static void deleted_array(void) { delete_array_sized(new_array(200), 16); }
static void misaligned(void) { aligned_sized_free((char *)aligned_alloc(64, 64), 1 << 20, 64); }
static void odd(void) { aligned_sized_free(aligned_alloc(64, 64), 48, 64); }
static void not_aligned(void) { sized_free(aligned_alloc(256, 256), 256); }
static void new_freed(void) { free(new_one(100)); }
static void new_freed_sized(void) { sized_free(new_one(100), 100); }
static void new_resized(void) { free(realloc(new_one(100), 200)); }
static void new_array_deleted(void) { delete_one(new_array(100)); }
static void new_deleted_array(void) { delete_array(new_one(100)); }
static void malloc_deleted(void) { delete_one(malloc(100)); }
static void aligned_alloc_deleted(void) { delete_one(aligned_alloc(16, 160)); }
static void aligned_new_deleted(void) { delete_one(new_aligned(100, 128)); }

static void freed_twice(void)
{
	void *data = malloc(100);

	sized_free(data, 100);
	sized_free(data, 20);
}

static void inside(void) { sized_free((char *)malloc(1000) + 48, 1000); }
static void on_stack(void) { _Alignas(16) char local[64] = ""; delete_one(local); }

static void *free_less(void *data)
{
	sized_free(data, 16);
	return NULL;
}

static void by_another(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, free_less, malloc(1000)) == 0) {
		pthread_join(thread, NULL);
	}
}

static const struct wrong {
	const char *name;
	void (*run)(void);
} wrongs[] = {
#define WRONG(name) { #name, name }
	WRONG(less), WRONG(more), WRONG(off_by_one), WRONG(zero), WRONG(greatest),
	WRONG(after_realloc), WRONG(of_calloc), WRONG(large), WRONG(large_less), WRONG(huge),
	WRONG(huge_less), WRONG(aligned_size), WRONG(deleted_less), WRONG(deleted_array),
	WRONG(by_another), WRONG(misaligned), WRONG(odd), WRONG(not_aligned), WRONG(new_freed),
	WRONG(new_freed_sized), WRONG(new_resized), WRONG(new_array_deleted),
	WRONG(new_deleted_array), WRONG(malloc_deleted), WRONG(aligned_alloc_deleted),
	WRONG(aligned_new_deleted), WRONG(freed_twice), WRONG(inside), WRONG(on_stack),
};

/* }}} */

int main(int argc, char **argv)
{
	if (!find_all()) {
		return 2;
	}
	if (argc == 3 && strcmp(argv[1], "right") == 0) {
		all_right((unsigned)strtoul(argv[2], NULL, 0));
		puts("went on");
		return 0;
	}
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		if (argc == 1) {
			puts(wrongs[i].name);
		} else if (strcmp(wrongs[i].name, argv[1]) == 0) {
			wrongs[i].run();
			puts("went on");
			return 0;
		}
	}
	return argc == 1 ? 0 : 2;
}
