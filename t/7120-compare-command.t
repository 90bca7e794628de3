#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm compare: the table and the JSON agree, ledgers sum at every sample, samples and seeds are
# kept, what is missing is named, and bad usage is refused. No time decides anything here.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

recordings || skip_all "the recordings are packed, and this build has no zstd"
test -z "$SANITIZER" || skip_all "sanitizers bring a malloc of their own"
test -r /proc/self/smaps_rollup || skip_all "this system tells nothing about a process's memory"
trace=$TRACES/seed.trace$zst
NO_COLOR=1
export NO_COLOR

# ---- the table ----

run "$ZMM" compare --only legacy,modern,system --blocks 5 --seed 42 --drain 0.1 \
	--csv "$tmp/samples.csv" "$trace"
is "$status" 0 "both heaps and the system's malloc" || diag "$err"
like "$out" "*seed *42*" "the seed is printed"
like "$out" "*paired blocks *5*" "and the blocks"
like "$out" "*
legacy *
modern *
system *" "a row for each"
like "$out" "*held over the run*▁*" "curves over the run"
like "$out" "*why legacy and modern differ*" "and why they differ"
unlike "$out" "*$(printf '\033')*" "no colour where it is no terminal"

is "$(head -n 1 "$tmp/samples.csv")" "trace,contender,block,position,ns,wall_ns,first_ns" \
	"the samples have headings"
is "$(sed 1d "$tmp/samples.csv" | cut -d , -f 2,3 | sort)" "$(for who in legacy modern system; do
	for block in 0 1 2 3 4; do echo $who,$block; done; done)" "one of each in each block"
sed 1d "$tmp/samples.csv" | cut -d , -f 2,3,4 > "$tmp/order"
"$ZMM" compare --only legacy,modern,system -t --blocks 5 --seed 42 --csv "$tmp/again.csv" \
	"$trace" > "$tmp/out"
is "$(sed 1d "$tmp/again.csv" | cut -d , -f 2,3,4)" "$(cat "$tmp/order")" \
	"the same seed gives the same order"
"$ZMM" compare --only legacy,modern,system -t --blocks 5 --seed 43 --csv "$tmp/again.csv" \
	"$trace" > "$tmp/out"
unlike "$(sed 1d "$tmp/again.csv" | cut -d , -f 2,3,4)" "$(cat "$tmp/order")" "another one another"

run "$ZMM" compare --only modern -t --budget 0.001 "$trace"
like "$out" "*paired blocks *3*" "a budget that is too small gives three blocks"
run "$ZMM" compare --only legacy,legacy -t --blocks 3 "$trace"
like "$out" "*
legacy  *
legacy-2 *" "one can be compared with itself"
run "$ZMM" compare --only modern -t --blocks 3 --formulas "$trace"
like "$out" "*(H - U - M) / H*bytes held from the system*" "formulas are printed on demand"

# ---- colour ----

colour()
{
	script -qec "TERM=xterm $* '$ZMM' compare --only legacy,modern -t -b 3 '$trace'" /dev/null
}
if command -v script > /dev/null && (script -qec true /dev/null) > /dev/null 2>&1; then
	escape=$(printf '\033')
	like "$(colour env -u NO_COLOR)" "*$escape\\[1m*" "a terminal gets colour"
	unlike "$(colour env NO_COLOR=1)" "*$escape*" "unless NO_COLOR is set"
else
	skip 2 "there is no terminal to be had (Debian package bsdutils)"
fi

# ---- who is missing, and who fails ----

cp "$trace" "$tmp/t$zst"
echo "no library" > "$tmp/lib.so"
run "$ZMM" compare --only legacy,broken -a broken="$tmp/lib.so" -t --blocks 3 "$tmp/t$zst"
is "$status" 2 "a library that is none"
like "$err" "*t$zst: broken: $tmp/lib.so could not be preloaded*" "is named"
like "$out" "*
legacy *ns*
broken *failed*" "and the others go on"

# ---- bad usage ----

bad()
{
	pattern=$1
	shift
	run "$ZMM" compare "$@"
	is "$status" 2 "$*: exit status 2"
	like "$err" "$pattern" "$*: says what is wrong"
	is "$out" "" "$*: prints nothing else"
}
bad "*no trace was named*"
bad "*there is no contender 'nobody'*" --only nobody "$trace"
bad "*baseline 'system' does not take part*" --only legacy --baseline system "$trace"
bad "*'0' is no number of blocks*" --blocks 0 "$trace"
bad "*'soon' is no time*" --budget soon "$trace"
bad "*'x' is no seed*" --seed x "$trace"
bad "*not two that take part*" --only legacy --explain legacy,modern "$trace"
bad "*is no name and library*" -a jemalloc "$trace"
bad "*'never' is no time in seconds*" --timeout never "$trace"
bad "*no time in seconds, nor none*" --drain long "$trace"
bad "*there is no storage 'nosuch'*" --storage nosuch "$trace"
run "$ZMM" compare -t --blocks 3 --only legacy "$tmp/nosuch.trace"
is "$status" 2 "a missing trace: exit status 2"
like "$err" "*nosuch.trace*" "and it is named"
run "$ZMM" compare -t --blocks 3 --only legacy --csv "$tmp/no/where.csv" "$trace"
is "$status" 1 "samples that cannot be written: exit status 1"
like "$err" "*no/where.csv: cannot create a file there*" "and the file is named"

# ---- JSON ----

if ! config HAVE_JANSSON; then
	run "$ZMM" compare --json -t "$trace"
	is "$status" 2 "without jansson there is no JSON"
	like "$err" "*libjansson-dev*" "and the package is named"
	done_testing
fi
run "$ZMM" compare --only legacy,modern,system --blocks 5 --drain 0 --json="$tmp/c.json" \
	"$TRACES/fuzz-mixed.trace$zst"
is "$status" 0 "JSON to a file, the table to the output" || diag "$err"
cp "$tmp/out" "$tmp/table"
perl -MJSON::PP -e1 2> /dev/null || {
	skip 8 "perl has no JSON::PP"
	done_testing
}

# Prints what a perl expression on $d, the document, gives.
json()
{
	perl -MJSON::PP -0777 -ne '$d = decode_json($_); $t = $d->{traces}[0]; print '"$1" \
		"$tmp/c.json"
}

is "$(json '"$d->{format} $d->{version}"')" "zmm-comparison 1" "it says what it is"
is "$(json 'join " ", map { $_->{name} } @{$t->{results}}')" "legacy modern system" "who took part"
json 'do {
	my $ns = sub { my ($n, @units) = (@_, "ns", "µs", "ms");
		while ($n >= 999.5) { $n /= 1000; shift @units }
		sprintf $n < 9.995 ? "%.2f %s" : $n < 99.95 ? "%.1f %s" : "%.0f %s", $n, $units[0] };
	map { join(" ", $_->{name}, $ns->($_->{ns}), $ns->($_->{net_ns}),
		map { sprintf "%.2f", $_ } @$_{qw(ratio ratio_low ratio_high ratio_with_loop)}) . "\n" }
	@{$t->{results}} }' > "$tmp/from-json"
sed -n '/^ .*less loop/,/^$/p' "$tmp/table" |
	awk '/^[a-z]/ { print $1, $2, $3, $4, $5, $6, $7, $9, $10 }' > "$tmp/from-table"
is "$(cat "$tmp/from-table")" "$(cat "$tmp/from-json")" "the table has the same times and ratios"
is "$(json 'join " ", map { @{$_->{samples}{ns}} . "" } @{$t->{results}}')" "5 5 5" \
	"raw samples are kept"

# Every held byte has its cause at every sample, and what is live is in the requested ones.
is "$(json 'do {
	my ($bad, $n) = (0, 0);
	for my $r (grep { $_->{ledger} } @{$t->{results}}) {
		my ($l, $p) = ($r->{ledger}, $r->{points});
		for my $i (0 .. $#{$p->{held}}) {
			my $sum = 0;
			$sum += $l->{$_}[$i] for grep { $_ ne "operation" } keys %$l;
			$bad++ if $sum != $p->{held}[$i] || $l->{requested}[$i] != $p->{live}[$i]
				|| $l->{operation}[$i] != $p->{operation}[$i];
			$n++;
		}
	}
	$n > 100 ? $bad : "only $n samples"
}')" 0 "ledgers sum at every sample of both heaps"
is "$(json 'do {
	my $bad = 0;
	for my $p (map { $_->{points} } @{$t->{results}}) {
		my @n = map { scalar @{$p->{$_}} } keys %$p;
		$bad++ if grep { $_ != $n[0] } @n;
		$bad++ if grep { $p->{usable}[$_] < $p->{live}[$_] } 0 .. $#{$p->{live}};
		$bad++ if $p->{operation}[0] != 0 || $p->{operation}[-1] != $t->{operations};
		$bad++ unless grep { $_ == $t->{peak_operation} } @{$p->{operation}};
	}
	$bad
}')" 0 "samples: columns of one length, from the beginning to the end, the peak among them"
is "$(json 'do {
	my ($m) = grep { $_->{measure} eq "internal" } @{$t->{results}[2]{measures}};
	my $p = $t->{results}[2]{points};
	my ($at) = grep { $p->{operation}[$_] == $t->{peak_operation} } 0 .. $#{$p->{operation}};
	join " ", $m->{whole} == $p->{usable}[$at], $m->{part} == $p->{usable}[$at] - $p->{live}[$at]
}')" "1 1" "what the system's malloc rounds up is told at the greatest live bytes"
is "$(json 'do {
	my $bad = 0;
	for my $r (grep { $_->{map} } @{$t->{results}}) {
		my $m = $r->{map};
		$bad++ if grep { length $_ != $m->{rows} || /[^.0-9]/ } @{$m->{used}};
		$bad++ if @{$m->{used}} != @{$m->{operations}} || $m->{operations}[-1] != $t->{operations};
		$bad++ unless grep { /[1-9]/ } @{$m->{used}};
	}
	$bad
}')" 0 "maps have a cell for each row and column"
is "$(json 'do {
	my $e = $t->{explanations}[0];
	my %held = map { my $p = $_->{points}; my %at;
		@at{@{$p->{operation}}} = @{$p->{held}}; $_->{name} => \%at } @{$t->{results}};
	my $d = $e->{held_peak};
	my $apart = sub { abs($held{legacy}{$_[0]} - $held{modern}{$_[0]}) };
	my $most = (sort { $b <=> $a } map { $apart->($_) } keys %{$held{legacy}})[0];
	join " ", $e->{a}, $e->{b}, $d->{a} == $held{legacy}{$d->{operation}},
		$d->{b} == $held{modern}{$d->{operation}}, $most == $apart->($d->{operation})
}')" "legacy modern 1 1 1" "the explanation names the greatest difference of the two curves"
for mode in legacy modern; do
	held=$("$ZMM" replay --mode $mode "$TRACES/fuzz-mixed.trace$zst" |
		sed -n 's/^real peak usage.*(\([0-9]*\) bytes)/\1/p')
	is "$(json 'map { $_->{name} eq "'$mode'" ? $_->{peak_held} : () } @{$t->{results}}')" "$held" \
		"$mode: the peak is the one that a replay reports"
done

done_testing
