#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm ledger: its figures for traces that are easy to follow, as text and as JSON, and its errors.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

plain_64 || skip_all "the sizes are those of 64-bit release builds"

# cause TITLE: its bytes in the text that was printed last.
cause() { printf '%s\n' "$out" | sed -n "s/^$1  *\([0-9.]* [KMG]*i*B\) .*/\1/p"; }

# One segment: 600 bytes are a block of 616, 100 one of 120 that goes to the cache.
printf 'a 1 600\na 2 100\nf 2\na 3 41\n' > "$tmp/small.trace"
run "$ZMM" ledger --at end --every 1 -m legacy "$tmp/small.trace"
is "$status" 0 "a ledger is taken"
is "$(cause requested)" "641 B" "legacy: requested"
is "$(cause rounding)" "7 B" "legacy: rounding"
is "$(cause 'block header')" "32 B" "legacy: headers"
is "$(cause cached)" "120 B" "legacy: cached"
is "$(cause 'free in a bucket')" "0 B" "legacy: buckets"
is "$(cause reserve)" "8.02 KiB" "legacy: reserve"
is "$(cause 'segment header and guard')" "32 B" "legacy: segments"
is "$(cause 'slot free')" "" "legacy: no slots"
like "$out" "*after operation        4*" "legacy: at the end"
like "$out" "*ledgers that sum       5*" "legacy: with a ledger before and after each operation"
like "$out" "*external * invalid, tiny*(H - U - M) / H*" "legacy: too little for ratios"
like "$out" "*H  bytes held from the system*" "legacy: formulas are explained"
run "$ZMM" ledger --at 2 -m legacy "$tmp/small.trace"
is "$(cause requested)" "700 B" "--at takes another moment"
is "$(cause cached)" "0 B" "where nothing was cached"

# One chunk and a huge block, whose list entry is the heap's own.
printf 'a 1 100\na 2 3000000\n' > "$tmp/huge.trace"
run "$ZMM" ledger -m modern "$tmp/huge.trace"
is "$(cause 'huge tail')" "2.31 KiB" "modern: 733 pages are 2368 bytes more"
is "$(cause 'slot free')" "7.79 KiB" "modern: 35 slots of 112 and 169 of 24 are free"
is "$(cause 'run tail')" "80 B" "modern: tails of 64 and 16"
is "$(cause "heap's own blocks")" "24 B" "modern: the entry"
is "$(cause 'chunk header')" "4.00 KiB" "modern: the first page"
is "$(cause cached)" "" "modern: no cache"

# Pins: six blocks fill a segment. What the first has left over is filled, so that the block that
# stays goes to another.
{
	for id in 1 2 3 4 5 6; do echo "a $id 20000"; done
	echo "a 22 2720"
	for id in 7 8 9 10 11 12 13 14 15 16 17 18; do echo "a $id 20000"; done
	echo "a 21 1000"
	for id in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do echo "f $id"; done
} > "$tmp/pins.trace"
run "$ZMM" ledger --at end -m legacy -S 128K "$tmp/pins.trace"
like "$out" "*pinned of these        1*which would give back  128.0 KiB (131072 bytes)*" \
	"a pinned segment is told of"
like "$out" "*by operation*0.99 KiB *0.98 KiB * 20 *" "and the block that pins it, and who made it"
run "$ZMM" ledger --at end -m legacy -S 128K --pins 0 "$tmp/pins.trace"
unlike "$out" "*by operation*" "--pins 0 shows none"

run "$ZMM" ledger --curve --bins -m legacy "$tmp/small.trace"
like "$out" "*request s *8.00 MiB *block *used *" "--curve and --bins add tables"

if config HAVE_JANSSON; then
	run "$ZMM" ledger --json --curve --bins --at end -m modern "$tmp/huge.trace"
	is "$status" 0 "JSON is printed"
	is "$(printf '%s' "$out" | perl -MJSON::PP -e '
		my $all = decode_json(join("", <STDIN>));
		my $sum = 0;
		$sum += $_->{bytes} for @{$all->{ledger}};
		print "$sum ", $sum == $all->{held_bytes} ? 1 : 0, " ", scalar @{$all->{measures}},
			" ", scalar @{$all->{unusable}}')" "5099520 1 12 40" \
		"in which the causes sum to what is held"
else
	skip 2 "this build has no JSON"
fi

bad()
{
	pattern=$1
	shift
	run "$ZMM" ledger "$@"
	is "$status" 2 "$*: exit status 2"
	like "$err" "$pattern" "$*: says what is wrong"
	is "$out" "" "$*: prints no figures"
}
bad "*no trace was named*"
bad "*only one trace*" "$tmp/small.trace" "$tmp/huge.trace"
bad "*'never' is no operation*" --at never "$tmp/small.trace"
bad "*small.trace: the trace has 4 operations*" --at 5 "$tmp/small.trace"
bad "*'0' is no number of operations*" --every 0 "$tmp/small.trace"
bad "*no mode 'best'*" -m best "$tmp/small.trace"
bad "*nosuch.trace*" "$tmp/nosuch.trace"
run "$ZMM" ledger --help
is "$status" 0 "--help works"
like "$out" "usage: zmm ledger *" "and explains"

done_testing
