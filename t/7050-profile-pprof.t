#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm profile: what it writes is what is alive, computed here from the trace's text; and
# google-pprof reads it without a program beside it.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

recordings || skip_all "the recordings are packed, and this build has no zstd"

# The text of a recorded trace.
"$ZMM" convert "$TRACES/seed.trace$zst" "$tmp/seed.trace"

# alive OP: "BLOCKS BYTES" alive after the operation.
alive()
{
	grep -v '^#' "$tmp/seed.trace" | head -n "$1" | awk '
		$1 == "a" || $1 == "r" { size[$2] = $3 }
		$1 == "f" { delete size[$2] }
		END { for (id in size) { n++; sum += size[id] } print n + 0, sum + 0 }'
}

# The operation after which most bytes are alive, the first of those.
peak=$(grep -v '^#' "$tmp/seed.trace" | awk '
	$1 == "a" || $1 == "r" { live += $3 - size[$2]; size[$2] = $3 }
	$1 == "f" { live -= size[$2]; delete size[$2] }
	live > peak { peak = live; at = NR }
	END { print at }')

# header FILE: the four numbers of a profile; lines FILE: the sums over its lines.
header() { sed -n 's/^heap profile: *//p' "$1" | tr -d '[:]@' | awk '{ print $1, $2, $3, $4 }'; }
lines()
{
	sed -n 's/^ *\([0-9].*\) @ 0x.*/\1/p' "$1" | tr -d '[:]' | awk '
		{ for (i = 1; i <= 4; i++) sum[i] += $i }
		END { printf "%d %d %d %d\n", sum[1], sum[2], sum[3], sum[4] }'
}

for mode in legacy modern; do
	profile=$tmp/$mode.heap
	run "$ZMM" profile --mode $mode -o "$profile" "$tmp/seed.trace"
	is "$status" 0 "$mode: a profile is written"
	like "$out" "after operation $peak, $mode: *" "$mode: at the peak of live bytes"
	is "$(head -n 1 "$profile")" "--- symbol" "$mode: symbols come first"
	is "$(header "$profile" | cut -d ' ' -f 1,2)" "$(alive "$peak")" \
		"$mode: blocks and bytes alive are the trace's"
	is "$(lines "$profile")" "$(header "$profile")" "$mode: the lines sum to the header"

	"$ZMM" profile --mode $mode --at 1000 -o "$profile" "$tmp/seed.trace" > "$tmp/said"
	is "$(header "$profile" | cut -d ' ' -f 1,2)" "$(alive 1000)" "$mode: --at takes a moment"
	is "$(header "$profile" | cut -d ' ' -f 3,4)" "$(grep -v '^#' "$tmp/seed.trace" |
		head -n 1000 | awk '$1 ~ /[ar]/ { n++; sum += $3 } END { print n, sum }')" \
		"$mode: in brackets stands all that was requested"

	"$ZMM" profile --mode $mode --held -o "$profile" "$tmp/seed.trace" > "$tmp/said"
	held=$(sed 's/.* bytes of \([0-9]*\) are.*/\1/' "$tmp/said")
	is "$(header "$profile" | cut -d ' ' -f 2)" "$held" "$mode: --held tells of every byte held"
	is "$(lines "$profile")" "$(header "$profile")" "$mode: and its lines sum to that"
	like "$(cat "$profile")" "*requested*" "$mode: by cause"
done
is "$held" 2097152 "modern: which is a chunk"

# Failures: what could not be had is not alive, a block whose resize failed is as it was. The limit
# lets one segment be had, or one chunk.
cat > "$tmp/fail.trace" <<'END'
a 1 1000
l 2097152
a 2 50000000
r 1 60000000
a 3 24
r 3 32
END
for mode in legacy modern; do
	run "$ZMM" profile --mode $mode --at 6 -o "$tmp/fail.heap" "$tmp/fail.trace"
	is "$(header "$tmp/fail.heap")" "2 1032 3 1056" "$mode: failed requests do not count"
done

# Requests: what a request left behind is gone.
printf 'a 1 100\na 2 200\ne\na 3 50\n' > "$tmp/end.trace"
"$ZMM" profile --mode legacy --at end -o "$tmp/end.heap" "$tmp/end.trace" > "$tmp/said"
is "$(header "$tmp/end.heap")" "1 50 3 350" "what a request left behind is gone"

# Call sites.
cat > "$tmp/sites.trace" <<'END'
s 1 0x401136 0x401200
n 0x401136 make_node
n 0x401200 main
m 0x500000 65536 4096 /usr/lib/libx.so
s 2 0x501234 0x401200
a 1 48 site=1
a 2 100 site=2
r 1 64 site=2
a 3 30 site=1
f 2
a 4 10
END
"$ZMM" profile -o "$tmp/sites.heap" --at 6 "$tmp/sites.trace" > "$tmp/said"
like "$(cat "$tmp/said")" "*by call site" "call sites are used where there are some"
sites()
{
	sed -n 's/^0x0*\(401136\|401200\|501234\) /\1 /p' "$tmp/sites.heap"
	sed -n 's/^ *\([0-9].*\) @ /\1 @ /p' "$tmp/sites.heap" | tr -s ' '
}
is "$(sites | head -n 3)" "401136 make_node
401200 main
501234 libx.so+0x2234" "frames have names, or places in their modules"
is "$(sites | grep 0401136)" \
	"1: 30 [ 2: 78] @ 0x0000000000401136 0x0000000000401200" "a stack has what it asked for"
is "$(sites | grep 0501234)" \
	"1: 64 [ 2: 164] @ 0x0000000000501234 0x0000000000401200" "and what it resized last"
"$ZMM" profile --held -o "$tmp/held.heap" "$tmp/sites.trace" > "$tmp/said"
like "$(cat "$tmp/held.heap")" "* segment header and guard*" "--held goes by cause even so"
unlike "$(cat "$tmp/held.heap")" "*make_node*" "and not by call site"

# Bad usage and bad input.
bad()
{
	pattern=$1
	shift
	run "$ZMM" profile "$@"
	is "$status" 2 "$*: exit status 2"
	like "$err" "$pattern" "$*: says what is wrong"
	ok "$*: writes nothing" test ! -e "$tmp/bad"
}
bad "*say where to*" "$tmp/seed.trace"
bad "*no trace was named*" -o "$tmp/bad"
bad "*standard input cannot be*" -o "$tmp/bad" -
bad "*no mode 'best'*" -m best -o "$tmp/bad" "$tmp/seed.trace"
bad "*'0' is no operation's number*" --at 0 -o "$tmp/bad" "$tmp/seed.trace"
bad "*seed.trace: the trace has 3663 operations*" --at 3664 -o "$tmp/bad" "$tmp/seed.trace"
bad "*nosuch*" -o "$tmp/bad" "$tmp/nosuch"
bad "*no storage 'nosuch'*" -s nosuch -o "$tmp/bad" "$tmp/seed.trace"
run "$ZMM" profile -o "$tmp/none/p.heap" "$tmp/seed.trace"
is "$status" 1 "a folder that is missing is a failure"
like "$err" "*none/p.heap*" "and named"

# google-pprof. Its numbers are in MB but for those of --collapsed.
if command -v google-pprof > "$tmp/which"; then
	for mode in legacy modern; do
		# A size that is alive then.
		size=64
		test "$mode$(word_bytes)" != legacy4 || size=40
		plain_blocks || size='[1-9]*'
		profile=$tmp/$mode.pprof
		"$ZMM" profile --mode $mode -o "$profile" "$tmp/seed.trace" > "$tmp/said"
		run google-pprof --collapsed "$profile"
		is "$(echo "$out" | awk '{ sum += $NF } END { print sum }')" \
			"$(header "$profile" | cut -d ' ' -f 2)" "$mode: --collapsed has all bytes"
		like "$out" "$mode heap;*1*;*s of $size bytes *" \
			"$mode: outermost first: heap, region, size"
		run google-pprof --text --inuse_objects "$profile"
		like "$out" "Total: $(header "$profile" | cut -d ' ' -f 1) objects*s of $size bytes*" \
			"$mode: --text counts objects by size"
		run google-pprof --text --alloc_objects "$profile"
		like "$out" "Total: $(header "$profile" | cut -d ' ' -f 3) objects*freed or resized*" \
			"$mode: --alloc_objects counts those that are gone as well"
	done
	run google-pprof --text --inuse_objects "$tmp/sites.heap"
	like "$out" "Total: 3 objects*make_node*no call site*main*" "call sites are shown by name"
	unlike "$err" "*No such file*" "and no other file is looked for"
else
	skip 10 "google-pprof is not installed (Debian package google-perftools)"
fi

done_testing
