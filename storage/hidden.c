/* SPDX-License-Identifier: MIT */
/*
 * storage/hidden.c - memory that nobody may touch for a while (see hidden.h).
 *
 * Called by guarded heaps.  Owns the process's handler of faults once one was asked for; what was
 * there before is called when the fault is none of ours.
 */
#include <stdint.h>

#include "storage/hidden.h"

static void (*fault_handler)(const void *address, const void *instruction);

#ifdef _WIN32
# define WIN32_LEAN_AND_MEAN
# include <windows.h>

static bool protect(void *address, size_t size, DWORD protection)
{
	DWORD before;

	return VirtualProtect(address, size, protection, &before) != 0;
}

bool zend_mm_hide(void *address, size_t size)
{
	return protect(address, size, PAGE_NOACCESS);
}

bool zend_mm_show(void *address, size_t size)
{
	return protect(address, size, PAGE_READWRITE);
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *exception)
{
	const EXCEPTION_RECORD *record = exception->ExceptionRecord;

	if (record->ExceptionCode == EXCEPTION_ACCESS_VIOLATION) {
		fault_handler((const void *)record->ExceptionInformation[1], record->ExceptionAddress);
	}
	return EXCEPTION_CONTINUE_SEARCH;
}

void zend_mm_on_fault(void (*handler)(const void *address, const void *instruction))
{
	if (!fault_handler) {
		fault_handler = handler;
		AddVectoredExceptionHandler(1, on_exception);
	}
}
#else
# include <errno.h>
# include <signal.h>
# include <sys/mman.h>

# include <ucontext.h>

# if defined(__x86_64__) && defined(REG_RIP)
#  define PROGRAM_COUNTER(context) ((const void *)(context)->uc_mcontext.gregs[REG_RIP])
# elif defined(__i386__) && defined(REG_EIP)
#  define PROGRAM_COUNTER(context) ((const void *)(context)->uc_mcontext.gregs[REG_EIP])
# elif defined(__aarch64__) && defined(__linux__)
#  define PROGRAM_COUNTER(context) ((const void *)(context)->uc_mcontext.pc)
# else
#  define PROGRAM_COUNTER(context) ((void)(context), NULL)
# endif

static const void *instruction_of(void *context)
{
	const ucontext_t *interrupted = context;

	return PROGRAM_COUNTER(interrupted);
}

static struct sigaction before_segv, before_bus;

/* errno belongs to the request that is served, not to its guards. */
static bool protect(void *address, size_t size, int protection)
{
	int saved_errno = errno;
	bool done = mprotect(address, size, protection) == 0;

	errno = saved_errno;
	return done;
}

bool zend_mm_hide(void *address, size_t size)
{
	return protect(address, size, PROT_NONE);
}

bool zend_mm_show(void *address, size_t size)
{
	return protect(address, size, PROT_READ | PROT_WRITE);
}

/* Coming back from here repeats the instruction, and so the fault, with the default action. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	const struct sigaction *before = number == SIGBUS ? &before_bus : &before_segv;

	fault_handler(info->si_addr, instruction_of(context));
	if (before->sa_flags & SA_SIGINFO) {
		before->sa_sigaction(number, info, context);
	} else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
		before->sa_handler(number);
	} else {
		signal(number, SIG_DFL);
	}
}

void zend_mm_on_fault(void (*handler)(const void *address, const void *instruction))
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (!fault_handler) {
		fault_handler = handler;
		sigemptyset(&action.sa_mask);
		sigaction(SIGSEGV, &action, &before_segv);
		sigaction(SIGBUS, &action, &before_bus);
	}
}
#endif
