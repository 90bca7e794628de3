#!/bin/sh
# SPDX-License-Identifier: MIT
# Call stacks: by libunwind and by frame pointers, with names.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/record.sh"

# A program that has frame pointers and names, to be found in its stacks.
cat > "$tmp/stacks.c" <<'END'
#include <pthread.h>
#include <stdlib.h>

static void *(*volatile allocate)(size_t) = malloc;
void *volatile kept;
int volatile depth;

void *inner(void) { kept = allocate(70071); depth++; return kept; }
void *outer(void) { kept = inner(); depth--; return kept; }
void *deep(int n) { kept = n > 0 ? deep(n - 1) : outer(); depth++; return kept; }
static void *thread(void *nothing) { (void)nothing; kept = outer(); return NULL; }

int main(void)
{
	pthread_t other;
	for (int i = 0; i < 20000; i++)
		free(outer());
	deep(300);
	for (int i = 0; i < 4; i++)
		if (pthread_create(&other, NULL, thread, NULL) != 0 || pthread_join(other, NULL) != 0)
			abort();
	return 0;
}
END
$CC -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-inline -rdynamic -pthread \
	-o "$tmp/stacks" "$tmp/stacks.c" || skip_all "$CC compiles nothing"

# names LINES SITE: the stack of a site, in names, innermost first.
names()
{
	awk -v site="$2" '
		$1 == "n" { name[$2] = $3 }
		$1 == "s" && $2 == site { for (i = 3; i <= NF; i++) frame[i] = $i; n = NF }
		END { for (i = 3; i <= n; i++) printf "%s ", name[frame[i]] }' "$1"
}

for how in unwind frame-pointers; do
	if test $how = unwind && ! config HAVE_UNWIND; then
		skip 10 "libunwind was not found by configure"
		continue
	fi
	rm -f "$trace"*
	run "$ZMM" record -q --sites=$how -o "$trace" -- "$tmp/stacks"
	is "$status" 0 "$how: the program works as always"
	as_text "$trace" > "$tmp/lines"
	is "$(cat "$tmp/remarks")" "" "$how: nothing was lost"
	ok "$how: nearly all requests have a site" test \
		"$(grep -c '^[afr].* site=' "$tmp/lines")" -gt 40000
	is "$(grep -E '^a [0-9]+ 70071 ' "$tmp/lines" | sed 's/.*site=//' | sort | uniq -c |
		awk '{ print $1 }' | sort -n | tr '\n' ' ')" "1 4 20000 " \
		"$how: equal stacks have one number"
	is "$(grep '^s ' "$tmp/lines" | awk '{ print $2 }' | sort | uniq -d | wc -l)" 0 \
		"$how: and each number is told about once"
	site=$(grep -E '^a [0-9]+ 70071 ' "$tmp/lines" | sed 's/.*site=//' | head -n 1)
	like "$(names "$tmp/lines" "$site")" "inner outer main *" "$how: with the names of functions"
	site=$(grep -E '^a [0-9]+ 70071 ' "$tmp/lines" | sed 's/.*site=//' | sort | uniq -u)
	site=$(grep -E '^a [0-9]+ 70071 ' "$tmp/lines" | sed 's/.*site=//' | sort | uniq -c |
		awk '$1 == 1 { print $2 }')
	like "$(names "$tmp/lines" "$site")" "inner outer deep deep deep deep *" \
		"$how: deep stacks from their inner end"
	site=$(grep -E '^a [0-9]+ 70071 ' "$tmp/lines" | sed 's/.*site=//' | sort | uniq -c |
		awk '$1 == 4 { print $2 }')
	like "$(names "$tmp/lines" "$site")" "inner outer thread *" "$how: in threads, too"
	like "$(grep '^m ' "$tmp/lines")" "*/stacks*" "$how: and modules are told"
	replays "$how" "$trace"
done

recorded() { rm -f "$trace"*; run "$ZMM" record -q --sites -o "$trace" -- "$requests" "$@"; }
for task in exchange fork-threads "exec plain" vfork; do
	recorded $task
	is "$status" 0 "$task with call stacks works as always"
	replays "$task" "$trace"*
done
recorded fork
child=$(echo "$trace".[0-9]*)
like "$(as_text "$child" | grep '^s ')" "s 1 *" "a child tells its own stacks"

done_testing
