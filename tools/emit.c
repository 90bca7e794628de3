/* SPDX-License-Identifier: MIT */
/*
 * tools/emit.c - passes what subcommands say on to the document's backend.
 */
#include "tools/emit_backend.h"

static bool is_for(const zmm_emit *emit)
{
	return emit->audience == ZMM_FOR_ALL || emit->audience == emit->backend->audience;
}

void zmm_emit_for(zmm_emit *emit, enum zmm_audience audience)
{
	emit->audience = audience;
}

void zmm_emit_fact(zmm_emit *emit, const char *key, const char *label, struct zmm_value value)
{
	if (is_for(emit)) {
		emit->backend->fact(emit, key, label, value);
	}
}

void zmm_emit_list(zmm_emit *emit, const char *key)
{
	if (is_for(emit)) {
		emit->backend->list(emit, key);
	}
}

void zmm_emit_item(zmm_emit *emit)
{
	if (is_for(emit)) {
		emit->backend->item(emit);
	}
}

void zmm_emit_table(zmm_emit *emit, const char *key, const struct zmm_column *columns,
	size_t count)
{
	if (is_for(emit)) {
		emit->backend->table(emit, key, columns, count);
	}
}

void zmm_emit_row(zmm_emit *emit, const struct zmm_value *values)
{
	if (is_for(emit)) {
		emit->backend->row(emit, values);
	}
}

void zmm_emit_object(zmm_emit *emit, const char *key)
{
	if (is_for(emit)) {
		emit->backend->object(emit, key);
	}
}

void zmm_emit_array(zmm_emit *emit, const char *key)
{
	if (is_for(emit)) {
		emit->backend->array(emit, key);
	}
}

void zmm_emit_element(zmm_emit *emit, struct zmm_value value)
{
	if (is_for(emit)) {
		emit->backend->element(emit, value);
	}
}

void zmm_emit_end(zmm_emit *emit)
{
	if (is_for(emit)) {
		emit->backend->end(emit);
	}
}

bool zmm_emit_close(zmm_emit *emit)
{
	return emit->backend->close(emit);
}
