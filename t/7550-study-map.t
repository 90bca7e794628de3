#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm map and zmm step: heaps at given operations, as text; and their errors.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

plain_64 || skip_all "the sizes are those of 64-bit release builds"

printf 'a 1 100\na 2 2000\na 3 700\na 4 300\nf 2\na 5 300000\nf 1\nr 3 1200\n' > "$tmp/t.trace"

run "$ZMM" map -m legacy -S 256K --blocks --at 5 "$tmp/t.trace"
is "$status" 0 "a heap is drawn"
is "$(grep '^block' "$tmp/out")" "block 0 0 16 header
block 0 16 8208 reserve
block 0 8224 120 used operation 1 requested 100
block 0 8344 2016 free tree 10
block 0 10360 720 used operation 3 requested 700
block 0 11080 320 used operation 4 requested 300
block 0 11400 250728 free tree 17
block 0 262128 16 guard" "legacy: the blocks after operation 5"

run "$ZMM" map -m legacy -S 256K "$tmp/t.trace"
like "$out" "*legacy heap after operation 8
segment 1: 524288 bytes*segment 0: 262144 bytes*
legend:  h header  g guard  # used  R reserve  c cached  . free
lists:
  cache 11 (120 bytes each): 0+8224
  tree 10: 1 block
    root 1520 at 0+9560
  tree 17: 1 block
    root 250728 at 0+11400
  rest list, the oldest first: 224240 at 1+300032
figures: real size 786432 *" "legacy: the end, with the lists"
is "$(sed -n 3p "$tmp/out")" "         0 $(printf '%064d' 0 | tr 0 '#')" "a full row"
is "$(printf '%s' "$out" | tr -d '\n' | tr -dc '\033')" "" "no colour in a pipe"
is "$("$ZMM" map -m legacy -S 256K -w 32 "$tmp/t.trace" | sed -n '3s/ *0 //p' | wc -c)" 33 \
	"rows are as wide as wanted"

run "$ZMM" map -m modern --at 2 "$tmp/t.trace"
like "$out" "modern heap after operation 2
chunk 0: 2097152 bytes*
  bin 10 (112 bytes each): 0+4208 0+4320 *
  bin 27 (2048 bytes each): 0+10240 0+12288 *" "modern: runs and the lists of their bins"
is "$("$ZMM" map -m modern --at 2 -b "$tmp/t.trace" | grep -c '^block 0 .* 112 free bin 10')" 35 \
	"modern: one of 36 slots is used"

run sh -c 'printf "m\n6\np\nx\nq\n" | "$0" step -m legacy -S 256K "$1"' "$ZMM" "$tmp/t.trace"
is "$status" 0 "steps are taken from a pipe"
like "$out" "operation 0 of 8: the heap is made*operation 6 of 8: allocate 300000 bytes -> 1+32
*3. New segment from storage: 524288 bytes at 1+0.*5. Set apart: 224240 bytes at 1+300032 go to \
the rest list*operation 5 of 8: free: the block of operation 2
   1. Listed: 2016 bytes at 0+8344 become a node of tree 10.*the next operation*" \
	"forward, backward, and the keys for what is no key"
run sh -c 'printf "\$\n" | "$0" step -m modern "$1"' "$ZMM" "$tmp/t.trace"
like "$out" "*modern heap after operation 8*" "to the end"
run sh -c 'printf "g 1\n" | "$0" step -m modern "$1"' "$ZMM" "$tmp/t.trace"
like "$out" "*modern heap after operation 1
*live * bytes in 1 block
*" "to a number after g, as on a terminal; one block is one"

run "$ZMM" map --at 9 "$tmp/t.trace"
is "$status" 2 "no such operation"
like "$err" "*the trace has 8 operations*" "is said"
run "$ZMM" map "$tmp/none.trace"
is "$status" 2 "no such trace"
run "$ZMM" map
is "$status" 2 "no trace"
run "$ZMM" map --width 3 "$tmp/t.trace"
is "$status" 2 "too narrow"
run "$ZMM" step -
is "$status" 2 "step does not read its trace from where its commands come"
run "$ZMM" step --help
like "$out" "*n, Enter, →*q        quit*" "the keys are documented"

# On a terminal, which script(1) makes: keys, colours, and the terminal as it was afterwards.
if ! script -qec true /dev/null < /dev/null > /dev/null 2>&1; then
	skip 6 "no script(1) that runs a command"
	done_testing
	exit
fi
# Waits until something is on the terminal, beside the line with which script(1) begins, and nothing
# more has come for a moment.
quiet()
{
	for i in $(seq 100); do
		before=$(tail -n +2 "$tmp/screen" | wc -c)
		sleep 0.2
		test $before -gt 0 && test "$(tail -n +2 "$tmp/screen" | wc -c)" = $before && return
	done
}
# Types what it is given, as people do, when zmm step has answered, on a terminal of 60 columns.
typed()
{
	: > "$tmp/screen"
	for keys in "$@"; do
		quiet
		printf "$keys"
	done | TERM=xterm script -qefc \
		"stty cols 60; $ZMM step -m legacy -S 256K $tmp/t.trace; echo left; stty -a" \
		"$tmp/screen" > /dev/null
	tr -d '\r' < "$tmp/screen"
}
typed '6\n' '\033[D' '\033[F' q > "$tmp/out"
like "$(cat "$tmp/out")" "*operation 6 of 8: *operation 5 of 8: *operation 8 of 8: *left*" \
	"a number, the arrow to the left, End"
like "$(sed -n '/^left/,$p' "$tmp/out")" "* icanon *" "the terminal has whole lines again"
like "$(sed -n '/^left/,$p' "$tmp/out")" "* echo *" "and shows what is typed"
esc=$(printf '\033')
like "$(cat "$tmp/out")" "*$esc\[0;1;33m#*" "in colour"
is "$(sed "s/$esc\[[0-9;]*[a-zA-Z]//g" "$tmp/out" | grep -m1 '^  *32768 ' | wc -c)" 44 \
	"rows of 32 characters fit into 60 columns"
NO_COLOR=1
export NO_COLOR
unlike "$(typed n q)" "*${esc}\[0;*" "without colour where NO_COLOR is set"
done_testing
