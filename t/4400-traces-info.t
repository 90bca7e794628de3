#!/bin/sh
# SPDX-License-Identifier: MIT
# zmm info: what it says about a trace, to people and to programs.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cd "$tmp" || exit 1
cat > x.trace <<'END'
# four blocks in two requests
a 1 8
a 2 9
r 1 1000
t 3
b
f 2
a 3 64 align=64 site=5
d
t 0
e
a 4 281474976710656
u
END

# fact LABEL: the value on its line. row LABEL: the line's other words.
fact() { sed -n "s/^ *$1  *//p" "$tmp/out"; }
row() { awk -v label="$1" '$1 == label { $1 = ""; print; exit }' "$tmp/out"; }

run "$ZMM" info x.trace
is "$status/$err" '0/' 'info succeeds'
is "$(fact trace)" x.trace 'it names the trace'
is "$(fact format)" text 'its format'
is "$(sed -n 's/^operations  *\([0-9]*\)$/\1/p' out)" 10 'how many operations'
is "$(fact requests)" 2 'how many requests'
is "$(fact threads)" 2 'how many threads'
is "$(fact 'call sites')" 1 'how many call sites'
is "$(fact 'most blocks alive')" 2 'how many blocks were alive'
is "$(fact 'most bytes alive')" '1.04 KiB (1064 bytes)' 'and bytes'
is "$(fact 'at operation')" 6 'and when'
is "$(fact 'bytes alive at the end')" '0 B' 'what cannot succeed is not alive'
is "$(fact 'greatest alignment')" '64 B' 'the greatest alignment'
is "$(fact 'greatest size asked for')" '256.0 TiB (281474976710656 bytes)' 'the greatest size'
is "$(row allocate)" ' 3 30.0%' 'operations by kind'
is "$(row usage)" ' figures 1 10.0%' 'down to the last'
is "$(awk '$1 == 1 && $2 == 8 { print $3, $4, $5, $6 }' out)" '1 20.0% 8 B' 'sizes up to 8'
is "$(awk '$1 == 33 { print $2, $3, $4, $5, $6 }' out)" '64 1 20.0% 64 B' '64 belongs to 33 to 64'
is "$(awk '$1 == 513 { print $2, $3 }' out)" '1024 1' '1000 to 513 to 1024'
is "$(sed -n '/^bytes alive over/,$p' out | grep -c '|')" 10 'a chart of ten rows'
is "$(sed -n '/^bytes alive over/,$p' out | sed -n 's/.*|//p' | sed -n 1p)" '     ##   ' \
	'which is full where the most bytes are alive'

printf 'g\n' > none.trace
run "$ZMM" info none.trace x.trace
is "$status" 0 'several traces can be named'
is "$(grep -c '^trace ' out)" 2 'and all are described'
printf '# nothing\n' > nothing.trace
run "$ZMM" info nothing.trace
is "$status" 0 'a trace without operations is described, too'
is "$(sed -n 's/^operations  *\([0-9]*\)$/\1/p' out)" 0 'with none'
run "$ZMM" info x.trace nowhere.trace
is "$status" 2 'a trace that is not there is bad input'
like "$err" 'zmm: nowhere.trace: cannot open it*' 'and named'

if config HAVE_JANSSON; then
	run "$ZMM" info --json x.trace none.trace
	is "$status/$err" '0/' 'as JSON'
	if command -v python3 > /dev/null; then
		cat > check.py <<'END'
import json
t = json.load(open("json"))["traces"]
x = t[0]
assert len(t) == 2 and t[1]["operations"] == 1
assert x["operations"] == 10 and x["requests"] == 2 and x["threads"] == 2 and x["sites"] == 1
assert x["peak_blocks"] == 2 and x["peak_bytes"] == 1064 and x["peak_operation"] == 6
assert x["smallest_size"] == 8 and x["greatest_size"] == 1 << 48
assert {k["kind"]: k["count"] for k in x["kinds"]}["allocate"] == 3
assert sum(k["count"] for k in x["kinds"]) == 10
assert abs(sum(k["share"] for k in x["kinds"]) - 1) < 1e-4
assert [(s["from"], s["to"], s["requests"]) for s in x["sizes"]][:2] == [(1, 8, 1), (9, 16, 1)]
assert [t["operations"] for t in x["threads_by_appearance"]] == [6, 4]
assert [l["bytes"] for l in x["live"]] == [8, 17, 1009, 1009, 1000, 1064, 1064, 0, 0, 0]
assert x["live"][-1]["operation"] == 10
END
		cp out json
		ok 'it says the same' python3 check.py
	else
		skip 1 'python3 is not installed'
	fi
	run "$ZMM" info --json x.trace nowhere.trace
	is "$status/$out" '2/' 'where a trace is missing, no part of it is printed'
else
	run "$ZMM" info --json x.trace
	is "$status" 2 'without jansson there is no JSON'
	like "$err" '*libjansson-dev*' 'and the package is named'
	skip 1 'built without jansson'
fi
run "$ZMM" info --help
is "$status" 0 '--help succeeds'
like "$out" 'usage: zmm info*' 'and shows the usage'

done_testing
