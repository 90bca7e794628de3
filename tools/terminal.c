/* SPDX-License-Identifier: MIT */
/*
 * The terminal. See terminal.h.
 *
 * Signals that would end or stop the program give the terminal back first; SIGWINCH and SIGCONT
 * interrupt the wait for a key, which then says that it is time to draw again.
 */
#include "tools/terminal.h"

#ifdef _WIN32
bool zmm_terminal_begin(void)
{
	return false;
}

void zmm_terminal_end(void)
{
}

int zmm_terminal_key(void)
{
	return ZMM_KEY_END;
}

unsigned zmm_terminal_columns(void)
{
	return 0;
}
#else
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios outer, inner;
static volatile sig_atomic_t interrupted;

static void on_end(int number)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &outer);
	signal(number, SIG_DFL);
	raise(number);
}

static void on_stop(int number)
{
	(void)number;
	tcsetattr(STDIN_FILENO, TCSANOW, &outer);
	raise(SIGSTOP);
}

static void on_change(int number)
{
	if (number == SIGCONT)
		tcsetattr(STDIN_FILENO, TCSANOW, &inner);
	interrupted = 1;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = handler;
	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

bool zmm_terminal_begin(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)
		|| tcgetattr(STDIN_FILENO, &outer) != 0)
		return false;
	inner = outer;
	inner.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	inner.c_cc[VMIN] = 1;
	inner.c_cc[VTIME] = 0;
	handle(SIGINT, on_end);
	handle(SIGTERM, on_end);
	handle(SIGHUP, on_end);
	handle(SIGQUIT, on_end);
	handle(SIGTSTP, on_stop);
	handle(SIGCONT, on_change);
	handle(SIGWINCH, on_change);
	return tcsetattr(STDIN_FILENO, TCSANOW, &inner) == 0;
}

void zmm_terminal_end(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &outer);
}

/* A byte; -1 at the end, -2 if a signal came before it. */
static int read_byte(void)
{
	unsigned char byte;
	ssize_t count = read(STDIN_FILENO, &byte, 1);

	if (count == 1)
		return byte;
	return count < 0 && errno == EINTR ? -2 : -1;
}

/* Whether more bytes come at once, as they do after the first one of a sequence. */
static bool more_at_once(void)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };

	return poll(&input, 1, 30) == 1;
}

/* What follows ESC: "[A" or "OA" to "[F"; "[1~" and "[4~"; others are read to their end. */
static int read_sequence(void)
{
	static const char letters[] = "ABCDHF";
	static const int keys[] = { ZMM_KEY_UP, ZMM_KEY_DOWN, ZMM_KEY_RIGHT, ZMM_KEY_LEFT,
		ZMM_KEY_HOME, ZMM_KEY_LAST };
	int byte = 0, number = 0;
	const char *letter;

	if (!more_at_once())
		return ZMM_KEY_OTHER;
	byte = read_byte();
	if (byte != '[' && byte != 'O')
		return ZMM_KEY_OTHER;
	while (more_at_once() && (byte = read_byte()) >= 0 && byte < '@')
		number = byte >= '0' && byte <= '9' ? byte - '0' : number;
	if (byte == '~')
		return number == 1 ? ZMM_KEY_HOME : number == 4 ? ZMM_KEY_LAST : ZMM_KEY_OTHER;
	letter = byte > 0 ? strchr(letters, byte) : NULL;
	return letter ? keys[letter - letters] : ZMM_KEY_OTHER;
}

int zmm_terminal_key(void)
{
	for (;;) {
		int byte = interrupted ? -2 : read_byte();

		if (byte != -2)
			return byte == 27 ? read_sequence() : byte < 0 || byte == 4 ? ZMM_KEY_END : byte;
		if (interrupted) {
			interrupted = 0;
			return ZMM_KEY_RESIZED;
		}
	}
}

unsigned zmm_terminal_columns(void)
{
	struct winsize size;

	return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0
		? size.ws_col : 0;
}
#endif
