/* SPDX-License-Identifier: MIT */
/*
 * trace/ending.h - what has to be cleared away when a signal ends the program: files that are
 * half written, other processes.
 */
#ifndef TRACE_ENDING_H
#define TRACE_ENDING_H

/*
 * From now on SIGINT, SIGTERM and SIGHUP have clear_away called before they end the program as
 * they do; NULL: no longer. It is called in the signal's handler and may do what is safe there.
 * Signals that are ignored stay so, and so do those that somebody else handles. One user at a time.
 */
void zmm_on_ending(void (*clear_away)(void));

#endif
