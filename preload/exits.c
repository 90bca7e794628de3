/* SPDX-License-Identifier: MIT */
/*
 * preload/exits.c - the other ways in which a process ends: _exit() and quick_exit(), by which
 * children of fork() do, and which pass by what runs at exit.
 *
 * Guarded heaps are looked at there, too, because what was overwritten is found otherwise only when
 * it is freed.  _exit() may be called anywhere, in a signal handler or in a child of vfork(); so
 * nothing is done where a thread, this one included, is at work in a guarded heap, and without
 * guards nothing is done at all.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "heap/guarded/guarded.h"
#include "heap/guarded/witness.h"
#include "preload/report.h"

#define EXPORT __attribute__((visibility("default")))

static _Noreturn void leave(int status)
{
	zend_mm_guards_look_once_more();
	zend_mm_witness_exit();
	for (;;) {
		syscall(SYS_exit_group, status);
	}
}

EXPORT _Noreturn void _exit(int status)
{
	leave(status);
}

EXPORT _Noreturn void _Exit(int status)
{
	leave(status);
}

void zend_mm_exits_prepare(void)
{
	at_quick_exit(zend_mm_report_at_exit);
}
