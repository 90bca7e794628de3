/* SPDX-License-Identifier: MIT */
/*
 * examples/zval_model/php5.c - PHP 5's values: reference counts, copy on write, change on write.
 *
 * The invariant that decides every copy: a value with is_reference is changed in place, for all
 * that point at it; one without is shared only while nobody changes it. So one value cannot be
 * both: whoever makes a reference of a shared value, or a plain copy of a referenced one, has to
 * copy it at once (the separation).
 */
#include "examples/zval_model/php5.h"

static struct zval5 *variables[VARIABLES];

/* What an element is until a value is assigned: one value for all. */
static struct zval5 nothing = { .type = NULL5, .refcount = 1000 };

/* {{{ Values. */

static struct zval5 *new_zval(struct zval5 value)
{
	struct zval5_collected *made = take(sizeof *made, "zval");

	made->zval = value;
	made->zval.refcount = 1;
	made->zval.is_reference = 0;
	made->buffered = NULL;
	return &made->zval;
}

static void destroy_value(struct zval5 *zval)
{
	if (zval->type == STRING5 && !is_literal(zval->value.string.bytes)) {
		give_back(zval->value.string.bytes, "string");
	} else if (zval->type == ARRAY5) {
		hash5_free(zval->value.array);
	}
}

/* A variable or an element does not point here any more. */
static void release(struct zval5 *zval)
{
	if (--zval->refcount == 0) {
		destroy_value(zval);
		give_back(zval, "zval");
	} else if (zval->refcount == 1) {
		zval->is_reference = 0;
	}
}

/* Makes what a copied zval points at its own. */
static void copy_value(struct zval5 *zval)
{
	if (zval->type == STRING5 && !is_literal(zval->value.string.bytes)) {
		size_t size = (size_t) zval->value.string.length + 1;

		zval->value.string.bytes = memcpy(take(size, "string"), zval->value.string.bytes, size);
	} else if (zval->type == ARRAY5) {
		zval->value.array = hash5_copy(zval->value.array);
	}
}

static void separate(struct zval5 **place)
{
	struct zval5 *shared = *place;

	if (shared->refcount > 1) {
		shared->refcount--;
		*place = new_zval(*shared);
		copy_value(*place);
	}
}

/* Before a change: whoever shares the value without being its reference keeps the old one. */
static void separate_unless_reference(struct zval5 **place)
{
	if (!(*place)->is_reference) {
		separate(place);
	}
}

/* }}} */
/* {{{ Assigning. */

/* A value that nobody else has: into the block that is there, if it is ours or a reference. */
static void assign_value(struct zval5 **place, struct zval5 value)
{
	struct zval5 *old = *place;

	if (old != NULL && (old->is_reference || old->refcount == 1)) {
		struct zval5 garbage = *old;

		old->value = value.value;
		old->type = value.type;
		destroy_value(&garbage);
		return;
	}
	if (old != NULL) {
		release(old);
	}
	*place = new_zval(value);
}

static void assign_number(struct zval5 **place, long number)
{
	assign_value(place, (struct zval5) { .value.number = number, .type = LONG5 });
}

static void run_assign_long(const struct statement *s)
{
	assign_number(&variables[s->target], s->number);
}

static void run_assign_literal(const struct statement *s)
{
	struct zval5 value = { .type = STRING5 };

	value.value.string.bytes = literal(s->text, 0);
	value.value.string.length = (int) strlen(s->text);
	assign_value(&variables[s->target], value);
}

static void run_assign_array(const struct statement *s)
{
	struct zval5 value = { .value.array = hash5_new(0, release), .type = ARRAY5 };

	assign_value(&variables[s->target], value);
}

/* Shares the source's value, but where the source or the target is a reference: there it is
 * copied, into the block that is there if it is ours or a reference. */
static void run_assign(const struct statement *s)
{
	struct zval5 *from = variables[s->source], *to = variables[s->target];

	if (from == to) {
		return;
	}
	if (!from->is_reference && (to == NULL || !to->is_reference)) {
		from->refcount++;
		variables[s->target] = from;
	} else if (to == NULL || (!to->is_reference && to->refcount > 1)) {
		variables[s->target] = new_zval(*from);
		copy_value(variables[s->target]);
	} else {
		struct zval5 value = *from;

		copy_value(&value);
		assign_value(&variables[s->target], value);
		return;
	}
	if (to != NULL) {
		release(to);
	}
}

static void bind(struct zval5 **place, struct zval5 **source)
{
	struct zval5 *old = *place;

	if (!(*source)->is_reference) {
		separate(source);
		(*source)->is_reference = 1;
	}
	(*source)->refcount++;
	*place = *source;
	if (old != NULL) {
		release(old);
	}
}

static void run_assign_reference(const struct statement *s)
{
	bind(&variables[s->target], &variables[s->source]);
}

static void run_unset(const struct statement *s)
{
	if (variables[s->target] != NULL) {
		release(variables[s->target]);
		variables[s->target] = NULL;
	}
}

/* }}} */
/* {{{ Changing. */

static void run_add_long(const struct statement *s)
{
	separate_unless_reference(&variables[s->target]);
	variables[s->target]->value.number += s->number;
}

/* $x .= "text" lengthens the string's own block. */
static void run_append(const struct statement *s)
{
	size_t more = strlen(s->text), length;
	struct zval5 *zval;
	char *bytes;

	separate_unless_reference(&variables[s->target]);
	zval = variables[s->target];
	bytes = zval->value.string.bytes;
	length = (size_t) zval->value.string.length;
	if (is_literal(bytes)) {
		bytes = memcpy(take(length + more + 1, "string"), bytes, length);
	} else {
		bytes = resize(bytes, length + more + 1, length + 1, "string");
	}
	memcpy(bytes + length, s->text, more + 1);
	zval->value.string.bytes = bytes;
	zval->value.string.length = (int) (length + more);
}

/* $x = $y . "text" makes a new string, and then frees what $x had. */
static void run_concat(const struct statement *s)
{
	const struct zval5 *from = variables[s->source];
	size_t more = strlen(s->text), length = (size_t) from->value.string.length;
	struct zval5 value = { .type = STRING5 };
	char *bytes = take(length + more + 1, "string");

	memcpy(bytes, from->value.string.bytes, length);
	memcpy(bytes + length, s->text, more + 1);
	value.value.string.bytes = bytes;
	value.value.string.length = (int) (length + more);
	assign_value(&variables[s->target], value);
}

static struct hash5 *array_to_change(enum variable variable)
{
	separate_unless_reference(&variables[variable]);
	return variables[variable]->value.array;
}

/* Elements are inserted first and then assigned to, as the engine's two instructions do. */
static void run_push(const struct statement *s)
{
	assign_number(hash5_push(array_to_change(s->target), &nothing), s->number);
}

static void run_set_index(const struct statement *s)
{
	struct hash5 *hash = array_to_change(s->target);

	assign_number(hash5_place(hash, NULL, 0, true, (uintptr_t) s->index, &nothing), s->number);
}

static struct zval5 **literal_place(const struct statement *s)
{
	return hash5_place(array_to_change(s->target), literal(s->text, 0),
		(uint32_t) strlen(s->text) + 1, true, 0, &nothing);
}

static void run_set_key(const struct statement *s)
{
	assign_number(literal_place(s), s->number);
}

static void run_set_key_of(const struct statement *s)
{
	const struct zval5 *key = variables[s->source];

	assign_number(hash5_place(array_to_change(s->target), key->value.string.bytes,
		(uint32_t) key->value.string.length + 1, is_literal(key->value.string.bytes), 0, &nothing),
		s->number);
}

static void run_set_key_reference(const struct statement *s)
{
	bind(literal_place(s), &variables[s->source]);
}

/* }}} */

static void show_zval(const struct zval5 *zval, struct text *out, unsigned depth)
{
	const struct bucket5 *bucket;
	unsigned shown = 0;
	uintptr_t next = 0;

	if (zval->type == LONG5) {
		say(out, "%lld", (long long) zval->value.number);
	} else if (zval->type == STRING5) {
		say_string(out, zval->value.string.bytes, (size_t) zval->value.string.length);
	} else if (zval->type == ARRAY5 && depth == 0) {
		say(out, "[...]");
	} else if (zval->type == ARRAY5) {
		say(out, "[");
		for (bucket = zval->value.array->head; bucket != NULL; bucket = bucket->list_next) {
			say(out, "%s", bucket != zval->value.array->head ? ", " : "");
			if (shown++ == show_elements) {
				say(out, "... (%u)", zval->value.array->elements);
				break;
			}
			if (bucket->key_length > 0) {
				say(out, "\"%s\" => ", bucket->key);
			} else if (bucket->hash != next++) {
				say(out, "%llu => ", (unsigned long long) bucket->hash);
				next = bucket->hash + 1;
			}
			show_zval(bucket->data_pointer, out, depth - 1);
		}
		say(out, "]");
	} else {
		say(out, "null");
	}
}

static void show(enum variable variable, struct text *out)
{
	if (variables[variable] == NULL) {
		say(out, "unset");
	} else {
		show_zval(variables[variable], out, 2);
	}
}

static void forget(void)
{
	memset(variables, 0, sizeof variables);
	nothing.refcount = 1000;
}

const struct model php5 = {
	.title = "PHP 5.6, legacy heap",
	.mode = ZEND_MM_LEGACY,
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
