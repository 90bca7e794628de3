/* SPDX-License-Identifier: MIT */
/*
 * tools/emit.h - results of a subcommand, said once and shown as text or as JSON.
 *
 * A document is facts (a key with a value), tables (columns and rows), and lists of items, each of
 * which again has facts and tables. As text, facts are aligned lines and tables have headings; as
 * JSON, facts are members of an object, tables are arrays of objects with the columns' keys, lists
 * are arrays of objects. Both come from the same calls, so they cannot disagree; only the text
 * rounds numbers and gives them units.
 *
 *    emit = json ? zmm_emit_json(stdout, &error) : zmm_emit_text(stdout);
 *    zmm_emit_fact(emit, "operations", "operations", zmm_value_count(3663));
 *    zmm_emit_table(emit, "contenders", columns, 3);
 *    zmm_emit_row(emit, (struct zmm_value[]){ … three values … });
 *    zmm_emit_end(emit);
 *    zmm_emit_close(emit);
 */
#ifndef ZMM_EMIT_H
#define ZMM_EMIT_H

#include <stdint.h>
#include <stdio.h>

#include "trace/trace.h"

enum zmm_unit {
	ZMM_UNIT_MISSING,    /* there is no value: "-", null */
	ZMM_UNIT_TEXT,
	ZMM_UNIT_COUNT,
	ZMM_UNIT_BYTES,
	ZMM_UNIT_NANOSECONDS,
	ZMM_UNIT_BELOW,      /* less than so many nanoseconds; in JSON, that many */
	ZMM_UNIT_RATIO
};

/* What a value is to its reader: shown by colour, on terminals only. */
enum zmm_tone {
	ZMM_TONE_PLAIN,
	ZMM_TONE_GOOD,
	ZMM_TONE_BAD,
	ZMM_TONE_DOUBTFUL,
	ZMM_TONE_STRONG
};

struct zmm_value {
	enum zmm_unit unit;
	const char *text;
	uint64_t count;      /* counts and bytes */
	double number;       /* nanoseconds and ratios */
	enum zmm_tone tone;
};

static inline struct zmm_value zmm_value_toned(struct zmm_value value, enum zmm_tone tone)
{
	value.tone = tone;
	return value;
}

static inline struct zmm_value zmm_value_missing(void)
{
	return (struct zmm_value){ ZMM_UNIT_MISSING, NULL, 0, 0, ZMM_TONE_PLAIN };
}

static inline struct zmm_value zmm_value_text(const char *text)
{
	return (struct zmm_value){ ZMM_UNIT_TEXT, text, 0, 0, ZMM_TONE_PLAIN };
}

static inline struct zmm_value zmm_value_count(uint64_t count)
{
	return (struct zmm_value){ ZMM_UNIT_COUNT, NULL, count, 0, ZMM_TONE_PLAIN };
}

static inline struct zmm_value zmm_value_bytes(uint64_t bytes)
{
	return (struct zmm_value){ ZMM_UNIT_BYTES, NULL, bytes, 0, ZMM_TONE_PLAIN };
}

static inline struct zmm_value zmm_value_nanoseconds(double nanoseconds)
{
	return (struct zmm_value){ ZMM_UNIT_NANOSECONDS, NULL, 0, nanoseconds, ZMM_TONE_PLAIN };
}

static inline struct zmm_value zmm_value_below(double nanoseconds)
{
	return (struct zmm_value){ ZMM_UNIT_BELOW, NULL, 0, nanoseconds, ZMM_TONE_PLAIN };
}

static inline struct zmm_value zmm_value_ratio(double ratio)
{
	return (struct zmm_value){ ZMM_UNIT_RATIO, NULL, 0, ratio, ZMM_TONE_PLAIN };
}

/* Three digits and a unit. */
void zmm_format_nanoseconds(char *text, size_t size, double nanoseconds);

struct zmm_column {
	const char *key;     /* JSON */
	const char *heading; /* text */
};

typedef struct zmm_emit zmm_emit;

/* Begin a document that goes to out. NULL, with the error set, where there is no memory or where
 * this build has no JSON. */
zmm_emit *zmm_emit_text(FILE *out, struct zmm_error *error);
zmm_emit *zmm_emit_json(FILE *out, struct zmm_error *error);

void zmm_emit_fact(zmm_emit *emit, const char *key, const char *label, struct zmm_value value);

/* Begin a list of items, and an item of it; each ends with zmm_emit_end(). */
void zmm_emit_list(zmm_emit *emit, const char *key);
void zmm_emit_item(zmm_emit *emit);

/* Begin a table of at most 32 columns, which have to stay until it ends with zmm_emit_end().
 * A row has as many values as there are columns. */
void zmm_emit_table(zmm_emit *emit, const char *key, const struct zmm_column *columns,
	size_t count);
void zmm_emit_row(zmm_emit *emit, const struct zmm_value *values);

/* JSON only, text has no such thing: begin an object as a member, or an array of plain values (an
 * element of which is added by zmm_emit_element()); each ends with zmm_emit_end(). */
void zmm_emit_object(zmm_emit *emit, const char *key);
void zmm_emit_array(zmm_emit *emit, const char *key);
void zmm_emit_element(zmm_emit *emit, struct zmm_value value);

/* Whom the calls that follow are for. */
enum zmm_audience { ZMM_FOR_ALL, ZMM_FOR_TEXT, ZMM_FOR_JSON };
void zmm_emit_for(zmm_emit *emit, enum zmm_audience audience);

/* Ends the innermost list, item, table, object or array. */
void zmm_emit_end(zmm_emit *emit);

/* Ends the document: writes what is left of it, and frees it. False if memory ran out on the way,
 * and then nothing, or only the document's beginning, was written. Whether the file took it is for
 * the caller to ask (zmm_finish_output()). */
bool zmm_emit_close(zmm_emit *emit);

#endif
