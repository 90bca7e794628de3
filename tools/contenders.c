/* SPDX-License-Identifier: MIT */
/*
 * tools/contenders.c - the contenders that are known by name, and where their libraries are.
 *
 * A library is found by its soname, as the dynamic linker would find it; it is not opened in this
 * process, whose malloc it would bring, but looked for in the folders that Linux systems use.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/contender.h"

#ifndef _WIN32
#include <limits.h>
#include <unistd.h>
#endif

struct known {
	const char *name;
	enum zmm_allocator allocator;
	const char *library;
	const char *package;
};

/* A program that is linked with tcmalloc has that as its malloc; the C library's comes first again
 * where it is preloaded. */
#if HAVE_TCMALLOC
#define SYSTEM_LIBRARY "libc.so.6"
#else
#define SYSTEM_LIBRARY NULL
#endif

static const struct known known[] = {
	{ "legacy", ZMM_ALLOCATOR_LEGACY, NULL, NULL },
	{ "modern", ZMM_ALLOCATOR_MODERN, NULL, NULL },
	{ "system", ZMM_ALLOCATOR_SYSTEM, SYSTEM_LIBRARY, "libc6" },
	{ "tcmalloc", ZMM_ALLOCATOR_SYSTEM, "libtcmalloc_minimal.so.4", "libtcmalloc-minimal4" },
	{ "jemalloc", ZMM_ALLOCATOR_SYSTEM, "libjemalloc.so.2", "libjemalloc2" },
	{ "mimalloc", ZMM_ALLOCATOR_SYSTEM, "libmimalloc.so.2", "libmimalloc2.0" },
	{ "none", ZMM_ALLOCATOR_NONE, NULL, NULL },
};

enum { known_count = sizeof known / sizeof known[0] };

#ifdef _WIN32
static bool find_library(struct zmm_contender *contender, int index)
{
	(void)contender;
	(void)index;
	return false;
}

const char *zmm_contender_library(const char *library, struct zmm_error *error)
{
	zmm_error_set(error, ZMM_ERROR_INPUT, "%s: this system preloads no libraries", library);
	return NULL;
}
#else
#ifndef ZMM_MULTIARCH
#if defined(__x86_64__) && defined(__LP64__)
#define ZMM_MULTIARCH "x86_64-linux-gnu"
#elif defined(__i386__)
#define ZMM_MULTIARCH "i386-linux-gnu"
#elif defined(__aarch64__)
#define ZMM_MULTIARCH "aarch64-linux-gnu"
#else
#define ZMM_MULTIARCH "."
#endif
#endif

static const char *const folders[] = {
	"/usr/local/lib", "/usr/lib/" ZMM_MULTIARCH, "/lib/" ZMM_MULTIARCH,
#ifdef __LP64__
	"/usr/lib64",
#endif
	"/usr/lib",
};

enum { path_size = 300 };

static bool find_library(struct zmm_contender *contender, int index)
{
	static char paths[known_count][path_size];

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		snprintf(paths[index], path_size, "%s/%s", folders[i], known[index].library);
		if (access(paths[index], R_OK) == 0) {
			contender->preload = paths[index];
			return true;
		}
	}
	return false;
}

const char *zmm_contender_library(const char *library, struct zmm_error *error)
{
	static char paths[16][PATH_MAX];
	static size_t count;
	char *path = count < sizeof paths / sizeof paths[0] ? realpath(library, paths[count]) : NULL;

	if (!path) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: cannot be preloaded: %s", library,
			strerror(errno));
		return NULL;
	}
	if (path[strcspn(path, " :")]) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: the dynamic linker preloads no path with blanks "
			"or colons; give the library another name", path);
		return NULL;
	}
	count++;
	return path;
}
#endif

bool zmm_contender_find(const char *name, struct zmm_contender *contender)
{
	for (int i = 0; i < known_count; i++) {
		if (strcmp(known[i].name, name) == 0) {
			*contender = (struct zmm_contender){
				.name = known[i].name, .replay = { .allocator = known[i].allocator },
				.preload = known[i].library, .package = known[i].package
			};
			contender->missing = contender->preload && !find_library(contender, i);
			return true;
		}
	}
	return false;
}
