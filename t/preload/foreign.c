/* SPDX-License-Identifier: MIT */
/*
 * Gives free(), realloc() or malloc_usable_size() a pointer that malloc() did not give:
 * foreign WHAT.  Prints "went on" when it comes back.  Run by 6020-preload-foreign.t.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *__libc_malloc(size_t size);

static _Alignas(16) char static_memory[64];
static void *volatile pointer;

static void *garbage(void)
{
	return (void *)0x123450;
}

static void *anonymous(void)
{
	return (char *)mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) +
		4096;
}

static void *foreign(const char *what, void *on_stack)
{
	return strcmp(what, "stack") == 0 ? on_stack :
		strcmp(what, "static") == 0 ? static_memory :
		strcmp(what, "system") == 0 ? __libc_malloc(1000) :
		strcmp(what, "garbage") == 0 ? garbage() :
		strcmp(what, "high") == 0 ? (void *)(~(size_t)0 - 4095) :
		strcmp(what, "anonymous") == 0 ? anonymous() :
		strcmp(what, "inside") == 0 ? (char *)malloc(100) + 8 : NULL;
}

int main(int argc, char **argv)
{
	_Alignas(16) char on_stack[64];

	if (argc < 2) {
		return 2;
	}
	pointer = foreign(argv[1], on_stack);
	if (argc < 3) {
		errno = 1789;
		free(pointer);
		printf("errno %d\n", errno);
	} else if (strcmp(argv[2], "realloc") == 0) {
		pointer = realloc(pointer, 10);
		printf("%p\n", pointer);
	} else {
		printf("%zu\n", malloc_usable_size(pointer));
	}
	free(malloc(100));
	puts("went on");
	return 0;
}
