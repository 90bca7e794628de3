/* SPDX-License-Identifier: MIT */
/*
 * storage/stack.h - who called: return addresses, and what stands there.
 */
#ifndef STORAGE_STACK_H
#define STORAGE_STACK_H

#include <stddef.h>
#include <stdint.h>

/* Fills frames with the return addresses of the running calls, the innermost first, beginning with
 * the return address from; NULL, or one that is not among them: with the first.  Returns how many;
 * what is left is NULL.  Needs no frame pointers, and allocates nothing. */
unsigned zend_mm_call_stack(const void **frames, unsigned count, const void *from);

enum { ZEND_MM_KEPT_REGISTERS = 12 };

/* Where the stack begins that the caller of a running function, and that one's callers, have: it
 * lies from this address on.  Fills in what they have in registers that functions keep, with zeros
 * behind that.  NULL where no call of the function is found, or such registers are not known. */
const void *zend_mm_stack_of_caller(const void *function,
	uintptr_t registers[ZEND_MM_KEPT_REGISTERS]);

/* Says where a return address stands, as "function+0x1f (program+0x12a7)": what stands in brackets,
 * less one to be in the call, is for addr2line -e program 0x12a6.  Always ends text with a zero. */
void zend_mm_describe_code(const void *address, char *text, size_t size);

/* Whether an address is in the shared library that this code is in; false where the code is part of
 * the program. */
int zend_mm_is_own_code(const void *address);

#endif
