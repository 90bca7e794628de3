#!/bin/sh
# SPDX-License-Identifier: MIT
# Traces of the CS:APP malloc lab.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cd "$tmp" || exit 1
cat > short.rep <<'END'
20000
3
8
1
a 0 2040
a 1 16
r 0 4080
f 1
a 1 48
f 0
f -1
f 1
END
run "$ZMM" convert short.rep out.trace
is "$status/$err" '0/' 'a malloc lab trace is converted'
is "$(tr '\n' ' ' < out.trace)" 'a 1 2040 a 2 16 r 1 4080 f 2 a 3 48 f 1 f 3 ' \
	'numbers used again after a free become new ones'
run "$ZMM" info short.rep
like "$out" '*format*malloc lab .rep*' 'the format is told by its content'
sed 's/$/ /; s/a/a /' short.rep | sed "s/\$/$(printf '\r')/" > windows.rep
run "$ZMM" convert windows.rep out2.trace
is "$status" 0 'blanks and other ends of lines do not matter'
ok 'and change nothing' cmp out.trace out2.trace

# wrong SCRIPT PATTERN WHAT: short.rep changed by sed is refused with such a line.
wrong()
{
	sed "$1" short.rep > wrong.rep
	run "$ZMM" convert wrong.rep wrong.trace
	is "$status" 2 "$3 is refused"
	like "$err" "zmm: wrong.rep:$2" 'with the line and the reason'
}

wrong '12d' '11: the header promises 8 operations and there are 7*' 'a missing operation'
wrong '5,$d;4d' '3: *four lines of a number each' 'a header of three lines'
wrong '9s/1/0/' '9: allocation of block 0, which is allocated already*' 'a number that is alive'
wrong '10s/0/7/' '10: free of block 7, which is not allocated*' 'a free of nothing'
wrong '7s/0/7/' '7: resize of block 7, which is not allocated*' 'a resize of nothing'
wrong '6s/16/sixteen/' "6: 'a 1 sixteen' is not 'a ID SIZE'*" 'a size in words'
wrong '6s/16/18446744073709551616/' "6: 'a 1 18446744073709551616' is not*" 'a size over 2^64'
wrong '6s/a/m/' "6: 'm 1 16' is not 'a ID SIZE', 'r ID SIZE' or 'f ID'*" 'another letter'
wrong '2s/3/three/' "2: 'three' is not one of the header's four numbers*" 'a header in words'

done_testing
