#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Standard output that takes nothing: each subcommand says why in one line and fails, on a full
# disk, where it was closed, and where a reader has gone and SIGPIPE is ignored; where that signal
# is not ignored it ends the command without a word.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

windows && skip_all "devices and signals are others on Windows"
test -w /dev/full || skip_all "there is no /dev/full here"

cd "$tmp" || exit 1
printf 'a 1 100\na 2 5000\nf 1\nf 2\n' > t.trace
awk 'BEGIN { for (i = 1; i <= 20000; i++) print "a", i, i * 3 % 999 + 1 }' > long.trace
printf 'n\nm\ng 3\n$\n' > keys

# A pipe that nobody reads: its reader has gone before anything is written.
mkfifo pipe
exec 3<> pipe 4> pipe 3<&-

# What prints something. With the long trace that is more than stdio keeps, so that writing fails
# before the end, and step flushes after each step.
cat > table << 'END'
replay t.trace
replay --placements long.trace
compare --time-only --blocks 3 --only legacy t.trace
compare --time-only --blocks 3 --only legacy --csv - t.trace
sweep --measure peak_held t.trace
info t.trace
convert t.trace -
convert long.trace -
generate --list
generate uniform --ops 1000 -o -
ledger t.trace
ablate --runs 0 --traces t.trace
ablate --runs 0 --markdown
map t.trace
step t.trace
explore -o - t.trace
profile -o - t.trace
check t.trace
END
if config HAVE_JANSSON; then
	"$ZMM" compare --time-only --blocks 3 --only legacy --json=c.json t.trace > out 2>&1
	echo 'report c.json' >> table
	echo 'info --json t.trace' >> table
else
	skip 14 "built without JSON"
	echo 'report --help' >> table
fi
verbs=$("$ZMM" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
is "$({ cut -d ' ' -f 1 table; echo run; echo record; } | sort -u)" "$(echo "$verbs" | sort)" \
	"each subcommand is here, but run and record, which print nothing themselves"
echo --version >> table
for verb in $verbs; do
	echo "$verb --help" >> table
done

# lost WHY HOW: the command ends with 1 and one line that says WHY, of standard output.
lost()
{
	is "$status $(wc -l < err)" '1 1' "zmm $row: $2: fails, and says so in one line"
	like "$(cat err)" "zmm: *standard output*: $1*" "zmm $row: $2: says why"
}

while read -r row; do
	status=0
	"$ZMM" $row < keys > /dev/full 2> err || status=$?
	lost 'No space left on device' 'a full disk'
	status=0
	"$ZMM" $row < keys >&- 2> err || status=$?
	lost 'Bad file descriptor' 'closed'
	status=0
	(trap '' PIPE; exec "$ZMM" $row < keys >&4 2> err) || status=$?
	lost 'Broken pipe' 'an ignored signal'
	status=0
	"$ZMM" $row < keys >&4 2> err || status=$?
	is "$status $(cat err)" '141 ' "zmm $row: ends by SIGPIPE, silently"
done < table

done_testing
