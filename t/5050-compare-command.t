#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm compare: the table and the JSON say the same, every contender takes part, and what goes wrong
# with one of them is told without ending the others.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

awk 'BEGIN {
	for (i = 1; i <= 3000; i++) {
		print "a", i, 40 + i % 700
		if (i > 200) print "f", i - 200
	}
	print "a 10000 3000000"
	print "f 10000"
}' > "$tmp/small.trace"
printf 'l 3000000\na 1 4000000\na 2 100\ne\na 3 10\n' > "$tmp/limit.trace"
printf 'a 1 5\nf 2\n' > "$tmp/bad.trace"

# The contenders that are always there, one block, and no waiting.
compare_quickly() { "$ZMM" compare --only legacy,modern,system --blocks 1 --drain none "$@"; }
compare_with_other()
{
	"$ZMM" compare --only legacy,other --blocks 1 --drain none --explain legacy,other "$@"
}

# cell ROW COLUMN: of the table of times in $out, by the row's name and the column's number.
# memory ROW COLUMN: of the table of memory behind it.
cell() { nth_cell 1 "$@"; }
memory() { nth_cell 2 "$@"; }
nth_cell() { printf '%s\n' "$out" | awk -v nth="$1" -v row="$2" -v column="$3" '
	$1 == row && ++seen == nth { split($0, cells, /  +/); print cells[column]; exit }'; }
# bytes TEXT: "1.25 MiB" as a whole number.
bytes() { printf '%s\n' "$1" | awk '
	BEGIN { unit["B"] = 1; unit["KiB"] = 1024; unit["MiB"] = 1048576 }
	{ printf "%d\n", $1 * unit[$2] }'; }

run compare_quickly "$tmp/small.trace"
if test "$status" != 0; then
	like "$err" "*this system*" "compare says why it cannot work here"
	done_testing
fi
is "$err" "" "compare has nothing to remark"
for contender in legacy modern system; do
	like "$(cell $contender 2)" "*[0-9] ns" "$contender: time"
	like "$(memory $contender 2)" "* ?iB" "$contender: held at the peak"
	like "$(memory $contender 3)" "*.??" "$contender: overhead"
	is "$(memory $contender 8)" 0 "$contender: no failed request"
done
is "$(memory modern 2)" "4.86 MiB" "the modern heap held a chunk and a block of 3,000,000 bytes"
is "$(memory modern 5)" "2.00 MiB" "and in the end its chunk"
is "$(memory modern 6)" 2 "in two regions at the most"
is "$(memory modern 7)" 3 "after three calls to storage"
is "$(memory system 6)$(memory system 7)" "--" "the system's malloc tells no such thing"
like "$out" "*operations *5802*the loop's own time*ns*" "operations and the loop's share are told"

if config HAVE_JANSSON; then
	table=$out
	run compare_quickly --blocks 2 --json "$tmp/small.trace" "$tmp/limit.trace"
	is "$status $err" "0 " "--json"
	json=$out
	ok "it is valid JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$tmp/out"
	cat > "$tmp/pick.py" <<'END'
import json, sys
document = json.load(open(sys.argv[1]))
trace = document["traces"][int(sys.argv[2])]
if sys.argv[3] == "-":
    print(trace[sys.argv[4]])
else:
    rows = [row for row in trace["results"] if row["name"] == sys.argv[3]]
    assert len(rows) == 1
    print(rows[0][sys.argv[4]])
END
	cp "$tmp/out" "$tmp/json"
	pick() { python3 "$tmp/pick.py" "$tmp/json" "$@"; }
	is "$(pick 0 - operations) $(pick 0 - blocks)" "5802 2" "facts of a trace"
	out=$table
	for contender in legacy modern; do
		for column in 2:peak_held 5:final_held; do
			is "$(bytes "$(memory $contender "${column%%:*}")")" \
				"$(pick 0 $contender "${column#*:}" | awk '{
					n = $1; for (u = 0; n >= 1000 && u < 6; u++) n /= 1024
					n = sprintf(u == 0 ? "%.0f" : n < 10 ? "%.2f" : "%.1f", n)
					printf "%d\n", n * 1024 ^ u }')" \
				"$contender: ${column#*:} is the same in both"
		done
		is "$(memory $contender 6)" "$(pick 0 $contender peak_regions)" "$contender: regions, too"
		is "$(memory $contender 7)" "$(pick 0 $contender storage_calls)" "$contender: and calls"
		is "$(memory $contender 3)" \
			"$(pick 0 $contender overhead | awk '{ printf "%.2f\n", $1 }')" \
			"$contender: and overhead"
	done
	is "$(pick 0 system peak_regions)" None "what is not known is null"
	is "$(pick 1 legacy failures) $(pick 1 modern failures) $(pick 1 system failures)" "1 1 0" \
		"the limit holds for the heaps alone"
	ok "the loop's share is subtracted" python3 -c '
import json, sys
for trace in json.load(open(sys.argv[1]))["traces"]:
    for row in trace["results"]:
        assert abs(row["net_ns"] - max(0, row["ns"] - trace["loop_ns"])) < 1e-5' "$tmp/json"
else
	run "$ZMM" compare --only legacy --json "$tmp/small.trace"
	like "$status $err" "2 zmm: *libjansson-dev*" "JSON needs a package, which is named"
fi

printf 'a 1 100\na 2 18446744073709551615\nr 1 18446744073709551000\nr 2 50\nf 1\nf 2\n' \
	> "$tmp/impossible.trace"
run compare_quickly "$tmp/impossible.trace"
is "$status $(memory legacy 8) $(memory modern 8) $(memory system 8)" "0 2 2 2" \
	"requests that nobody can serve are refused by all, resizes among them"

run compare_quickly --storage mmap_anon --seg-size 1M "$tmp/small.trace"
is "$(memory legacy 5)" "1.00 MiB" "storage and segment size can be chosen"

# Others' malloc: any shared library that has one.
cat > "$tmp/other.c" <<'END'
#include <stddef.h>
void *__libc_malloc(size_t size);
void *malloc(size_t size)
{
	return __libc_malloc(size);
}
END
if test -z "$SANITIZER" &&
	$CC -shared -fPIC -fno-builtin -o "$tmp/other.so" "$tmp/other.c" 2> /dev/null; then
	run compare_with_other -a "other=$tmp/other.so" "$tmp/small.trace"
	like "$status $(cell other 2)" "0 *[0-9] ns" "a library's malloc takes part"
	is "$(memory other 8)" 0 "and serves"
	echo nonsense > "$tmp/broken.so"
	run compare_with_other -a "other=$tmp/broken.so" "$tmp/small.trace"
	like "$status $err" "2 *other: $tmp/broken.so could not be preloaded*" \
		"a library that is none is told"
	is "$(cell other 2)$(memory other 2)" "--" "its cells are empty"
	like "$(cell legacy 2)" "*[0-9] ns" "and the others go on"
else
	skip 5 "no shared library can be made for preloading here"
fi

# bad PATTERN OPTION...: exit status 2, one line on standard error, nothing on standard output.
bad()
{
	bad_pattern=$1
	shift
	run "$ZMM" compare "$@"
	like "$status $out $err" "2  $bad_pattern" "compare $*"
}
bad "zmm compare: no trace was named; see zmm compare --help"
bad "zmm compare: '0' is no number of *" --blocks 0 "$tmp/small.trace"
bad "zmm compare: *" --only legacy,nobody "$tmp/small.trace"
bad "zmm: /none: cannot be preloaded: No such file or directory" -a x=/none "$tmp/small.trace"
bad "zmm compare: 'x' is no name and library*" -a x "$tmp/small.trace"
bad "zmm: there is no storage 'tape'*" --storage tape "$tmp/small.trace"
bad "zmm: segments of 48 bytes*" --seg-size 48 "$tmp/small.trace"
bad "zmm: $tmp/none: *" --only legacy "$tmp/none"
if config HAVE_JANSSON; then
	bad "zmm: $tmp/none: *" --only legacy --json "$tmp/none"
else
	skip 1 "built without JSON"
fi
run compare_quickly "$tmp/bad.trace" "$tmp/limit.trace"
like "$status $(memory legacy 8) $err" "2 1 zmm: $tmp/bad.trace:2: *" \
	"a bad trace is told, and the others are compared"
run "$ZMM" compare --help
like "$status $out" "0 usage: zmm compare*Columns:*" "--help"
done_testing
