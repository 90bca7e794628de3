/* SPDX-License-Identifier: MIT */
/*
 * tools/emit_json.c - documents as JSON, by jansson; without it, a line that names the package.
 *
 * The document is built as a tree and written as a whole when it is closed. An open list, item or
 * table is the top of a stack of containers, each already part of the one below.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "tools/emit_backend.h"

#if HAVE_JANSSON
#include <jansson.h>

enum { depth_max = 16 };

struct json_emit {
	zmm_emit emit;
	json_t *open[depth_max];          /* borrowed, but for the document itself at the bottom */
	int depth;                        /* of the innermost open container */
	const struct zmm_column *columns; /* of the innermost table */
	size_t column_count;
	bool compact;                     /* it has arrays of numbers: a line for each would be many */
};

static struct json_emit *json_of(zmm_emit *emit)
{
	return (struct json_emit *)emit;
}

/* Times and ratios to six digits behind the point: more would be noise. */
static json_t *json_number(double number)
{
	return isfinite(number) ? json_real(round(number * 1e6) / 1e6) : json_null();
}

static json_t *json_value(struct zmm_value value)
{
	switch (value.unit) {
	case ZMM_UNIT_TEXT:
		return json_string(value.text);
	case ZMM_UNIT_COUNT:
	case ZMM_UNIT_BYTES:
		return value.count <= INT64_MAX ? json_integer((json_int_t)value.count)
			: json_real((double)value.count);
	case ZMM_UNIT_NANOSECONDS:
	case ZMM_UNIT_BELOW:
	case ZMM_UNIT_RATIO:
		return json_number(value.number);
	default:
		return json_null();
	}
}

/* Adds to the innermost container; the value is given away. */
static void add(struct json_emit *json, const char *key, json_t *value)
{
	json_t *container = json->open[json->depth];
	int status = json_is_object(container) ? json_object_set_new(container, key, value)
		: json_array_append_new(container, value);

	json->emit.failed |= status != 0;
}

static void open_container(struct json_emit *json, const char *key, json_t *container)
{
	add(json, key, container);
	if (json->depth + 1 < depth_max && !json->emit.failed) {
		json->open[++json->depth] = container;
	} else {
		json->emit.failed = true;
	}
}

static void json_fact(zmm_emit *emit, const char *key, const char *label, struct zmm_value value)
{
	(void)label;
	if (!emit->failed) {
		add(json_of(emit), key, json_value(value));
	}
}

static void json_list(zmm_emit *emit, const char *key)
{
	if (!emit->failed) {
		open_container(json_of(emit), key, json_array());
	}
}

static void json_item(zmm_emit *emit)
{
	if (!emit->failed) {
		open_container(json_of(emit), NULL, json_object());
	}
}

static void json_table(zmm_emit *emit, const char *key, const struct zmm_column *columns,
	size_t count)
{
	json_of(emit)->columns = columns;
	json_of(emit)->column_count = count;
	json_list(emit, key);
}

static void json_row(zmm_emit *emit, const struct zmm_value *values)
{
	struct json_emit *json = json_of(emit);

	json_item(emit);
	for (size_t i = 0; i < json->column_count; i++) {
		json_fact(emit, json->columns[i].key, NULL, values[i]);
	}
	zmm_emit_end(emit);
}

static void json_object_member(zmm_emit *emit, const char *key)
{
	if (!emit->failed) {
		open_container(json_of(emit), key, json_object());
	}
}

static void json_array_member(zmm_emit *emit, const char *key)
{
	json_of(emit)->compact = true;
	json_list(emit, key);
}

static void json_element(zmm_emit *emit, struct zmm_value value)
{
	if (!emit->failed) {
		add(json_of(emit), NULL, json_value(value));
	}
}

static void json_end(zmm_emit *emit)
{
	json_of(emit)->depth -= !emit->failed;
}

static bool json_close(zmm_emit *emit)
{
	struct json_emit *json = json_of(emit);
	bool failed = emit->failed;

	if (!failed) {
		/* What the file did not take shows when it is flushed. */
		json_dumpf(json->open[0], emit->out, JSON_REAL_PRECISION(12)
			| (json->compact ? JSON_COMPACT : JSON_INDENT(2)));
		fputc('\n', emit->out);
	}
	json_decref(json->open[0]);
	free(json);
	return !failed;
}

static const struct zmm_emit_backend json_backend = {
	json_fact, json_list, json_item, json_table, json_row, json_end, json_close,
	json_object_member, json_array_member, json_element, ZMM_FOR_JSON
};

zmm_emit *zmm_emit_json(FILE *out, struct zmm_error *error)
{
	struct json_emit *json = calloc(1, sizeof *json);

	if (!json || !(json->open[0] = json_object())) {
		free(json);
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the results");
		return NULL;
	}
	json->emit.backend = &json_backend;
	json->emit.out = out;
	return &json->emit;
}
#else
zmm_emit *zmm_emit_json(FILE *out, struct zmm_error *error)
{
	(void)out;
	zmm_error_set(error, ZMM_ERROR_INPUT,
		"this zmm was built without jansson and cannot write JSON; "
		"install the package libjansson-dev, then configure and build again");
	return NULL;
}
#endif
