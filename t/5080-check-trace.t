#!/bin/sh
# SPDX-License-Identifier: MIT
# zmm check of a trace: sound ones, damage that is put in on purpose and found at its operation, on
# both heaps and over all storage, and what the command line does not take.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

windows && skip_all "zmm check needs fork(), which Windows does not have"

trace=$tmp/small.zmt
cat > "$trace" << 'END'
a 1 100
a 2 100
a 3 100
f 2
a 4 50
r 3 200
f 1
f 3
f 4
END

for mode in legacy modern; do
	for storage in malloc mmap_anon mmap_zero spaced; do
		run "$ZMM" check --bisect -m $mode -s $storage "$trace"
		is "$status:$out" "0:$trace, $mode heap: no damage found after 9 operations" \
			"$mode over $storage: a sound trace"
		run "$ZMM" check --bisect -m $mode -s $storage --damage 3:104:16 "$trace"
		is $status 1 "an overflow past the last block of it: found"
		like "$out" "$trace, $mode heap: damaged after operation 3 (a, 100 bytes), found in *" \
			"after its operation"
		like "$out" "*the heap is damaged after operation 3*the heap itself *" "in words"
	done
done

run "$ZMM" check --damage 3:104:16 "$trace"
is $status 1 "without --bisect: found"
like "$out" "*damaged after 3 operations*" "at the end of what was looked at"

run "$ZMM" check --bisect --damage 2:-8:8 "$trace"
plain_blocks && word=size || word="magic number\|canary\|cookie\|requested size"
like "$out" "*damaged after operation 2 (a, 100 bytes)*" "damage before a block"
ok "which is named" sh -c 'printf "%s\n" "$1" | grep -q "$2"' sh "$out" "$word"

if config HAVE_ZSTD; then
	run "$ZMM" check "$TRACES/seed.trace.zst"
	is $status 0 "a recorded trace is sound"
else
	skip 1 "the traces are compressed, and this build has no zstd"
fi

printf 'a 1 10\nf 1\nf 1\n' > "$tmp/bad.zmt"
run "$ZMM" check "$tmp/bad.zmt"
is "$status" 2 "a trace that frees twice is a bad trace"
like "$err" "*bad.zmt:3: free of block 1, which is freed already*" "and said to be"
run "$ZMM" check --damage 4:0:8 "$trace"
is "$status" 2 "damage where there is no block"
like "$err" "zmm check: operation 4 of $trace has no block to damage*" "is refused"
for damage in 3 0:1:1 3:1:0 3:1:1x many; do
	run "$ZMM" check --damage $damage "$trace"
	is "$status" 2 "--damage $damage"
	like "$err" "zmm check: --damage is OPERATION:OFFSET:LENGTH*'$damage'*" "is refused"
done
run "$ZMM" check
is "$status" 2 "nothing to check"
run "$ZMM" check --guards padding=16 "$trace"
like "$status:$err" "2:zmm check: --guards is for commands; put -- before $trace if it is one*" \
	"guards are for commands"
done_testing
