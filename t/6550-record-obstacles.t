#!/bin/sh
# SPDX-License-Identifier: MIT
# Full disks, closed descriptors, other folders, removed files: the program goes on, and what was
# recorded reads.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/record.sh"

recorded limit
is "$status $out" "0 went on" "a limit of file sizes does not end the program"
like "$err" "zmm record: process *: $trace: the trace cannot grow: File too large; *goes on*" \
	"recording ends with a line that says so"
is "$(printf '%s\n' "$err" | wc -l)" 1 "and only one"
ok "the limit is kept" test "$(wc -c < "$trace")" -le 307200
ok "there is something in the trace" test "$(operations "$trace")" -gt 10000
is "$(cat "$tmp/remarks")" "" "and nothing to remark about it"
replays "a trace that could not grow" "$trace"

# A disk of 200 KiB, seen by these processes alone.
mkdir "$tmp/small"
cat > "$tmp/full" <<END
mount -t tmpfs -o size=200k small "$tmp/small" || exit 99
"$ZMM" record -q -o "$tmp/small/trace.zmt" -- "$requests" threads
echo "status \$?"
cp "$tmp/small/trace.zmt" "$tmp/full.zmt"
cat /dev/zero > "$tmp/small/rest" 2> /dev/null
"$ZMM" record -q -o "$tmp/small/other.zmt" -- "$requests" plain 1000
echo "status \$?"
ls "$tmp/small"
END
run unshare -m sh "$tmp/full"
if test "$status" = 0; then
	is "$(echo $out)" "status 0 status 1 rest trace.zmt" \
		"a full disk does not end the program; where nothing fits, nothing is left behind"
	like "$err" "*the trace cannot grow: No space left on device*" "it is said"
	ok "there is something in the trace" test "$(operations "$tmp/full.zmt")" -gt 1000
	is "$(cat "$tmp/remarks")" "" "and nothing to remark about it"
	replays "a trace on a full disk" "$tmp/full.zmt"
else
	skip 5 "no file system can be mounted here"
fi

# It uses 1024 descriptors: all that it may have, where that is the limit, or not all.
before=$(ulimit -Sn)
for limit in 1024 2048; do
	if test "$(ulimit -Hn)" != unlimited && test "$(ulimit -Hn)" -le $limit; then
		skip 4 "no more than $(ulimit -Hn) descriptors are to be had"
		continue
	fi
	ulimit -Sn $limit
	recorded close "$tmp/mine"
	is "$status" 0 "a program that closes all descriptors works as always"
	is "$(cat "$tmp/mine")" mine "and what it opens in their places is its own"
	is "$(as_text "$trace" | grep -cE '^a [0-9]+ 70041$')" 1 "it is recorded to its end"
	replays "closed descriptors of $limit" "$trace"
done
ulimit -Sn "$before"

mkdir "$tmp/from" "$tmp/to"
cd "$tmp/from" || exit 255
run "$ZMM" record -q -o trace.zmt -- "$requests" folder "$tmp/to"
is "$status $(ls "$tmp/to" | wc -l)" "0 0" "a program that changes its folder is recorded"
is "$(as_text trace.zmt | grep -cE '^a [0-9]+ 70042$')" 1 "to its end, where it began"
cd "$tmp" || exit 255

# The file goes away while it is written: what has its name afterwards stays as it is.
rm -f "$trace"
run env LD_PRELOAD="$builddir/libzend_record.so" ZEND_MM_RECORD="$trace" sh -c \
	'rm -f "$1"; echo precious > "$1"; exec "$2" close "$3"' sh "$trace" "$requests" "$tmp/mine"
is "$status $(cat "$trace")" "0 precious" "a file of that name that is another's is not touched"

# The signal comes when the command runs, and zmm has not yet come back from fork().
comes_back_late_from_fork
printf '#!/bin/sh\n: > "%s/started"\nexec sleep 60\n' "$tmp" > "$tmp/waiting"
chmod +x "$tmp/waiting"
LD_PRELOAD="$tmp/late.so" "$ZMM" record -q -o "$tmp/late.zmt" -- "$tmp/waiting" < /dev/null &
recorder=$!
while ! test -e "$tmp/started"; do
	sleep 0.05
done
kill -TERM $recorder
status=0
wait $recorder || status=$?
is "$status" 143 "what ends zmm right after the start reaches the command"
done_testing
