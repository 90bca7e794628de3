#!/bin/sh
# SPDX-License-Identifier: MIT
# Threads, children, exec, ends of all kinds: every process leaves a trace of its own that reads.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/record.sh"

# has FILE SIZE: how many allocations of that size are in the trace.
has() { as_text "$1" | grep -cE "^a [0-9]+ $2\$"; }

# quiet WHAT: reading the trace gave nothing to remark.
quiet() { is "$(cat "$tmp/remarks")" "" "$1: nothing was lost"; }

for task in threads "exchange 20000" "churn 60"; do
	recorded $task
	is "$status" 0 "$task: the program works as always"
	ok "$task: has operations" test "$(operations "$trace")" -gt 5000
	quiet "$task"
	replays "$task" "$trace"
	replays_threaded "$task" "$trace"
done
is "$(threads "$trace")" 181 "each thread has a number of its own"
ok "but few are there at once" test "$("$ZMM" replay --threads "$trace" |
	awk '/at once/ { print $NF }')" -le 12

recorded fork
child=$(echo "$trace".[0-9]*)
is "$status $(ls "$trace"* | wc -l)" "0 2" "fork: two traces"
is "$(has "$trace" 70023) $(has "$trace" 70024)" "1 0" "the parent's has what the parent did"
is "$(has "$child" 70023) $(has "$child" 70024)" "0 1" "the child's what the child did"
like "$(as_text "$child" | head -n 1)" "*forked from*" "and says where it comes from"
like "$(cat "$tmp/remarks")" "*1 resize of a block that was not seen allocated*" \
	"what it inherited is told apart"
replays fork "$trace" "$child"

recorded fork-threads
is "$status $(ls "$trace"* | wc -l)" "0 9" "fork while another thread allocates: nine traces"
replays fork-threads "$trace"*
replays_threaded "a child with threads" "$(ls "$trace".* | head -n 1)"

recorded exec known
second=$(echo "$trace".[0-9]*)
is "$status $(ls "$trace"* | wc -l)" "0 2" "exec: two traces"
is "$(has "$trace" 70011) $(has "$second" 70011)" "0 1" "one for each program"
replays exec "$trace" "$second"

recorded vfork
is "$status $(ls "$trace"* | wc -l)" "0 4" "vfork and exec: four traces"
is "$(has "$trace" 70061)" 1 "the parent's goes on"
replays vfork "$trace"*

recorded signals
is "$status $(has "$trace" 70051)" "0 1" "signal handlers that fork"
replays signals "$trace"

recorded cancel
is "$status $(has "$trace" 70081)" "0 1" "threads are not cancelled inside malloc"
replays cancel "$trace"

recorded exit
is "$status $(has "$trace" 70031)" "7 1" "_exit: the last request is in the trace"
replays _exit "$trace"
recorded abort
is "$status $(has "$trace" 70032)" "134 1" "abort: likewise"
replays abort "$trace"
recorded crash
is "$status $(has "$trace" 70033)" "139 1" "a crash: likewise"
replays crash "$trace"

done_testing
