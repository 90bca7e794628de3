/* SPDX-License-Identifier: MIT */
/*
 * heap/hardened/settings.c - reads which checks a heap is to make.
 *
 * Called by the interface when a heap is made.
 */
#include <string.h>

#include "heap/hardened/hardened.h"
#include "storage/random.h"

/* Switches the check of that name on; false where there is none. */
static bool switch_on(const char *name, size_t length, struct zend_mm_hardening *hardening)
{
	struct { const char *name; bool *check; } checks[] = {
		{ "links", &hardening->links },
		{ "lists", &hardening->lists },
		{ "cached", &hardening->cached },
		{ "frees", &hardening->frees },
		{ "spares", &hardening->spares },
		{ "ends", &hardening->ends },
		{ "sizes", &hardening->sizes },
	};
	bool all = length == 3 && memcmp(name, "all", 3) == 0;
	bool found = all;

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		if (all || (strlen(checks[i].name) == length &&
			memcmp(name, checks[i].name, length) == 0)) {
			*checks[i].check = found = true;
		}
	}
	return found;
}

bool zend_mm_hardening_read(const char *list, struct zend_mm_hardening *hardening,
	char unknown[64])
{
	*hardening = (struct zend_mm_hardening){ .key = zend_mm_random_word() };
	while (*list) {
		size_t length = strcspn(list, ",");

		if (length && !switch_on(list, length, hardening)) {
			size_t shown = length < 63 ? length : 63;

			memcpy(unknown, list, shown);
			unknown[shown] = '\0';
			return false;
		}
		list += length + (list[length] == ',');
	}
	return true;
}
