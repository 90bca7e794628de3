# SPDX-License-Identifier: MIT
#
# t/record.sh - what tests of zmm record share; included after t/tap.sh.
#
# Leaves in $requests the program t/record/requests and in $record the start of a command that
# records to $tmp/trace.zmt.

requests=$builddir/t/record/requests
trace=$tmp/trace.zmt

# What a sanitizer or an emulator changes about malloc, no recorder can change again.
test -f "$builddir/libzend_record.so" || skip_all "this build has no recorder"

# recorded TASK [ARGUMENT]: records the program anew; what it said is where run leaves it.
recorded()
{
	rm -f "$trace"*
	run "$ZMM" record -q -o "$trace" -- "$requests" "$@"
}

# operations FILE: how many it has.
operations() { "$ZMM" info "$1" 2> "$tmp/remarks" | awk '/^operations  / { print $2; exit }'; }

# threads FILE
threads() { "$ZMM" info "$1" 2> "$tmp/remarks" | awk '/^threads  / { print $2; exit }'; }

# as_text FILE: its events as lines.
as_text() { rm -f "$tmp/text.trace"; "$ZMM" convert "$1" "$tmp/text.trace" 2> "$tmp/remarks" &&
	cat "$tmp/text.trace"; }

# replays WHAT FILE...: each file reads, and replays on both heaps with checks of the whole heap
# and of what is in the blocks.
replays()
{
	what=$1
	shift
	bad=
	for file in "$@"; do
		for mode in legacy modern; do
			"$ZMM" replay --mode $mode --check 4999 --verify "$file" \
				> "$tmp/replayed" 2>&1 ||
				bad="$bad $file on the $mode heap: $(cat "$tmp/replayed")"
		done
	done
	is "$bad" "" "$what: reads, and replays on both heaps"
}

# replays_threaded WHAT FILE: the same on as many threads as were recorded.
replays_threaded()
{
	bad=
	for mode in legacy modern; do
		"$ZMM" replay --threads --mode $mode --check 1 --verify "$2" > "$tmp/replayed" 2>&1 ||
			bad="$bad $mode: $(cat "$tmp/replayed")"
	done
	"$ZMM" replay --threads --verify "$2" > "$tmp/replayed" 2>&1 ||
		bad="$bad malloc: $(cat "$tmp/replayed")"
	is "$bad" "" "$1: replays on threads, over both heaps and the system's malloc"
}
