/* SPDX-License-Identifier: MIT */
/*
 * A comparison goes on without who is missing, whoever crashes, and whoever is noisy is marked. The
 * processes of samples are this program started anew, as they are zmm's.
 */
#include "config.h"

#include <math.h>
#include <unistd.h>

#include "t/tap.h"
#include "tools/comparison_emit.h"

static struct zmm_comparison comparison;
static struct zmm_comparison_settings settings;
static struct zmm_contender contenders[3];

/* A trace of a few hundred operations. */
static zmm_program *make_program(struct zmm_error *error)
{
	char path[] = "/tmp/zmm-missing-XXXXXX";
	int fd = mkstemp(path);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	zmm_program *program;

	for (int i = 1; out && i <= 200; i++) {
		fprintf(out, "a %d %d\n", i, i * 7);
		if (i % 2 == 0) {
			fprintf(out, "f %d\n", i / 2);
		}
	}
	if (out) {
		fclose(out);
	}
	program = zmm_program_load(path, 0, error);
	remove(path);
	return program;
}

static char *text_of(bool json)
{
	static char text[400000];
	struct zmm_error error;
	FILE *out = tmpfile();
	zmm_emit *emit = json ? zmm_emit_json(out, &error) : zmm_emit_text(out, &error);
	size_t length = 0;

	if (emit) {
		zmm_emit_comparison_head(emit, &settings, "zmm compare", 0);
		zmm_emit_list(emit, "traces");
		zmm_emit_comparison(emit, &comparison, NULL, 0);
		zmm_emit_end(emit);
		zmm_emit_close(emit);
		rewind(out);
		length = fread(text, 1, sizeof text - 1, out);
	}
	fclose(out);
	text[length] = '\0';
	return text;
}

static void test_missing(const zmm_program *program)
{
	ok(zmm_contender_find("modern", &contenders[0]), "our heaps are known by name");
	contenders[1] = (struct zmm_contender){
		.name = "ghost", .preload = "libghost.so.1", .package = "libghost1", .missing = true,
		.replay = { .allocator = ZMM_ALLOCATOR_SYSTEM }
	};
	ok(zmm_contender_find("system", &contenders[2]), "and so is the system's malloc");
	ok(!zmm_contender_find("nosuch", &contenders[2]), "others are not");
	zmm_contender_find("system", &contenders[2]);
	settings = (struct zmm_comparison_settings){
		.contenders = contenders, .count = 3, .blocks = 5, .seed = 3, .drains = 1
	};
	ok(zmm_compare(&comparison, &settings, "trace", program),
		"a comparison with one missing goes on");
	is_size((size_t)comparison.status, 0, "which is no failure");
	is_size(comparison.results[0].samples, 5, "the first has its samples");
	is_size(comparison.results[1].samples, 0, "the missing one has none");
	is_size(comparison.results[2].samples, 5, "the last has its samples");
	ok(strstr(text_of(false), "missing") != NULL, "the table says so");
	if (HAVE_JANSSON) {
		char *text = text_of(true);

		ok(strstr(text, "\"package\":\"libghost1\"") != NULL,
			"the document names the package");
		text = strstr(text, "\"results\"");
		ok(text && !strstr(text, "ghost"), "and has no results of it");
	}
	zmm_comparison_drop(&comparison);
}

static void test_crash(const zmm_program *program)
{
	contenders[1] = (struct zmm_contender){
		.name = "broken", .preload = "/nowhere/libbroken.so",
		.replay = { .allocator = ZMM_ALLOCATOR_SYSTEM }
	};
	settings.drains = 0;
	ok(zmm_compare(&comparison, &settings, "trace", program), "one that fails does not end it");
	is_size((size_t)comparison.status, 2, "the exit status tells");
	ok(strstr(comparison.results[1].failed, "could not be preloaded") != NULL, "and the reason: %s",
		comparison.results[1].failed);
	is_size(comparison.results[0].samples, 5, "the others are measured");
	zmm_comparison_drop(&comparison);
}

/* Times put in by hand, to see what is computed and shown of them. */
static void test_noisy(const zmm_program *program)
{
	struct zmm_result *loop = &comparison.results[ZMM_CONTENDERS_MAX];

	memset(&comparison, 0, sizeof comparison);
	contenders[1] = contenders[2];
	contenders[1].name = "wild";
	settings.count = 2;
	settings.time_only = true;
	comparison.settings = &settings;
	comparison.path = "trace";
	comparison.program = program;
	comparison.blocks = 9;
	for (int i = 0; i < 9; i++) {
		loop->ns[i] = loop->wall_ns[i] = 2;
		comparison.results[0].ns[i] = comparison.results[0].wall_ns[i] = 12;
		comparison.results[1].ns[i] = comparison.results[1].wall_ns[i] = 17 + i * 5;
	}
	for (int i = 0; i < 2; i++) {
		comparison.results[i].took_part = true;
		comparison.results[i].samples = 9;
	}
	loop->samples = 9;
	zmm_comparison_evaluate(&comparison);
	ok(comparison.results[0].net_ns == 10, "the loop's time is taken off");
	ok(comparison.results[0].ratio.ratio == 1, "the baseline is 1");
	ok(fabs(comparison.results[1].ratio.ratio - 3.5) < 1e-9, "(37 - 2) / (12 - 2) is 3.5");
	ok(comparison.results[1].ratio.low == 2 && comparison.results[1].ratio.high == 5,
		"of nine equally spaced ones the second and the eighth bound the median");
	ok(comparison.results[1].ratio.significant, "which leaves 1 out");
	char *line = strstr(text_of(false), "wild");
	ok(line && strstr(line, "noisy") && strstr(line, "3.50"), "the wild one is marked noisy");
	char *quiet = strstr(text_of(false), contenders[0].name);
	quiet = quiet ? strstr(quiet + 1, "\nmodern") : NULL;
	ok(quiet && strstr(quiet, "noisy") > strstr(quiet, "wild"), "the quiet one is not");
}

int main(int argc, char **argv)
{
	struct zmm_error error;
	int sampled = zmm_contender_main(argc, argv);

	if (sampled >= 0) {
		return sampled;
	}
	if (getenv("SANITIZER") && *getenv("SANITIZER")) {
		skip_all("sanitizers bring a malloc of their own");
	}
	zmm_program *program = make_program(&error);
	if (!program) {
		diag("%s", error.text);
		return 1;
	}
	test_missing(program);
	test_crash(program);
	test_noisy(program);
	zmm_program_free(program);
	return done_testing();
}
