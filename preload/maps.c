/* SPDX-License-Identifier: MIT */
/*
 * preload/maps.c - reading /proc/self/maps (see maps.h).
 *
 * Called by foreign.c, to say what an address is, and by leaks.c, to find all that may hold a
 * pointer.
 */
#include <fcntl.h>
#include <unistd.h>

#include "preload/maps.h"

bool zend_mm_maps_open(struct zend_mm_maps *maps)
{
	maps->at = maps->have = 0;
	maps->fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	return maps->fd >= 0;
}

void zend_mm_maps_close(struct zend_mm_maps *maps)
{
	close(maps->fd);
}

static int next_char(struct zend_mm_maps *maps)
{
	if (maps->at == maps->have) {
		ssize_t got = read(maps->fd, maps->buffer, sizeof maps->buffer);

		if (got <= 0) {
			return -1;
		}
		maps->at = 0;
		maps->have = (size_t)got;
	}
	return (unsigned char)maps->buffer[maps->at++];
}

/* A hexadecimal number and the character behind it. */
static uintptr_t read_address(struct zend_mm_maps *maps, int *behind)
{
	uintptr_t address = 0;
	int c;

	while ((c = next_char(maps)) >= 0) {
		if (c >= '0' && c <= '9') {
			address = address << 4 | (uintptr_t)(c - '0');
		} else if (c >= 'a' && c <= 'f') {
			address = address << 4 | (uintptr_t)(c - 'a' + 10);
		} else {
			break;
		}
	}
	*behind = c;
	return address;
}

/* "from-to access offset device inode   name": the name is what follows the fifth blank, if
 * anything does. */
bool zend_mm_maps_next(struct zend_mm_maps *maps, struct zend_mm_mapping *mapping)
{
	size_t length = 0, access = 0;
	int blanks = 1;
	int c;

	mapping->from = read_address(maps, &c);
	if (c != '-') {
		return false;
	}
	mapping->to = read_address(maps, &c);
	while (c >= 0 && c != '\n') {
		c = next_char(maps);
		if (c == ' ' && length == 0) {
			blanks++;
		} else if (blanks == 1 && access < sizeof mapping->access - 1) {
			mapping->access[access++] = (char)c;
		} else if (c >= ' ' && blanks >= 5 && length < sizeof mapping->name - 1) {
			mapping->name[length++] = (char)c;
		}
	}
	mapping->access[access] = '\0';
	mapping->name[length] = '\0';
	return true;
}
