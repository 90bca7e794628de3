#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm ablate: what each idea of the legacy heap brings. Without times the tables are the same each
# time; the rest list's rows show bug 44069 and its cure.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

# cell IDEA HEAP HEADING: in the tables under an idea, what ends below the end of that heading; of
# a number with a unit, both.
cell()
{
	awk -v idea="$1" -v heap="$2" -v heading="$3" '
		/^idea / { sub(/^idea +/, ""); inside = $0 == idea }
		/^heap / { end = index($0, heading) ? index($0, heading) + length(heading) - 1 : 0 }
		inside && end && index($0, heap "  ") == 1 {
			count = split(substr($0, 1, end), words, /  +/)
			print words[count]
			exit
		}' "$tmp/all"
}

# held IDEA HEAP: KiB at the peak.
held() { cell "$1" "$2" "peak held" | awk '{ printf "%d", $2 == "MiB" ? $1 * 1024 : $1 }'; }
calls() { cell "$1" "$2" "calls"; }
hits() { cell "$1" "$2" "cache hits"; }
searched() { cell "$1" "$2" "searched/op"; }

run "$ZMM" ablate --runs 0
is "$status" 0 "the workloads are measured"
cp "$tmp/out" "$tmp/all"
run "$ZMM" ablate --runs 0
ok "and come out the same the second time" cmp "$tmp/out" "$tmp/all"

list="the rest list"
note "rest list: $(held "$list" "as it was") KiB held with, $(held "$list" "no rest list") without"
ok "without the rest list memory explodes" test "$(held "$list" "no rest list")" -gt \
	$((5 * $(held "$list" "as it was")))
ok "with it, hardly more is held than two strings need" test "$(held "$list" "as it was")" -lt 12288

ok "without a cache there are no hits" test "$(hits "the cache" "no cache")" = 0
ok "a larger cache has more hits" test "$(hits "the cache" "cache of 32 KiB")" -lt \
	"$(hits "the cache" "cache of 128 KiB")"
ok "and a still larger one, too" test "$(hits "the cache" "cache of 128 KiB")" -lt \
	"$(hits "the cache" "as it was")"

tree="trees instead of a list"
searched_more()
{
	awk -v list="$(searched "$tree" "list, best fit")" -v trees="$(searched "$tree" "as it was")" \
		'BEGIN { exit !(list > 20 * trees && trees > 0) }'
}
ok "a list is searched twenty times as long" searched_more
ok "first fit holds more than best fit" test "$(held "$tree" "list, first fit")" -gt \
	"$(held "$tree" "list, best fit")"
ok "without a kept segment storage is called more often" test \
	"$(calls "a segment kept between requests" "no kept segment")" -gt \
	"$((10 * $(calls "a segment kept between requests" "as it was")))"
ok "without coalescing more is held" test "$(held coalescing "no coalescing")" -gt \
	"$(held coalescing "as it was")"
ok "small segments need more calls" test "$(calls "segments of 256 KiB" "64 KiB segments")" -gt \
	"$(calls "segments of 256 KiB" "as it was")"
ok "and hold no more" test "$(held "segments of 256 KiB" "64 KiB segments")" -le \
	"$(held "segments of 256 KiB" "as it was")"
ok "big ones hold more" test "$(held "segments of 256 KiB" "2 MiB segments")" -gt \
	"$(held "segments of 256 KiB" "as it was")"

printf 'a 1 100\nf 1\na 2 90\n' > "$tmp/three.trace"
run "$ZMM" ablate --traces --runs 0 "$tmp/three.trace"
is "$status" 0 "a trace is measured"
like "$out" "*as it was*no cache*list, first fit*no rest list*no kept segment*no coalescing*" \
	"on all heaps"
run "$ZMM" ablate -t -r 1 "$tmp/three.trace"
like "$out" "*as it was* ns *1.00*" "with times"
if config HAVE_JANSSON; then
	run "$ZMM" ablate --traces --runs 0 --json "$tmp/three.trace"
	like "$out" '*"traces"*"variants"*"cache_hits"*' "as JSON, too"
else
	skip 1 "this build has no JSON"
fi

run "$ZMM" ablate --traces
is "$status" 2 "no trace"
like "$err" "zmm ablate: no trace was named; see zmm ablate --help" "is said"
run "$ZMM" ablate --traces "$tmp/none.trace"
is "$status" 2 "a missing trace"
like "$err" "*none.trace*" "is named"
is "$out" "" "and nothing is printed"
# The document's table, but for its times, which are not the same each time.
run "$ZMM" ablate --markdown --runs 0
is "$status" 0 "the table of doc/history.md"
if config ZEND_MM_HEAP_PROTECTION || config ZEND_MM_COOKIES ||
		grep -qE -e '-DZEND_DEBUG=1|-m32' "$builddir/Makefile"; then
	skip 1 "the document's figures are those of 64-bit release builds"
else
	is "$(grep -E '^\|.*\| × [0-9.]+ \| [0-9.]+ MiB \|' "$srcdir/doc/history.md" |
		sed -E 's/ × [0-9.]+ \|/ |/')" "$(grep MiB "$tmp/out")" "says what the document says"
fi
run "$ZMM" ablate --markdown "$tmp/three.trace"
is "$status" 2 "is one of the workloads only"
run "$ZMM" ablate --runs many
is "$status" 2 "runs that are no number"
run "$ZMM" ablate --help
is "$status" 0 "--help"
like "$out" "usage: zmm ablate *" "explains it"
done_testing
