/* SPDX-License-Identifier: MIT */
/*
 * See ending.h.
 */
#include "trace/ending.h"

#include <signal.h>
#include <string.h>

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

enum { ENDING_SIGNALS = sizeof ending_signals / sizeof ending_signals[0] };

static void (*volatile cleaner)(void);

static void clear_away_and_end(int number)
{
	if (cleaner)
		cleaner();
	signal(number, SIG_DFL);
	raise(number);
}

void zmm_on_ending(void (*clear_away)(void))
{
	struct sigaction action, now;

	cleaner = clear_away;
	for (int i = 0; i < ENDING_SIGNALS; i++) {
		memset(&action, 0, sizeof action);
		action.sa_handler = clear_away ? clear_away_and_end : SIG_DFL;
		if (sigaction(ending_signals[i], NULL, &now) == 0
			&& (now.sa_handler == SIG_DFL || now.sa_handler == clear_away_and_end))
			sigaction(ending_signals[i], &action, NULL);
	}
}
