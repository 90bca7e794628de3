/* SPDX-License-Identifier: MIT */
/*
 * t/docs/trace.c - the pictures of doc/trace-format.md, from where the codec has things stand.
 */
#include <stddef.h>

#include "t/docs/picture.h"
#include "trace/binary_layout.h"

static void draw_file(void)
{
	static const struct cell cells[] = {
		{ 0, "magic", NULL },
		{ FILE_VERSION, "version", NULL },
		{ FILE_FLAGS, "flags", NULL },
		{ FILE_FIRST, "first", NULL },
		{ FILE_STRIDE, "stride", NULL },
		{ FILE_PROCESS, "pid", NULL },
		{ FILE_ID_SHIFT, "shift", NULL },
		{ FILE_START_TIME, "time", NULL },
		{ FILE_START_TIME + 8, "0", NULL },
		{ FILE_CHECKSUM, "check", NULL },
		{ ZMM_FILE_HEADER_BYTES, NULL, NULL },
	};

	draw_picture(cells);
}

static void draw_block(void)
{
	static const struct cell cells[] = {
		{ BLOCK_MAGIC, "magic", NULL },
		{ BLOCK_TYPE, "type", NULL },
		{ BLOCK_STATE, "state", NULL },
		{ BLOCK_FLAGS, "flags", NULL },
		{ BLOCK_ROOM, "room", NULL },
		{ BLOCK_USED, "used", NULL },
		{ BLOCK_THREAD, "thread", NULL },
		{ BLOCK_CHECKSUM, "check", NULL },
		{ BLOCK_STAMP, "stamp", NULL },
		{ BLOCK_EVENTS_BEFORE, "events", NULL },
		{ BLOCK_EVENTS_BEFORE + 8, "0", NULL },
		{ ZMM_BLOCK_HEADER_BYTES, NULL, NULL },
	};

	draw_picture(cells);
}

int main(int argc, char **argv)
{
	static const struct drawing drawings[] = {
		{ "file", draw_file },
		{ "block", draw_block },
		{ NULL, NULL },
	};

	return draw_named(drawings, argc, argv);
}
