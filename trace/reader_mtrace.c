/* SPDX-License-Identifier: MIT */
/*
 * Reads the logs of glibc's mtrace(3):
 *
 *   = Start
 *   @ CALLER + 0xADDRESS 0xSIZE      allocated
 *   @ CALLER - 0xADDRESS             freed
 *   @ CALLER < 0xADDRESS             a resize begins …
 *   @ CALLER > 0xADDRESS 0xSIZE      … and the block is here now
 *   @ CALLER ! 0xADDRESS 0xSIZE      a resize failed
 *   = End
 *
 * CALLER, which may be missing with its @, becomes a call site of one frame.
 */
#include "trace/reader.h"

#include <stdlib.h>
#include <string.h>

#include "trace/addresses.h"

struct mtrace {
	struct zmm_addresses addresses;
	struct zmm_map sites; /* hash of the caller's text to its number */
	uint64_t frame;       /* of the site that is being told about */
};

/* A piece of a line. */
struct word {
	const char *at;
	size_t length;
};

/* A line, taken apart. */
struct record {
	char operation;
	uint64_t address;
	uint64_t size;
	struct word caller;
};

bool zmm_mtrace_looks_like(const char *line, size_t length)
{
	if (length >= 2 && line[0] == '@' && line[1] == ' ')
		return true;
	if (length >= 7 && memcmp(line, "= Start", 7) == 0)
		return true;
	return length >= 4 && strchr("+-<>!", line[0]) && memcmp(line + 1, " 0x", 3) == 0;
}

/* --- lines ----------------------------------------------------------------------------------- */

/* Cut the last word off what is left of a line. */
static struct word take_last(struct word *rest)
{
	while (rest->length && rest->at[rest->length - 1] == ' ')
		rest->length--;
	size_t start = rest->length;
	while (start && rest->at[start - 1] != ' ')
		start--;
	struct word word = { rest->at + start, rest->length - start };
	rest->length = start;
	return word;
}

/* 0x and hexadecimal digits, or a zero in the ways printf() writes it. */
static bool number(struct word word, uint64_t *value)
{
	*value = 0;
	if ((word.length == 5 && memcmp(word.at, "(nil)", 5) == 0)
		|| (word.length == 1 && *word.at == '0'))
		return true;
	if (word.length < 3 || word.length > 18 || memcmp(word.at, "0x", 2) != 0)
		return false;
	for (size_t i = 2; i < word.length; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, word.at[i] | 32, 16);
		if (!digit)
			return false;
		*value = *value << 4 | (uint64_t)(digit - digits);
	}
	return true;
}

static bool is_one_of(struct word word, const char *letters)
{
	return word.length == 1 && strchr(letters, *word.at);
}

/* From the end, because the caller's file may have blanks in its name. */
static bool take_apart(const char *line, size_t length, struct record *record)
{
	struct word rest = { line, length };
	struct word last = take_last(&rest);
	struct word before = take_last(&rest);

	record->size = 0;
	if (is_one_of(before, "-<")) {
		record->operation = *before.at;
		if (!number(last, &record->address))
			return false;
	} else {
		struct word operation = take_last(&rest);
		if (!is_one_of(operation, "+>!"))
			return false;
		record->operation = *operation.at;
		if (!number(before, &record->address) || !number(last, &record->size))
			return false;
	}
	while (rest.length && rest.at[rest.length - 1] == ' ')
		rest.length--;
	if (rest.length && (rest.length < 2 || rest.at[0] != '@' || rest.at[1] != ' '))
		return false;
	record->caller = rest.length ? (struct word){ rest.at + 2, rest.length - 2 } : rest;
	return true;
}

/* --- call sites ------------------------------------------------------------------------------ */

/* 64-bit FNV-1a. */
static uint64_t hash(struct word word)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < word.length; i++)
		sum = (sum ^ (unsigned char)word.at[i]) * 0x100000001b3u;
	return sum;
}

/* "./program:[0x401136]" or "/lib/libc.so.6:(strdup+0x12)[0x7f…]": the address in the brackets,
 * or where there is none the site's number, which is as good as any. */
static uint64_t frame_of(struct word caller, uint64_t site)
{
	uint64_t address;
	const char *bracket = memrchr(caller.at, '[', caller.length);

	if (!bracket || caller.at[caller.length - 1] != ']')
		return site;
	struct word inside = { bracket + 1, (size_t)(caller.at + caller.length - bracket) - 2 };
	return number(inside, &address) && address ? address : site;
}

/* The number of the caller's site, which is told about when it is met first. False when memory ran
 * out. */
static bool find_site(struct mtrace *mtrace, struct zmm_reader *reader, struct word caller,
	uint32_t *site)
{
	*site = 0;
	if (!caller.length)
		return true;
	uint64_t key = hash(caller);
	*site = (uint32_t)zmm_map_get(&mtrace->sites, key);
	if (*site)
		return true;
	*site = (uint32_t)mtrace->sites.count + 1;
	mtrace->frame = frame_of(caller, *site);
	zmm_reader_push(reader, &(struct zmm_event){ .kind = ZMM_EVENT_SYMBOL, .id = mtrace->frame,
		.text = caller.at,
		.text_length = caller.length < ZMM_TEXT_MAX ? caller.length : ZMM_TEXT_MAX });
	zmm_reader_push(reader, &(struct zmm_event){ .kind = ZMM_EVENT_STACK, .id = *site,
		.frames = &mtrace->frame, .frame_count = 1 });
	return zmm_map_put(&mtrace->sites, key, *site);
}

/* --- events ---------------------------------------------------------------------------------- */

static bool push_record(struct mtrace *mtrace, struct zmm_reader *reader,
	const struct record *record)
{
	struct zmm_addresses *addresses = &mtrace->addresses;
	struct zmm_event event = { .id = record->address, .size = record->size };

	if (!find_site(mtrace, reader, record->caller, &event.site))
		return false;
	switch (record->operation) {
	case '+':
		return zmm_addresses_alloc(addresses, reader, &event);
	case '-':
		return zmm_addresses_free(addresses, reader, &event);
	case '<':
		return zmm_addresses_detach(addresses, reader, &event);
	case '>':
		return zmm_addresses_attach(addresses, reader, &event);
	}
	reader->remarks[ZMM_REMARK_FAILED]++;
	return true;
}

static int step_mtrace(struct zmm_reader *reader, struct zmm_error *error)
{
	struct mtrace *mtrace = reader->state;
	struct record record;
	const char *line;
	size_t length;
	int result = zmm_input_line(reader->input, &line, &length, error);

	if (result != 1)
		return result;
	if (length == 0 || line[0] == '=')
		return 1;
	if (!take_apart(line, length, &record)) {
		struct zmm_excerpt excerpt;
		zmm_reader_blame(reader, error, "'%s' is not a line of an mtrace log ('@ CALLER + "
			"0xADDRESS 0xSIZE' and the like); remove it if something else was mixed in",
			zmm_excerpt(&excerpt, line, length));
		return -1;
	}
	if (!push_record(mtrace, reader, &record)) {
		zmm_error_no_memory(error, zmm_input_name(reader->input));
		return -1;
	}
	return 1;
}

/* --- opening --------------------------------------------------------------------------------- */

static void release(void *state)
{
	struct mtrace *mtrace = state;

	zmm_addresses_release(&mtrace->addresses);
	zmm_map_free(&mtrace->sites);
	free(mtrace);
}

bool zmm_reader_start_mtrace(struct zmm_reader *reader, struct zmm_error *error)
{
	reader->step = step_mtrace;
	reader->release = release;
	reader->state = calloc(1, sizeof(struct mtrace));
	if (!reader->state)
		zmm_error_no_memory(error, zmm_input_name(reader->input));
	return reader->state;
}
