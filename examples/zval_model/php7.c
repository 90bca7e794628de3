/* SPDX-License-Identifier: MIT */
/*
 * examples/zval_model/php7.c - PHP 7's values: what is copied is the 16 bytes in the variable; what
 * is counted is only what can be shared.
 *
 * Being a reference is a block that variables point at, and no property of a value: a string or an
 * array inside a reference can be shared with plain variables all the same, and is separated when
 * one of them changes it, not before.
 */
#include "examples/zval_model/php7.h"

static struct zval7 variables[VARIABLES];

/* {{{ Values. */

/* Not numbers, nor literals, nor the empty array, which has no block. */
static bool is_counted(const struct zval7 *zval)
{
	return zval->type >= STRING7 && zval->value.counted != NULL
		&& !is_literal(zval->value.counted);
}

void hold7(const struct zval7 *zval)
{
	if (is_counted(zval)) {
		zval->value.counted->refcount++;
	}
}

void hold_string7(struct string7 *string)
{
	if (string != NULL && !is_literal(string)) {
		string->counted.refcount++;
	}
}

void release_string7(struct string7 *string)
{
	if (string != NULL && !is_literal(string) && --string->counted.refcount == 0) {
		give_back(string, "zend_string");
	}
}

/* A variable or an element does not hold this value any more. */
static void release(struct zval7 *zval)
{
	if (!is_counted(zval) || --zval->value.counted->refcount > 0) {
		return;
	}
	if (zval->type == STRING7) {
		give_back(zval->value.string, "zend_string");
	} else if (zval->type == ARRAY7) {
		array7_free(zval->value.array);
	} else {
		release(&zval->value.reference->zval);
		give_back(zval->value.reference, "zend_reference");
	}
}

/* The variable itself, or what it is a reference of. */
static struct zval7 *follow(struct zval7 *zval)
{
	return zval->type == REFERENCE7 ? &zval->value.reference->zval : zval;
}

/* A string's block: the structure, the bytes and a zero, rounded up to 8. */
static size_t string_bytes(size_t length)
{
	return (sizeof(struct string7) + length + 1 + 7) & ~(size_t) 7;
}

static struct string7 *new_string(size_t length)
{
	struct string7 *string = take(string_bytes(length), "zend_string");

	*string = (struct string7) { .counted = { 1, STRING7 }, .length = length };
	return string;
}

static struct string7 *literal_string(const char *text)
{
	struct string7 *string = literal(text, sizeof *string);

	string->length = strlen(text);
	string->counted.type = STRING7;
	return string;
}

/* }}} */
/* {{{ Assigning. */

static void assign_value(struct zval7 *place, struct zval7 value)
{
	struct zval7 *target = follow(place);
	struct zval7 garbage = *target;

	target->value = value.value;
	target->type = value.type;
	release(&garbage);
}

static void assign_number(struct zval7 *place, long number)
{
	assign_value(place, (struct zval7) { .value.number = number, .type = LONG7 });
}

static void run_assign_long(const struct statement *s)
{
	assign_number(&variables[s->target], s->number);
}

static void run_assign_literal(const struct statement *s)
{
	assign_value(&variables[s->target],
		(struct zval7) { .value.string = literal_string(s->text), .type = STRING7 });
}

/* All empty arrays are one, which is copied by the first change. */
static void run_assign_array(const struct statement *s)
{
	assign_value(&variables[s->target], (struct zval7) { .value.array = NULL, .type = ARRAY7 });
}

static void run_assign(const struct statement *s)
{
	const struct zval7 *from = follow(&variables[s->source]);

	hold7(from);
	assign_value(&variables[s->target], *from);
}

static void bind(struct zval7 *place, struct zval7 *source)
{
	struct zval7 garbage = *place;

	if (source->type != REFERENCE7) {
		struct reference7 *reference = take(sizeof *reference, "zend_reference");

		*reference = (struct reference7) { .counted = { 1, REFERENCE7 }, .zval = *source };
		source->value.reference = reference;
		source->type = REFERENCE7;
	}
	source->value.reference->counted.refcount++;
	place->value = source->value;
	place->type = REFERENCE7;
	release(&garbage);
}

static void run_assign_reference(const struct statement *s)
{
	bind(&variables[s->target], &variables[s->source]);
}

static void run_unset(const struct statement *s)
{
	release(&variables[s->target]);
	variables[s->target].type = UNSET7;
}

/* }}} */
/* {{{ Changing. */

static void run_add_long(const struct statement *s)
{
	follow(&variables[s->target])->value.number += s->number;
}

/* $x .= "text" lengthens the string's own block, if nobody else has it. */
static void run_append(const struct statement *s)
{
	struct zval7 *zval = follow(&variables[s->target]);
	struct string7 *old = zval->value.string, *string;
	size_t more = strlen(s->text), length = old->length;

	if (is_counted(zval) && old->counted.refcount == 1) {
		string = resize(old, string_bytes(length + more), sizeof *old + length + 1, "zend_string");
		string->length = length + more;
		string->hash = 0;
	} else {
		string = new_string(length + more);
		memcpy(string->bytes, old->bytes, length);
		release_string7(old);
	}
	memcpy(string->bytes + length, s->text, more + 1);
	zval->value.string = string;
}

/* $x = $y . "text" makes a new string, and then frees what $x had. */
static void run_concat(const struct statement *s)
{
	const struct string7 *from = follow(&variables[s->source])->value.string;
	size_t more = strlen(s->text);
	struct string7 *string = new_string(from->length + more);

	memcpy(string->bytes, from->bytes, from->length);
	memcpy(string->bytes + from->length, s->text, more + 1);
	assign_value(&variables[s->target], (struct zval7) { .value.string = string, .type = STRING7 });
}

/* The array of a variable, for a change: separated from whoever shares it. */
static struct array7 *array_to_change(enum variable variable)
{
	struct zval7 *zval = follow(&variables[variable]);
	struct array7 *array = zval->value.array;

	if (array == NULL) {
		zval->value.array = array7_new(release);
	} else if (array->counted.refcount > 1) {
		zval->value.array = array7_copy(array);
		array->counted.refcount--;
	}
	return zval->value.array;
}

static void run_push(const struct statement *s)
{
	assign_number(array7_push(array_to_change(s->target)), s->number);
}

static void run_set_index(const struct statement *s)
{
	assign_number(array7_place(array_to_change(s->target), NULL, s->index), s->number);
}

static struct zval7 *literal_place(const struct statement *s)
{
	return array7_place(array_to_change(s->target), literal_string(s->text), 0);
}

static void run_set_key(const struct statement *s)
{
	assign_number(literal_place(s), s->number);
}

static void run_set_key_of(const struct statement *s)
{
	struct string7 *key = follow(&variables[s->source])->value.string;

	assign_number(array7_place(array_to_change(s->target), key, 0), s->number);
}

static void run_set_key_reference(const struct statement *s)
{
	bind(literal_place(s), &variables[s->source]);
}

/* }}} */

static void show_zval(struct zval7 *zval, struct text *out, unsigned depth);

static void show_array(const struct array7 *array, struct text *out, unsigned depth)
{
	struct string7 *key;
	int64_t index, next = 0;
	uint32_t i;
	unsigned shown = 0;

	say(out, "[");
	for (i = 0; array != NULL && i < array->used; i++) {
		struct zval7 *element = array7_element(array, i, &key, &index);

		if (element == NULL) {
			continue;
		}
		say(out, "%s", shown > 0 ? ", " : "");
		if (shown++ == show_elements) {
			say(out, "... (%u)", array->elements);
			break;
		}
		if (key != NULL) {
			say(out, "\"%s\" => ", key->bytes);
		} else if (index != next++) {
			say(out, "%lld => ", (long long) index);
			next = index + 1;
		}
		show_zval(element, out, depth);
	}
	say(out, "]");
}

static void show_zval(struct zval7 *zval, struct text *out, unsigned depth)
{
	zval = follow(zval);
	if (zval->type == LONG7) {
		say(out, "%lld", (long long) zval->value.number);
	} else if (zval->type == STRING7) {
		say_string(out, zval->value.string->bytes, zval->value.string->length);
	} else if (zval->type == ARRAY7 && depth == 0) {
		say(out, "[...]");
	} else if (zval->type == ARRAY7) {
		show_array(zval->value.array, out, depth - 1);
	} else {
		say(out, "null");
	}
}

static void show(enum variable variable, struct text *out)
{
	if (variables[variable].type == UNSET7) {
		say(out, "unset");
	} else {
		show_zval(&variables[variable], out, 2);
	}
}

static void forget(void)
{
	memset(variables, 0, sizeof variables);
}

const struct model php7 = {
	.title = "PHP 8.2, modern heap",
	.mode = ZEND_MM_MODERN,
	.run = {
		[ASSIGN_LONG] = run_assign_long,
		[ASSIGN_LITERAL] = run_assign_literal,
		[ASSIGN_ARRAY] = run_assign_array,
		[ASSIGN] = run_assign,
		[ASSIGN_REFERENCE] = run_assign_reference,
		[ADD_LONG] = run_add_long,
		[APPEND] = run_append,
		[CONCAT] = run_concat,
		[PUSH] = run_push,
		[SET_INDEX] = run_set_index,
		[SET_KEY] = run_set_key,
		[SET_KEY_OF] = run_set_key_of,
		[SET_KEY_REFERENCE] = run_set_key_reference,
		[UNSET] = run_unset,
	},
	.show = show,
	.forget = forget,
};
