/* SPDX-License-Identifier: MIT */
/*
 * storage/sanitizer.c - what sanitizer.h says, in terms of both of them.
 *
 * Called by guarded heaps and by the mmap types of storage.  Valgrind's requests are a few
 * instructions that do nothing outside of it.
 */
#include "config.h"

#include <stdint.h>

#include "storage/sanitizer.h"

#if defined(__has_feature)
# define HAS_FEATURE(feature) __has_feature(feature)
#else
# define HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
# include <sanitizer/asan_interface.h>
# include <sanitizer/lsan_interface.h>
# define ADDRESS_SANITIZER 1
#else
# define ADDRESS_SANITIZER 0
#endif

#if HAVE_VALGRIND
# include <valgrind/memcheck.h>
#endif

enum { address_sanitizer = ADDRESS_SANITIZER };

/* {{{ AddressSanitizer */

#if ADDRESS_SANITIZER
static void (*report_handler)(const void *address);

/* Gets the whole text; where the access was is asked for. */
static void on_report(const char *text)
{
	(void)text;
	if (__asan_report_present()) {
		report_handler(__asan_get_report_address());
	}
}

static void poison(const void *address, size_t size)
{
	__asan_poison_memory_region(address, size);
}

static void unpoison(const void *address, size_t size)
{
	__asan_unpoison_memory_region(address, size);
}

bool zend_mm_sanitizer_forbids(const void *address, size_t size)
{
	return __asan_region_is_poisoned((void *)(uintptr_t)address, size) != NULL;
}

void zend_mm_sanitizer_region_add(const void *address, size_t size)
{
	__lsan_register_root_region(address, size);
}

void zend_mm_sanitizer_region_remove(const void *address, size_t size)
{
	__lsan_unregister_root_region(address, size);
}

void zend_mm_sanitizer_on_report(void (*handler)(const void *address))
{
	report_handler = handler;
	__asan_set_error_report_callback(on_report);
}
#else
static void poison(const void *address, size_t size)
{
	(void)address;
	(void)size;
}

static void unpoison(const void *address, size_t size)
{
	(void)address;
	(void)size;
}

bool zend_mm_sanitizer_forbids(const void *address, size_t size)
{
	(void)address;
	(void)size;
	return false;
}

void zend_mm_sanitizer_region_add(const void *address, size_t size)
{
	(void)address;
	(void)size;
}

void zend_mm_sanitizer_region_remove(const void *address, size_t size)
{
	(void)address;
	(void)size;
}

void zend_mm_sanitizer_on_report(void (*handler)(const void *address))
{
	(void)handler;
}
#endif

/* }}} */
/* {{{ Both. */

/* Valgrind's other tools (callgrind, which measures) do not answer memcheck's requests. */
bool zend_mm_sanitizer_listens(void)
{
	bool memcheck = false;

#if HAVE_VALGRIND
	memcheck = VALGRIND_MAKE_MEM_DEFINED(&memcheck, sizeof memcheck) != 0;
#endif
	return address_sanitizer || memcheck;
}

bool zend_mm_sanitizer_wants_sites(void)
{
	return address_sanitizer;
}

void zend_mm_sanitizer_pool_open(const void *pool, size_t redzone)
{
	(void)pool;
	(void)redzone;
#if HAVE_VALGRIND
	VALGRIND_CREATE_MEMPOOL(pool, redzone, 0);
#endif
}

void zend_mm_sanitizer_pool_close(const void *pool)
{
	(void)pool;
#if HAVE_VALGRIND
	VALGRIND_DESTROY_MEMPOOL(pool);
#endif
}

void zend_mm_sanitizer_hand_out(const void *pool, const void *data, size_t size)
{
	(void)pool;
	unpoison(data, size);
#if HAVE_VALGRIND
	VALGRIND_MEMPOOL_ALLOC(pool, data, size);
#endif
}

void zend_mm_sanitizer_take_back(const void *pool, const void *data, size_t size)
{
	(void)pool;
	poison(data, size);
#if HAVE_VALGRIND
	VALGRIND_MEMPOOL_FREE(pool, data);
#endif
}

void zend_mm_sanitizer_forbid(const void *address, size_t size)
{
	poison(address, size);
#if HAVE_VALGRIND
	(void)VALGRIND_MAKE_MEM_NOACCESS(address, size);
#endif
}

void zend_mm_sanitizer_permit(const void *address, size_t size)
{
	unpoison(address, size);
#if HAVE_VALGRIND
	(void)VALGRIND_MAKE_MEM_DEFINED(address, size);
#endif
}

/* Valgrind 3.19 does not look at pools as long as malloc has no block in use: here is one. */
void zend_mm_sanitizer_look_for_leaks(void)
{
#if HAVE_VALGRIND
	static char in_use[16];

	VALGRIND_MALLOCLIKE_BLOCK(in_use, sizeof in_use, 0, 1);
	VALGRIND_DO_ADDED_LEAK_CHECK;
	VALGRIND_FREELIKE_BLOCK(in_use, 0);
#endif
}

/* }}} */
