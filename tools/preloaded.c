/* SPDX-License-Identifier: MIT */
/*
 * Finding a library of the project, preloading it, becoming the command.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/preloaded.h"
#include "tools/zmm.h"

#ifndef ZMM_LIBDIR
# define ZMM_LIBDIR "/usr/local/lib"
#endif

#ifdef _WIN32
int zmm_preload(const char *subcommand, const char *library)
{
	fprintf(stderr, "zmm %s: %s cannot be used: Windows has no preloading\n", subcommand, library);
	return ZMM_EXIT_FAILED;
}

int zmm_become(const char *subcommand, char **command)
{
	fprintf(stderr, "zmm %s: %s cannot be run: Windows has no preloading\n", subcommand,
		command[0]);
	return ZMM_EXIT_FAILED;
}
#else

/* The folder of the running zmm, without a slash at its end. */
static bool own_folder(char folder[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);

	if (length <= 0) {
		return false;
	}
	folder[length] = '\0';
	*strrchr(folder, '/') = '\0';
	return true;
}

static bool is_there(char path[PATH_MAX], const char *folder, const char *below,
	const char *library)
{
	int length = snprintf(path, PATH_MAX, "%s%s/%s", folder, below, library);

	return length < PATH_MAX && access(path, R_OK) == 0;
}

/* Beside zmm (a build), in the lib beside its bin (moved since), or where make install put it. */
static bool find(char path[PATH_MAX], const char *library)
{
	char folder[PATH_MAX];

	if (own_folder(folder)
		&& (is_there(path, folder, "", library) || is_there(path, folder, "/../lib", library))) {
		return true;
	}
	return is_there(path, ZMM_LIBDIR, "", library);
}

int zmm_preload(const char *subcommand, const char *library)
{
	const char *present = getenv("LD_PRELOAD");
	char path[PATH_MAX], *list;

	if (!find(path, library)) {
		fprintf(stderr, "zmm %s: %s is neither beside zmm nor in %s; build it with make and "
			"without --enable-sanitizer\n", subcommand, library, ZMM_LIBDIR);
		return ZMM_EXIT_FAILED;
	}
	if (strpbrk(path, " :")) {
		fprintf(stderr, "zmm %s: %s cannot be preloaded: its path has a blank or a colon; move "
			"it\n", subcommand, path);
		return ZMM_EXIT_FAILED;
	}
	present = present ? present : "";
	list = malloc(strlen(path) + strlen(present) + 2);
	if (!list) {
		fprintf(stderr, "zmm %s: out of memory\n", subcommand);
		return ZMM_EXIT_FAILED;
	}
	sprintf(list, "%s%s%s", path, *present ? ":" : "", present);
	setenv("LD_PRELOAD", list, 1);
	free(list);
	return ZMM_EXIT_OK;
}

int zmm_become(const char *subcommand, char **command)
{
	execvp(command[0], command);
	fprintf(stderr, "zmm %s: cannot run %s: %s\n", subcommand, command[0], strerror(errno));
	return errno == ENOENT ? ZMM_EXIT_NOT_FOUND : ZMM_EXIT_NOT_RUN;
}
#endif
