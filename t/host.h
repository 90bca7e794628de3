/* SPDX-License-Identifier: MIT */
/*
 * t/host.h - a host for tests: keeps the last fatal error's message instead of printing it.
 */
#ifndef T_HOST_H
#define T_HOST_H

#include <stdio.h>

#include "zend_alloc.h"

static char host_message[256];
static int host_messages;

static inline void host_fatal_error(const char *message)
{
	snprintf(host_message, sizeof host_message, "%s", message);
	host_messages++;
}

/* Installs the host and forgets what it had kept. */
static inline void host_start(void)
{
	static const zend_mm_host host = { .fatal_error = host_fatal_error };

	zend_mm_set_host(&host);
	host_message[0] = '\0';
	host_messages = 0;
}

/* Evaluates an expression; true if it bailed out. */
#define bails_out(expression) __extension__({ \
		volatile bool bailed_ = false; \
		host_message[0] = '\0'; \
		zend_try { \
			(void)(expression); \
		} zend_catch { \
			bailed_ = true; \
		} zend_end_try(); \
		bailed_; \
	})

#endif
