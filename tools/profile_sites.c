/* SPDX-License-Identifier: MIT */
/*
 * Reads stacks, symbols and modules from a trace. See profile_sites.h.
 */
#include "tools/profile_sites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/map.h"

struct stack {
	size_t first; /* frames[first] and those after */
	size_t count;
};

struct name {
	uint64_t address;
	char *text;
};

struct module {
	uint64_t start, size, offset;
	char *path;
};

struct zmm_sites {
	struct stack *stacks;
	size_t stack_count, stack_capacity;
	uint64_t *frames;
	size_t frame_count, frame_capacity;
	struct name *names;
	size_t name_count, name_capacity;
	struct module *modules;
	size_t module_count, module_capacity;
	struct zmm_map by_site;    /* index of a stack, + 1 */
	struct zmm_map by_address; /* index of a name, + 1 */
};

/* --- reading --- */

/* Makes room for more items; false where there is no memory. */
static bool make_room(void *array, size_t *capacity, size_t count, size_t more, size_t size)
{
	void *items;
	size_t wanted = *capacity ? *capacity : 64;

	if (count + more <= *capacity)
		return true;
	while (wanted < count + more)
		wanted *= 2;
	memcpy(&items, array, sizeof items);
	items = realloc(items, wanted * size);
	if (!items)
		return false;
	memcpy(array, &items, sizeof items);
	*capacity = wanted;
	return true;
}

static bool add_stack(zmm_sites *sites, const struct zmm_event *event)
{
	if (!make_room(&sites->stacks, &sites->stack_capacity, sites->stack_count, 1,
			sizeof *sites->stacks)
		|| !make_room(&sites->frames, &sites->frame_capacity, sites->frame_count,
			event->frame_count, sizeof *sites->frames))
		return false;
	sites->stacks[sites->stack_count++] = (struct stack){ sites->frame_count, event->frame_count };
	if (event->frame_count)
		memcpy(sites->frames + sites->frame_count, event->frames,
			event->frame_count * sizeof *event->frames);
	sites->frame_count += event->frame_count;
	return zmm_map_put(&sites->by_site, event->id, sites->stack_count);
}

static bool add_name(zmm_sites *sites, const struct zmm_event *event)
{
	char *text = strndup(event->text, event->text_length);

	if (!text || !make_room(&sites->names, &sites->name_capacity, sites->name_count, 1,
			sizeof *sites->names)) {
		free(text);
		return false;
	}
	sites->names[sites->name_count++] = (struct name){ event->id, text };
	return zmm_map_put(&sites->by_address, event->id, sites->name_count);
}

static bool add_module(zmm_sites *sites, const struct zmm_event *event)
{
	char *path = strndup(event->text, event->text_length);

	if (!path || !make_room(&sites->modules, &sites->module_capacity, sites->module_count, 1,
			sizeof *sites->modules)) {
		free(path);
		return false;
	}
	sites->modules[sites->module_count++] =
		(struct module){ event->id, event->size, event->offset, path };
	return true;
}

static bool add(zmm_sites *sites, const struct zmm_event *event)
{
	switch (event->kind) {
	case ZMM_EVENT_STACK:
		return add_stack(sites, event);
	case ZMM_EVENT_SYMBOL:
		return add_name(sites, event);
	case ZMM_EVENT_MODULE:
		return add_module(sites, event);
	default:
		return true;
	}
}

static bool read_all(zmm_sites *sites, zmm_reader *reader, struct zmm_error *error)
{
	struct zmm_event event;
	int answer;

	while ((answer = zmm_reader_next(reader, &event, error)) > 0) {
		if (!add(sites, &event)) {
			zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the trace's call sites");
			return false;
		}
	}
	return answer == 0;
}

zmm_sites *zmm_sites_read(const char *path, struct zmm_error *error)
{
	zmm_reader *reader = zmm_reader_open(path, error);
	zmm_sites *sites = calloc(1, sizeof *sites);

	if (reader && !sites)
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the trace's call sites");
	if (!reader || !sites || !read_all(sites, reader, error)) {
		zmm_sites_free(sites);
		sites = NULL;
	}
	zmm_reader_close(reader);
	return sites;
}

void zmm_sites_free(zmm_sites *sites)
{
	if (!sites)
		return;
	for (size_t i = 0; i < sites->name_count; i++)
		free(sites->names[i].text);
	for (size_t i = 0; i < sites->module_count; i++)
		free(sites->modules[i].path);
	free(sites->stacks);
	free(sites->frames);
	free(sites->names);
	free(sites->modules);
	zmm_map_free(&sites->by_site);
	zmm_map_free(&sites->by_address);
	free(sites);
}

/* --- what is where --- */

/* The module loaded last at an address: a path may be mapped again elsewhere. */
static const struct module *find_module(const zmm_sites *sites, uint64_t address)
{
	for (size_t i = sites->module_count; i-- > 0;)
		if (address - sites->modules[i].start < sites->modules[i].size)
			return &sites->modules[i];
	return NULL;
}

static void name_frame(const zmm_sites *sites, uint64_t address, zmm_profile *profile)
{
	size_t name = zmm_map_get(&sites->by_address, address);
	const struct module *module;
	char text[4200];

	if (name) {
		zmm_profile_symbol(profile, address, sites->names[name - 1].text);
		return;
	}
	module = find_module(sites, address);
	if (module) {
		const char *slash = strrchr(module->path, '/');
		snprintf(text, sizeof text, "%s+0x%" PRIx64, slash ? slash + 1 : module->path,
			address - module->start + module->offset);
	} else {
		snprintf(text, sizeof text, "0x%" PRIx64, address);
	}
	zmm_profile_symbol(profile, address, text);
}

const uint64_t *zmm_sites_stack(const zmm_sites *sites, uint32_t site, size_t *count,
	zmm_profile *profile)
{
	size_t index = site ? zmm_map_get(&sites->by_site, site) : 0;
	const struct stack *stack = index ? &sites->stacks[index - 1] : NULL;

	*count = stack ? stack->count : 0;
	if (*count == 0)
		return NULL;
	for (size_t i = 0; i < stack->count; i++)
		name_frame(sites, sites->frames[stack->first + i], profile);
	return sites->frames + stack->first;
}
