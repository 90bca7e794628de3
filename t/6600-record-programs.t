#!/bin/sh
# SPDX-License-Identifier: MIT
# Real programs are recorded, do what they always do, and their traces replay on both heaps.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/record.sh"

cd "$tmp" || exit 255
export HOME="$tmp" LC_ALL=C

# A recorder for another kind of machine (32-bit) is not loaded by the system's programs.
run "$ZMM" record -q -o "$trace" true
test -f "$trace" || skip_all "the system's programs cannot load this build's recorder"

# records PROGRAM COMMAND...: what it says and returns is the same as always, all it leaves replays.
records()
{
	name=$1
	shift
	if ! command -v "$name" > /dev/null; then
		skip 4 "$name is not installed"
		return
	fi
	run "$@"
	expected="$status $out"
	rm -f "$trace"*
	run "$ZMM" record -q -o "$trace" -- "$@"
	is "$status $out" "$expected" "$name works as always"
	count=0
	for file in "$trace"*; do
		count=$((count + $(operations "$file")))
	done
	ok "$name: $count operations are in its traces" test $count -gt 20
	operations "$trace" > /dev/null
	is "$(cat "$tmp/remarks")" "" "$name: nothing was lost"
	replays "$name" "$trace"*
}

records sqlite3 sqlite3 :memory: '
	CREATE TABLE t(a, b); CREATE INDEX x ON t(b);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
		INSERT INTO t SELECT i, hex(i * i) FROM n;
	SELECT count(*), group_concat(b) FROM t GROUP BY a % 7;'
records perl perl -e '
	for my $i (1 .. 2000) { $h{$i % 301} .= "x$i" }
	print map { "$_ $h{$_}\n" } sort { $a <=> $b } keys %h'
PYTHONMALLOC=malloc PYTHONHASHSEED=0 records python3 python3 -S -c '
import json
d = {str(i): [i, {"a": str(i) * 3}] for i in range(1000)}
print(json.loads(json.dumps(d))["7"])'
printf 'int main(void) { return 0; }\n' > empty.c
records gcc gcc -O1 -S -o - empty.c
mkdir folder && cp "$srcdir"/t/*.c folder && cd folder || exit 255
records git git grep --no-index --threads=3 -c 'int main'
command -v git > /dev/null && replays_threaded "git, which has threads," "$trace"
cd ..
records lua lua -e '
	local t = {}
	for i = 1, 1000 do t[i] = { i, tostring(i) .. "x" } end
	table.sort(t, function (a, b) return a[2] < b[2] end)
	print(#t, t[7][2])'
records xz xz -T2 --block-size=65536 -c "$srcdir/t/golden/README.md"
records ruby ruby --disable-gems -e '
	h = {}
	1000.times { |i| h["k#{i}"] = [i, "v" * (i % 50)] }
	puts h.values.map { |v| v[1].size }.sum'
USE_ZEND_ALLOC=0 records php php -n -r '
	for ($i = 0; $i < 1000; $i++) $a["k$i"] = [$i, str_repeat("v", $i % 50)];
	ksort($a); echo count($a), md5(serialize($a));'

done_testing
