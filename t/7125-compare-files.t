#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The files that zmm compare writes: none where there is nothing to be said, and never a device or a
# link replaced by one.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cd "$tmp" || exit 1
printf 'a 1 100\na 2 5000\nf 1\nf 2\n' > good.trace
printf 'a 1 100\na 1 100\n' > bad.trace
quick="--only legacy,modern --time-only --blocks 3"

run "$ZMM" compare $quick --json=out.json --csv out.csv --html out.html bad.trace
is "$status" 2 "a trace that makes no sense is refused"
is "$(ls out.* 2> /dev/null)" "" "and no file is written about it"

ln -s elsewhere.csv link.csv
: > elsewhere.csv
run "$ZMM" compare $quick --csv link.csv good.trace
is "$status" 0 "results go to a file by way of a link"
is "$(readlink link.csv)" elsewhere.csv "the link stays one"
like "$(cat elsewhere.csv)" '*trace,*' "and its file is written"
if config HAVE_JANSSON; then
	run "$ZMM" compare $quick --json=out.json --csv - good.trace
	like "$(cat out.json)" '{*"format"*' "JSON goes to a file"
	like "$out" '*trace,*' "and CSV to standard output"
else
	skip 2 "this build has no JSON (Debian package libjansson-dev)"
fi

mkfifo pipe
cat pipe > piped.csv &
run "$ZMM" compare $quick --csv pipe good.trace
wait
ok "a pipe stays one" test -p pipe
like "$(cat piped.csv)" '*trace,*' "and gets the results"

mkdir folder
run "$ZMM" compare $quick --csv folder good.trace
is "$status" 2 "a folder is no file to write to"
like "$err" '*folder: it is a directory*' "which is said"


run "$ZMM" compare $quick --html none/report.html good.trace
is "$status$out" 1 "a folder that is not there is told before anything is measured"
like "$err" "zmm: none/report.html: cannot create a file there: *" "and named"

done_testing
