/* SPDX-License-Identifier: MIT */
/*
 * interface/environment.c - variables that look like the library's and are none: who misspells
 * ZEND_MM_DEBUG would take a program for guarded that is not.
 *
 * Called when the environment is read for the first time.
 */
#include <stdio.h>

#include "interface/interface.h"

#ifdef _WIN32
# define variables _environ
#else
extern char **environ;
# define variables environ
#endif

static const char prefix[] = "ZEND_MM_";

static const char *const known[] = {
	"MODE", "MEM_TYPE", "SEG_SIZE", "COMPACT", "DEBUG", "HARDENED",
	"FOREIGN", "STATS", "CHECK", /* the malloc replacement's */
	"WITNESS", "RECORD", "RECORD_SITES" /* what zmm check and zmm record set */
};

enum { KNOWN = sizeof known / sizeof *known, DOCUMENTED = KNOWN - 3 };

static bool is_known(const char *name, size_t length)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (strlen(known[i]) == length && memcmp(known[i], name, length) == 0) {
			return true;
		}
	}
	return false;
}

static void warn(const char *variable, size_t length)
{
	fprintf(stderr, "zend_mm: %.*s in the environment is ignored: there are",
		length < 64 ? (int)length : 64, variable);
	for (size_t i = 0; i < DOCUMENTED; i++) {
		fprintf(stderr, "%s %s%s", i ? "," : "", prefix, known[i]);
	}
	fputc('\n', stderr);
}

void zend_mm_warn_of_unknown_variables(void)
{
	static bool done;

	if (__atomic_exchange_n(&done, true, __ATOMIC_RELAXED)) {
		return;
	}
	for (char **variable = variables; variable && *variable; variable++) {
		size_t length = strcspn(*variable, "=");

		if (strncmp(*variable, prefix, sizeof prefix - 1) == 0 &&
			!is_known(*variable + sizeof prefix - 1, length - (sizeof prefix - 1))) {
			warn(*variable, length);
		}
	}
}
