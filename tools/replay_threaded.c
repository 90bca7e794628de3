/* SPDX-License-Identifier: MIT */
/*
 * tools/replay_threaded.c - see replay_threaded.h.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/preloaded.h"
#include "tools/replay_threaded.h"
#include "tools/zmm.h"
#include "trace/replay_threads.h"

static const char library[] = "libzend_malloc.so";

/* --- over a heap ----------------------------------------------------------------------------- */

#ifdef _WIN32
static int set_variable(const char *name, const char *value)
{
	(void)name;
	(void)value;
	return 0;
}
#else
static int set_variable(const char *name, const char *value)
{
	return setenv(name, value, 1);
}
#endif

static int choose_heap(const struct zmm_threaded_settings *settings)
{
	const struct zmm_replay_options *heap = settings->heap;
	char size[32];

	if (heap->storage && !zend_mm_storage_type(heap->storage))
		return zmm_bad_usage("replay", "with --threads there is no storage '%s'", heap->storage);
	set_variable("ZEND_MM_MODE", zmm_allocator_name(heap->allocator));
	if (heap->storage)
		set_variable("ZEND_MM_MEM_TYPE", heap->storage);
	if (heap->segment_size) {
		snprintf(size, sizeof size, "%zu", heap->segment_size);
		set_variable("ZEND_MM_SEG_SIZE", size);
	}
	if (settings->check)
		set_variable("ZEND_MM_CHECK", "1");
	return zmm_preload("replay", library);
}

/* Become this program again, where malloc is the heap's. */
static int begin_anew(const struct zmm_threaded_settings *settings)
{
	char *command[8] = { "/proc/self/exe", "replay", "--threads" };
	int status = choose_heap(settings), count = 3;

	if (status != ZMM_EXIT_OK)
		return status;
	if (settings->verify)
		command[count++] = "--verify";
	if (settings->json)
		command[count++] = "--json";
	command[count++] = "--";
	command[count++] = (char *)settings->path;
	command[count] = NULL;
	return zmm_become("replay", command);
}

/* --- results --------------------------------------------------------------------------------- */

/* Whose malloc this process has. */
static const char *name_malloc(char *text, size_t size)
{
	const char *preloaded = getenv("LD_PRELOAD");
	const char *mode = getenv("ZEND_MM_MODE");

	if (!preloaded || !*preloaded)
		return "the system's";
	if (strstr(preloaded, library))
		snprintf(text, size, "%s heaps", mode ? mode : "legacy");
	else
		snprintf(text, size, "%s", preloaded);
	return text;
}

static void emit_results(zmm_emit *emit, const struct zmm_threaded_settings *settings,
	const struct zmm_threads_results *results)
{
	double operations = results->operations ? (double)results->operations : 1;
	char text[300];

	zmm_emit_fact(emit, "trace", "trace", zmm_value_text(settings->path));
	zmm_emit_fact(emit, "malloc", "malloc", zmm_value_text(name_malloc(text, sizeof text)));
	zmm_emit_fact(emit, "threads", "threads", zmm_value_count(results->threads));
	zmm_emit_fact(emit, "threads_at_once", "  at once, at most",
		zmm_value_count(results->threads_at_once));
	zmm_emit_fact(emit, "operations", "operations", zmm_value_count(results->operations));
	zmm_emit_fact(emit, "failures", "failed requests", zmm_value_count(results->failures));
	zmm_emit_fact(emit, "shared_blocks", "blocks of several threads",
		zmm_value_count(results->shared_blocks));
	zmm_emit_fact(emit, "waits", "waits for another thread", zmm_value_count(results->waits));
	zmm_emit_fact(emit, "ns_per_operation", "time per operation",
		zmm_value_nanoseconds((double)results->time.wall_ns / operations));
	zmm_emit_fact(emit, "cpu_ns_per_operation", "  of all processors",
		zmm_value_nanoseconds((double)results->time.cpu_ns / operations));
}

static int print_results(const struct zmm_threaded_settings *settings,
	const struct zmm_threads_results *results)
{
	struct zmm_error error;
	zmm_emit *emit = settings->json ? zmm_emit_json(stdout, &error)
		: zmm_emit_text(stdout, &error);

	if (!emit)
		return zmm_error_print(&error);
	emit_results(emit, settings, results);
	if (!zmm_emit_close(emit)) {
		zmm_error_set(&error, ZMM_ERROR_SYSTEM, "no memory for the results");
		return zmm_error_print(&error);
	}
	return zmm_finish_output(ZMM_EXIT_OK);
}

int zmm_replay_threaded(const struct zmm_threaded_settings *settings)
{
	struct zmm_threads_results results;
	struct zmm_error error, whole;
	zmm_program *program;
	int status;

	if (settings->heap)
		return begin_anew(settings);
	program = zmm_program_load(settings->path, 0, &error);
	if (!program)
		return zmm_error_print(&error);
	if (zmm_replay_threads(program, settings->verify, &results, &error)) {
		status = print_results(settings, &results);
	} else {
		zmm_error_set(&whole, error.kind, "%s: %s", settings->path, error.text);
		status = zmm_error_print(&whole);
	}
	zmm_program_free(program);
	return status;
}
