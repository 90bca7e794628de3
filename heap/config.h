/* SPDX-License-Identifier: MIT */
/*
 * heap/config.h - the build's options as constants, so that every variant always compiles and
 * code says `if (config_...)` instead of #if.
 */
#ifndef HEAP_CONFIG_H
#define HEAP_CONFIG_H

#include <stdbool.h>

#include <config.h>
#include "heap/study/event.h"
#include "zend_alloc.h"

enum {
	config_debug = ZEND_DEBUG,                             /* --enable-debug */
	config_heap_protection = ZEND_MM_HEAP_PROTECTION,      /* --enable-heap-protection */
	config_cookies = ZEND_MM_COOKIES,                      /* --enable-cookies */
	config_cache_statistics = ZEND_MM_CACHE_STATISTICS     /* --enable-cache-statistics */
};

#endif
