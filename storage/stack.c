/* SPDX-License-Identifier: MIT */
/*
 * storage/stack.c - who called (see stack.h), from the unwinder and the dynamic linker.
 *
 * Called by guarded heaps and by reports.  Keeps no state.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unwind.h>

#include "storage/address.h"
#include "storage/stack.h"

struct walk {
	const void **frames;
	unsigned count, have;
	const void *from;      /* not met yet; or NULL */
};

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *argument)
{
	struct walk *walk = argument;
	const void *address = (const void *)(uintptr_t)_Unwind_GetIP(context);

	if (!address || walk->have == walk->count) {
		return _URC_END_OF_STACK;
	}
	if (address == walk->from) {
		walk->from = NULL;
	}
	if (!walk->from) {
		walk->frames[walk->have++] = address;
	}
	return _URC_NO_REASON;
}

unsigned zend_mm_call_stack(const void **frames, unsigned count, const void *from)
{
	struct walk walk = { frames, count, 0, from };

	_Unwind_Backtrace(visit, &walk);
	if (walk.from) {
		walk = (struct walk){ frames, count, 0, NULL };
		_Unwind_Backtrace(visit, &walk);
	}
	for (unsigned i = walk.have; i < count; i++) {
		frames[i] = NULL;
	}
	return walk.have;
}

#ifdef _WIN32
void zend_mm_describe_code(const void *address, char *text, size_t size)
{
	snprintf(text, size, ZEND_MM_ADDRESS, (uintptr_t)address);
}

int zend_mm_is_own_code(const void *address)
{
	(void)address;
	return 0;
}
#else
# include <dlfcn.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void zend_mm_describe_code(const void *address, char *text, size_t size)
{
	Dl_info info;
	size_t offset;

	/* What is called last may be the last instruction of a function: look at the call itself. */
	if (!dladdr((const char *)address - 1, &info) || !info.dli_fname) {
		snprintf(text, size, ZEND_MM_ADDRESS, (uintptr_t)address);
		return;
	}
	offset = (size_t)((const char *)address - (const char *)info.dli_fbase);
	if (info.dli_sname) {
		snprintf(text, size, "%s+0x%zx (%s+0x%zx)", info.dli_sname,
			(size_t)((const char *)address - (const char *)info.dli_saddr),
			base_name(info.dli_fname), offset);
	} else {
		snprintf(text, size, "%s+0x%zx", base_name(info.dli_fname), offset);
	}
}

int zend_mm_is_own_code(const void *address)
{
	extern int main(int argc, char **argv) __attribute__((weak));
	Dl_info own, other, program;

	if (!dladdr((const void *)(uintptr_t)zend_mm_is_own_code, &own) ||
		!dladdr(address, &other) || own.dli_fbase != other.dli_fbase) {
		return 0;
	}
	return !main || !dladdr((const void *)(uintptr_t)main, &program) ||
		program.dli_fbase != own.dli_fbase;
}

/* {{{ The stack of a caller. */

/* The numbers that the unwinder knows these registers by; where none are listed, they are not
 * known. */
static const unsigned char kept_registers[ZEND_MM_KEPT_REGISTERS] = {
#if defined(__x86_64__)
	3, 6, 12, 13, 14, 15
#elif defined(__i386__)
	3, 5, 6, 7
#elif defined(__aarch64__)
	19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
#endif
};

struct search {
	const void *function;
	bool met;
	const void *stack;
	uintptr_t *registers;
};

static _Unwind_Reason_Code find_caller(struct _Unwind_Context *context, void *argument)
{
	struct search *search = argument;
	void *code = (void *)(uintptr_t)_Unwind_GetIP(context);

	if (search->met) {
		search->stack = (const void *)(uintptr_t)_Unwind_GetCFA(context);
		for (int i = 0; i < ZEND_MM_KEPT_REGISTERS && kept_registers[i]; i++) {
			search->registers[i] = (uintptr_t)_Unwind_GetGR(context, kept_registers[i]);
		}
		return _URC_END_OF_STACK;
	}
	search->met = code && _Unwind_FindEnclosingFunction(code) == search->function;
	return _URC_NO_REASON;
}

const void *zend_mm_stack_of_caller(const void *function,
	uintptr_t registers[ZEND_MM_KEPT_REGISTERS])
{
	struct search search = { function, false, NULL, registers };

	memset(registers, 0, ZEND_MM_KEPT_REGISTERS * sizeof *registers);
	_Unwind_Backtrace(find_caller, &search);
	return kept_registers[0] ? search.stack : NULL;
}

/* }}} */
#endif
