#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests' own libraries: a failure is a failure, in C, in shell and in the sum of all.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

c_test()
{
	printf '#include "t/tap.h"\n%s\n' "$2" > "$tmp/$1.c"
	$CC -std=gnu11 -D_GNU_SOURCE -I"$srcdir" -o "$tmp/$1.t" "$tmp/$1.c"
}

c_main() { c_test "$1" "int main(void) { $2 return done_testing(); }"; }

shell_test()
{
	printf '#!/bin/sh\n. "$srcdir/t/tap.sh"\n%s\n' "$2" > "$tmp/$1.t"
	chmod +x "$tmp/$1.t"
}

export srcdir

c_main good 'ok(1, "one"); is_int(2, 2, "two"); is_str("a", "a", "three");'
run "$tmp/good.t"
is "$status:$out" "0:ok 1 - one
ok 2 - two
ok 3 - three
1..3" "C: passing checks"

c_main bad 'ok(0, "zero"); is_size(1, 2, "size %d", 7); is_ptr(0, &tap, "pointer");
	is_str(NULL, "a", "text"); contains("abc", "x", "part"); pass("fine");'
run "$tmp/bad.t"
is "$status" 1 "C: failing checks make the exit status 1"
is "$(grep -c '^not ok' "$tmp/out")" 5 "C: each kind of check can fail"
like "$err" "*got: 1 (0x1)*expected: 2 (0x2)*" "C: a failure shows both values"
like "$out" "*not ok 2 - size 7*" "C: descriptions are formatted"

c_main short 'plan(3); ok(1, "one");'
run "$tmp/short.t"
is "$status" 1 "C: fewer checks than planned"

c_main none ''
run "$tmp/none.t"
is "$status" 1 "C: a program without a check fails"

c_main seed 'uint64_t s = tap_seed(); note("%" PRIu64, tap_random(&s)); pass("seeded");'
run env ZMM_TEST_SEED=42 "$tmp/seed.t"
first=$out
run env ZMM_TEST_SEED=42 "$tmp/seed.t"
is "$out" "$first" "C: the same seed gives the same numbers"
like "$err" "*ZMM_TEST_SEED=42*" "C: the seed is printed"
run env ZMM_TEST_SEED=43 "$tmp/seed.t"
unlike "$out" "$first" "C: another seed gives others"

c_test child '
static void ends(const char *how) {
	fputs("said", stdout); fprintf(stderr, "called %s", how);
	if (*how == 0x65) exit(7);
	if (*how == 0x61) abort();
}
int main(void) {
	struct tap_child c = run_child(ends, "exit");
	ok(c.status == 7 && c.signal == 0, "exit status"); is_str(c.err, "called exit", "error");
	is_str(c.out, "said", "output");
	c = run_child(ends, "abort"); ok(c.signal == SIGABRT && c.status == -1, "signal");
	c = run_child(ends, "return"); is_int(c.status, 0, "return");
	set_environment("TAP_X", "y"); is_str(getenv("TAP_X"), "y", "set");
	return done_testing(); }'
ok "C: children, their ends and output" "$tmp/child.t"

shell_test good 'ok one true; is a a two; like abc "a*" three; unlike abc x four; done_testing'
run "$tmp/good.t"
is "$status:$out" "0:ok 1 - one
ok 2 - two
ok 3 - three
ok 4 - four
1..4" "shell: passing checks"

shell_test bad 'ok one false; is a b two; like abc x three; unlike abc "a*" four; done_testing'
run "$tmp/bad.t"
is "$status:$(grep -c '^not ok' "$tmp/out")" 1:4 "shell: each kind of check can fail"

shell_test seeded 'seed; is $seed $ZMM_TEST_SEED seed; done_testing'
run env ZMM_TEST_SEED=42 "$tmp/seeded.t"
like "$status$err" "0*ZMM_TEST_SEED=42*" "shell: the seed is that of the environment, and shown"

shell_test early 'ok one true; exit 0'
run "$tmp/early.t"
is "$status" 255 "shell: a test that ends before done_testing fails"

shell_test captures 'run sh -c "echo o; echo e >&2; exit 4"
	is "$status $out $err" "4 o e" run; done_testing'
ok "shell: run captures status and both outputs" "$tmp/captures.t"

printf '#!/bin/sh\ntest -e begun && rm begun && exit 0\n: > begun\nexit 1\n' > "$tmp/late"
chmod +x "$tmp/late"
shell_test wine 'cd "$tmp" || exit; windows() { true; }
	run "$late"; is $status 0 run; ok ok "$late"; run false; is $status 1 twice; done_testing'
run env late="$tmp/late" "$tmp/wine.t"
is "$status:$(printf '%s\n' "$err" | grep -c "without a word")" "0:3" \
	"shell: what Wine did not begin is run once more, and that is shown"

shell_test some 'skip 2 because; pass three; done_testing'
shell_test all 'skip_all "not here"'
shell_test killed 'pass one; kill -9 $$'
run env PERL5LIB="$srcdir/t" ZMM_TOTALS="$tmp/totals" \
	prove --harness=Totals --exec '' "$tmp/some.t" "$tmp/all.t" "$tmp/bad.t" "$tmp/killed.t"
is "$status" 1 "the sum of a bad run is bad"
is "$(cat "$tmp/totals")" "2 5 3" "passed, failed, skipped; a killed test counts as a failure"
like "$out" "*skipped: all.t, all of it: not here*skipped: some.t, checks 1 2: because*" \
	"skipped checks are listed with their reason"
like "$out" "*failed: bad.t, check 1 - one*, check 4 - four*failed: killed.t ended badly*" \
	"and failed ones by their names"

done_testing
