/* SPDX-License-Identifier: MIT */
/*
 * preload/operators.c - C++'s operators new and delete.
 *
 * Those of the C++ library end in malloc and free, so that the heaps would never hear what sized
 * deletes say, nor who handed a block out.  These are the same, without a C++ library being there:
 *
 *	- A program may define some of them for all of the process; those that it does not define
 *	  call those that it does, as the standard says.  So each that has a default in terms of
 *	  another one looks whether that is still the one here.
 *	- Where there is no memory the C++ library's own takes over: it asks malloc again, calls the
 *	  program's handler, and throws.
 *
 * Compiled with unwind tables, for what is thrown passes through.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include "preload/fast.h"

#define EXPORT __attribute__((visibility("default")))

/* How the compiler names size_t in names of functions. */
#if SIZE_MAX == UINT32_MAX
# define NEW(rest) "_Znwj" rest
# define NEW_ARRAY(rest) "_Znaj" rest
# define SIZED "j"
#else
# define NEW(rest) "_Znwm" rest
# define NEW_ARRAY(rest) "_Znam" rest
# define SIZED "m"
#endif
#define ALIGNED "St11align_val_t"
#define NOTHROW "RKSt9nothrow_t"

/* What deletes say.  Those without an alignment say that there was none: it is 1. */
enum {
	one = ZEND_MM_FAMILY_NEW | ZEND_MM_SAYS_ALIGNMENT,
	array = ZEND_MM_FAMILY_ARRAY | ZEND_MM_SAYS_ALIGNMENT,
	sized = ZEND_MM_SAYS_SIZE
};

/* {{{ Names. */

EXPORT void *operator_new(size_t size) __asm__(NEW(""));
EXPORT void *operator_new_array(size_t size) __asm__(NEW_ARRAY(""));
EXPORT void *operator_new_nothrow(size_t size, const void *tag) __asm__(NEW(NOTHROW));
EXPORT void *operator_new_array_nothrow(size_t size, const void *tag) __asm__(NEW_ARRAY(NOTHROW));
EXPORT void *operator_new_aligned(size_t size, size_t alignment) __asm__(NEW(ALIGNED));
EXPORT void *operator_new_array_aligned(size_t size, size_t alignment)
	__asm__(NEW_ARRAY(ALIGNED));
EXPORT void *operator_new_aligned_nothrow(size_t size, size_t alignment, const void *tag)
	__asm__(NEW(ALIGNED NOTHROW));
EXPORT void *operator_new_array_aligned_nothrow(size_t size, size_t alignment, const void *tag)
	__asm__(NEW_ARRAY(ALIGNED NOTHROW));

EXPORT void operator_delete(void *ptr) __asm__("_ZdlPv");
EXPORT void operator_delete_array(void *ptr) __asm__("_ZdaPv");
EXPORT void operator_delete_nothrow(void *ptr, const void *tag) __asm__("_ZdlPv" NOTHROW);
EXPORT void operator_delete_array_nothrow(void *ptr, const void *tag) __asm__("_ZdaPv" NOTHROW);
EXPORT void operator_delete_sized(void *ptr, size_t size) __asm__("_ZdlPv" SIZED);
EXPORT void operator_delete_array_sized(void *ptr, size_t size) __asm__("_ZdaPv" SIZED);
EXPORT void operator_delete_aligned(void *ptr, size_t alignment) __asm__("_ZdlPv" ALIGNED);
EXPORT void operator_delete_array_aligned(void *ptr, size_t alignment)
	__asm__("_ZdaPv" ALIGNED);
EXPORT void operator_delete_aligned_nothrow(void *ptr, size_t alignment, const void *tag)
	__asm__("_ZdlPv" ALIGNED NOTHROW);
EXPORT void operator_delete_array_aligned_nothrow(void *ptr, size_t alignment, const void *tag)
	__asm__("_ZdaPv" ALIGNED NOTHROW);
EXPORT void operator_delete_sized_aligned(void *ptr, size_t size, size_t alignment)
	__asm__("_ZdlPv" SIZED ALIGNED);
EXPORT void operator_delete_array_sized_aligned(void *ptr, size_t size, size_t alignment)
	__asm__("_ZdaPv" SIZED ALIGNED);

/* The ones here, under names that nobody else can take. */
#define OWN(name, of) static __typeof__(name) own_##name __attribute__((alias(of)))
OWN(operator_new, NEW(""));
OWN(operator_new_array, NEW_ARRAY(""));
OWN(operator_new_aligned, NEW(ALIGNED));
OWN(operator_new_array_aligned, NEW_ARRAY(ALIGNED));
OWN(operator_delete, "_ZdlPv");
OWN(operator_delete_array, "_ZdaPv");
OWN(operator_delete_aligned, "_ZdlPv" ALIGNED);
OWN(operator_delete_array_aligned, "_ZdaPv" ALIGNED);

/* The process's function of that name, and whether it is the one here.  The compiler must not know
 * that both are the same, for which it is depends on who else is in the process. */
#define THE(name) __extension__({ \
		__typeof__(&name) process_has_ = name; \
		__asm__("" : "+r"(process_has_)); \
		process_has_; \
	})
#define IS_OWN(name) EXPECTED(THE(name) == own_##name)

/* }}} */
/* {{{ The C++ library's own. */

/* It need not be where dlsym() looks: with a program in C, a library that it loads may have brought
 * it along. */
static void *find_next(const char *name)
{
	static const char *const libraries[] = { "libstdc++.so.6", "libc++abi.so.1", "libc++.so.1" };
	void *found = dlsym(RTLD_NEXT, name);

	for (size_t i = 0; !found && i < sizeof libraries / sizeof *libraries; i++) {
		void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);

		found = library ? dlsym(library, name) : NULL;
	}
	return found;
}

static ZEND_MM_COLD void *next(const char *name)
{
	static const char text[] =
		"zend_malloc: operator new: there is no memory, nor a C++ library to say so; aborting\n";
	void *found = find_next(name);

	if (!found && write(STDERR_FILENO, text, sizeof text - 1) != 0) {
		abort();
	}
	return found;
}

typedef void *new_function(size_t size);
typedef void *new_nothrow_function(size_t size, const void *tag);
typedef void *new_aligned_function(size_t size, size_t alignment);
typedef void *new_aligned_nothrow_function(size_t size, size_t alignment, const void *tag);

/* Each asks malloc for memory again, which knows nothing of operators. */

static ZEND_MM_COLD void *new_or_throw(size_t size, enum zend_mm_family family)
{
	void *data = ((new_function *)next(NEW("")))(size);

	zend_mm_preload_label(data, family);
	return data;
}

static ZEND_MM_COLD void *new_aligned_or_throw(size_t size, size_t alignment,
	enum zend_mm_family family)
{
	void *data = ((new_aligned_function *)next(NEW(ALIGNED)))(size, alignment);

	zend_mm_preload_label(data, family);
	return data;
}

/* }}} */
/* {{{ new */

void *operator_new(size_t size)
{
	void *data = zend_mm_preload_new(size, ZEND_MM_FAMILY_NEW);

	return EXPECTED(data != NULL) ? data : new_or_throw(size, ZEND_MM_FAMILY_NEW);
}

void *operator_new_array(size_t size)
{
	void *data;

	if (!IS_OWN(operator_new)) {
		return THE(operator_new)(size);
	}
	data = zend_mm_preload_new(size, ZEND_MM_FAMILY_ARRAY);
	return EXPECTED(data != NULL) ? data : new_or_throw(size, ZEND_MM_FAMILY_ARRAY);
}

/* The C++ library's own catches what the process's operator new throws. */
static ZEND_MM_COLD void *try_again(const char *name, size_t size, const void *tag,
	enum zend_mm_family family)
{
	void *data = ((new_nothrow_function *)next(name))(size, tag);

	if (IS_OWN(operator_new)) {
		zend_mm_preload_label(data, family);
	}
	return data;
}

void *operator_new_nothrow(size_t size, const void *tag)
{
	void *data = IS_OWN(operator_new) ? zend_mm_preload_new(size, ZEND_MM_FAMILY_NEW) : NULL;

	return EXPECTED(data != NULL) ? data :
		try_again(NEW(NOTHROW), size, tag, ZEND_MM_FAMILY_NEW);
}

void *operator_new_array_nothrow(size_t size, const void *tag)
{
	void *data = IS_OWN(operator_new) && IS_OWN(operator_new_array) ?
		zend_mm_preload_new(size, ZEND_MM_FAMILY_ARRAY) : NULL;

	return EXPECTED(data != NULL) ? data :
		try_again(NEW_ARRAY(NOTHROW), size, tag, ZEND_MM_FAMILY_ARRAY);
}

/* }}} */
/* {{{ new at an alignment.  One that is no power of two is for the C++ library to refuse. */

static void *new_aligned(size_t size, size_t alignment, enum zend_mm_family family)
{
	return alignment != 0 && (alignment & (alignment - 1)) == 0 ?
		zend_mm_preload_new_slow(size, alignment, family) : NULL;
}

void *operator_new_aligned(size_t size, size_t alignment)
{
	void *data = new_aligned(size, alignment, ZEND_MM_FAMILY_NEW);

	return EXPECTED(data != NULL) ? data :
		new_aligned_or_throw(size, alignment, ZEND_MM_FAMILY_NEW);
}

void *operator_new_array_aligned(size_t size, size_t alignment)
{
	void *data;

	if (!IS_OWN(operator_new_aligned)) {
		return THE(operator_new_aligned)(size, alignment);
	}
	data = new_aligned(size, alignment, ZEND_MM_FAMILY_ARRAY);
	return EXPECTED(data != NULL) ? data :
		new_aligned_or_throw(size, alignment, ZEND_MM_FAMILY_ARRAY);
}

static ZEND_MM_COLD void *try_aligned_again(const char *name, size_t size, size_t alignment,
	const void *tag, enum zend_mm_family family)
{
	void *data = ((new_aligned_nothrow_function *)next(name))(size, alignment, tag);

	if (IS_OWN(operator_new_aligned)) {
		zend_mm_preload_label(data, family);
	}
	return data;
}

void *operator_new_aligned_nothrow(size_t size, size_t alignment, const void *tag)
{
	void *data = IS_OWN(operator_new_aligned) ?
		new_aligned(size, alignment, ZEND_MM_FAMILY_NEW) : NULL;

	return EXPECTED(data != NULL) ? data :
		try_aligned_again(NEW(ALIGNED NOTHROW), size, alignment, tag, ZEND_MM_FAMILY_NEW);
}

void *operator_new_array_aligned_nothrow(size_t size, size_t alignment, const void *tag)
{
	void *data = IS_OWN(operator_new_aligned) && IS_OWN(operator_new_array_aligned) ?
		new_aligned(size, alignment, ZEND_MM_FAMILY_ARRAY) : NULL;

	return EXPECTED(data != NULL) ? data : try_aligned_again(NEW_ARRAY(ALIGNED NOTHROW), size,
		alignment, tag, ZEND_MM_FAMILY_ARRAY);
}

/* }}} */
/* {{{ delete */

void operator_delete(void *ptr)
{
	zend_mm_preload_free_as(ptr, 0, 1, one);
}

void operator_delete_array(void *ptr)
{
	if (!IS_OWN(operator_delete)) {
		THE(operator_delete)(ptr);
		return;
	}
	zend_mm_preload_free_as(ptr, 0, 1, array);
}

void operator_delete_nothrow(void *ptr, const void *tag)
{
	(void)tag;
	THE(operator_delete)(ptr);
}

void operator_delete_array_nothrow(void *ptr, const void *tag)
{
	(void)tag;
	THE(operator_delete_array)(ptr);
}

void operator_delete_sized(void *ptr, size_t size)
{
	if (!IS_OWN(operator_delete)) {
		THE(operator_delete)(ptr);
		return;
	}
	zend_mm_preload_free_as(ptr, size, 1, one | sized);
}

void operator_delete_array_sized(void *ptr, size_t size)
{
	if (!IS_OWN(operator_delete_array) || !IS_OWN(operator_delete)) {
		THE(operator_delete_array)(ptr);
		return;
	}
	zend_mm_preload_free_as(ptr, size, 1, array | sized);
}

/* }}} */
/* {{{ delete at an alignment */

void operator_delete_aligned(void *ptr, size_t alignment)
{
	zend_mm_preload_free_as(ptr, 0, alignment, one);
}

void operator_delete_array_aligned(void *ptr, size_t alignment)
{
	if (!IS_OWN(operator_delete_aligned)) {
		THE(operator_delete_aligned)(ptr, alignment);
		return;
	}
	zend_mm_preload_free_as(ptr, 0, alignment, array);
}

void operator_delete_aligned_nothrow(void *ptr, size_t alignment, const void *tag)
{
	(void)tag;
	THE(operator_delete_aligned)(ptr, alignment);
}

void operator_delete_array_aligned_nothrow(void *ptr, size_t alignment, const void *tag)
{
	(void)tag;
	THE(operator_delete_array_aligned)(ptr, alignment);
}

void operator_delete_sized_aligned(void *ptr, size_t size, size_t alignment)
{
	if (!IS_OWN(operator_delete_aligned)) {
		THE(operator_delete_aligned)(ptr, alignment);
		return;
	}
	zend_mm_preload_free_as(ptr, size, alignment, one | sized);
}

void operator_delete_array_sized_aligned(void *ptr, size_t size, size_t alignment)
{
	if (!IS_OWN(operator_delete_array_aligned) || !IS_OWN(operator_delete_aligned)) {
		THE(operator_delete_array_aligned)(ptr, alignment);
		return;
	}
	zend_mm_preload_free_as(ptr, size, alignment, array | sized);
}

/* }}} */
