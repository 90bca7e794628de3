#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
#
# doc/history.md: what the table of ideas says of memory and storage calls is what zmm ablate
# counts. Each figure is compared as exactly as it is written; times are not checked.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Boxes;
use Cwd 'abs_path';
use JSON::PP;
use Test::More;

my $top = abs_path($ENV{srcdir} // '.');
plan skip_all => boxes_reason() if boxes_reason();

# The rows of the table: the idea whose workload is run, and the heaps with and without it.
my %rows = (
	'the cache' => [ 'the cache', 'as it was', 'no cache' ],
	'its capacity: 32 KiB (2006)' => [ 'the cache', 'as it was', 'cache of 32 KiB' ],
	'its capacity: 128 KiB (2007)' => [ 'the cache', 'as it was', 'cache of 128 KiB' ],
	'tries instead of a list, best fit' =>
		[ 'trees instead of a list', 'as it was', 'list, best fit' ],
	'best fit instead of first fit (in a list)' =>
		[ 'trees instead of a list', 'as it was', 'list, first fit' ],
	'the rest list' => [ 'the rest list', 'as it was', 'no rest list' ],
	'a segment kept between requests' =>
		[ 'a segment kept between requests', 'as it was', 'no kept segment' ],
	'coalescing' => [ 'coalescing', 'as it was', 'no coalescing' ],
);

my $ablation = decode_json(command(workshop(), 'zmm ablate --runs 0 --workloads --json'));

sub counted
{
	my ($idea, $variant, $what) = @_;
	my ($of_idea) = grep { $_->{idea} eq $idea } @{ $ablation->{ideas} };
	my ($of_variant) = grep { $_->{variant} eq $variant } @{ $of_idea->{variants} };
	return $what eq 'peak_held' ? $of_variant->{$what} / 1048576 : $of_variant->{$what};
}

# What is wrong with a cell "WITH, WITHOUT" or "the same".
sub wrong_cell
{
	my ($cell, @values) = @_;
	return $values[0] == $values[1] ? '' : "should be @values" if $cell eq 'the same';
	my @said = $cell =~ /(\d[\d.]*)/g;
	return "should be @values" if @said != 2;
	for my $i (0, 1) {
		my $digits = $said[$i] =~ /\.(\d+)/ ? length $1 : 0;
		return "should be @values" if abs($said[$i] - $values[$i]) > 0.5001 / 10 ** $digits;
	}
	return '';
}

sub wrong_rows
{
	my ($text) = @_;
	my ($head, $body) = $text =~ /^(\| idea \|.*)\n\| ---.*\n((?:\|.*\n)+)/m or return 'no table';
	my @names = map { s/^\s+|\s+$//gr } split /\|/, $head;
	my @wrong;
	for my $line (split /\n/, $body) {
		my @cells = map { s/^\s+|\s+$//gr } split /\|/, $line;
		my $row = $rows{ $cells[1] } or push @wrong, "no such idea: $cells[1]";
		for my $column (grep { $row && $names[$_] =~ /with, without/ } 1 .. $#names) {
			my $what = $names[$column] =~ /held/ ? 'peak_held' : 'storage_calls';
			my $wrong = wrong_cell($cells[$column],
				map { counted($row->[0], $_, $what) } @$row[1, 2]);
			push @wrong, "$cells[1], $names[$column]: $cells[$column] $wrong" if $wrong;
		}
	}
	return @wrong;
}

my $text = slurp("$top/doc/history.md");
my @wrong = wrong_rows($text);
ok(!@wrong, 'what ideas bring in memory and calls is what is counted') or diag(join "\n", @wrong);
@wrong = wrong_rows($text =~ s/^(\| the rest list \|.*\| )\d/${1}9/mr);
is(@wrong, 1, 'a wrong figure is found') or diag("@wrong");
done_testing();
