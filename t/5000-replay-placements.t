#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every recording in t/golden: zmm replay --placements prints it byte for byte.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

config HAVE_ZSTD || skip_all "the recordings are compressed, and this build has no zstd"
config ZEND_MM_HEAP_PROTECTION && skip_all "blocks are larger with heap protection"
config ZEND_MM_COOKIES && skip_all "blocks are larger with cookies"
case " $(grep '^ALL_CPPFLAGS' "$builddir/Makefile") " in
*-DZEND_DEBUG=1*) skip_all "blocks are larger in debug builds" ;;
esac

# placed MODE RECORDING TRACE [OPTION...]
placed()
{
	mode=$1 recording=$2 trace=$3
	shift 3
	zstd -dcq "$recording" > "$tmp/expected" || return 1
	"$ZMM" replay --mode "$mode" --placements "$@" "$trace" > "$tmp/placed" || return 1
	cmp "$tmp/placed" "$tmp/expected" && return 0
	diff "$tmp/placed" "$tmp/expected" | head -5
	return 1
}

for recording in "$TRACES"/*.legacy.zst "$TRACES"/*.modern.zst; do
	name=$(basename "$recording" .zst)
	mode=${name##*.}
	trace=$TRACES/${name%%.*}.trace.zst
	case $name in
	*.seg64k.*) ok "$name" placed "$mode" "$recording" "$trace" --seg-size 64K ;;
	*.seg1m.*) ok "$name" placed "$mode" "$recording" "$trace" --seg-size 1M ;;
	*) ok "$name" placed "$mode" "$recording" "$trace" ;;
	esac
done

# The same must hold while everything is looked at, and from another form of the trace.
placed_checked()
{
	placed legacy "$TRACES/fuzz-mixed.legacy.zst" "$TRACES/fuzz-mixed.trace.zst" \
		--check 100 --verify
}
ok "checks and payloads change no placement" placed_checked
ok "a binary trace is made" "$ZMM" convert "$TRACES/corner-modern.trace.zst" "$tmp/corner.zmt"
ok "and is placed like the text" placed modern "$TRACES/corner-modern.modern.zst" "$tmp/corner.zmt"
from_pipe()
{
	zstd -dcq "$TRACES/quirk-hidden.trace.zst" | "$ZMM" replay --placements - > "$tmp/placed" &&
		zstd -dcq "$TRACES/quirk-hidden.legacy.zst" | cmp - "$tmp/placed"
}
ok "a trace from standard input, too, in the default mode" from_pipe

done_testing
