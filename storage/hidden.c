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
static void (*trap_handler)(const void *instruction);
static bool ever_hidden;

bool zend_mm_ever_hidden(void)
{
	return __atomic_load_n(&ever_hidden, __ATOMIC_RELAXED);
}

static void note_hidden(void)
{
	__atomic_store_n(&ever_hidden, true, __ATOMIC_RELAXED);
}

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
	note_hidden();
	return protect(address, size, PAGE_NOACCESS);
}

bool zend_mm_hide_before(void *address, size_t size)
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

void zend_mm_on_trap(void (*handler)(const void *instruction))
{
	trap_handler = handler;
}
#else
# include <errno.h>
# include <fcntl.h>
# include <signal.h>
# include <sys/mman.h>
# include <ucontext.h>
# include <unistd.h>

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

/* What the program has for the signals that are ours. */
static struct sigaction before_segv, before_bus, before_trap;

/* errno belongs to the request that is served, not to its guards. */
static bool protect(void *address, size_t size, int protection)
{
	int saved_errno = errno;
	bool done = mprotect(address, size, protection) == 0;

	errno = saved_errno;
	return done;
}

/* {{{ How many ranges may be hidden: Linux gives a process so many mappings, and each range in the
 * midst of touchable memory takes two, its own and one more for what lies behind.  Without a limit
 * of ours the program would find no mapping for a thread's stack, and a range could not be shown
 * where that splits a mapping.  A quarter is left to the program. */

static size_t ranges;       /* hidden now */
static size_t ranges_max;   /* 0: not known yet */

/* Where nobody says how many mappings there are, Linux's default. */
static size_t read_mappings_max(void)
{
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	char text[24] = "";
	size_t number = 0;

	if (fd >= 0) {
		if (read(fd, text, sizeof text - 1) < 0) {
			text[0] = '\0';
		}
		close(fd);
	}
	for (const char *digit = text; *digit >= '0' && *digit <= '9'; digit++) {
		number = number * 10 + (size_t)(*digit - '0');
	}
	return number ? number : 65530;
}

/* Counts one more; false where there are enough. */
static bool count_range(void)
{
	size_t most = __atomic_load_n(&ranges_max, __ATOMIC_RELAXED);

	if (!most) {
		int saved_errno = errno;

		most = read_mappings_max() / 8 * 3;
		__atomic_store_n(&ranges_max, most, __ATOMIC_RELAXED);
		errno = saved_errno;
	}
	if (__atomic_add_fetch(&ranges, 1, __ATOMIC_RELAXED) <= most) {
		return true;
	}
	__atomic_sub_fetch(&ranges, 1, __ATOMIC_RELAXED);
	return false;
}

/* }}} */

bool zend_mm_hide(void *address, size_t size)
{
	note_hidden();
	if (!count_range()) {
		return false;
	}
	if (!protect(address, size, PROT_NONE)) {
		__atomic_sub_fetch(&ranges, 1, __ATOMIC_RELAXED);
		return false;
	}
	return true;
}

bool zend_mm_hide_before(void *address, size_t size)
{
	return protect(address, size, PROT_NONE);
}

bool zend_mm_show(void *address, size_t size)
{
	if (!protect(address, size, PROT_READ | PROT_WRITE)) {
		return false;
	}
	__atomic_sub_fetch(&ranges, 1, __ATOMIC_RELAXED);
	return true;
}

/* {{{ Signals. */

/* Whether somebody sent a signal, so that no instruction will repeat it. */
static bool was_sent(const siginfo_t *info)
{
	return info->si_code <= 0;
}

/* As the system would do it.  Coming back to the default action repeats the instruction, and so
 * the fault, with it. */
static void pass_on(int number, siginfo_t *info, void *context, struct sigaction *before)
{
	struct sigaction wanted = *before;

	if (wanted.sa_handler == SIG_IGN && was_sent(info)) {
		return;
	}
	if (wanted.sa_handler == SIG_DFL || wanted.sa_handler == SIG_IGN) {
		signal(number, SIG_DFL);
		if (was_sent(info)) {
			raise(number);
		}
		return;
	}
	if (wanted.sa_flags & (int)SA_RESETHAND) {
		*before = (struct sigaction){ .sa_handler = SIG_DFL };
	}
	if (!(wanted.sa_flags & SA_NODEFER)) {
		sigaddset(&wanted.sa_mask, number);
	}
	sigprocmask(SIG_BLOCK, &wanted.sa_mask, NULL); /* as before when the handler returns */
	if (wanted.sa_flags & SA_SIGINFO) {
		wanted.sa_sigaction(number, info, context);
	} else {
		wanted.sa_handler(number);
	}
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	if (!was_sent(info)) {
		fault_handler(info->si_addr, instruction_of(context));
	}
	pass_on(number, info, context, number == SIGBUS ? &before_bus : &before_segv);
}

/* Where the program's action for a signal is kept; NULL for signals that are not ours. */
static struct sigaction *kept_action(int number)
{
	switch (number) {
	case SIGSEGV:
		return fault_handler ? &before_segv : NULL;
	case SIGBUS:
		return fault_handler ? &before_bus : NULL;
	case SIGTRAP:
		return trap_handler ? &before_trap : NULL;
	}
	return NULL;
}

bool zend_mm_keep_action(int number, const struct sigaction *action, struct sigaction *before)
{
	struct sigaction *kept = kept_action(number), had;

	if (!kept) {
		return false;
	}
	had = *kept;
	if (action) {
		*kept = *action;
	}
	if (before) {
		*before = had;
	}
	return true;
}

void zend_mm_on_fault(void (*handler)(const void *address, const void *instruction))
{
	/* The program's handler may jump out, or let faults nest. */
	struct sigaction action = {
		.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER
	};

	if (!fault_handler) {
		fault_handler = handler;
		sigemptyset(&action.sa_mask);
		sigaction(SIGSEGV, &action, &before_segv);
		sigaction(SIGBUS, &action, &before_bus);
	}
}

static void on_trap_signal(int number, siginfo_t *info, void *context)
{
	if (was_sent(info)) {
		pass_on(number, info, context, &before_trap);
	} else {
		trap_handler(instruction_of(context));
	}
}

void zend_mm_on_trap(void (*handler)(const void *instruction))
{
	struct sigaction action = { .sa_sigaction = on_trap_signal, .sa_flags = SA_SIGINFO };

	trap_handler = handler;
	sigemptyset(&action.sa_mask);
	sigaction(SIGTRAP, &action, &before_trap);
}

/* }}} */
#endif
