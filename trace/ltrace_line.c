/* SPDX-License-Identifier: MIT */
/* See ltrace_line.h. */
#include "trace/ltrace_line.h"

#include <string.h>

/* What is left of the line. */
struct rest {
	const char *at;
	const char *end;
};

static size_t left(const struct rest *rest)
{
	return (size_t)(rest->end - rest->at);
}

static bool take(struct rest *rest, const char *text)
{
	size_t length = strlen(text);

	if (left(rest) < length || memcmp(rest->at, text, length) != 0)
		return false;
	rest->at += length;
	return true;
}

static void skip_blanks(struct rest *rest)
{
	while (rest->at < rest->end && *rest->at == ' ')
		rest->at++;
}

static bool is_in(char c, const char *characters)
{
	return c && strchr(characters, c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool contains(const struct rest *rest, const char *text)
{
	return memmem(rest->at, left(rest), text, strlen(text));
}

/* --- numbers --------------------------------------------------------------------------------- */

static int hexadecimal(char c)
{
	if (is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A number as ltrace prints it: 16, -1, 0x5581, nil, <void>. */
static bool take_number(struct rest *rest, uint64_t *value)
{
	*value = 0;
	if (take(rest, "nil") || take(rest, "NULL") || take(rest, "(nil)") || take(rest, "<void>"))
		return true;
	const char *first;
	if (take(rest, "0x")) {
		for (first = rest->at; rest->at < rest->end && hexadecimal(*rest->at) >= 0; rest->at++)
			*value = *value << 4 | (uint64_t)hexadecimal(*rest->at);
		return rest->at > first;
	}
	bool negative = take(rest, "-");
	for (first = rest->at; rest->at < rest->end && is_digit(*rest->at); rest->at++)
		*value = *value * 10 + (uint64_t)(*rest->at - '0');
	if (negative)
		*value = 0 - *value;
	return rest->at > first;
}

/* --- what stands before the call ------------------------------------------------------------- */

/* A process and a time are words of digits, colons and dots; the first that is digits only is the
 * process, unless it stood in brackets. */
static void take_prefix(struct rest *rest, struct zmm_ltrace_line *parsed)
{
	uint64_t number;

	for (;;) {
		struct rest word = *rest;
		skip_blanks(&word);
		if (take(&word, "[pid ") && take_number(&word, &number) && take(&word, "]")) {
			parsed->process = (uint32_t)number;
		} else if (word.at < word.end && *word.at == '[') {
			word.at++;
			if (!take_number(&word, &parsed->caller) || !take(&word, "]"))
				return;
		} else {
			bool digits_only = true;
			const char *first = word.at;
			for (; word.at < word.end && (is_digit(*word.at) || is_in(*word.at, ":.")); word.at++)
				digits_only &= is_digit(*word.at);
			if (word.at == first)
				break;
			struct rest again = { first, word.at };
			if (digits_only && !parsed->process && take_number(&again, &number))
				parsed->process = (uint32_t)number;
		}
		if (word.at == word.end || *word.at != ' ')
			return;
		*rest = word;
	}
	skip_blanks(rest);
}

/* --- names ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum zmm_ltrace_function function;
	int arguments;
} functions[] = {
	{ "malloc", ZMM_LTRACE_MALLOC, 1 },
	{ "calloc", ZMM_LTRACE_CALLOC, 2 },
	{ "realloc", ZMM_LTRACE_REALLOC, 2 },
	{ "reallocarray", ZMM_LTRACE_REALLOCARRAY, 3 },
	{ "free", ZMM_LTRACE_FREE, 1 },
	{ "cfree", ZMM_LTRACE_FREE, 1 },
	{ "aligned_alloc", ZMM_LTRACE_ALIGNED_ALLOC, 2 },
	{ "memalign", ZMM_LTRACE_ALIGNED_ALLOC, 2 },
	{ "valloc", ZMM_LTRACE_VALLOC, 1 },
	{ "pvalloc", ZMM_LTRACE_PVALLOC, 1 },
	{ "posix_memalign", ZMM_LTRACE_POSIX_MEMALIGN, 3 },
};

static int argument_count(enum zmm_ltrace_function function)
{
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		if (functions[i].function == function)
			return functions[i].arguments;
	return 0;
}

static enum zmm_ltrace_function find_function(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		if (strlen(functions[i].name) == length && memcmp(functions[i].name, name, length) == 0)
			return functions[i].function;
	return ZMM_LTRACE_OTHER;
}

/* A name, perhaps as LIBRARY->NAME or NAME@LIBRARY. False when there is none. */
static bool take_name(struct rest *rest, enum zmm_ltrace_function *function)
{
	static const char others[] = "_.-+>@$:~<";
	const char *first = rest->at;

	while (rest->at < rest->end && (is_digit(*rest->at) || is_in(*rest->at, others)
		|| ((*rest->at | 32) >= 'a' && (*rest->at | 32) <= 'z')))
		rest->at++;
	if (rest->at == first)
		return false;
	const char *end = memchr(first, '@', (size_t)(rest->at - first));
	end = end ? end : rest->at;
	const char *arrow = memmem(first, (size_t)(end - first), "->", 2);
	const char *name = arrow ? arrow + 2 : first;
	*function = find_function(name, (size_t)(end - name));
	return true;
}

/* --- calls ----------------------------------------------------------------------------------- */

static bool take_arguments(struct rest *rest, struct zmm_ltrace_line *parsed)
{
	int count = argument_count(parsed->function);

	for (int i = 0; i < count; i++) {
		skip_blanks(rest);
		if (!take_number(rest, &parsed->arguments[i]))
			return false;
		if (i + 1 < count && !take(rest, ","))
			return false;
	}
	return true;
}

/* What follows the last " = " or ")= ". */
static bool take_result(struct rest *rest, struct zmm_ltrace_line *parsed)
{
	const char *equals = memrchr(rest->at, '=', left(rest));

	if (!equals)
		return false;
	rest->at = equals + 1;
	skip_blanks(rest);
	return parsed->function == ZMM_LTRACE_OTHER || take_number(rest, &parsed->result);
}

static enum zmm_ltrace_form take_call(struct rest *rest, struct zmm_ltrace_line *parsed)
{
	if (!take_name(rest, &parsed->function) || !take(rest, "("))
		return ZMM_LTRACE_NOTHING;
	bool unfinished = contains(rest, "<unfinished ...>") || contains(rest, "<no return ...>");
	if (!unfinished && !contains(rest, ") ") && !contains(rest, ")="))
		return ZMM_LTRACE_NOTHING;
	if (parsed->function != ZMM_LTRACE_OTHER && !take_arguments(rest, parsed))
		return ZMM_LTRACE_NOTHING;
	if (unfinished)
		return ZMM_LTRACE_UNFINISHED;
	return take_result(rest, parsed) ? ZMM_LTRACE_CALL : ZMM_LTRACE_NOTHING;
}

static enum zmm_ltrace_form take_resumed(struct rest *rest, struct zmm_ltrace_line *parsed)
{
	if (!take_name(rest, &parsed->function) || !take(rest, " resumed>"))
		return ZMM_LTRACE_NOTHING;
	return take_result(rest, parsed) ? ZMM_LTRACE_RESUMED : ZMM_LTRACE_NOTHING;
}

void zmm_ltrace_parse(struct zmm_ltrace_line *parsed, const char *line, size_t length)
{
	struct rest rest = { line, line + length };

	*parsed = (struct zmm_ltrace_line){ .form = ZMM_LTRACE_NOTHING };
	take_prefix(&rest, parsed);
	if (take(&rest, "+++ exited") || take(&rest, "+++ killed"))
		parsed->form = ZMM_LTRACE_EXIT;
	else if (take(&rest, "<... "))
		parsed->form = take_resumed(&rest, parsed);
	else if (take(&rest, "--- ") && contains(&rest, "---"))
		parsed->form = ZMM_LTRACE_CALL; /* a signal: of no interest */
	else
		parsed->form = take_call(&rest, parsed);
}
