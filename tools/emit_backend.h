/* SPDX-License-Identifier: MIT */
/*
 * tools/emit_backend.h - what a way to show documents has to do. For emit.c and the backends.
 */
#ifndef ZMM_EMIT_BACKEND_H
#define ZMM_EMIT_BACKEND_H

#include "tools/emit.h"

/* The members do what the functions of emit.h say. */
struct zmm_emit_backend {
	void (*fact)(zmm_emit *emit, const char *key, const char *label, struct zmm_value value);
	void (*list)(zmm_emit *emit, const char *key);
	void (*item)(zmm_emit *emit);
	void (*table)(zmm_emit *emit, const char *key, const struct zmm_column *columns,
		size_t count);
	void (*row)(zmm_emit *emit, const struct zmm_value *values);
	void (*end)(zmm_emit *emit);
	bool (*close)(zmm_emit *emit);
	void (*object)(zmm_emit *emit, const char *key);
	void (*array)(zmm_emit *emit, const char *key);
	void (*element)(zmm_emit *emit, struct zmm_value value);
	enum zmm_audience audience; /* whom this backend serves */
};

/* Every document begins with this; a backend adds what it needs. */
struct zmm_emit {
	const struct zmm_emit_backend *backend;
	FILE *out;
	enum zmm_audience audience; /* whom the present calls are for */
	bool failed; /* memory ran out: nothing more is kept */
};

#endif
