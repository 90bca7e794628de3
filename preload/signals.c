/* SPDX-License-Identifier: MIT */
/*
 * preload/signals.c - programs that set handlers of the signals that guards live on: of faults,
 * where there are guard pages, and of traps, where zmm check watches.
 *
 * Such a handler would have the report of the faulty instruction replaced by the program's own last
 * words.  It is kept, and called for what is none of ours (storage/hidden.c).  What the library
 * itself sets goes to the system: the linker has its calls come to the wrappers here.
 */
#include <signal.h>

#include "storage/hidden.h"

#define EXPORT __attribute__((visibility("default")))

typedef void handler(int number);

/* Other names of the C library's own. */
extern int __sigaction(int number, const struct sigaction *action, struct sigaction *before);
extern handler *bsd_signal(int number, handler *action);
extern handler *__sysv_signal(int number, handler *action);

int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before);
handler *__wrap_signal(int number, handler *action);

int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
	return __sigaction(number, action, before);
}

handler *__wrap_signal(int number, handler *action)
{
	return bsd_signal(number, action);
}

/* For signal() in both of its meanings; false where the system is to be asked. */
static bool keep(int number, handler *action, int flags, handler **before)
{
	struct sigaction wanted = { .sa_handler = action, .sa_flags = flags }, had;

	sigemptyset(&wanted.sa_mask);
	if (!zend_mm_keep_action(number, &wanted, &had)) {
		return false;
	}
	*before = had.sa_handler;
	return true;
}

EXPORT int sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
	return zend_mm_keep_action(number, action, before) ? 0 : __sigaction(number, action, before);
}

EXPORT handler *signal(int number, handler *action)
{
	handler *before;

	return keep(number, action, SA_RESTART, &before) ? before : bsd_signal(number, action);
}

EXPORT handler *sysv_signal(int number, handler *action)
{
	handler *before;

	return keep(number, action, (int)(SA_RESETHAND | SA_NODEFER), &before) ? before :
		__sysv_signal(number, action);
}
