#!/bin/sh
# SPDX-License-Identifier: MIT
# What cannot be written: a clear line, and neither half a file nor a temporary one stays behind.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cd "$tmp" || exit 1
mkdir dir
awk 'BEGIN { for (i = 1; i <= 200000; i++) print "a", i, i * 31 }' > in.trace

# left: what is in dir
left() { ls -A dir | tr '\n' ' '; }

echo before > dir/out.trace
printf 'a 1 8\nf 7\n' > wrong.trace
run "$ZMM" convert wrong.trace dir/out.trace
is "$status $(left)$(cat dir/out.trace)" '2 out.trace before' 'likewise when the input is wrong'

run "$ZMM" convert in.trace nowhere/out.trace
is "$status" 1 'a folder that is not there is a failure'
like "$err" 'zmm: nowhere/out.trace: cannot create a file there: No such file*' 'and is told'
run "$ZMM" convert in.trace dir
is "$status" 2 'a folder for a file is bad usage'
like "$err" 'zmm: dir: it is a directory*' 'and is told'

ok 'then it works' "$ZMM" convert in.trace dir/out.trace
ok 'and replaces the file' cmp in.trace dir/out.trace
if windows; then
	skip 16 'devices, limits of files, signals, links, permissions and files in use are not as here'
	done_testing
fi

echo before > dir/out.trace
run "$ZMM" convert in.trace /dev/full
is "$status" 1 'a full disk is a failure'
like "$err" 'zmm: /dev/full: cannot write: No space left on device*' 'and is told'

for suffix in text zmt; do
	run sh -c 'ulimit -f 40; exec "$1" convert in.trace "$2"' - "$ZMM" dir/out.$suffix
	is "$status" 1 "a file that grows too big is a failure ($suffix)"
	like "$err" "zmm: dir/out.$suffix: cannot write: File too large*" 'and is told'
	is "$(left)" 'out.trace ' 'nothing is left behind'
done
run sh -c 'ulimit -f 40; exec "$1" convert in.trace dir/out.trace' - "$ZMM"
is "$(left)$(cat dir/out.trace)" 'out.trace before' 'a file that was there stays as it was'

# A signal in the middle of it.
mkfifo fifo
"$ZMM" convert fifo dir/out.trace 2> err &
converter=$!
exec 3<> fifo
cat in.trace >&3
tries=0
while test "$(left)" = 'out.trace ' && test $tries -lt 100; do
	tries=$((tries + 1))
	sleep 0.1
done
like "$(left)" 'out.trace out.trace.*' 'while it works there is a temporary file'
kill -TERM $converter
status=0
wait $converter 2> err || status=$?
exec 3>&-
is "$status" 143 'a signal ends it'
is "$(left)$(cat dir/out.trace)" 'out.trace before' 'and leaves nothing behind'

ln -s out.trace dir/link
echo 'a 1 8' > other.trace
"$ZMM" convert other.trace dir/link
is "$(cat dir/out.trace)" 'a 1 8' 'a link leads to the file that is replaced'
ok 'and stays a link' test -h dir/link
umask 027
"$ZMM" convert other.trace dir/new.trace
is "$(ls -l dir/new.trace | cut -c 1-10)" '-rw-r-----' 'new files have the permissions of any other'
"$ZMM" convert dir/new.trace dir/new.trace
is "$(cat dir/new.trace)" 'a 1 8' 'a file can be converted onto itself'

done_testing
