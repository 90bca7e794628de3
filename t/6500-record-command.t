#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line of zmm record: what it refuses, which files it makes, how it ends.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/record.sh"

cd "$tmp" || exit 255

# refuses STATUS PATTERN ARGUMENT...: nothing is run, and one line says why.
refuses()
{
	expected=$1 pattern=$2
	shift 2
	run "$ZMM" record "$@"
	is "$status" "$expected" "status $expected for: record $*"
	like "$err" "$pattern" "a line says why"
	is "$(printf '%s\n' "$err" | wc -l)" 1 "and only one"
}

run "$ZMM" record --help
is "$status" 0 "--help succeeds"
like "$out" "usage: zmm record*" "and says how it is used"
refuses 2 "*name a command*"
refuses 2 "*no regular file*" -o "$tmp" true
refuses 2 "*'.' is no name*" -o . true
refuses 2 "*cannot be used: No such file*" -o nowhere/trace.zmt true
refuses 2 "*leave out .zst*" -o trace.zmt.zst true
refuses 2 "*unwind or frame-pointers*" --sites=magic true
refuses 127 "*no such command*" no-such-command
refuses 127 "*no such command*" ./no-such-command
touch plain-file
refuses 126 "*cannot run*" ./plain-file
rm plain-file
is "$(ls -A | grep -vE '^(out|err|\.ok)$')" "" "none of this left a file behind"

echo old > trace.zmt
run "$ZMM" record -o trace.zmt no-such-command
is "$(cat trace.zmt)" old "a misspelt command costs no trace"
run "$ZMM" record -o trace.zmt -- "$requests" plain 100
is "$status" 0 "an old file is replaced"
like "$err" "zmm record: $tmp/trace.zmt: *bytes, process *requests plain 100" "and said to be"
replays "what replaced it" trace.zmt
rm -f trace.zmt

run "$ZMM" record -q "$requests" plain 100
is "$status $err" "0 " "--quiet says nothing"
ok "without -o the trace is called like the command" test -f requests.zmt
run "$ZMM" record -q -o trace.zmt "$requests" exit
is "$status" 7 "the status is the command's"
run "$ZMM" record -q -o trace.zmt "$requests" abort
is "$status" 134 "or the signal that ended it"
run "$ZMM" record -q -o trace.zmt "$requests"
is "$status $err" "2 requests: which task?" "options end at the command"

rm -f trace.zmt
printf 'int main(void) { return 0; }\n' > idle.c
if $CC -o idle idle.c 2> /dev/null; then
	run "$ZMM" record -q -o trace.zmt ./idle
	is "$status $(operations trace.zmt)" "0 0" "who asks for nothing leaves an empty trace"
else
	skip 1 "$CC compiles nothing"
fi

if $CC -static -o static "$srcdir/t/record/requests.c" -pthread 2> /dev/null; then
	rm -f trace.zmt
	run "$ZMM" record -o trace.zmt ./static plain 100
	is "$status" 1 "what cannot be recorded is an error"
	like "$err" "*nothing was recorded*statically*" "that says why"
	run ls trace.zmt
	is "$out" "" "and leaves no trace"
else
	skip 3 "$CC links nothing statically"
fi

rm -f trace.zmt*
run env LD_PRELOAD="$builddir/libzend_record.so" ZEND_MM_RECORD=trace.zmt "$requests" plain 100
is "$status" 0 "a file's name that is not absolute does not keep the program from running"
like "$err" "*absolute*not recorded*" "but is said to be wrong"
run env LD_PRELOAD="$builddir/libzend_record.so" ZEND_MM_RECORD=/nowhere/trace \
	"$requests" plain 100
is "$status" 0 "nor does a folder that is not there"
like "$err" "*/nowhere/trace: cannot make the trace: No such file*" "which is said, too"

rm -f trace.zmt*
run "$ZMM" record -o trace.zmt "$requests" background
is "$status" 0 "what goes on in the background is not waited for"
like "$err" "*trace.zmt.$out: *requests forever, still recording*" "but said to be recording"
kill -STOP "$out"
ok "and its trace reads meanwhile" test "$(operations trace.zmt.$out)" -gt 1000
kill -9 "$out"

mkdir -p folder
for i in 1 2 3; do
	run "$ZMM" record -q -o folder/trace.zmt "$requests" fork
done
is "$(ls folder | wc -l)" 4 "children of earlier runs keep their traces"
run "$ZMM" record -o folder/trace.zmt "$requests" fork
is "$(printf '%s\n' "$err" | grep -c 'bytes, process')" 2 "and are not said to be this run's"

done_testing
