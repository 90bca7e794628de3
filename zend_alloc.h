/* SPDX-License-Identifier: MIT */
/*
 * zend_alloc.h - the memory managers of PHP 5 and of PHP 7 and 8 in one C library.
 *
 * Two designs stand behind one interface:
 *
 *   legacy   256 KiB segments from a pluggable storage, boundary tags, a cache, free_buckets,
 *            large_free_buckets tries and rest_buckets (PHP 5.3 to 5.6)
 *   modern   2 MiB chunks of 4 KiB pages, 30 bins of equal slots, huge blocks (PHP 7 and 8)
 *
 * The design is chosen when a heap is made: by ZEND_MM_MODE for the process's own heap, by a
 * field of zend_mm_options otherwise.  Heaps of both designs can live in one process.
 *
 * The names are PHP's.  What PHP does not have begins with zend_mm_.  All sizes are bytes.
 *
 * Errors.  Nothing in the request-memory family returns NULL for want of memory: a refused
 * request is reported to the host (see zend_mm_host) as a fatal error, after which control goes
 * to the innermost zend_try.  Heaps made with null_on_failure return NULL instead.
 *
 * Threads.  A heap must be used by one thread at a time.  In builds with ZTS each thread has a
 * current heap of its own, which ends with the thread; otherwise the process has one.  A block
 * must come back in the thread that got it: debug builds find out if it does not.
 */
#ifndef ZEND_ALLOC_H
#define ZEND_ALLOC_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef ZEND_DEBUG
# define ZEND_DEBUG 0
#endif

#ifndef ZEND_API
# if defined(_WIN32)
#  define ZEND_API
# elif defined(__GNUC__)
#  define ZEND_API __attribute__((visibility("default")))
# else
#  define ZEND_API
# endif
#endif

#ifdef __GNUC__
# define ZEND_MM_ATTRIBUTE(list) __attribute__(list)
#else
# define ZEND_MM_ATTRIBUTE(list)
#endif

#ifndef ZEND_ATTRIBUTE_MALLOC
# define ZEND_ATTRIBUTE_MALLOC ZEND_MM_ATTRIBUTE((__malloc__))
#endif

#ifdef __cplusplus
# define ZEND_MM_NORETURN [[noreturn]]
extern "C" {
#else
# define ZEND_MM_NORETURN _Noreturn
#endif

/* {{{ Where a call stands: two more pairs of arguments in debug builds, nothing otherwise.
 *
 * _C and _CC are written in calls (alone, and after another argument), _D and _DC in
 * declarations.  The ORIG pair is where a relayed call began: a function that allocates on its
 * caller's behalf takes ZEND_FILE_LINE_DC and calls emalloc_rel(). */
#if ZEND_DEBUG
# define ZEND_FILE_LINE_D \
	const char *__zend_filename, const unsigned int __zend_lineno
# define ZEND_FILE_LINE_DC , ZEND_FILE_LINE_D
# define ZEND_FILE_LINE_ORIG_D \
	const char *__zend_orig_filename, const unsigned int __zend_orig_lineno
# define ZEND_FILE_LINE_ORIG_DC , ZEND_FILE_LINE_ORIG_D
# define ZEND_FILE_LINE_RELAY_C __zend_filename, __zend_lineno
# define ZEND_FILE_LINE_RELAY_CC , ZEND_FILE_LINE_RELAY_C
# define ZEND_FILE_LINE_C __FILE__, __LINE__
# define ZEND_FILE_LINE_CC , ZEND_FILE_LINE_C
# define ZEND_FILE_LINE_EMPTY_C NULL, 0
# define ZEND_FILE_LINE_EMPTY_CC , ZEND_FILE_LINE_EMPTY_C
# define ZEND_FILE_LINE_ORIG_RELAY_C __zend_orig_filename, __zend_orig_lineno
# define ZEND_FILE_LINE_ORIG_RELAY_CC , ZEND_FILE_LINE_ORIG_RELAY_C
#else
# define ZEND_FILE_LINE_D void
# define ZEND_FILE_LINE_DC
# define ZEND_FILE_LINE_ORIG_D
# define ZEND_FILE_LINE_ORIG_DC
# define ZEND_FILE_LINE_RELAY_C
# define ZEND_FILE_LINE_RELAY_CC
# define ZEND_FILE_LINE_C
# define ZEND_FILE_LINE_CC
# define ZEND_FILE_LINE_EMPTY_C
# define ZEND_FILE_LINE_EMPTY_CC
# define ZEND_FILE_LINE_ORIG_RELAY_C
# define ZEND_FILE_LINE_ORIG_RELAY_CC
#endif
/* Both pairs, as every allocating function takes them. */
#define ZEND_MM_SITE_DC ZEND_FILE_LINE_DC ZEND_FILE_LINE_ORIG_DC
#define ZEND_MM_SITE_CC ZEND_FILE_LINE_CC ZEND_FILE_LINE_EMPTY_CC
#define ZEND_MM_SITE_RELAY_CC ZEND_FILE_LINE_RELAY_CC ZEND_FILE_LINE_CC
/* }}} */

typedef struct _zend_mm_heap zend_mm_heap;

/* {{{ Request memory: freed one by one, or all at once at the end of the request.
 *
 * All of these work on the current heap (zend_mm_get_heap()). */

/* Allocates size bytes, aligned to 8.  Size 0 gives a block of the smallest size. */
ZEND_API void *_emalloc(size_t size ZEND_MM_SITE_DC) ZEND_ATTRIBUTE_MALLOC;
/* Frees a block.  NULL is allowed in legacy mode and ignored in both. */
ZEND_API void _efree(void *ptr ZEND_MM_SITE_DC);
/* Allocates nmemb * size zeroed bytes; a product over size_t is a fatal error. */
ZEND_API void *_ecalloc(size_t nmemb, size_t size ZEND_MM_SITE_DC) ZEND_ATTRIBUTE_MALLOC;
/* Resizes a block, moving it if need be; NULL allocates.  allow_failure is PHP 5's and has no
 * effect there either: a refused resize is an error in both cases, and the block stays. */
ZEND_API void *_erealloc(void *ptr, size_t size, int allow_failure ZEND_MM_SITE_DC);
/* The same, but a block that moves keeps only its first copy_size bytes where the design can
 * make use of that (modern); legacy keeps all that fits. */
ZEND_API void *_erealloc2(void *ptr, size_t size, size_t copy_size ZEND_MM_SITE_DC);
/* Allocates nmemb * size + offset bytes; a sum over size_t is the fatal error
 * "Possible integer overflow in memory allocation (%zu * %zu + %zu)". */
ZEND_API void *_safe_emalloc(size_t nmemb, size_t size, size_t offset ZEND_MM_SITE_DC)
	ZEND_ATTRIBUTE_MALLOC;
/* Resizes to nmemb * size + offset bytes, with the same check. */
ZEND_API void *_safe_erealloc(void *ptr, size_t nmemb, size_t size, size_t offset ZEND_MM_SITE_DC);
/* Copies a string, the terminating zero included. */
ZEND_API char *_estrdup(const char *s ZEND_MM_SITE_DC) ZEND_ATTRIBUTE_MALLOC;
/* Copies length bytes of s and adds a zero.  The length is an unsigned int, as in PHP 5.6. */
ZEND_API char *_estrndup(const char *s, unsigned int length ZEND_MM_SITE_DC)
	ZEND_ATTRIBUTE_MALLOC;
/* What the block occupies: legacy, the block's size with its 16-byte header (7 bytes requested:
 * 32); modern, the slot, run or mapping; debug builds, the bytes requested. */
ZEND_API size_t _zend_mem_block_size(void *ptr ZEND_MM_SITE_DC);

#define emalloc(size) ZEND_MM_EMALLOC(size)
#define efree(ptr) _efree((ptr) ZEND_MM_SITE_CC)
#define efree_size(ptr, size) ZEND_MM_EFREE_SIZE(ptr, size)
#define ecalloc(nmemb, size) _ecalloc((nmemb), (size) ZEND_MM_SITE_CC)
#define erealloc(ptr, size) _erealloc((ptr), (size), 0 ZEND_MM_SITE_CC)
#define erealloc_recoverable(ptr, size) _erealloc((ptr), (size), 1 ZEND_MM_SITE_CC)
#define erealloc2(ptr, size, copy_size) _erealloc2((ptr), (size), (copy_size) ZEND_MM_SITE_CC)
#define safe_emalloc(nmemb, size, offset) \
	_safe_emalloc((nmemb), (size), (offset) ZEND_MM_SITE_CC)
#define safe_erealloc(ptr, nmemb, size, offset) \
	_safe_erealloc((ptr), (nmemb), (size), (offset) ZEND_MM_SITE_CC)
#define estrdup(s) _estrdup((s) ZEND_MM_SITE_CC)
#define estrndup(s, length) _estrndup((s), (length) ZEND_MM_SITE_CC)
#define zend_mem_block_size(ptr) _zend_mem_block_size((ptr) ZEND_MM_SITE_CC)

/* The relaying twins, for use in functions that take ZEND_FILE_LINE_DC. */
#define emalloc_rel(size) _emalloc((size) ZEND_MM_SITE_RELAY_CC)
#define efree_rel(ptr) _efree((ptr) ZEND_MM_SITE_RELAY_CC)
#define efree_size_rel(ptr, size) _efree((ptr) ZEND_MM_SITE_RELAY_CC)
#define ecalloc_rel(nmemb, size) _ecalloc((nmemb), (size) ZEND_MM_SITE_RELAY_CC)
#define erealloc_rel(ptr, size) _erealloc((ptr), (size), 0 ZEND_MM_SITE_RELAY_CC)
#define erealloc_recoverable_rel(ptr, size) _erealloc((ptr), (size), 1 ZEND_MM_SITE_RELAY_CC)
#define erealloc2_rel(ptr, size, copy_size) \
	_erealloc2((ptr), (size), (copy_size) ZEND_MM_SITE_RELAY_CC)
#define safe_emalloc_rel(nmemb, size, offset) \
	_safe_emalloc((nmemb), (size), (offset) ZEND_MM_SITE_RELAY_CC)
#define safe_erealloc_rel(ptr, nmemb, size, offset) \
	_safe_erealloc((ptr), (nmemb), (size), (offset) ZEND_MM_SITE_RELAY_CC)
#define estrdup_rel(s) _estrdup((s) ZEND_MM_SITE_RELAY_CC)
#define estrndup_rel(s, length) _estrndup((s), (length) ZEND_MM_SITE_RELAY_CC)
#define zend_mem_block_size_rel(ptr) _zend_mem_block_size((ptr) ZEND_MM_SITE_RELAY_CC)
/* }}} */

/* {{{ Entry points for sizes known at compile time (PHP 7 and 8).
 *
 * _emalloc_N() serves a request of N bytes, one of the modern heap's 30 bin sizes, and
 * _efree_N() frees a block of it.  emalloc(constant) picks one wherever the constant rounded up to
 * the alignment is a bin size, so that the legacy heap is asked for a block of the same true size
 * and no placement depends on the choice. */
#define ZEND_MM_MIN_SIZE 8
#define ZEND_MM_MAX_SMALL_SIZE 3072
#define ZEND_MM_MAX_LARGE_SIZE ((size_t)(2 * 1024 * 1024 - 4096))

/* _(bin, size, elements, pages, x, y): the bins of the modern heap. */
#define ZEND_MM_BINS_INFO(_, x, y) \
	_( 0,    8, 512, 1, x, y) _( 1,   16, 256, 1, x, y) _( 2,   24, 170, 1, x, y) \
	_( 3,   32, 128, 1, x, y) _( 4,   40, 102, 1, x, y) _( 5,   48,  85, 1, x, y) \
	_( 6,   56,  73, 1, x, y) _( 7,   64,  64, 1, x, y) _( 8,   80,  51, 1, x, y) \
	_( 9,   96,  42, 1, x, y) _(10,  112,  36, 1, x, y) _(11,  128,  32, 1, x, y) \
	_(12,  160,  25, 1, x, y) _(13,  192,  21, 1, x, y) _(14,  224,  18, 1, x, y) \
	_(15,  256,  16, 1, x, y) _(16,  320,  64, 5, x, y) _(17,  384,  32, 3, x, y) \
	_(18,  448,   9, 1, x, y) _(19,  512,   8, 1, x, y) _(20,  640,  32, 5, x, y) \
	_(21,  768,  16, 3, x, y) _(22,  896,   9, 2, x, y) _(23, 1024,   8, 2, x, y) \
	_(24, 1280,  16, 5, x, y) _(25, 1536,   8, 3, x, y) _(26, 1792,  16, 7, x, y) \
	_(27, 2048,   8, 4, x, y) _(28, 2560,   8, 5, x, y) _(29, 3072,   4, 3, x, y)

#if !ZEND_DEBUG
# define ZEND_MM_DECLARE_SIZED(bin, size, elements, pages, x, y) \
	ZEND_API void *_emalloc_##size(void) ZEND_ATTRIBUTE_MALLOC; \
	ZEND_API void _efree_##size(void *ptr);
ZEND_MM_BINS_INFO(ZEND_MM_DECLARE_SIZED, x, y)
# undef ZEND_MM_DECLARE_SIZED
/* Requests above 3072 bytes and up to 2 MiB - 4 KiB; requests above that. */
ZEND_API void *_emalloc_large(size_t size) ZEND_ATTRIBUTE_MALLOC;
ZEND_API void *_emalloc_huge(size_t size) ZEND_ATTRIBUTE_MALLOC;
ZEND_API void _efree_large(void *ptr, size_t size);
ZEND_API void _efree_huge(void *ptr, size_t size);
#endif

#if !ZEND_DEBUG && defined(__GNUC__) && !defined(ZEND_MM_NO_SIZED_ENTRY_POINTS)
# define ZEND_MM_ROUNDS_TO(size, bin_size) ((((size_t)(size) + 7) & ~(size_t)7) == (bin_size))
# define ZEND_MM_PICK_ALLOC(bin, bin_size, elements, pages, size, y) \
	ZEND_MM_ROUNDS_TO(size, bin_size) ? _emalloc_##bin_size() :
# define ZEND_MM_PICK_FREE(bin, bin_size, elements, pages, size, ptr) \
	if (ZEND_MM_ROUNDS_TO(size, bin_size)) { _efree_##bin_size(ptr); } else
# define ZEND_MM_EMALLOC(size) \
	(__builtin_constant_p(size) \
		? (ZEND_MM_BINS_INFO(ZEND_MM_PICK_ALLOC, (size), 0) \
			(size_t)(size) <= ZEND_MM_MAX_SMALL_SIZE ? _emalloc(size) : \
			(size_t)(size) <= ZEND_MM_MAX_LARGE_SIZE ? _emalloc_large(size) : \
			_emalloc_huge(size)) \
		: _emalloc(size))
# define ZEND_MM_EFREE_SIZE(ptr, size) do { \
		if (__builtin_constant_p(size)) { \
			ZEND_MM_BINS_INFO(ZEND_MM_PICK_FREE, (size), (ptr)) \
			if ((size_t)(size) <= ZEND_MM_MAX_SMALL_SIZE) { _efree(ptr); } \
			else if ((size_t)(size) <= ZEND_MM_MAX_LARGE_SIZE) { _efree_large((ptr), (size)); } \
			else { _efree_huge((ptr), (size)); } \
		} else { \
			_efree(ptr); \
		} \
	} while (0)
#else
# define ZEND_MM_EMALLOC(size) _emalloc((size) ZEND_MM_SITE_CC)
# define ZEND_MM_EFREE_SIZE(ptr, size) _efree((ptr) ZEND_MM_SITE_CC)
#endif
/* }}} */

/* {{{ Persistent memory: the system's malloc family, which outlives requests.
 *
 * The functions print "Out of memory" to standard error and exit with 1 where the system has
 * none. */
ZEND_API void *__zend_malloc(size_t size) ZEND_ATTRIBUTE_MALLOC;
ZEND_API void *__zend_calloc(size_t nmemb, size_t size) ZEND_ATTRIBUTE_MALLOC;
ZEND_API void *__zend_realloc(void *ptr, size_t size);
ZEND_API char *__zend_strdup(const char *s) ZEND_ATTRIBUTE_MALLOC;
/* Copies length bytes and adds a zero; as in PHP 5.6, NULL where the system has no memory. */
ZEND_API char *zend_strndup(const char *s, unsigned int length) ZEND_ATTRIBUTE_MALLOC;
/* nmemb * size + offset bytes of system memory; an overflow is a fatal error. */
ZEND_API void *_safe_malloc(size_t nmemb, size_t size, size_t offset) ZEND_ATTRIBUTE_MALLOC;
ZEND_API void *_safe_realloc(void *ptr, size_t nmemb, size_t size, size_t offset);

#define pemalloc(size, persistent) ((persistent) ? __zend_malloc(size) : emalloc(size))
#define pefree(ptr, persistent) ((persistent) ? free(ptr) : efree(ptr))
#define pefree_size(ptr, size, persistent) do { \
		if (persistent) { free(ptr); } else { efree_size((ptr), (size)); } \
	} while (0)
#define pecalloc(nmemb, size, persistent) \
	((persistent) ? __zend_calloc((nmemb), (size)) : ecalloc((nmemb), (size)))
#define perealloc(ptr, size, persistent) \
	((persistent) ? __zend_realloc((ptr), (size)) : erealloc((ptr), (size)))
#define perealloc2(ptr, size, copy_size, persistent) \
	((persistent) ? __zend_realloc((ptr), (size)) : erealloc2((ptr), (size), (copy_size)))
/* The persistent half of this one returns NULL where the system has no memory. */
#define perealloc_recoverable(ptr, size, persistent) \
	((persistent) ? realloc((ptr), (size)) : erealloc_recoverable((ptr), (size)))
#define safe_pemalloc(nmemb, size, offset, persistent) \
	((persistent) ? _safe_malloc((nmemb), (size), (offset)) \
		: safe_emalloc((nmemb), (size), (offset)))
#define safe_perealloc(ptr, nmemb, size, offset, persistent) \
	((persistent) ? _safe_realloc((ptr), (nmemb), (size), (offset)) \
		: safe_erealloc((ptr), (nmemb), (size), (offset)))
#define pestrdup(s, persistent) ((persistent) ? __zend_strdup(s) : estrdup(s))
#define pestrndup(s, length, persistent) \
	((persistent) ? zend_strndup((s), (length)) : estrndup((s), (length)))
#define pemalloc_rel(size, persistent) ((persistent) ? __zend_malloc(size) : emalloc_rel(size))
#define pefree_rel(ptr, persistent) ((persistent) ? free(ptr) : efree_rel(ptr))
#define pecalloc_rel(nmemb, size, persistent) \
	((persistent) ? __zend_calloc((nmemb), (size)) : ecalloc_rel((nmemb), (size)))
#define perealloc_rel(ptr, size, persistent) \
	((persistent) ? __zend_realloc((ptr), (size)) : erealloc_rel((ptr), (size)))
#define pestrdup_rel(s, persistent) ((persistent) ? __zend_strdup(s) : estrdup_rel(s))

/* Copies of strings that may be NULL: NULL then. */
#define safe_estrdup(s) ((s) ? estrdup(s) : (char *)NULL)
#define safe_estrndup(s, length) ((s) ? estrndup((s), (length)) : (char *)NULL)
/* }}} */

/* {{{ The manager: the process's (in ZTS builds the thread's) own heap. */

/* Makes the current heap as the environment says (ZEND_MM_MODE and the others, see
 * doc/zmm.1).  Without it the first request does the same.  A bad value of a variable is
 * reported on standard error, and the process exits with 255. */
ZEND_API void start_memory_manager(void);
/* Ends the request (full_shutdown 0) or the manager (1).  silent: without a leak report. */
ZEND_API void shutdown_memory_manager(int silent, int full_shutdown);
/* 1 if request memory comes from one of the two heaps; 0 under USE_ZEND_ALLOC=0 or custom
 * handlers. */
ZEND_API int is_zend_mm(void);
/* Whether ptr is the data address of a live block of the current heap.  For checks and tools: it
 * may walk lists. */
ZEND_API bool is_zend_ptr(const void *ptr);
/* Limits what the current heap may hold from the system.  0 on success, -1 where the heap
 * already holds more.  The legacy heap takes less than one segment as one segment. */
ZEND_API int zend_set_memory_limit(size_t memory_limit);
/* Bytes in use: real_usage 0, blocks handed out; 1, memory held from the system. */
ZEND_API size_t zend_memory_usage(int real_usage);
/* The greatest value of the same since the request began. */
ZEND_API size_t zend_memory_peak_usage(int real_usage);
/* Peaks become what is used now. */
ZEND_API void zend_memory_reset_peak_usage(void);
/* Whether a memory-limit error is being reported right now. */
ZEND_API bool zend_alloc_in_memory_limit_error_reporting(void);
/* }}} */

/* {{{ Storage: where heaps get their memory. */

typedef struct _zend_mm_storage zend_mm_storage;

/* Starts every segment of a legacy heap.  _alloc must return memory aligned to 8; the heap fills
 * in both fields. */
typedef struct _zend_mm_segment {
	size_t size;
	struct _zend_mm_segment *next_segment;
} zend_mm_segment;

/* Segment storage, PHP 5.6's form.  init returns the storage with its handlers set, or NULL;
 * _alloc and _realloc return NULL where there is no memory, and _realloc then leaves the segment
 * alone; compact is called between requests and may be empty. */
typedef struct _zend_mm_mem_handlers {
	const char *name;
	zend_mm_storage *(*init)(void *params);
	void (*dtor)(zend_mm_storage *storage);
	void (*compact)(zend_mm_storage *storage);
	zend_mm_segment *(*_alloc)(zend_mm_storage *storage, size_t size);
	zend_mm_segment *(*_realloc)(zend_mm_storage *storage, zend_mm_segment *ptr, size_t size);
	void (*_free)(zend_mm_storage *storage, zend_mm_segment *ptr);
} zend_mm_mem_handlers;

struct _zend_mm_storage {
	const zend_mm_mem_handlers *handlers; /* NULL for chunk storage made by the caller */
	void *data;
};

/* Chunk storage, PHP 8's form.  chunk_alloc returns size bytes aligned to alignment, or NULL.
 * Truncate and extend work in place, never move, and may be NULL: that step then fails. */
typedef struct _zend_mm_chunk_handlers {
	void *(*chunk_alloc)(zend_mm_storage *storage, size_t size, size_t alignment);
	void (*chunk_free)(zend_mm_storage *storage, void *chunk, size_t size);
	bool (*chunk_truncate)(zend_mm_storage *storage, void *chunk, size_t old_size,
		size_t new_size);
	bool (*chunk_extend)(zend_mm_storage *storage, void *chunk, size_t old_size,
		size_t new_size);
} zend_mm_chunk_handlers;

/* The name of the index-th storage type of this build, the default one first; NULL past the
 * last. */
ZEND_API const char *zend_mm_storage_name(size_t index);
/* }}} */

/* {{{ Heaps. */

typedef enum _zend_mm_mode {
	ZEND_MM_LEGACY,
	ZEND_MM_MODERN
} zend_mm_mode;

/* How to make a heap.  zend_mm_default_options() fills it; then change what is to differ. */
typedef struct _zend_mm_options {
	size_t struct_size;        /* sizeof(zend_mm_options) as the caller was compiled */
	zend_mm_mode mode;
	const char *storage;       /* a storage type's name; NULL for the default */
	bool null_on_failure;      /* refused requests return NULL and report nothing */
	/* legacy */
	size_t segment_size;       /* a power of two, at least 32; 0 for 256 KiB */
	size_t reserve_size;       /* kept back for error reporting; default 8192 */
	size_t compact_threshold;  /* compact the storage when the real peak passed this; 0 never */
	bool internal;             /* the heap structure itself lies in a block of the heap */
	const zend_mm_mem_handlers *segment_handlers; /* user-defined storage, or NULL */
	void *segment_params;      /* passed to its init */
	/* modern */
	bool huge_pages;           /* ask for huge pages for chunks */
	const zend_mm_chunk_handlers *chunk_handlers; /* user-defined storage, or NULL */
	void *chunk_data;          /* copied into the heap: storage->data points at the copy */
	size_t chunk_data_size;
	/* both */
	const char *debug;         /* a list as in ZEND_MM_DEBUG, guards of blocks; or NULL */
	const char *hardened;      /* a list as in ZEND_MM_HARDENED, checks of the heap; or NULL */
	bool malloc_rules;         /* guarded heaps: align to 16, let several threads call */
} zend_mm_options;

/* Fills in what the environment says (with the same errors as start_memory_manager). */
ZEND_API void zend_mm_default_options(zend_mm_options *options);
/* Makes a heap.  NULL, with errno set, where there is no memory for it or an option is bad
 * (EINVAL). */
ZEND_API zend_mm_heap *zend_mm_startup_with(const zend_mm_options *options);
/* Makes a heap as the environment says. */
ZEND_API zend_mm_heap *zend_mm_startup(void);
/* PHP 5.6's call: a legacy heap on user-defined storage.  block_size is the segment size, a power
 * of two; internal moves the heap structure into a block of the heap; params goes to the
 * storage's init. */
ZEND_API zend_mm_heap *zend_mm_startup_ex(const zend_mm_mem_handlers *handlers, size_t block_size,
	size_t reserve_size, int internal, void *params);
/* PHP 8's call of that name: a modern heap on user-defined chunk storage.  data_size bytes of
 * data are copied into the heap, and storage->data points there.  NULL where the storage has no
 * first chunk. */
ZEND_API zend_mm_heap *zend_mm_startup_chunks(const zend_mm_chunk_handlers *handlers, void *data,
	size_t data_size);
/* Ends a request (full_shutdown 0: the heap is empty and usable again) or the heap (1). */
ZEND_API void zend_mm_shutdown(zend_mm_heap *heap, int full_shutdown, int silent);

/* As the request-memory family, on a given heap of either design. */
ZEND_API void *_zend_mm_alloc(zend_mm_heap *heap, size_t size ZEND_MM_SITE_DC)
	ZEND_ATTRIBUTE_MALLOC;
ZEND_API void _zend_mm_free(zend_mm_heap *heap, void *ptr ZEND_MM_SITE_DC);
ZEND_API void *_zend_mm_realloc(zend_mm_heap *heap, void *ptr, size_t size ZEND_MM_SITE_DC);
ZEND_API void *_zend_mm_realloc2(zend_mm_heap *heap, void *ptr, size_t size,
	size_t copy_size ZEND_MM_SITE_DC);
ZEND_API size_t _zend_mm_block_size(zend_mm_heap *heap, void *ptr ZEND_MM_SITE_DC);

#define zend_mm_alloc(heap, size) _zend_mm_alloc((heap), (size) ZEND_MM_SITE_CC)
#define zend_mm_free(heap, ptr) _zend_mm_free((heap), (ptr) ZEND_MM_SITE_CC)
#define zend_mm_realloc(heap, ptr, size) _zend_mm_realloc((heap), (ptr), (size) ZEND_MM_SITE_CC)
#define zend_mm_realloc2(heap, ptr, size, copy_size) \
	_zend_mm_realloc2((heap), (ptr), (size), (copy_size) ZEND_MM_SITE_CC)
#define zend_mm_block_size(heap, ptr) _zend_mm_block_size((heap), (ptr) ZEND_MM_SITE_CC)
#define zend_mm_alloc_rel(heap, size) _zend_mm_alloc((heap), (size) ZEND_MM_SITE_RELAY_CC)
#define zend_mm_free_rel(heap, ptr) _zend_mm_free((heap), (ptr) ZEND_MM_SITE_RELAY_CC)
#define zend_mm_realloc_rel(heap, ptr, size) \
	_zend_mm_realloc((heap), (ptr), (size) ZEND_MM_SITE_RELAY_CC)
#define zend_mm_realloc2_rel(heap, ptr, size, copy_size) \
	_zend_mm_realloc2((heap), (ptr), (size), (copy_size) ZEND_MM_SITE_RELAY_CC)
#define zend_mm_block_size_rel(heap, ptr) \
	_zend_mm_block_size((heap), (ptr) ZEND_MM_SITE_RELAY_CC)

/* Makes a heap the current one; returns the one that was (NULL if none had been started). */
ZEND_API zend_mm_heap *zend_mm_set_heap(zend_mm_heap *new_heap);
/* The current heap, started if need be. */
ZEND_API zend_mm_heap *zend_mm_get_heap(void);
/* The design of a heap. */
ZEND_API zend_mm_mode zend_mm_get_mode(zend_mm_heap *heap);
/* The storage under a heap; NULL for a heap on the system's malloc. */
ZEND_API zend_mm_storage *zend_mm_get_storage(zend_mm_heap *heap);
/* The limit of one heap, as zend_set_memory_limit(). */
ZEND_API int zend_mm_set_limit(zend_mm_heap *heap, size_t memory_limit);
/* Hardened heaps: encodes all links with a fresh key, as the end of a request does.  For the child
 * of a fork, which otherwise shares its parent's key. */
ZEND_API void zend_mm_refresh_key_child(zend_mm_heap *heap);
/* Modern: frees the pages of bins' runs without a used slot; returns their bytes.  Legacy: 0. */
ZEND_API size_t zend_mm_gc(zend_mm_heap *heap);

/* Sends a heap's requests to the given functions instead (each gets only what malloc, free and
 * realloc get).  All NULL: back to the heap's own.  Blocks must be freed by who made them. */
ZEND_API void zend_mm_set_custom_handlers(zend_mm_heap *heap, void *(*_malloc)(size_t),
	void (*_free)(void *), void *(*_realloc)(void *, size_t));
/* What was set; all NULL where nothing was. */
ZEND_API void zend_mm_get_custom_handlers(zend_mm_heap *heap, void *(**_malloc)(size_t),
	void (**_free)(void *), void *(**_realloc)(void *, size_t));
/* 1 while custom handlers (or USE_ZEND_ALLOC=0) serve the heap. */
ZEND_API int zend_mm_is_custom_heap(zend_mm_heap *heap);

/* The figures of a heap. */
typedef struct _zend_mm_figures {
	size_t real_size;      /* bytes held from storage, and their peak */
	size_t real_peak;
	size_t size;           /* bytes of blocks handed out: what zend_memory_usage(0) says */
	size_t peak;
	size_t limit;
	size_t cached;         /* legacy: bytes in the cache.  Modern: bytes of cached chunks */
	size_t regions;        /* segments; or chunks (cached ones included) and huge blocks */
	/* Calls to storage since the heap was made.  alloc, resize and free are counted when they
	 * succeeded; truncations have a count of their own; refused counts failed alloc and resize. */
	size_t storage_allocs;
	size_t storage_resizes;
	size_t storage_frees;
	size_t storage_truncates;
	size_t storage_refused;
} zend_mm_figures;
ZEND_API void zend_mm_get_figures(zend_mm_heap *heap, zend_mm_figures *figures);
/* }}} */

/* {{{ Walking and checking a heap.
 *
 * Everything that shows a heap reads this walker; heaps know no output format. */

typedef enum _zend_mm_region_kind {
	ZEND_MM_REGION_SEGMENT,
	ZEND_MM_REGION_CHUNK,        /* in use; the main chunk is the first one visited */
	ZEND_MM_REGION_CACHED_CHUNK,
	ZEND_MM_REGION_HUGE,
	ZEND_MM_REGION_HEAP          /* legacy: the heap's own structure, where that is in no segment.
	                              * Only in a zend_mm_place, no region that is walked */
} zend_mm_region_kind;

/* A piece of memory held from storage. */
typedef struct _zend_mm_region {
	zend_mm_region_kind kind;
	const void *address;
	size_t size;
} zend_mm_region;

typedef enum _zend_mm_block_state {
	ZEND_MM_BLOCK_HEADER,     /* a segment's header; a chunk's first page */
	ZEND_MM_BLOCK_GUARD,      /* legacy: the mark at a segment's end */
	ZEND_MM_BLOCK_USED,       /* legacy: handed out.  Modern: a slot, a large run, a huge block */
	ZEND_MM_BLOCK_RESERVE,    /* legacy: kept back for error reporting */
	ZEND_MM_BLOCK_CACHED,     /* legacy: in the cache.  Modern: the whole of a cached chunk */
	ZEND_MM_BLOCK_FREE,       /* legacy: in a list.  Modern: a slot in a bin's list */
	ZEND_MM_BLOCK_FREE_PAGES, /* modern: a maximal run of free pages */
	ZEND_MM_BLOCK_TAIL,       /* modern: what a bin's run has left over after its last slot */
	ZEND_MM_BLOCK_QUARANTINED /* guarded heaps: freed by the program, and kept back */
} zend_mm_block_state;

typedef enum _zend_mm_block_list {
	ZEND_MM_LIST_NONE,
	ZEND_MM_LIST_CACHE,       /* legacy: index is the bucket */
	ZEND_MM_LIST_BUCKET,      /* legacy: free_buckets, index is the bucket */
	ZEND_MM_LIST_TRIE,        /* legacy: large_free_buckets, index is the tree */
	ZEND_MM_LIST_REST,        /* legacy: rest_buckets */
	ZEND_MM_LIST_BIN          /* modern: index is the bin, also for used slots and tails */
} zend_mm_block_list;

/* A block as the walker shows it.  The blocks of a region follow each other without a gap and
 * fill it.  A block that belongs to the heap itself (its structure, a huge block's list entry, the
 * copy of the storage's data) is USED with internal set. */
typedef struct _zend_mm_block_info {
	const void *address;      /* where the block begins, its header included */
	size_t size;              /* what it takes of the region */
	const void *data;         /* what the program has, or had, of it; NULL where nothing */
	size_t usable;            /* bytes from data on that the program may use */
	zend_mm_block_state state;
	zend_mm_block_list list;
	unsigned index;           /* bucket, tree or bin, by list */
	bool internal;
	size_t requested;         /* debug and guarded heaps: bytes asked for.  Otherwise 0 */
} zend_mm_block_info;

/* Called for each region with block NULL, then for each of its blocks, in address order.
 * Returning anything but 0 ends the walk. */
typedef int (*zend_mm_visitor)(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block);
/* Walks the segments newest first, or the chunks from the main chunk on, the cached chunks and the
 * huge blocks newest first.  Changes nothing and takes nothing from the heap.  Returns what the
 * visitor returned last, 0 after a whole walk, or -1 with errno set where there is no memory for
 * the walk itself.  The heap has to be sound (see zend_mm_check). */
ZEND_API int zend_mm_walk(zend_mm_heap *heap, zend_mm_visitor visitor, void *context);

/* The members of one list, in its own order: a cache stack or bin from the newest, a bucket from
 * the block that will be taken next, the rest list from its oldest, a tree in preorder with depth.
 * link says how a tree's block hangs: -1 root, 0 or 1 the child it is, 2 a ring member after its
 * node.  Returns as zend_mm_walk. */
typedef int (*zend_mm_list_visitor)(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *block, unsigned depth, int link);
ZEND_API int zend_mm_walk_lists(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context);

/* What is known about the value that a wrong word should have. */
typedef enum _zend_mm_expectation {
	ZEND_MM_EXPECT_UNKNOWN,   /* nothing that the heap could tell */
	ZEND_MM_EXPECT_EXACTLY,
	ZEND_MM_EXPECT_AT_MOST,
	ZEND_MM_EXPECT_AT_LEAST
} zend_mm_expectation;

/* What is wrong with a heap, and where.  zend_mm_locate(heap, address, &place) says what stands
 * there: region, block, neighbours, owner. */
typedef struct _zend_mm_problem {
	zend_mm_heap *heap;
	const char *reason;       /* which invariant, in words; a constant string */
	const void *address;      /* of the block, slot, page or structure it was seen at, as the
	                           * program or a list has it: it may be no address of the heap */
	const void *word;         /* of the word that is wrong; NULL where no single word is.  A word
	                           * is a size_t, but for canaries, counts and words of a chunk's map
	                           * of 32 bits, and bytes of guards and flags */
	size_t found;             /* the word's value; a link that is kept encoded: decoded */
	size_t expected;          /* what it should have been, as expectation says */
	zend_mm_expectation expectation;
	const char *said;         /* what found and expected are where the program said something wrong
	                           * about a block, "size" or "alignment"; otherwise NULL */
} zend_mm_problem;
/* Checks every structure of a heap.  Returns 0 if it is sound; otherwise 1 with the first
 * problem found, or -1 with errno set where there is no memory for the check. */
ZEND_API int zend_mm_check(zend_mm_heap *heap, zend_mm_problem *problem);

/* A block and who asked for it (debug and guarded heaps): a leak, or the owner in a report. */
typedef struct _zend_leak_info {
	void *addr;
	size_t size;
	const char *filename;
	unsigned int lineno;
	const char *orig_filename; /* NULL where the call was not relayed */
	unsigned int orig_lineno;
} zend_leak_info;

/* What stands at an address, as far as a heap can tell.  Made for reports about damaged heaps: it
 * believes no word without looking whether it can be true, and never faults. */
typedef struct _zend_mm_place {
	zend_mm_region region;           /* address NULL: in no region of the heap */
	unsigned page;                   /* modern: the page within its chunk */
	zend_mm_block_info block;        /* size 0: not known */
	zend_mm_block_info before;       /* the neighbours; size 0: there is none, or not known */
	zend_mm_block_info after;
	const void *damaged;             /* legacy: a block in the segment whose header its neighbours
	                                  * contradict; modern: a wrong word of the map; or NULL */
	zend_leak_info owner;            /* who asked for the block, or did until it was freed: file
	                                  * and line in debug builds, the size in guarded heaps and in
	                                  * builds with heap protection; addr NULL: not known */
	/* Guarded heaps with sites=1: the calls that allocated and freed the block, as return addresses
	 * from the innermost on, NULL behind the last.  NULL where that is not known. */
	const void *const *allocated_at;
	const void *const *freed_at;
} zend_mm_place;
/* Fills in place.  Returns whether the address is in a region of the heap. */
ZEND_API bool zend_mm_locate(zend_mm_heap *heap, const void *address, zend_mm_place *place);

/* Called when a heap finds itself corrupted, before "zend_mm_heap corrupted" is printed.  May
 * jump out; if it returns, the message is printed and the process ends (legacy: exit status 1,
 * SIGSEGV in debug builds; modern: abort).  NULL takes the hook away.  Returns the hook before. */
typedef void (*zend_mm_corruption_hook)(const zend_mm_problem *problem);
ZEND_API zend_mm_corruption_hook zend_mm_set_corruption_hook(zend_mm_corruption_hook hook);
/* }}} */

/* {{{ The host: what PHP's engine is to its allocator. */

/* Callbacks.  Members left NULL keep their default. */
typedef struct _zend_mm_host {
	/* Raises a fatal error.  May jump out.  Default: "\nFatal error: MESSAGE" on stderr.  Other
	 * threads wait for guarded heaps that they share (malloc_rules) until it is over. */
	void (*fatal_error)(const char *message);
	/* Jumps to the host's bailout point; must not return.  Default: to the innermost zend_try, or
	 * exit with 255 where there is none. */
	void (*bailout)(void);
	/* Calls call(argument) and catches a bailout: 0, or -1 if it was jumped out of. */
	int (*guarded_call)(void (*call)(void *), void *argument);
	/* Reports the first of a series of equal leaks, then how often it repeated (0: not), then the
	 * number of all.  Default: PHP's lines on stderr. */
	void (*leak)(const zend_leak_info *leak);
	void (*leak_repeated)(size_t times);
	void (*leaks_total)(size_t leaks);
	/* The script's name, for the leak report; the file and line that runs, for error reports. */
	const char *(*script_name)(void);
	void (*location)(const char **filename, unsigned int *lineno);
	/* Called before a heap changes and after that, in pairs: a signal handler that jumps out, or
	 * allocates from the same heap, must wait in between.  Whatever jumps out of a request
	 * unblocks first.  Default: nothing, and then heaps do not even look. */
	void (*block_interruptions)(void);
	void (*unblock_interruptions)(void);
} zend_mm_host;
/* Sets the host of the process (copied); NULL sets the default one.  Interruptions are told of for
 * the current heap and for those made from now on. */
ZEND_API void zend_mm_set_host(const zend_mm_host *host);

/* A bailout point, and the place where the innermost one is kept (per thread). */
typedef struct _zend_mm_bailout_point {
	jmp_buf jump;
} zend_mm_bailout_point;
ZEND_API zend_mm_bailout_point **zend_mm_bailout_place(void);
/* Jumps to the innermost bailout point; exits with 255 where there is none. */
ZEND_MM_NORETURN ZEND_API void zend_mm_bailout(void);

#ifndef zend_try
# define zend_try { \
	zend_mm_bailout_point *zend_mm_outer_point = *zend_mm_bailout_place(); \
	zend_mm_bailout_point zend_mm_this_point; \
	*zend_mm_bailout_place() = &zend_mm_this_point; \
	if (setjmp(zend_mm_this_point.jump) == 0) {
# define zend_catch } else { *zend_mm_bailout_place() = zend_mm_outer_point;
# define zend_end_try() } *zend_mm_bailout_place() = zend_mm_outer_point; }
#endif
/* }}} */

#if ZEND_DEBUG
/* Checks one block; 1 if it is sound, 0 if not, with a report unless silent. */
ZEND_API int _mem_block_check(void *ptr, int silent ZEND_MM_SITE_DC);
/* Checks all blocks of the current heap; the number of damaged ones, 0 if all are sound. */
ZEND_API int _full_mem_check(int silent ZEND_MM_SITE_DC);
# define mem_block_check(ptr, silent) _mem_block_check((ptr), (silent) ZEND_MM_SITE_CC)
# define full_mem_check(silent) _full_mem_check((silent) ZEND_MM_SITE_CC)
#else
# define mem_block_check(ptr, silent) ((void)0)
# define full_mem_check(silent) ((void)0)
#endif

#ifdef __cplusplus
}
#endif

#endif
