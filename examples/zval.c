/* SPDX-License-Identifier: MIT */
/*
 * examples/zval.c - what PHP's values ask of its heap: the classic snippets, run on a model of
 * PHP 5's values over the legacy heap and on one of PHP 7's over the modern heap, side by side.
 *
 *	zval [NUMBER]     all snippets, or one of them
 *
 * The models are in zval_model/: statements as data (model.h), memory that writes down each request
 * (memory.c), and the two designs of values (php5*.c, php7*.c). doc/values.md explains the output.
 *
 * The structures and the order of requests are those of PHP; what it takes besides (the compiled
 * script, its symbol tables, the cycle collector's buffer) is not modelled.
 */
#include "examples/zval_model/model.h"

enum { designs = 2, column = 49, shown_events = 14, head_events = 4, tail_events = 2 };

struct snippet {
	const char *title;
	const char *shows;
	struct statement statements[12];
};

static const struct snippet snippets[] = {
	{ "A number, a copy, a change", "copy on write; PHP 7 copies the 16 bytes instead", {
		{ "$a = 1;", ASSIGN_LONG, A, .number = 1 },
		{ "$b = $a;", ASSIGN, .target = B, .source = A },
		{ "$b += 5;", ADD_LONG, B, .number = 5 },
		{ "unset($a);", UNSET, .target = A },
	} },
	{ "A reference", "change on write: both names change", {
		{ "$a = 1;", ASSIGN_LONG, A, .number = 1 },
		{ "$b = &$a;", ASSIGN_REFERENCE, .target = B, .source = A },
		{ "$b += 5;", ADD_LONG, B, .number = 5 },
		{ "$c = $a;", ASSIGN, .target = C, .source = A },
		{ "unset($b);", UNSET, .target = B },
		{ "unset($a);", UNSET, .target = A },
	} },
	{ "An array, a copy, a write", "separation: the write pays for the copy", {
		{ "$a = [];", ASSIGN_ARRAY, .target = A },
		{ "$a[] = 10;", PUSH, A, .number = 10 },
		{ "$a[] = 20;", PUSH, A, .number = 20 },
		{ "$a[] = 30;", PUSH, A, .number = 30 },
		{ "$b = $a;", ASSIGN, .target = B, .source = A },
		{ "$b[] = 40;", PUSH, B, .number = 40 },
		{ "$b[0] = 11;", SET_INDEX, B, .number = 11, .index = 0 },
	} },
	{ "A copy of a referenced array", "PHP 5 copies at once what PHP 7 shares", {
		{ "$a = [];", ASSIGN_ARRAY, .target = A },
		{ "$a[] = 10;", PUSH, A, .number = 10 },
		{ "$b = &$a;", ASSIGN_REFERENCE, .target = B, .source = A },
		{ "$c = $a;", ASSIGN, .target = C, .source = A },
		{ "$c[] = 20;", PUSH, C, .number = 20 },
	} },
	{ "A reference to a shared array", "the same from the other side", {
		{ "$a = [];", ASSIGN_ARRAY, .target = A },
		{ "$a[] = 10;", PUSH, A, .number = 10 },
		{ "$b = $a;", ASSIGN, .target = B, .source = A },
		{ "$c = &$a;", ASSIGN_REFERENCE, .target = C, .source = A },
		{ "$c[] = 20;", PUSH, C, .number = 20 },
	} },
	{ "A string that grows in place", ".= resizes the block", {
		{ "$s = \"0123456789\";", ASSIGN_LITERAL, S, .text = "0123456789" },
		{ "$t = $s;", ASSIGN, .target = T, .source = S },
		{ "$s .= \"abcdefgh\";", APPEND, S, .text = "abcdefgh" },
		{ "$s .= \"abcdefgh\"; 12 times", APPEND, S, .text = "abcdefgh", .times = 12 },
		{ "$t = $s;", ASSIGN, .target = T, .source = S },
		{ "$s .= \"abcdefgh\";", APPEND, S, .text = "abcdefgh" },
	} },
	{ "A string that is made anew", "$s = $s . \"x\": the loop of bug 44069", {
		{ "$s = \"0123456789\";", ASSIGN_LITERAL, S, .text = "0123456789" },
		{ "$s = $s . \"abcdefgh\"; 4 times", CONCAT, S, S, .text = "abcdefgh", .times = 4 },
		{ "unset($s);", UNSET, .target = S },
	} },
	{ "Keys", "a key is copied into the bucket, or counted", {
		{ "$a = [];", ASSIGN_ARRAY, .target = A },
		{ "$a[\"id\"] = 1;", SET_KEY, A, .text = "id", .number = 1 },
		{ "$k = \"user\";", ASSIGN_LITERAL, K, .text = "user" },
		{ "$k = $k . \"7\";", CONCAT, K, K, .text = "7" },
		{ "$a[$k] = 2;", SET_KEY_OF, A, K, .number = 2 },
		{ "unset($k);", UNSET, .target = K },
		{ "unset($a);", UNSET, .target = A },
	} },
	{ "A list that becomes a map", "PHP 7's packed form has room for small holes only", {
		{ "$a = [];", ASSIGN_ARRAY, .target = A },
		{ "$a[] = 10;", PUSH, A, .number = 10 },
		{ "$a[7] = 70;", SET_INDEX, A, .number = 70, .index = 7 },
		{ "$a[100] = 1;", SET_INDEX, A, .number = 1, .index = 100 },
	} },
	{ "A cycle", "nobody can reach it; only the request's end frees it", {
		{ "$a = [];", ASSIGN_ARRAY, .target = A },
		{ "$a[\"self\"] = &$a;", SET_KEY_REFERENCE, A, A, .text = "self" },
		{ "unset($a);", UNSET, .target = A },
	} },
	{ "100,000 numbers in a list", "146 bytes an element, and 21", {
		{ "$a = [];", ASSIGN_ARRAY, .target = A },
		{ "$a[] = 1; 100000 times", PUSH, A, .number = 1, .times = 100000 },
	} },
};
enum { snippet_count = sizeof snippets / sizeof snippets[0] };

static const struct model *const models[designs] = { &php5, &php7 };
static zend_mm_heap *heaps[designs];
static struct journal journals[designs];

/* {{{ Printing two columns. */

/* One row; trailing blanks are left out. */
static void row(const char *left, const char *right)
{
	if (right[0] == '\0') {
		printf("  %s\n", left);
	} else {
		printf("  %-*s%s\n", column, left, right);
	}
}

/* The i-th line of a journal of count requests: all of them, or the first, how many, and the
 * last. */
static const char *line(const struct journal *journal, unsigned i, char *text)
{
	unsigned skipped = journal->count - head_events - tail_events;

	if (journal->count <= shown_events) {
		return i < journal->count ? journal->event[i] : "";
	}
	if (i < head_events) {
		return journal->event[i];
	}
	if (journal->count > event_count) {
		snprintf(text, event_text, "  and %u more requests", journal->count - head_events);
		return i == head_events ? text : "";
	}
	if (i == head_events) {
		snprintf(text, event_text, "  and %u more, the last", skipped);
		return text;
	}
	i -= head_events + 1;
	return i < tail_events ? journal->event[journal->count - tail_events + i] : "";
}

static void print_journals(void)
{
	char left[event_text], right[event_text];
	unsigned i;

	for (i = 0; ; i++) {
		const char *one = line(&journals[0], i, left), *two = line(&journals[1], i, right);

		if (one[0] == '\0' && two[0] == '\0') {
			break;
		}
		row(one, two);
	}
}

static void print_values(const struct snippet *snippet)
{
	static const char names[VARIABLES] = "abckst";
	char text[designs][256];
	bool touched[VARIABLES] = { false };
	const struct statement *s;
	unsigned v, d;
	bool first = true;

	for (s = snippet->statements; s->php != NULL; s++) {
		touched[s->target] = true;
	}
	for (v = 0; v < VARIABLES; v++) {
		for (d = 0; d < designs; d++) {
			struct text out = { text[d], sizeof text[d], 0 };

			models[d]->show(v, &out);
		}
		if (strcmp(text[0], text[1]) != 0) {
			fprintf(stderr, "zval: the models differ: $%c is %s and %s\n", names[v], text[0],
				text[1]);
			exit(1);
		}
		if (touched[v]) {
			printf("%s$%c = %s", first ? "" : ", ", names[v], text[0]);
			first = false;
		}
	}
	putchar('\n');
}

/* }}} */

static void run_statement(const struct statement *statement)
{
	unsigned d, i, times = statement->times > 0 ? statement->times : 1;

	for (d = 0; d < designs; d++) {
		memory_of(heaps[d], &journals[d]);
		journals[d].count = 0;
		for (i = 0; i < times; i++) {
			models[d]->run[statement->operation](statement);
		}
	}
	printf("%s\n", statement->php);
	print_journals();
}

/* Each snippet is a request of its own, so that it starts on empty heaps. */
static void run_snippet(unsigned number)
{
	const struct snippet *snippet = &snippets[number];
	const struct statement *s;
	char text[designs][event_text];
	size_t before[designs];
	unsigned d;

	printf("\n%u. %s (%s)\n\n", number + 1, snippet->title, snippet->shows);
	row(models[0]->title, models[1]->title);
	for (d = 0; d < designs; d++) {
		memory_of(heaps[d], &journals[d]);
		before[d] = zend_memory_usage(0);
	}
	for (s = snippet->statements; s->php != NULL; s++) {
		run_statement(s);
	}
	printf("left: ");
	print_values(snippet);
	for (d = 0; d < designs; d++) {
		memory_of(heaps[d], &journals[d]);
		snprintf(text[d], event_text, "%zu bytes, blocks: %zu", zend_memory_usage(0) - before[d],
			journals[d].blocks);
	}
	row(text[0], text[1]);
	for (d = 0; d < designs; d++) {
		zend_mm_shutdown(heaps[d], 0, 1);
		models[d]->forget();
		memory_of(heaps[d], &journals[d]);
		journals[d].blocks = 0;
		snprintf(text[d], event_text, "%zu after the request's end",
			zend_memory_usage(0) - before[d]);
	}
	row(text[0], text[1]);
}

int main(int argc, char **argv)
{
	zend_mm_options options;
	unsigned d, i, only = 0;

	if (argc > 2 || (argc == 2 && ((only = (unsigned) atoi(argv[1])) == 0
			|| only > snippet_count))) {
		fprintf(stderr, "usage: zval [NUMBER]     a snippet, 1 to %d; all without it\n",
			snippet_count);
		return 2;
	}
	for (d = 0; d < designs; d++) {
		zend_mm_default_options(&options);
		options.mode = models[d]->mode;
		heaps[d] = zend_mm_startup_with(&options);
		if (heaps[d] == NULL) {
			fputs("zval: no memory for a heap\n", stderr);
			return 1;
		}
	}
	printf("Each request: taken (+), given back (-), resized (=), resized and moved (>);\n"
		"bytes asked for, bytes of the block, where its data is in its segment or chunk (of\n"
		"others than the first: /number), the list it belongs to, and what for.\n");
	for (i = 0; i < snippet_count; i++) {
		if (only == 0 || only == i + 1) {
			run_snippet(i);
		}
	}
	for (d = 0; d < designs; d++) {
		zend_mm_shutdown(heaps[d], 1, 1);
	}
	return 0;
}
