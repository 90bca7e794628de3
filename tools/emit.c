/* SPDX-License-Identifier: MIT */
/*
 * tools/emit.c - passes what subcommands say on to the document's backend.
 */
#include "tools/emit_backend.h"

void zmm_emit_fact(zmm_emit *emit, const char *key, const char *label, struct zmm_value value)
{
	emit->backend->fact(emit, key, label, value);
}

void zmm_emit_list(zmm_emit *emit, const char *key)
{
	emit->backend->list(emit, key);
}

void zmm_emit_item(zmm_emit *emit)
{
	emit->backend->item(emit);
}

void zmm_emit_table(zmm_emit *emit, const char *key, const struct zmm_column *columns,
	size_t count)
{
	emit->backend->table(emit, key, columns, count);
}

void zmm_emit_row(zmm_emit *emit, const struct zmm_value *values)
{
	emit->backend->row(emit, values);
}

void zmm_emit_end(zmm_emit *emit)
{
	emit->backend->end(emit);
}

bool zmm_emit_close(zmm_emit *emit)
{
	return emit->backend->close(emit);
}
