#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm generate: the same seed gives the same trace, every workload replays soundly on both heaps,
# and shows what it says it shows.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

workloads="uniform bimodal phases requests server strings robson pins"

# Settings that keep a workload small.
small()
{
	case $1 in
	robson) echo "--live 1M" ;;
	pins) echo "--live 2M" ;;
	phases) echo "--ops 20000 --live 1M" ;;
	*) echo "--ops 20000" ;;
	esac
}

short_run && every=10000 || every=1000
generate() { "$ZMM" generate "$@" -o - 2> "$tmp/said"; }

# The sum of what comes of seed 7, which no machine and no compiler may change.
expected_sum()
{
	case $1 in
	uniform) echo 2980817918 198617 ;;
	bimodal) echo 1616644010 197200 ;;
	phases) echo 2238831117 188804 ;;
	requests) echo 753780591 177470 ;;
	server) echo 387878041 175084 ;;
	strings) echo 3834497391 193134 ;;
	robson) echo 1031552940 26594 ;;
	pins) echo 717267884 145247 ;;
	esac
}

for workload in $workloads; do
	generate $workload --seed 7 $(small $workload) > "$tmp/$workload.trace"
	is "$(grep -v '^#' "$tmp/$workload.trace" | cksum)" "$(expected_sum $workload)" \
		"$workload: seed 7 gives the trace it always gave"
	like "$(cat "$tmp/said")" "$workload, seed 7: *operations*bytes*blocks*" \
		"$workload: the seed and what was made are told"
	like "$(head -n 1 "$tmp/$workload.trace")" "# zmm generate $workload --seed 7 --*" \
		"$workload: the trace says how to make it again"
	again=$(head -n 1 "$tmp/$workload.trace" | sed 's/^# zmm //')
	"$ZMM" $again -o - 2> /dev/null | cmp -s - "$tmp/$workload.trace" &&
		pass "$workload: and that makes it again" || fail "$workload: and that makes it again"
	generate $workload --seed 8 $(small $workload) | grep -v '^#' | cksum > "$tmp/other"
	if test $workload = robson; then
		is "$(cat "$tmp/other")" "$(expected_sum $workload)" "$workload: any seed gives the same"
	else
		unlike "$(cat "$tmp/other")" "$(expected_sum $workload)" "$workload: another seed does not"
	fi
	for mode in legacy modern; do
		ok "$workload replays soundly on the $mode heap" \
			"$ZMM" replay --mode $mode --check $every --verify "$tmp/$workload.trace"
	done
done

# usage MODE WORKLOAD: the usage lines of a replay, "REAL USAGE PEAK REAL_PEAK".
usage() { "$ZMM" replay --mode "$1" --placements "$tmp/$2.trace" | sed -n 's/^[0-9]* u //p'; }

# held MODE WORKLOAD LINE: bytes held at that usage line, or at the last one.
held() { usage "$1" "$2" | sed -n "${3}p" | cut -d ' ' -f 1; }

# at_least GOT LEAST DESCRIPTION
at_least() { test "${1:-0}" -ge "$2" && pass "$3 ($1)" || fail "$3 ($1, not $2)"; }
at_most() { test "${1:-0}" -le "$2" && pass "$3 ($1)" || fail "$3 ($1, not $2)"; }

if plain_64; then
	# 1 MiB alive, largest block 128 times the smallest: Robson's bound is 4.5 MiB.
	at_least "$(held legacy robson '$')" 4700000 "robson: legacy holds what Robson's bound says"
	generate robson --live 4M --unit 4096 --header 0 --segment 2093056 > "$tmp/pages.trace"
	at_least "$(usage modern pages | tail -n 1 | cut -d ' ' -f 4)" 20000000 \
		"robson: aimed at its pages, so does modern"
else
	skip 2 "the adversary is aimed at blocks of 64-bit release builds"
fi

at_least "$(held legacy pins 3)" 1800000 "pins: next to nothing keeps legacy's segments"
at_least "$(held modern pins 3)" 2097152 "pins: and modern's chunks, after a collection"
at_most "$(usage modern pins | sed -n 3p | cut -d ' ' -f 2)" 10000 "pins: with hardly a byte alive"

generate strings > "$tmp/strings.trace"
at_most "$(usage legacy strings | tail -n 1 | cut -d ' ' -f 4)" 16000000 \
	"strings: the rest list keeps small blocks out of big segments"

at_least "$(grep -c '^e$' "$tmp/requests.trace")" 1 "requests: requests end"
is "$(grep -c '^e$' "$tmp/server.trace")" 0 "server: it never ends"
at_least "$(grep -c '^r ' "$tmp/requests.trace")" 100 "requests: buffers grow"
is "$(generate strings --ops 500 --resize 1 | grep -c '^r ')" \
	"$(generate strings --ops 500 --resize 1 | grep -v '^#' | awk '
		$1 == "r" && $3 > size { n++; size = $3 }
		$1 == "r" && !size { size = $3; n++ }
		END { print n }')" "strings: with --resize 1 the string is resized, and grows"

# Settings.
is "$(generate uniform --ops 3K --min 100 --max 100 | awk '$1 == "a" && $3 != 100' | wc -l)" 0 \
	"the least and the greatest size are kept"
is "$(generate uniform --ops 3K | grep -vc '^#')" 3072 "K is 1024"
is "$(generate uniform --ops 5000 --live 100K | grep -v '^#' | awk '
	$1 == "a" { size[$2] = $3; live += $3; if (live > peak) peak = live }
	$1 == "f" { live -= size[$2] }
	END { print (peak >= 102400 && peak < 102400 + 1024) }')" 1 \
	"live bytes come to what is asked for"

# Files.
run "$ZMM" generate uniform --ops 1000 -o "$tmp/u.zmt"
is "$status" 0 "a name that ends in .zmt is written"
like "$out" "uniform, seed 1: 1000 operations*" "the standard seed is told"
run "$ZMM" info "$tmp/u.zmt"
like "$out" "*binary*" "and is binary"
run "$ZMM" generate uniform --ops 1000 -o "$tmp/none/u.trace"
is "$status" 1 "a folder that is missing is a failure"
like "$err" "zmm: *none/u.trace*" "and named"

# Bad usage.
bad()
{
	pattern=$1
	shift
	run "$ZMM" generate "$@"
	is "$status" 2 "$*: exit status 2"
	like "$err" "$pattern" "$*: says what is wrong"
	is "$(ls "$tmp" | grep -c '^bad')" 0 "$*: writes nothing"
}
bad "*no workload was named*" -o "$tmp/bad"
bad "*there is no workload 'nosuch'*" nosuch -o "$tmp/bad"
bad "*say where to*" uniform
bad "*only one workload*" uniform bimodal -o "$tmp/bad"
bad "*uniform has no --spacing*" uniform --spacing 5 -o "$tmp/bad"
bad "*--min 200 is more than --max 100*" uniform --min 200 --max 100 -o "$tmp/bad"
bad "*--keep is 100 and has to be 0 to 99*" phases --keep 100 -o "$tmp/bad"
bad "*--ops wants a number*'ten'*" uniform --ops ten -o "$tmp/bad"
bad "*'-1' is no seed*" uniform --seed -1 -o "$tmp/bad"
bad "*--unit has to be more than --header*" robson --unit 16 --header 16 -o "$tmp/bad"
bad "*1 to 65536 times --unit*" robson --unit 64 --segment 16M -o "$tmp/bad"
bad "zmm generate: there is no option --nosuch; *" uniform --nosuch -o "$tmp/bad"

# Help.
run "$ZMM" generate --list
is "$status" 0 "--list works"
for workload in $workloads; do
	like "$out" "*
$workload: *    Shows *" "--list says what $workload shows"
done
run "$ZMM" generate --help
is "$status" 0 "--help works"
like "$out" "usage: zmm generate *robson*--seed*" "and explains"

done_testing
