#!/bin/sh
# SPDX-License-Identifier: MIT
# zmm convert between the text and the binary format, on the recorded traces and by example.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

recordings || skip_all "the recordings are packed, and this build has no zstd"
for trace in "$TRACES"/*.trace"$zst"; do
	name=$(basename "$trace" "$zst")
	"$ZMM" convert "$trace" "$tmp/a.zmt" && "$ZMM" convert "$tmp/a.zmt" "$tmp/b.trace" &&
		"$ZMM" convert "$trace" "$tmp/a.trace"
	ok "$name comes back from the binary format as it was" cmp "$tmp/a.trace" "$tmp/b.trace"
	if command -v zstd > /dev/null; then
		unpacked "$trace" > "$tmp/c.trace"
		ok "as zstd unpacks it" cmp "$tmp/c.trace" "$tmp/b.trace"
	else
		skip 1 "zstd is not installed"
	fi
done

if config HAVE_ZSTD; then
	"$ZMM" convert "$TRACES/seed.trace.zst" "$tmp/seed.zmt.zst"
	"$ZMM" convert "$tmp/seed.zmt.zst" "$tmp/seed.txt.zst"
	"$ZMM" convert "$tmp/seed.txt.zst" "$tmp/seed.txt"
	"$ZMM" convert "$TRACES/seed.trace.zst" "$tmp/plain.txt"
	ok "packed output is read again" cmp "$tmp/seed.txt" "$tmp/plain.txt"
	ok "packed is smaller" test "$(wc -c < "$tmp/seed.txt.zst")" -lt "$(wc -c < "$tmp/seed.txt")"
else
	printf 'a 1 8\n' > "$tmp/x.trace"
	run "$ZMM" convert "$tmp/x.trace" "$tmp/x.trace.zst"
	is "$status" 2 'without libzstd, compressing is refused'
	like "$err" '*libzstd-dev*' 'and the package is named'
	run "$ZMM" info "$srcdir/t/golden/seed.trace.zst"
	is "$status" 2 'and so is unpacking'
	like "$err" '*libzstd-dev*' 'with the package, too'
fi

# Everything that the text format can say.
cat > "$tmp/all.trace" <<'END'
# a comment
#another, and an empty one
#
a 1 100
a 2 18446744073709551615
f 2 at=5
a 18446744073709551615 0 align=4096 site=3 at=17
r 1 200 align=16
t 4294967295
b
s 3 0x401136 0xffffffffffffffff
s 4
n 0x401136 a name (with a place:17)
m 0x400000 4096 0 /usr/bin/a program
f 1 site=3
l 18446744073709551615
x 18446744073709551615
g
u
d at=99
t 0
e
END
"$ZMM" convert "$tmp/all.trace" "$tmp/all.zmt"
"$ZMM" convert "$tmp/all.zmt" "$tmp/again.trace"
ok 'every kind of line comes back from the binary format as it was' \
	cmp "$tmp/all.trace" "$tmp/again.trace"

# Lines that are written in another way mean the same.
printf '  a   1\t2  \r\n\r\n\n\tt 5\nf 1   at=7   site=2\n' > "$tmp/loose.trace"
printf 'a 1 2\nt 5\nf 1 site=2 at=7\n' > "$tmp/strict.trace"
"$ZMM" convert "$tmp/loose.trace" "$tmp/again.trace"
ok 'blanks, empty lines and ends of lines do not matter' cmp "$tmp/strict.trace" "$tmp/again.trace"

printf 'a 1 8\nf 1\n' > "$tmp/small.trace"
run sh -c '"$1" convert - - < "$2"' - "$ZMM" "$tmp/small.trace"
is "$out" "$(cat "$tmp/small.trace")" 'standard input and output can be named as -'
"$ZMM" convert --to=binary "$tmp/small.trace" "$tmp/no-suffix"
"$ZMM" convert --to=text "$tmp/no-suffix" "$tmp/text.zmt"
ok '--to says the format whatever the name says' cmp "$tmp/small.trace" "$tmp/text.zmt"
"$ZMM" convert "$tmp/small.trace" "$tmp/other.name"
ok 'a name that says nothing gets text' cmp "$tmp/small.trace" "$tmp/other.name"

run "$ZMM" convert --help
is "$status" 0 '--help succeeds'
like "$out" 'usage: zmm convert*' 'and shows the usage'
run "$ZMM" convert "$tmp/small.trace"
is "$status" 2 'one name is not enough'
run "$ZMM" convert --to=gif "$tmp/small.trace" "$tmp/x"
is "$status" 2 'an unknown format is refused'
like "$err" "*'gif'*text and binary*" 'with those that there are'
run "$ZMM" convert --nonsense a b
is "$status" 2 'an unknown option is refused'

done_testing
