/* SPDX-License-Identifier: MIT */
/*
 * storage/random.h - words that nobody can guess, for keys.
 */
#ifndef STORAGE_RANDOM_H
#define STORAGE_RANDOM_H

#include <stddef.h>

/* A word from the system's generator; where that fails, one made of times and addresses. */
size_t zend_mm_random_word(void);

#endif
