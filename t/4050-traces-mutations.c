/* SPDX-License-Identifier: MIT */
/*
 * Files of every format with random damage: each is read or refused with a line that names it, and
 * nothing else happens. Most worth running with sanitizers.
 */
#include <fcntl.h>

#include "t/traces.h"
#include "trace/binary_format.h"
#include "trace/program.h"

enum { ROUNDS = 2500, SIZE_MAX_BYTES = 60000 };

struct sample {
	const char *name;
	unsigned char bytes[SIZE_MAX_BYTES];
	size_t size;
};

static struct sample samples[8];
static size_t sample_count;

static struct sample *new_sample(const char *name)
{
	samples[sample_count].name = name;
	return &samples[sample_count++];
}

static void add_text(struct sample *sample, const char *text)
{
	memcpy(sample->bytes + sample->size, text, strlen(text));
	sample->size += strlen(text);
}

static void add_file(const char *name, const char *path)
{
	struct sample *sample = new_sample(name);
	FILE *file = fopen(path, "rb");

	sample->size = file ? fread(sample->bytes, 1, sizeof(sample->bytes), file) : 0;
	if (sample->size == 0) {
		bail_out("a sample is empty");
	}
	fclose(file);
}

static void make_texts(void)
{
	struct sample *text = new_sample("text");
	struct sample *mtrace, *ltrace, *rep;
	char line[200];

	add_text(text, "# all kinds\nt 3\nb\ns 1 0x10 0x20\nn 0x10 here\nm 0x0 4096 0 /a/file\n");
	for (int i = 1; i < 200; i++) {
		snprintf(line, sizeof(line), "a %d %d align=16 site=1 at=%d\nr %d %d\nf %d\nu\nx 2\n"
			"l 99\n", i, i * 3, i, i, i * 4, i);
		add_text(text, line);
	}
	add_text(text, "g\ne\nd\n");
	mtrace = new_sample("mtrace");
	add_text(mtrace, "= Start\n");
	ltrace = new_sample("ltrace");
	rep = new_sample("rep");
	add_text(rep, "20000\n99\n297\n1\n");
	for (int i = 1; i < 100; i++) {
		snprintf(line, sizeof(line), "@ ./a:[0x%x] + 0x%x 0x%x\n@ ./a:[0x1] < 0x%x\n"
			"@ ./a:[0x2] > 0x%x 0x9\n@ ./a:(f+0x1)[0x3] - 0x%x\n", i, i * 16, i, i * 16,
			i * 32, i * 32);
		add_text(mtrace, line);
		snprintf(line, sizeof(line), "[pid %d] malloc(%d <unfinished ...>\n"
			"[pid 3] free(0x%x) = <void>\n[pid %d] <... malloc resumed> ) = 0x%x\n",
			i % 3, i, i * 16 - 16, i % 3, i * 16);
		add_text(ltrace, line);
		snprintf(line, sizeof(line), "a %d %d\nr %d %d\nf %d\n", i, i, i, i * 2, i);
		add_text(rep, line);
	}
}

/* The first sample in another format. */
static void convert_first(const char *name, bool compress)
{
	const char *in = traces_write("in", samples[0].bytes, samples[0].size);
	const char *out = traces_file(name);
	struct zmm_error error;
	struct zmm_event event;
	zmm_reader *reader = zmm_reader_open(in, &error);
	zmm_writer *writer = zmm_writer_open(out, ZMM_FORMAT_BINARY, compress, &error);

	if (!writer) {
		zmm_reader_close(reader); /* built without libzstd */
		return;
	}
	while (reader && zmm_reader_next(reader, &event, &error) == 1) {
		zmm_writer_put(writer, &event, &error);
	}
	zmm_reader_close(reader);
	if (!zmm_writer_close(writer, &error)) {
		bail_out(error.text);
	}
	add_file(name, out);
}

static void make_recording(void)
{
	struct sample *sample = new_sample("recording");
	static _Alignas(8) unsigned char bytes[512 * 41];
	const struct zmm_file_header header = {.version = 1, .first = 512, .stride = 512, .id_shift = 4,
		.flags = ZMM_FILE_MERGE | ZMM_FILE_BY_ADDRESS | ZMM_FILE_RECORDED};

	zmm_file_header_write(bytes, &header);
	for (unsigned i = 1; i <= 40; i++) {
		const struct zmm_block_start start = {
			.thread = i % 4, .stamped = true, .stamp = i * 10, .id_shift = 4};
		struct zmm_block block;
		struct zmm_event event = {.thread = i % 4, .stamped = true, .stamp = i * 10};

		zmm_block_open(&block, bytes + i * 512, 512, &start);
		for (;; event.stamp++) {
			event.kind = event.stamp % 2 ? ZMM_EVENT_FREE : ZMM_EVENT_ALLOC;
			event.id = event.stamp / 2 * 16;
			event.size = event.stamp;
			if (!zmm_block_add(&block, &event)) {
				break;
			}
		}
		if (i % 8) {
			zmm_block_close(&block, false);
		}
	}
	memcpy(sample->bytes, bytes, sizeof(bytes));
	sample->size = sizeof(bytes);
}

/* Changes, removes, doubles or adds some bytes. */
static size_t damage(unsigned char *bytes, size_t size, uint64_t *state)
{
	size_t at = tap_below(state, size);
	size_t count = 1 + tap_below(state, 20);

	count = at + count < size ? count : size - at;
	switch (tap_below(state, 6)) {
	case 0: /* a bit */
		bytes[at] ^= (unsigned char) (1 << tap_below(state, 8));
		return size;
	case 1: /* some other bytes */
		for (size_t i = 0; i < count; i++) {
			bytes[at + i] = (unsigned char) tap_random(state);
		}
		return size;
	case 2: /* the rest is missing */
		return at;
	case 3: /* a part is missing */
		memmove(bytes + at, bytes + at + count, size - at - count);
		return size - count;
	case 4: /* a part comes twice */
		memmove(bytes + at + count, bytes + at, size - at);
		return size + count;
	default: /* digits among digits */
		memset(bytes + at, '0' + (int) tap_below(state, 10), count);
		return size;
	}
}

/* What a program is allowed to be, whatever it was made from. */
static bool sound(const zmm_program *program)
{
	for (size_t i = 0; i < program->op_count; i++) {
		const struct zmm_op *op = &program->ops[i];

		if (zmm_op_kind(op) >= ZMM_OP_KINDS
			|| (zmm_op_slot(op) >= program->slot_count && zmm_op_kind(op) <= ZMM_OP_ALIGNED)
			|| (op->head & ZMM_OP_WIDE && op->size >= program->wide_count)) {
			return false;
		}
	}
	return true;
}

/* Remarks go to standard error, where nobody wants a thousand of them. */
static zmm_program *load_quietly(const char *path, struct zmm_error *error)
{
	int out = dup(2), null = open("/dev/null", O_WRONLY);
	zmm_program *program;

	dup2(null, 2);
	program = zmm_program_load(path, ZMM_PROGRAM_SITES, error);
	dup2(out, 2);
	close(out);
	close(null);
	return program;
}

static void test_sample(const struct sample *sample, uint64_t *state)
{
	static unsigned char bytes[SIZE_MAX_BYTES + 100];
	unsigned read = 0, refused = 0, wrong = 0;

	for (int round = 0; round < ROUNDS / (int) sample_count; round++) {
		struct zmm_error error = {0};
		size_t size = sample->size;
		const char *path;
		zmm_program *program;

		memcpy(bytes, sample->bytes, size);
		for (uint64_t times = 1 + tap_below(state, 3); times-- && size;) {
			size = damage(bytes, size, state);
		}
		path = traces_write("damaged", bytes, size);
		program = load_quietly(path, &error);
		if (program && sound(program)) {
			read++;
		} else if (!program && error.kind == ZMM_ERROR_INPUT && strstr(error.text, "damaged")
			&& !strchr(error.text, '\n')) {
			refused++;
		} else {
			diag("round %d: %s", round, program ? "an unsound program" : error.text);
			wrong++;
		}
		zmm_program_free(program);
	}
	is_int(wrong, 0, "%s: %u damaged files were read, %u refused", sample->name, read, refused);
	ok(refused > 0, "%s: some damage is noticed", sample->name);
}

int main(void)
{
	uint64_t state = tap_seed();

	make_texts();
	convert_first("binary", false);
	convert_first("packed", true);
	make_recording();
	for (size_t i = 0; i < sample_count; i++) {
		struct zmm_error error;
		zmm_program *program = load_quietly(
			traces_write("whole", samples[i].bytes, samples[i].size), &error);

		ok(program, "%s is good before it is damaged%s%s", samples[i].name, program ? "" : ": ",
			program ? "" : error.text);
		zmm_program_free(program);
		test_sample(&samples[i], &state);
	}
	return done_testing();
}
