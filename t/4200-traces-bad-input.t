#!/bin/sh
# SPDX-License-Identifier: MIT
# What is no trace, or a damaged one: one line that names the file and the place, exit status 2, and
# nothing written.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cd "$tmp" || exit 1
mkdir dir bad

# refused FILE PATTERN WHAT: zmm convert and zmm info refuse the file, with a line like that.
refused()
{
	for command in 'convert' 'info'; do
		set -- "$1" "$2" "$3" "$command" out.trace
		test "$command" = convert || set -- "$1" "$2" "$3" "$command"
		file=$1 pattern=$2 what=$3
		shift 3
		command=$1
		shift
		run timeout 60 "$ZMM" "$command" "$file" "$@"
		is "$status/$(wc -l < "$tmp/err" | tr -d ' ')/$out" "2/1/" \
			"$command refuses $what in one line"
		like "$err" "zmm: $file$pattern" "and $command says where and why"
		set -- "$file" "$pattern" "$what"
	done
	test ! -e out.trace || fail "nothing is written for $what"
}

# text NAME CONTENT PATTERN WHAT: the same for a text, with escapes of printf.
text()
{
	printf "$2" > "bad/$1"
	refused "bad/$1" "$3" "$4"
}

text unknown 'a 1 8\nq 3\n' ":2: 'q 3' is not a line of a trace*" 'an unknown line'
text word 'a 1 8\nfree 1\n' ":2: 'free 1' is not a line*" 'a word for a letter'
text never 'a 1 8\nf 2\n' ':2: free of block 2, which was never allocated*' 'a free of nothing'
text double 'a 1 8\nf 1\n# x\nf 1\n' ':4: free of block 1, which is freed already*' 'a double free'
text resize 'a 1 8\nr 2 9\n' ':2: resize of block 2, which was never*' 'a resize of nothing'
text twice 'a 1 8\na 1 8\n' ':2: block 1 is allocated, but its number was used*' \
	'a number used twice'
text ended 'a 1 8\ne\nf 1\n' ':3: free of block 1, which was gone*' 'a free after the request'
text range 'a 1 18446744073709551616\n' ":1: '18446744073709551616' is out of range*" \
	'a size over 2^64'
text range2 'a 1 8\nf 99999999999999999999\n' ":2: '99999999999999999999' is out of range*" \
	'a number over 2^64'
text negative 'a 1 -8\n' ":1: '-8' is not a decimal number*'a ID SIZE'" 'a negative size'
text hex 'a 1 0x10\n' ":1: '0x10' is not a decimal number*" 'a size in hexadecimal'
text missing 'a 1 8\nr 1\n' ":2: a number is missing*'r ID SIZE'" 'a missing size'
text much 'f 1 2\n' ":1: '2' is too much*'f ID'" 'a number too much'
text align 'a 1 8 align=3\n' ":1: '3' is not an alignment*" 'an alignment of three'
text thread 'a 1 8\nt 4294967296\n' ":2: '4294967296' is out of range*" 'a thread over 2^32'
text address 'a 1 8\ns 1 401136\n' ":2: '401136' is not an address*" 'an address without 0x'
text cut 'a 1 8\na 12 3' ':2: the last line has no end*cut short*' 'a line without end'
text blank '\n \n' ':2: there is nothing but blank lines*' 'blank lines'
text hello 'hello world\n' ":1: 'hello world' is not the beginning*" 'a text'
text escape 'a 1 8\n\033[31mred\n' ":2: '?\[31mred' is not*" 'control characters'
text zero 'a 1 8\n\000\000\n' ': byte 6 is 0x00*' 'a zero byte'
text gzip '\037\213\010' ': byte 0: this is not a trace*gzip -dc*' 'a file packed with gzip'
text rep '20000\n2\n3\n1\na 0 10\nf 0\n' ':6: the header promises 3 operations and there are 2*' \
	'a malloc lab trace that is cut short'
text rep2 '20000\n2\n2\n1\na 0 10\nf 1\n' ':6: free of block 1, which is not allocated*' \
	'a malloc lab trace with a wrong free'
text mtrace '= Start\n@ ./x:[0x1] + 0x10\n' \
	":2: '@ ./x:\[0x1\] + 0x10' is not a line of an mtrace*" \
	'a wrong line in an mtrace log'
text ltrace 'strlen("abc") = 3\n' ':1: *no call of malloc*' 'output of ltrace without allocations'

: > bad/empty
refused bad/empty ': it is empty*' 'an empty file'
refused /dev/null ': it is empty*' '/dev/null'
refused dir ': it is a directory*' 'a directory'
refused nowhere ': cannot open it: No such file*' 'a file that is not there'
refused bad/empty/x ': cannot open it: No*' 'a file in a file'
printf 'a 1 8\n' > bad/locked
chmod 0 bad/locked
if test -r bad/locked; then
	skip 4 'this user may read everything'
else
	refused bad/locked ': cannot open it: Permission denied*' 'a file without permission'
fi
(printf 'a 1 8\n'; head -c 100000 /dev/zero | tr '\0' 5; echo) > bad/long
refused bad/long ':2: the line is longer than 65536 bytes*' 'a very long line'
(printf 'a 1 8\na 2 '; head -c 60000 /dev/zero | tr '\0' 5; echo) > bad/digits
refused bad/digits ":2: '5555*...' is out of range*" 'a very long number'
truncate -s 4G bad/zeros
refused bad/zeros ': byte 0 is 0x00*' '4 GB of zeros'
refused /dev/zero ': byte 0 is 0x00*' 'endless zeros'
(printf '\211PNG\r\n'; head -c 1000 /bin/sh) > bad/png
refused bad/png ': byte * is 0x*' 'a picture'
refused /bin/sh ': byte 0: this is not a trace: it is a program*' 'a program'
printf 'MZ\220\000\003\000' > bad/exe
refused bad/exe ': byte 0: this is not a trace: it is a program*' 'one for Windows'

# Binary ones.
printf '# two blocks of events\n' > good.trace
awk 'BEGIN { for (i = 1; i <= 40000; i++) print "a", i * 7919, i * 31 }' >> good.trace
"$ZMM" convert good.trace good.zmt
size=$(wc -c < good.zmt)
# cut BYTES: the first so many bytes; patch OFFSET BYTES: with other bytes there (as for printf).
cut() { head -c "$1" good.zmt > bad/cut; }
patch()
{
	cp good.zmt bad/patched
	printf "$2" | dd of=bad/patched bs=1 seek="$1" conv=notrunc 2> err
}

cut 5
refused bad/cut ': byte 5: the file is cut short inside its header*' 'a part of the first bytes'
cut 40
refused bad/cut ': byte 40: the file is cut short inside its header*' 'a part of a header'
for at in 64 80 112 1000 140000 $((size - 48)) $((size - 1)); do
	cut $at
	refused bad/cut ": byte $at: the file is cut short*" "the first $at of $size bytes"
done
patch 8 '\011'
refused bad/patched ': byte 8: the trace is in version 9*reads version 1*' 'another version'
patch 12 '\100'
refused bad/patched ": byte 0: the file's header is damaged*" 'a damaged header'
patch 2000 'x'
refused bad/patched ": byte 64: the block's checksum does not agree*" 'a damaged block'
patch 64 'x'
refused bad/patched ': byte 64: no block starts here*' 'something else for a block'
patch 72 '\377\377\377\377'
refused bad/patched ': byte 64: the block claims more room than any has*' 'a block of 4 GB'
cp good.zmt bad/longer
echo >> bad/longer
refused bad/longer ": byte $size: something follows the end mark*" 'bytes behind the end'
(head -c 64 good.zmt; tail -c 48 good.zmt) > bad/hole
refused bad/hole ': byte 64: the end mark counts another number of events*' 'a missing part'
(head -c 64 good.zmt; head -c 100000000 /dev/zero) > bad/zeros
refused bad/zeros ': byte 64: no block starts here*' 'zeros behind a header'
printf 'a 1 8\nf 1\nf 1\n' > double.trace
run "$ZMM" convert double.trace double.zmt
ok 'a trace that breaks the rules is not converted' test ! -e double.zmt

# Compressed ones.
if config HAVE_ZSTD; then
	"$ZMM" convert good.trace good.trace.zst
	half=$(($(wc -c < good.trace.zst) / 2))
	head -c $half good.trace.zst > bad/half
	refused bad/half ': the file is cut short: its zstd*after byte * unpacked*' 'half a packed file'
	cp good.trace.zst bad/packed
	printf 'some other bytes' | dd of=bad/packed bs=1 seek=$half conv=notrunc 2> err
	refused bad/packed ': its zstd compression is damaged*after byte * unpacked*' 'a damaged one'
	cp good.trace.zst bad/more
	echo 'something else' >> bad/more
	refused bad/more ': its zstd compression is damaged*' 'one with something behind it'
else
	skip 12 'built without libzstd'
fi

# A file of zeros takes no memory to refuse, wherever they are.
if windows; then
	skip 1 'address space cannot be limited here'
elif test -z "$SANITIZER"; then
	printf 'a 1 8\n' > later
	truncate -s 4G later
	run sh -c 'ulimit -v 200000; exec timeout 60 "$1" info later' - "$ZMM"
	is "$status" 2 'a trace with 4 GB of zeros behind it is refused in little memory'
else
	skip 1 'sanitizers take address space of their own'
fi

run "$ZMM" info
is "$status" 2 'info without a trace is bad usage'
run "$ZMM" info --nonsense
is "$status" 2 'so is an unknown option'

done_testing
