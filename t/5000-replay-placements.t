#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every recording in t/golden: zmm replay --placements prints it byte for byte.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

recordings || skip_all "the recordings are packed, and this build has no zstd"
plain_blocks || skip_all "blocks are larger in this build"

# With words of 32 bits legacy blocks have shorter headers. Modern ones lie where they do with 64,
# unless a huge block's list entry takes another bin or a size has more than 32 bits.
same_placements()
{
	test "$(word_bytes)" = 8 && return 0
	case $1 in
	bench.modern | fuzz-equal.modern | fuzz-gc.modern | fuzz-limit.modern | fuzz-limreq.modern | \
		fuzz-req.modern | fuzz-small.modern | mustache.modern | parsedown.modern | seed.modern) ;;
	*) return 1 ;;
	esac
}

# placed MODE RECORDING TRACE [OPTION...]
placed()
{
	mode=$1 recording=$2 trace=$3
	shift 3
	unpacked "$recording" > "$tmp/expected" || return 1
	"$ZMM" replay --mode "$mode" --placements "$@" "$trace" > "$tmp/placed" || return 1
	cmp "$tmp/placed" "$tmp/expected" && return 0
	diff "$tmp/placed" "$tmp/expected" | head -5
	return 1
}

for recording in "$TRACES"/*.legacy"$zst" "$TRACES"/*.modern"$zst"; do
	name=$(basename "$recording" "$zst")
	if ! same_placements "$name"; then
		skip 1 "$name: headers or sizes of 64 bits"
		continue
	fi
	mode=${name##*.}
	trace=$TRACES/${name%%.*}.trace$zst
	case $name in
	*.seg64k.*) ok "$name" placed "$mode" "$recording" "$trace" --seg-size 64K ;;
	*.seg1m.*) ok "$name" placed "$mode" "$recording" "$trace" --seg-size 1M ;;
	*) ok "$name" placed "$mode" "$recording" "$trace" ;;
	esac
done

if test "$(word_bytes)" = 4; then
	skip 4 "legacy placements and huge blocks: headers or sizes of 64 bits"
	done_testing
fi

# The same must hold while everything is looked at, and from another form of the trace.
placed_checked()
{
	placed legacy "$TRACES/fuzz-mixed.legacy$zst" "$TRACES/fuzz-mixed.trace$zst" \
		--check 100 --verify
}
ok "checks and payloads change no placement" placed_checked
ok "a binary trace is made" "$ZMM" convert "$TRACES/corner-modern.trace$zst" "$tmp/corner.zmt"
ok "and is placed like the text" placed modern "$TRACES/corner-modern.modern$zst" "$tmp/corner.zmt"
from_pipe()
{
	unpacked "$TRACES/quirk-hidden.trace$zst" | "$ZMM" replay --placements - > "$tmp/placed" &&
		unpacked "$TRACES/quirk-hidden.legacy$zst" | cmp - "$tmp/placed"
}
ok "a trace from standard input, too, in the default mode" from_pipe

done_testing
