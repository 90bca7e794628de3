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
#ifndef _WIN32
# include <link.h>
#endif

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

void zmm_warn_static(const char *subcommand, const char *command)
{
	(void)subcommand;
	(void)command;
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

/* The file that execvp() will run; errno says why there is none.  As shells do, this passes over
 * folders that may not be searched. */
static int find_command(char path[PATH_MAX], const char *command)
{
	const char *folders = getenv("PATH");
	int status = ZMM_EXIT_NOT_FOUND, error = ENOENT;

	if (strchr(command, '/')) {
		snprintf(path, PATH_MAX, "%s", command);
		return access(command, X_OK) == 0 ? ZMM_EXIT_OK
			: errno == ENOENT ? ZMM_EXIT_NOT_FOUND : ZMM_EXIT_NOT_RUN;
	}
	folders = folders ? folders : "/bin:/usr/bin";
	while (status != ZMM_EXIT_OK && *folders) {
		size_t length = strcspn(folders, ":");
		snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, folders, length ? "/" : "", command);
		if (access(path, X_OK) == 0) {
			status = ZMM_EXIT_OK;
		} else if (access(path, F_OK) == 0) {
			status = ZMM_EXIT_NOT_RUN;
			error = EACCES;
		}
		folders += length + (folders[length] == ':');
	}
	errno = error;
	return status;
}

/* Whether a program of zmm's own kind names no dynamic linker, which is what preloads. Scripts,
 * other kinds and what cannot be read may be dynamic. */
static bool is_static(const char *path)
{
	ElfW(Ehdr) header;
	ElfW(Phdr) part;
	FILE *file = fopen(path, "rb");
	bool known = file && fread(&header, sizeof header, 1, file) == 1
		&& memcmp(header.e_ident, ELFMAG, SELFMAG) == 0
		&& header.e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
		&& header.e_phentsize == sizeof part && header.e_phnum > 0
		&& fseek(file, (long)header.e_phoff, SEEK_SET) == 0;
	bool linker = false;

	for (unsigned i = 0; known && !linker && i < header.e_phnum; i++) {
		known = fread(&part, sizeof part, 1, file) == 1;
		linker = known && part.p_type == PT_INTERP;
	}
	if (file) {
		fclose(file);
	}
	return known && !linker;
}

int zmm_judge_command(const char *subcommand, const char *command)
{
	char path[PATH_MAX];
	int status = find_command(path, command);

	if (status != ZMM_EXIT_OK) {
		fprintf(stderr, "zmm %s: cannot run %s: %s\n", subcommand, command,
			status == ZMM_EXIT_NOT_FOUND ? "there is no such command" : strerror(errno));
		return status;
	}
	return ZMM_EXIT_OK;
}

void zmm_warn_static(const char *subcommand, const char *command)
{
	char path[PATH_MAX];

	if (find_command(path, command) == ZMM_EXIT_OK && is_static(path)) {
		fprintf(stderr, "zmm %s: %s is linked statically, so its malloc stays what it is; only "
			"what it starts can have another\n", subcommand, path);
	}
}

int zmm_become(const char *subcommand, char **command)
{
	int status = zmm_judge_command(subcommand, command[0]);

	if (status == ZMM_EXIT_OK) {
		execvp(command[0], command);
		status = errno == ENOENT ? ZMM_EXIT_NOT_FOUND : ZMM_EXIT_NOT_RUN;
		fprintf(stderr, "zmm %s: cannot run %s: %s\n", subcommand, command[0], strerror(errno));
	}
	return status;
}
#endif
