/* SPDX-License-Identifier: MIT */
/* See text_format.h. */
#include "trace/text_format.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trace/error.h"

/* --- kinds of lines -------------------------------------------------------------------------- */

enum shape {
	SHAPE_UNKNOWN,
	SHAPE_BARE,
	SHAPE_ID,
	SHAPE_ID_SIZE,
	SHAPE_SIZE,
	SHAPE_COMMENT,
	SHAPE_THREAD, /* switches the thread, no event */
	SHAPE_STACK,
	SHAPE_SYMBOL,
	SHAPE_MODULE
};

struct line_kind {
	enum shape shape;
	enum zmm_event_kind kind;
	const char *form; /* as messages show it */
};

static const struct line_kind line_kinds[128] = {
	['a'] = { SHAPE_ID_SIZE, ZMM_EVENT_ALLOC, "a ID SIZE" },
	['f'] = { SHAPE_ID, ZMM_EVENT_FREE, "f ID" },
	['r'] = { SHAPE_ID_SIZE, ZMM_EVENT_RESIZE, "r ID SIZE" },
	['l'] = { SHAPE_SIZE, ZMM_EVENT_LIMIT, "l BYTES" },
	['e'] = { SHAPE_BARE, ZMM_EVENT_END_REQUEST, "e" },
	['g'] = { SHAPE_BARE, ZMM_EVENT_GC, "g" },
	['x'] = { SHAPE_SIZE, ZMM_EVENT_REFUSE, "x COUNT" },
	['u'] = { SHAPE_BARE, ZMM_EVENT_USAGE, "u" },
	['b'] = { SHAPE_BARE, ZMM_EVENT_THREAD_START, "b" },
	['d'] = { SHAPE_BARE, ZMM_EVENT_THREAD_END, "d" },
	['t'] = { SHAPE_THREAD, ZMM_EVENT_THREAD_START, "t THREAD" },
	['s'] = { SHAPE_STACK, ZMM_EVENT_STACK, "s SITE ADDRESS..." },
	['n'] = { SHAPE_SYMBOL, ZMM_EVENT_SYMBOL, "n ADDRESS NAME" },
	['m'] = { SHAPE_MODULE, ZMM_EVENT_MODULE, "m ADDRESS SIZE OFFSET FILE" },
	['#'] = { SHAPE_COMMENT, ZMM_EVENT_COMMENT, "#..." },
};

static char letter_of(unsigned kind)
{
	static const char letters[32] = {
		[ZMM_EVENT_ALLOC] = 'a', [ZMM_EVENT_FREE] = 'f', [ZMM_EVENT_RESIZE] = 'r',
		[ZMM_EVENT_LIMIT] = 'l', [ZMM_EVENT_END_REQUEST] = 'e', [ZMM_EVENT_GC] = 'g',
		[ZMM_EVENT_REFUSE] = 'x', [ZMM_EVENT_USAGE] = 'u', [ZMM_EVENT_THREAD_START] = 'b',
		[ZMM_EVENT_THREAD_END] = 'd', [ZMM_EVENT_COMMENT] = '#', [ZMM_EVENT_STACK] = 's',
		[ZMM_EVENT_SYMBOL] = 'n', [ZMM_EVENT_MODULE] = 'm',
	};

	return letters[kind & 31];
}

bool zmm_text_looks_like(const char *line, size_t length)
{
	unsigned char letter = length ? (unsigned char)line[0] : 0;

	if (letter >= 128 || line_kinds[letter].shape == SHAPE_UNKNOWN)
		return false;
	return letter == '#' || length == 1 || line[1] == ' ' || line[1] == '\t';
}

/* --- parsing --------------------------------------------------------------------------------- */

/* The rest of the line being parsed. */
struct rest {
	struct zmm_text *text;
	const char *at;
	const char *end;
	const struct line_kind *kind;
};

static bool fault(struct rest *rest, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fault(struct rest *rest, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(rest->text->fault, sizeof rest->text->fault, format, arguments);
	va_end(arguments);
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct rest *rest)
{
	while (rest->at < rest->end && is_blank(*rest->at))
		rest->at++;
}

static size_t word_length(const struct rest *rest)
{
	const char *at = rest->at;

	while (at < rest->end && !is_blank(*at))
		at++;
	return (size_t)(at - rest->at);
}

static bool fault_word(struct rest *rest, const char *what)
{
	struct zmm_excerpt word;

	return fault(rest, "'%s' %s; the line should read '%s'",
		zmm_excerpt(&word, rest->at, word_length(rest)), what, rest->kind->form);
}

/* A decimal number that ends with its word. */
static inline bool get_decimal(struct rest *rest, uint64_t *value)
{
	const char *at = rest->at;
	uint64_t sum = 0;

	for (; at < rest->end && (unsigned char)(*at - '0') < 10; at++) {
		uint64_t digit = (uint64_t)(*at - '0');
		if (sum > UINT64_MAX / 10 || sum * 10 > UINT64_MAX - digit)
			return fault_word(rest, "is out of range (the greatest number is "
				"18446744073709551615)");
		sum = sum * 10 + digit;
	}
	if (at == rest->at || (at < rest->end && !is_blank(*at)))
		return fault_word(rest, "is not a decimal number");
	rest->at = at;
	*value = sum;
	return true;
}

/* The next word as a number. */
static inline bool get_number(struct rest *rest, uint64_t *value)
{
	skip_blanks(rest);
	if (rest->at == rest->end)
		return fault(rest, "a number is missing; the line should read '%s'", rest->kind->form);
	return get_decimal(rest, value);
}

static bool get_number32(struct rest *rest, uint32_t *value)
{
	struct rest before = *rest;
	uint64_t number = 0;

	if (!get_number(rest, &number))
		return false;
	if (number > UINT32_MAX) {
		skip_blanks(&before);
		return fault_word(&before, "is out of range (the greatest number here is 4294967295)");
	}
	*value = (uint32_t)number;
	return true;
}

/* 0x and hexadecimal digits. */
static bool get_address(struct rest *rest, uint64_t *value)
{
	skip_blanks(rest);
	size_t length = word_length(rest);
	if (length == 0)
		return fault(rest, "an address is missing; the line should read '%s'", rest->kind->form);
	if (length < 3 || length > 18 || rest->at[0] != '0' || rest->at[1] != 'x')
		return fault_word(rest, "is not an address (0x and up to 16 digits)");
	*value = 0;
	for (size_t i = 2; i < length; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, rest->at[i] | 32, 16);
		if (!digit)
			return fault_word(rest, "is not an address (0x and up to 16 digits)");
		*value = *value << 4 | (uint64_t)(digit - digits);
	}
	rest->at += length;
	return true;
}

/* All that is left, without the one blank that separates it. */
static bool get_text(struct rest *rest, struct zmm_event *event)
{
	if (rest->at < rest->end && is_blank(*rest->at))
		rest->at++;
	event->text = rest->at;
	event->text_length = (size_t)(rest->end - rest->at);
	if (event->text_length > ZMM_TEXT_MAX)
		return fault(rest, "the text is longer than %d bytes", ZMM_TEXT_MAX);
	rest->at = rest->end;
	return true;
}

static bool get_frames(struct rest *rest, struct zmm_event *event)
{
	size_t count = 0;

	for (skip_blanks(rest); rest->at < rest->end; skip_blanks(rest)) {
		if (count == ZMM_FRAMES_MAX)
			return fault(rest, "the stack has more than %d frames", ZMM_FRAMES_MAX);
		if (!get_address(rest, &rest->text->frames[count++]))
			return false;
	}
	event->frames = rest->text->frames;
	event->frame_count = count;
	return true;
}

static bool get_alignment(struct rest *rest, struct zmm_event *event)
{
	struct rest before = *rest;
	uint64_t alignment = 0;

	if (!get_decimal(rest, &alignment))
		return false;
	if (alignment < 2 || alignment & (alignment - 1) || alignment > 1ull << ZMM_ALIGNMENT_LOG2_MAX)
		return fault_word(&before, "is not an alignment (a power of two from 2 to 2^62)");
	event->alignment_log2 = (uint8_t)__builtin_ctzll(alignment);
	return true;
}

static bool starts(struct rest *rest, const char *name)
{
	size_t length = strlen(name);

	if ((size_t)(rest->end - rest->at) < length || memcmp(rest->at, name, length) != 0)
		return false;
	rest->at += length;
	return true;
}

/* align=BYTES site=NUMBER at=NANOSECONDS, each at most useful once, in any order. */
static bool get_fields(struct rest *rest, struct zmm_event *event)
{
	for (skip_blanks(rest); rest->at < rest->end; skip_blanks(rest)) {
		bool good;
		if (starts(rest, "at=")) {
			event->stamped = true;
			good = get_decimal(rest, &event->stamp);
		} else if (starts(rest, "site=")) {
			good = get_number32(rest, &event->site);
		} else if (rest->kind->shape == SHAPE_ID_SIZE && starts(rest, "align=")) {
			good = get_alignment(rest, event);
		} else {
			good = fault_word(rest, "is too much");
		}
		if (!good)
			return false;
	}
	return true;
}

static bool get_operands(struct rest *rest, struct zmm_event *event)
{
	switch (rest->kind->shape) {
	case SHAPE_ID:
		return get_number(rest, &event->id) && get_fields(rest, event);
	case SHAPE_ID_SIZE:
		return get_number(rest, &event->id) && get_number(rest, &event->size)
			&& get_fields(rest, event);
	case SHAPE_SIZE:
		return get_number(rest, &event->size) && get_fields(rest, event);
	case SHAPE_BARE:
		return get_fields(rest, event);
	case SHAPE_COMMENT:
		event->text = rest->at;
		event->text_length = (size_t)(rest->end - rest->at);
		return event->text_length <= ZMM_TEXT_MAX
			|| fault(rest, "the comment is longer than %d bytes", ZMM_TEXT_MAX);
	case SHAPE_THREAD:
		return get_number32(rest, &rest->text->thread)
			&& (skip_blanks(rest), rest->at == rest->end || fault_word(rest, "is too much"));
	case SHAPE_STACK: {
		uint32_t site = 0;
		bool good = get_number32(rest, &site) && get_frames(rest, event);
		event->id = site;
		return good;
	}
	case SHAPE_SYMBOL:
		return get_address(rest, &event->id) && get_text(rest, event);
	case SHAPE_MODULE:
		return get_address(rest, &event->id) && get_number(rest, &event->size)
			&& get_number(rest, &event->offset) && get_text(rest, event);
	case SHAPE_UNKNOWN:
		break;
	}
	return false;
}

static int unknown_line(struct rest *rest)
{
	struct zmm_excerpt word;

	fault(rest, "'%s' is not a line of a trace; lines start with one of a f r l e g x u b d t s n "
		"m and a blank, or with #", zmm_excerpt(&word, rest->at, (size_t)(rest->end - rest->at)));
	return -1;
}

int zmm_text_parse(struct zmm_text *text, const char *line, size_t length,
	struct zmm_event *event)
{
	struct rest rest = { text, line, line + length, NULL };

	skip_blanks(&rest);
	if (rest.at == rest.end)
		return 0;
	if (!zmm_text_looks_like(rest.at, (size_t)(rest.end - rest.at)))
		return unknown_line(&rest);
	rest.kind = &line_kinds[(unsigned char)*rest.at];
	rest.at++;
	memset(event, 0, sizeof *event);
	event->kind = (uint8_t)rest.kind->kind;
	event->thread = text->thread;
	if (!get_operands(&rest, event))
		return -1;
	return rest.kind->shape == SHAPE_THREAD ? 0 : 1;
}

/* --- formatting ------------------------------------------------------------------------------ */

static char *put_decimal(char *at, uint64_t value)
{
	char digits[20];
	int count = 0;

	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		*at++ = digits[--count];
	return at;
}

static char *put_number(char *at, uint64_t value)
{
	*at++ = ' ';
	return put_decimal(at, value);
}

static char *put_field(char *at, const char *name, uint64_t value)
{
	size_t length = strlen(name);

	memcpy(at, name, length);
	return put_decimal(at + length, value);
}

static char *put_address(char *at, uint64_t value)
{
	int digits = 1;

	while (digits < 16 && value >> (4 * digits))
		digits++;
	memcpy(at, " 0x", 3);
	at += 3;
	while (digits--)
		*at++ = "0123456789abcdef"[value >> (4 * digits) & 15];
	return at;
}

/* An end of line inside a text would end its line; a file with other control characters is taken
 * for none of text. */
static char *put_text(char *at, const struct zmm_event *event)
{
	for (size_t i = 0; i < event->text_length; i++) {
		unsigned char byte = (unsigned char)event->text[i];
		*at++ = byte < ' ' && byte != '\t' ? ' ' : (char)byte;
	}
	return at;
}

static char *put_operands(char *at, const struct zmm_event *event, enum shape shape)
{
	switch (shape) {
	case SHAPE_ID:
		return put_number(at, event->id);
	case SHAPE_ID_SIZE:
		return put_number(put_number(at, event->id), event->size);
	case SHAPE_SIZE:
		return put_number(at, event->size);
	case SHAPE_COMMENT:
		return put_text(at, event);
	case SHAPE_STACK:
		at = put_number(at, event->id);
		for (size_t i = 0; i < event->frame_count; i++)
			at = put_address(at, event->frames[i]);
		return at;
	case SHAPE_SYMBOL:
		at = put_address(at, event->id);
		*at++ = ' ';
		return put_text(at, event);
	case SHAPE_MODULE:
		at = put_number(put_number(put_address(at, event->id), event->size), event->offset);
		*at++ = ' ';
		return put_text(at, event);
	case SHAPE_BARE:
	case SHAPE_THREAD:
	case SHAPE_UNKNOWN:
		break;
	}
	return at;
}

char *zmm_text_format(struct zmm_text *text, char *at, const struct zmm_event *event)
{
	char letter = letter_of(event->kind);

	if (event->thread != text->thread) {
		*at++ = 't';
		at = put_number(at, event->thread);
		*at++ = '\n';
		text->thread = event->thread;
	}
	*at++ = letter;
	at = put_operands(at, event, line_kinds[(unsigned char)letter].shape);
	if (event->alignment_log2)
		at = put_field(at, " align=", 1ull << event->alignment_log2);
	if (event->site)
		at = put_field(at, " site=", event->site);
	if (event->stamped && zmm_event_is_operation(event))
		at = put_field(at, " at=", event->stamp);
	*at++ = '\n';
	return at;
}

size_t zmm_text_room(const struct zmm_event *event)
{
	/* A switch of thread (13), a letter, three operands and three fields (21 to 28 each). */
	return 192 + event->text_length + event->frame_count * 19;
}
