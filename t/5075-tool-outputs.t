#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Outputs that would cost the user something: no subcommand writes over its own input unless that
# becomes the same trace, and a full device is not said to have been left as it was.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cd "$tmp" || exit 1
printf 'a 1 100\na 2 5000\nf 1\nf 2\n' > good.trace
cp good.trace in.trace
ln in.trace other-name
other=other-name
windows && other=./in.trace # where files are compared by name

spares()
{
	run "$ZMM" "$@"
	is "$status" 2 "$1 does not write over its input"
	like "$err" '*is the input, which would be lost; name another output*' "and says why"
	ok "the input is what it was" cmp good.trace in.trace
}

spares profile -o in.trace in.trace
spares explore -o $other in.trace
spares compare --time-only --blocks 3 --only legacy --json=in.trace in.trace
spares compare --time-only --blocks 3 --only legacy --csv ./in.trace in.trace
printf '{"format": "zmm-comparison", "version": 1}\n' > good.trace
cp good.trace in.trace
if config HAVE_JANSSON; then
	spares report -o in.trace in.trace
else
	skip 3 "built without JSON"
fi

printf 'a 1 100\nf 1\n' > in.trace
run "$ZMM" convert in.trace in.trace
is "$status" 0 "convert may: it is the same trace"
is "$(cat in.trace)" "a 1 100
f 1" "afterwards, too"

if test -c /dev/full; then
	run "$ZMM" convert in.trace /dev/full
	is "$status" 1 "a full device is an error"
	unlike "$err" '*nothing was left behind*' "about which nothing is promised"
else
	skip 2 "there is no /dev/full here"
fi

done_testing
