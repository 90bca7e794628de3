/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/settings.c - reads ZEND_MM_DEBUG (see settings.h).
 *
 * Called by the interface when a heap is made.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap/guarded/settings.h"

enum value { VALUE_BYTE, VALUE_BYTES, VALUE_COUNT, VALUE_SWITCH };

static const struct name {
	const char *name;
	enum value value;
} names[] = {
	{ "poison_alloc", VALUE_BYTE },
	{ "poison_free", VALUE_BYTE },
	{ "padding", VALUE_BYTES },
	{ "check_freelists_on_shutdown", VALUE_SWITCH },
	{ "check_every", VALUE_COUNT },
	{ "guard_pages", VALUE_SWITCH },
	{ "quarantine", VALUE_BYTES },
	{ "sites", VALUE_SWITCH },
	{ "mismatch", VALUE_SWITCH },
	{ "sizes", VALUE_SWITCH },
	{ "leaks", VALUE_SWITCH },
};

enum { NAMES = sizeof names / sizeof *names };

/* More padding than this is taken for a mistake. */
static const size_t most_padding = (size_t)1 << 20;

static const char *const wanted[] = {
	"a byte, 0 to 255", "a number of bytes", "a number above 0", "0 or 1"
};

/* A number, with K, M or G where that is allowed; false where the text is none. */
static bool read_number(const char *text, bool units, size_t *number)
{
	unsigned long long read;
	unsigned shift = 0;
	char *end;

	if (!isdigit((unsigned char)*text)) {
		return false;
	}
	errno = 0;
	read = strtoull(text, &end, 0);
	if (units && *end) {
		static const char letters[] = "KMG";
		const char *letter = strchr(letters, toupper((unsigned char)*end));

		if (!letter) {
			return false;
		}
		shift = 10 * (unsigned)(letter - letters + 1);
		end++;
	}
	*number = (size_t)read << shift;
	return *end == '\0' && errno == 0 && *number >> shift == read;
}

static bool fits(enum value kind, size_t number)
{
	switch (kind) {
	case VALUE_BYTE:
		return number <= UINT8_MAX;
	case VALUE_BYTES:
		return number <= SIZE_MAX / 4;
	case VALUE_COUNT:
		return number > 0;
	case VALUE_SWITCH:
		break;
	}
	return number <= 1;
}

static void set(struct zend_mm_guard_settings *settings, size_t index, size_t number)
{
	switch (index) {
	case 0: settings->poison_alloc = (int)number; break;
	case 1: settings->poison_free = (int)number; break;
	case 2: settings->padding = number; break;
	case 3: settings->check_on_shutdown = number; break;
	case 4: settings->check_every = number; break;
	case 5: settings->guard_pages = number; break;
	case 6: settings->quarantine = number; break;
	case 7: settings->sites = number; break;
	case 8: settings->mismatch = number; break;
	case 9: settings->sizes = number; break;
	case 10: settings->leaks = number; break;
	}
}

static void complain_of_name(const char *name, char complaint[256])
{
	size_t length = (size_t)snprintf(complaint, 256, "'%.60s' is none of all", name);

	for (size_t i = 0; i < NAMES && length < 256; i++) {
		length += (size_t)snprintf(complaint + length, 256 - length, ", %s", names[i].name);
	}
}

/* What "all" stands for: everything that finds bugs, and names those who made them. */
static void set_all(struct zend_mm_guard_settings *settings)
{
	settings->poison_alloc = 0xa5;
	settings->quarantine = (size_t)64 << 20;
	settings->guard_pages = settings->sites = settings->check_on_shutdown = true;
	settings->mismatch = true;
}

/* One NAME=VALUE, which is cut in two, or the one name that has no value. */
static bool read_setting(char *setting, struct zend_mm_guard_settings *settings,
	char complaint[256])
{
	char *value = strchr(setting, '=');
	size_t index = 0, number;

	if (strcmp(setting, "all") == 0) {
		set_all(settings);
		return true;
	}
	if (value) {
		*value++ = '\0';
	}
	while (index < NAMES && strcmp(names[index].name, setting) != 0) {
		index++;
	}
	if (index == NAMES) {
		complain_of_name(setting, complaint);
		return false;
	}
	if (!value) {
		snprintf(complaint, 256, "'%s' has no value; it is %s", setting,
			wanted[names[index].value]);
		return false;
	}
	if (!read_number(value, names[index].value != VALUE_BYTE, &number) ||
		!fits(names[index].value, number)) {
		snprintf(complaint, 256, "'%s' is not '%.40s', but %s", setting, value,
			wanted[names[index].value]);
		return false;
	}
	set(settings, index, number);
	return true;
}

bool zend_mm_guard_settings_read(const char *list, struct zend_mm_guard_settings *settings,
	char complaint[256])
{
	*settings = (struct zend_mm_guard_settings){
		.poison_alloc = -1, .poison_free = -1, .sizes = true
	};
	while (*list) {
		size_t length = strcspn(list, ",");
		char setting[96];

		if (length >= sizeof setting) {
			snprintf(complaint, 256, "'%.60s...' is too long for a setting", list);
			return false;
		}
		memcpy(setting, list, length);
		setting[length] = '\0';
		if (length && !read_setting(setting, settings, complaint)) {
			return false;
		}
		list += length + (list[length] == ',');
	}
	if (settings->padding > most_padding) {
		snprintf(complaint, 256, "'padding' is at most %zu bytes", most_padding);
		return false;
	}
	return true;
}
