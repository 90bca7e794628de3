/* SPDX-License-Identifier: MIT */
/*
 * preload/dlopen.c - libraries that are loaded past the malloc replacement, or the recorder.
 *
 * A library loaded with RTLD_DEEPBIND finds names in its own dependencies first, and so the C
 * library's malloc instead of this one.  Its blocks and the program's then get mixed up, and the
 * first of ours that it frees ends the process; the recorder misses what it asks for and frees.
 * PHP loads its extensions so.  Therefore dlopen() is replaced, too, and takes that flag off.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

/* dlopen() looks at its return address for who calls, so it has to be jumped to. */
#if defined(__GNUC__) && !defined(__clang__)
# define BY_A_JUMP __attribute__((optimize("O2")))
#else
# define BY_A_JUMP
#endif

typedef void *dlopen_function(const char *file, int mode);

EXPORT BY_A_JUMP void *dlopen(const char *file, int mode)
{
	static dlopen_function *_Atomic next;
	dlopen_function *known = atomic_load(&next);

	if (!known) {
		*(void **)&known = dlsym(RTLD_NEXT, "dlopen");
		atomic_store(&next, known);
	}
	return known(file, mode & ~RTLD_DEEPBIND);
}
