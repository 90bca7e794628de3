/* SPDX-License-Identifier: MIT */
/*
 * Frees that say something wrong, a part of attacks.c: C23's sized ones, and C++'s operators.
 * Where the allocator has none of them, a program gets malloc and free.
 */

#if SIZE_MAX == UINT32_MAX
# define OPERATOR(name, rest) __asm__(name "j" rest)
#else
# define OPERATOR(name, rest) __asm__(name "m" rest)
#endif
extern void free_sized(void *ptr, size_t size) __attribute__((weak));
extern void free_aligned_sized(void *ptr, size_t alignment, size_t size) __attribute__((weak));
extern void *new_one(size_t size) OPERATOR("_Znw", "") __attribute__((weak));
extern void *new_array(size_t size) OPERATOR("_Zna", "") __attribute__((weak));
extern void delete_one(void *ptr) __asm__("_ZdlPv") __attribute__((weak));
extern void delete_array(void *ptr) __asm__("_ZdaPv") __attribute__((weak));
extern void delete_sized(void *ptr, size_t size) OPERATOR("_ZdlPv", "") __attribute__((weak));

static void say_size(void *data, size_t size)
{
	free_sized ? free_sized(data, size) : free(data);
}

static void free_said_less(size_t size) { say_size(block(size), size / 2); }
static void free_said_more(size_t size) { say_size(block(size), 2 * size); }
static void free_said_1_less(size_t size) { say_size(block(size), size - 1); }
static void free_said_old_size(size_t size) { say_size(any(realloc(block(size), size / 2)), size); }

static void free_said_aligned(size_t size)
{
	void *data = any(aligned_alloc(64, size));

	free_aligned_sized ? free_aligned_sized(data, 4096, size) : free(data);
}

static char *new_block(size_t size)
{
	return any(new_one ? new_one(size) : malloc(size));
}

/* As of an object whose class has no virtual destructor, by a pointer to its base. */
static void delete_base(size_t size)
{
	char *data = new_block(size);

	delete_sized ? delete_sized(data, size / 8) : free(data);
}

static void delete_twice(size_t size)
{
	char *data = new_block(size);

	delete_sized ? delete_sized(data, size) : free(data);
	delete_sized ? delete_sized(any(data), size) : free(any(data));
}

static void free_of_new(size_t size) { free(new_block(size)); }
static void realloc_of_new(size_t size) { around[0] = any(realloc(new_block(size), 2 * size)); }

static void delete_of_malloc(size_t size)
{
	char *data = block(size);

	delete_one ? delete_one(data) : free(data);
}

static void delete_of_array(size_t size)
{
	char *data = any(new_array ? new_array(size) : malloc(size));

	delete_one ? delete_one(data) : free(data);
}

static void delete_array_of_one(size_t size)
{
	char *data = new_block(size);

	delete_array ? delete_array(data) : free(data);
}
