/* SPDX-License-Identifier: MIT */
#include "heap/legacy/verbs.h"
int zend_mm_legacy_walk(zend_mm_heap *h, zend_mm_visitor v, void *c) { (void)h;(void)v;(void)c; return 0; }
int zend_mm_legacy_walk_lists(zend_mm_heap *h, zend_mm_list_visitor v, void *c) { (void)h;(void)v;(void)c; return 0; }
int zend_mm_legacy_check(zend_mm_heap *h, zend_mm_problem *p) { (void)h;(void)p; return 0; }
