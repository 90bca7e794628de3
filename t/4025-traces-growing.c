/* SPDX-License-Identifier: MIT */
/*
 * A file that grows while it is read, as a recording does: what comes later is not read, so that
 * reading comes to an end however fast it grows.
 */
#include "t/traces.h"
#include "trace/input.h"

int main(void)
{
	const char *path = traces_file("growing");
	char bytes[16];
	struct zmm_error error;
	FILE *file = fopen(path, "wb");
	struct zmm_input *input;

	fputs("0123456789", file);
	fflush(file);
	input = zmm_input_open(path, &error);
	ok(input && zmm_input_make_seekable(input, &error), "a file can be read anywhere");
	fputs("more and more", file);
	fclose(file);
	is_int(zmm_input_read_at(input, bytes, 4, 3, &error), 4, "within what it had");
	ok(memcmp(bytes, "3456", 4) == 0, "those are its bytes");
	is_int(zmm_input_read_at(input, bytes, 8, 6, &error), 4, "up to where it ended");
	is_int(zmm_input_read_at(input, bytes, 4, 10, &error), 0, "not what has come since");
	is_int(zmm_input_read_at(input, bytes, 4, 12, &error), 0, "nor from its middle on");
	zmm_input_close(input);
	remove(path);
	return done_testing();
}
