#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The progress line of zmm compare: on a terminal, once the work has taken a second, and gone in
# the end.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

printf 'a 1 100\nf 1\n' > "$tmp/tiny.trace"
run "$ZMM" compare --only legacy --time-only --blocks 1 "$tmp/tiny.trace"
test "$status" = 0 || skip_all "zmm compare does not work here: $err"
command -v script > /dev/null || skip_all "script(1) is not installed (package bsdutils)"

# on_terminal COMMAND: what it writes to standard error, being a terminal.
on_terminal()
{
	script -qec "$1 > '$tmp/table'" /dev/null < /dev/null | tr '\r' '\n'
}

quick=$(on_terminal "'$ZMM' compare --only legacy --time-only --blocks 1 '$tmp/tiny.trace'")
slow=$(on_terminal "'$ZMM' compare --only legacy --time-only --blocks 500 '$tmp/tiny.trace'")
like "$slow" "*$tmp/tiny.trace: *" "work of seconds tells how far it is"
like "$(printf '%s' "$slow" | tail -1)" "*[[]K" "the line is taken away"
like "$(cat "$tmp/table")" "*trace *legacy*" "and the table is printed as ever"
note "quick work wrote: $quick"
run "$ZMM" compare --only legacy --time-only --blocks 500 "$tmp/tiny.trace"
is "$err" "" "no line without a terminal"
done_testing
