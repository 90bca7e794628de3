/* SPDX-License-Identifier: MIT */
/*
 * storage/address.h - how an address is printed: "0x" and hexadecimal digits without leading zeros,
 * on every system, so that reports can be searched and compared.  (What %p prints is each C
 * library's own affair: Windows' has no 0x, and GNU's writes NULL as "(nil)".)
 *
 *	printf("at " ZEND_MM_ADDRESS "\n", (uintptr_t)pointer);
 *
 * PHP's texts alone have their own way, upper case and at least eight digits: see
 * interface/debug.c and heap/host.c.
 */
#ifndef STORAGE_ADDRESS_H
#define STORAGE_ADDRESS_H

#include <inttypes.h>

#define ZEND_MM_ADDRESS "0x%" PRIxPTR

#endif
