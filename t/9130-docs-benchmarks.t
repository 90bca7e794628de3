#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
#
# doc/benchmarks.md: what of its tables repeats to the byte is what the library does: what the heaps
# hold on each trace and workload, and what segments of other sizes hold and cost. (The tables are
# written by doc/make-benchmarks, which measures times as well; those are not checked.)

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Boxes;
use Cwd 'abs_path';
use Test::More;

my $top = abs_path($ENV{srcdir} // '.');
plan skip_all => boxes_reason() if boxes_reason();

my $place = workshop();
my $text = slurp("$top/doc/benchmarks.md");

# What a command prints, which is run once.
my %ran;
sub once
{
	my ($command) = @_;
	return $ran{$command} //= command($place, $command);
}

# A table as a list of rows, each a list of cells; the first row has the names.
sub rows
{
	my ($table) = @_;
	my @rows = map { [ map { s/^\s+|\s+$//gr } (split /\|/, $_, -1)[1 .. tr/|// - 1] ] }
		split /\n/, $table;
	splice @rows, 1, 1;
	return @rows;
}

# The file of a trace or workload by name, for commands.
sub trace_file
{
	my ($name) = @_;
	for my $file ("t/golden/$name.trace.zst", "t/traces/$name.zmt.zst") {
		return $file if -e "$top/$file";
	}
	once("zmm generate $name -o $name.zmt");
	return "$name.zmt";
}

# What is wrong with the tables under "**NAME**: ...".
sub wrong_heaps
{
	my ($text) = @_;
	my (@wrong, @names);
	while ($text =~ /^\*\*([\w-]+)\*\*: .*\n(?:.*\n)??\n((?:\|.*\n)+)/mg) {
		my ($name, @table) = ($1, rows($2));
		my @columns = map { s/^mean //r } @{ $table[0] };
		push @names, $name;
		my @printed = map { [ split /\t/ ] }
			split /\n/, once('docs/memory rows ' . trace_file($name));
		for my $row (grep { $_->[0] =~ /^(legacy|modern)$/ } @printed) {
			my ($there) = grep { $_->[0] eq $row->[0] } @table;
			my %cell = map { $columns[$_] => $there->[$_] } 0 .. $#columns;
			push @wrong, "$name, $row->[0]: held is $cell{held}, should be $row->[1]"
				if $cell{held} ne $row->[1];
			push @wrong, "$name, $row->[0]: H/L - 1 is $cell{'H/L - 1'}, should be $row->[2]"
				if $cell{'H/L - 1'} ne $row->[2];
		}
	}
	return (\@wrong, @names);
}

# One measure of all segment sizes on a trace: {size => value}.
sub sweep
{
	my ($name, $measure, @sizes) = @_;
	my $sizes = join ',', @sizes;
	my @lines = split /\n/, once("zmm sweep --mode legacy --seg-size $sizes "
		. "--measure $measure --csv " . trace_file($name));
	my @values = map { (split /,/)[-1] } @lines[1 .. $#lines];
	@values = map { sprintf '%.2f', $_ / 1048576 } @values if $measure eq 'peak_held';
	return map { $sizes[$_] => $values[$_] } 0 .. $#sizes;
}

# What is wrong with the table of segment sizes.
sub wrong_segments
{
	my ($text) = @_;
	my ($table) = $text =~ /^(\| segment \|(?:.*\n)(?:\|.*\n)+)/m or return ('there is none');
	my ($names, @rows) = rows($table);
	my @sizes = map { $_->[0] } @rows;
	my (@wrong, $trace);
	for my $column (1 .. $#$names) {
		my $measure = $names->[$column] =~ /held/ ? 'peak_held' : 'storage_calls';
		$trace = $1 if $names->[$column] =~ /^(\w+): /;
		my %value = sweep($trace, $measure, @sizes);
		for my $row (@rows) {
			push @wrong, "$trace, $row->[0]: $measure is $row->[$column], "
				. "should be $value{$row->[0]}" if $row->[$column] ne $value{$row->[0]};
		}
	}
	return @wrong;
}

my ($wrong, @names) = wrong_heaps($text);
ok(!@$wrong, 'what the heaps hold is what they do') or diag(join "\n", @$wrong);
cmp_ok(@names, '>=', 12, 'on all programs and workloads');
my @segments = wrong_segments($text);
ok(!@segments, 'and with segments of other sizes') or diag(join "\n", @segments);

($wrong) = wrong_heaps("**seed**: some.\n\n| | held | H/L - 1 |\n| --- | --: | --: |\n"
	. "| legacy | 0.26 | - |\n| modern | 2.00 | - |\n");
is("@$wrong", 'seed, legacy: held is 0.26, should be 0.25', 'a wrong figure is found');
@segments = wrong_segments($text =~ s/^(\| 128K \|)/$1 9/mr);
is(@segments, 1, 'in the table of segments, too') or diag("@segments");
done_testing();
