#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that are killed at fifty random moments (fifteen in short runs): every file left behind
# reads.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/record.sh"

seed
short_run && rounds=15 || rounds=50
moments=$(awk -v seed="$seed" -v rounds=$rounds 'BEGIN { srand(seed);
	for (i = 0; i < rounds; i++) printf "%.3f ", rand() * rand() * 0.12 }')

unreadable= most=0 files=0 round=0
for moment in $moments; do
	round=$((round + 1))
	rm -f "$trace"*
	test $((round % 2)) = 0 && threads=one || threads=several
	LD_PRELOAD=$builddir/libzend_record.so ZEND_MM_RECORD=$trace \
		"$requests" forever $threads &
	sleep "$moment"
	kill -9 $!
	wait $! 2> /dev/null
	# Killed before it had begun, it leaves nothing, or a file that has no name yet.
	test -f "$trace" || continue
	files=$((files + 1))
	count=$(operations "$trace")
	test -n "$count" || unreadable="$unreadable $moment: $(cat "$tmp/remarks")"
	test "${count:-0}" -gt $most && most=$count && cp "$trace" "$tmp/longest.zmt"
done 2> /dev/null

# has_written BYTES: waits until the recorder in the background has, or has ended.
has_written()
{
	while kill -0 $! 2> /dev/null && test "$(cat "$trace"* 2> /dev/null | wc -c)" -lt $1; do
		sleep 0.02
	done
}

# One that for certain is in the midst of much.
rm -f "$trace"*
LD_PRELOAD=$builddir/libzend_record.so ZEND_MM_RECORD=$trace "$requests" forever several &
has_written 500000
kill -9 $!
wait $! 2> /dev/null
files=$((files + 1))
count=$(operations "$trace")
test "${count:-0}" -gt $most && most=$count && cp "$trace" "$tmp/longest.zmt"
test -n "$count" || unreadable="$unreadable the last: $(cat "$tmp/remarks")"
is "$unreadable" "" "each of $files files reads"
ok "some of them were killed in the middle of much: $most operations" test "$most" -gt 20000
replays "the longest one" "$tmp/longest.zmt"
replays_threaded "the longest one" "$tmp/longest.zmt"

"$ZMM" record -q -o "$trace" -- "$requests" forever &
has_written 1
kill $!
wait $!
is $? 143 "a signal for zmm record is the program's"
replays "what it left" "$trace"
is "$(ls "$trace"*)" "$trace" "with nothing beside it"

done_testing
