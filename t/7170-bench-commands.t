#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make bench, bench-baseline, bench-diff: what they count repeats, adds up, and shows a change; what
# is missing or wrong is said.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

windows && skip_all "the programs that are watched need Unix"
recordings || skip_all "the recordings are packed, and this build has no zstd"
test -z "$SANITIZER" || skip_all "sanitizers bring instructions of their own"
command -v valgrind > /dev/null || skip_all "valgrind is not installed (Debian package valgrind)"
valgrind -q "$ZMM" --version > /dev/null 2>&1 ||
	skip_all "valgrind runs no programs of this build (32-bit ones need libc6-dbg:i386)"
command -v callgrind_annotate > /dev/null || skip_all "callgrind_annotate is not installed"

cd "$builddir" || exit 1
export srcdir ZMM
bench=$srcdir/bench

run "$bench/functions" baseline "$tmp/baseline" seed
is "$status" 0 "a baseline is written"
is "$(awk -F '\t' '!/^#/ && $3 != "total" { sum[$2] += $4 } $3 == "total" { total[$2] = $4 }
	END { for (who in total) if (sum[who] - total[who] > 0.01 || total[who] - sum[who] > 0.01)
		print who }' "$tmp/baseline")" "" "functions add up to the total"
plain_blocks && most=200 || most=1000
is "$(awk -F '\t' -v most=$most '$3 == "total" && ($4 < 5 || $4 > most)' "$tmp/baseline")" "" \
	"which is what an operation may take"
is "$(grep -c 'run_plain\|zmm_replay' "$tmp/baseline")" 0 "the replay loop is not in it"

sed 's/^\(seed\tlegacy\t_emalloc\t\).*/\11.0000/' "$tmp/baseline" > "$tmp/changed"
run "$bench/functions" diff "$tmp/changed" seed
like "$out" "*seed legacy:*1.00*_emalloc*" "a difference names the function"
run "$bench/functions" diff "$tmp/baseline" seed
unlike "$out" "*_emalloc*" "without a change there is none: counts repeat"

run "$bench/functions" diff "$tmp/none" seed
is "$status" 2 "without a baseline"
like "$err" "*make bench-baseline first*" "the way to one is named"
echo nonsense > "$tmp/broken"
run "$bench/functions" diff "$tmp/broken" seed
like "$err" "*line 1*" "a line that is no count is named"
run "$bench/functions" list no-such-trace
like "$err" "*no trace 'no-such-trace'*" "so is a trace that is not there"

run "$bench/table" 0 seed
is "$status" 0 "the table is made"
like "$out" "*legacy*modern*glibc*bump*" "of our heaps, the C library's malloc and the loop"
run bench/replayed legacy 0 "$TRACES/seed.trace$zst"
is "$status" 2 "no runs are refused"
run bench/replayed nobody 1 "$TRACES/seed.trace$zst"
like "$err" "*nobody*known are legacy*" "and so is an unknown allocator"
done_testing
