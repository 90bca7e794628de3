/* SPDX-License-Identifier: MIT */
/* See compressed.h: once with libzstd, once without. */
#include "config.h"

#include "trace/compressed.h"

#include <stdlib.h>

#include "trace/error.h"

bool zmm_starts_as_zstd(const unsigned char *bytes, size_t count)
{
	if (count < 4)
		return false;
	bool frame = bytes[0] == 0x28 && bytes[1] == 0xb5 && bytes[2] == 0x2f && bytes[3] == 0xfd;
	bool skippable = bytes[0] >> 4 == 5 && bytes[1] == 0x2a && bytes[2] == 0x4d
		&& bytes[3] == 0x18;
	return frame || skippable;
}

#if HAVE_ZSTD

#include <zstd.h>

enum {
	/* Measured with `zstd -LEVEL` on parsedown.trace: 1.02 MB at 6, 0.91 MB in 0.08 s at 9,
	 * 0.91 MB at 15, 0.87 MB in 1.9 s at 19. */
	LEVEL = 9
};

struct zmm_unpacker {
	ZSTD_DStream *stream;
	bool whole;
};

struct zmm_unpacker *zmm_unpacker_open(const char *name, struct zmm_error *error)
{
	struct zmm_unpacker *unpacker = malloc(sizeof *unpacker);

	if (unpacker)
		*unpacker = (struct zmm_unpacker){ ZSTD_createDStream(), true };
	if (!unpacker || !unpacker->stream) {
		zmm_error_no_memory(error, name);
		free(unpacker);
		return NULL;
	}
	return unpacker;
}

const char *zmm_unpacker_step(struct zmm_unpacker *unpacker, struct zmm_pieces *pieces,
	bool *whole)
{
	ZSTD_inBuffer in = { pieces->in, pieces->in_left, 0 };
	ZSTD_outBuffer out = { pieces->out, pieces->out_left, 0 };

	/* With the input used up, what is left of a frame may still wait for room. */
	while (out.pos < out.size && (in.pos < in.size || !unpacker->whole)) {
		size_t before = in.pos + out.pos;
		size_t left = ZSTD_decompressStream(unpacker->stream, &out, &in);
		if (ZSTD_isError(left))
			return ZSTD_getErrorName(left);
		unpacker->whole = left == 0;
		if (in.pos + out.pos == before)
			break;
	}
	*whole = unpacker->whole;
	*pieces = (struct zmm_pieces){ pieces->in + in.pos, pieces->in_left - in.pos,
		pieces->out + out.pos, pieces->out_left - out.pos };
	return NULL;
}

void zmm_unpacker_close(struct zmm_unpacker *unpacker)
{
	if (unpacker)
		ZSTD_freeDStream(unpacker->stream);
	free(unpacker);
}

struct zmm_packer {
	ZSTD_CStream *stream;
	const char *name;
};

struct zmm_packer *zmm_packer_open(const char *name, struct zmm_error *error)
{
	struct zmm_packer *packer = malloc(sizeof *packer);

	if (packer)
		*packer = (struct zmm_packer){ ZSTD_createCStream(), name };
	if (!packer || !packer->stream) {
		zmm_error_no_memory(error, name);
		free(packer);
		return NULL;
	}
	ZSTD_CCtx_setParameter(packer->stream, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(packer->stream, ZSTD_c_checksumFlag, 1);
	return packer;
}

bool zmm_packer_step(struct zmm_packer *packer, struct zmm_pieces *pieces, bool finish, bool *done,
	struct zmm_error *error)
{
	ZSTD_inBuffer in = { pieces->in, pieces->in_left, 0 };
	ZSTD_outBuffer out = { pieces->out, pieces->out_left, 0 };
	size_t left = ZSTD_compressStream2(packer->stream, &out, &in,
		finish ? ZSTD_e_end : ZSTD_e_continue);

	if (ZSTD_isError(left)) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: zstd cannot compress it: %s", packer->name,
			ZSTD_getErrorName(left));
		return false;
	}
	*done = left == 0;
	*pieces = (struct zmm_pieces){ pieces->in + in.pos, pieces->in_left - in.pos,
		pieces->out + out.pos, pieces->out_left - out.pos };
	return true;
}

void zmm_packer_close(struct zmm_packer *packer)
{
	if (packer)
		ZSTD_freeCStream(packer->stream);
	free(packer);
}

#else

struct zmm_unpacker *zmm_unpacker_open(const char *name, struct zmm_error *error)
{
	zmm_error_set(error, ZMM_ERROR_INPUT, "%s: it is compressed with zstd, and this zmm was built "
		"without it; unpack it first (zstd -d), or install libzstd-dev and configure again", name);
	return NULL;
}

struct zmm_packer *zmm_packer_open(const char *name, struct zmm_error *error)
{
	zmm_error_set(error, ZMM_ERROR_INPUT, "%s: cannot compress it, this zmm was built without "
		"zstd; choose a name without .zst, or install libzstd-dev and configure again", name);
	return NULL;
}

/* Without an open one there is nothing to step or to close. */

const char *zmm_unpacker_step(struct zmm_unpacker *unpacker, struct zmm_pieces *pieces,
	bool *whole)
{
	(void)unpacker, (void)pieces, (void)whole;
	return "built without zstd";
}

void zmm_unpacker_close(struct zmm_unpacker *unpacker)
{
	(void)unpacker;
}

bool zmm_packer_step(struct zmm_packer *packer, struct zmm_pieces *pieces, bool finish, bool *done,
	struct zmm_error *error)
{
	(void)packer, (void)pieces, (void)finish, (void)done, (void)error;
	return false;
}

void zmm_packer_close(struct zmm_packer *packer)
{
	(void)packer;
}

#endif
