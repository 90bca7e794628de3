#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
#
# The documents lead somewhere: each link to a file or a heading of this project is there, and the
# README lists every document.

use strict;
use warnings;
use File::Basename;
use Test::More;

my $top = $ENV{srcdir} // '.';

sub slurp
{
	my ($file) = @_;
	open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

# The names by which a document's headings are linked, as sites that show such files make them.
sub anchors
{
	my ($text) = @_;
	$text =~ s/^```.*?^```//gms;
	my %anchors;
	for my $heading ($text =~ /^#+ +(.*)/mg) {
		my $anchor = lc $heading;
		$anchor =~ s/[^\w\- ]//g;
		$anchor =~ tr/ /-/;
		$anchors{$anchor} = 1;
	}
	return \%anchors;
}

# What of a text's links, taken from a folder, leads nowhere.
sub dead_links
{
	my ($text, $file) = @_;
	my @dead;
	$text =~ s/^```.*?^```//gms;
	$text =~ s/`[^`\n]*`//g;
	for my $link ($text =~ /\]\(([^)\s]+)\)/g) {
		next if $link =~ /^[a-z]+:|^#op=/; # elsewhere; a step of a lesson's page
		my ($path, $anchor) = split /#/, $link;
		my $target = $path eq '' ? $file : dirname($file) . "/$path";
		if (!-e $target) {
			push @dead, "$link: there is no such file";
		} elsif (defined $anchor && !anchors(slurp($target))->{$anchor}) {
			push @dead, "$link: there is no such heading";
		}
	}
	return @dead;
}

my @documents = grep { -f } glob("$top/*.md $top/doc/*.md $top/doc/*/*.md $top/t/*/*.md");
for my $file (@documents) {
	my @dead = dead_links(slurp($file), $file);
	ok(!@dead, $file =~ s{^\Q$top/}{}r . ' leads somewhere') or diag(join "\n", @dead);
}

my $readme = slurp("$top/README.md");
for my $file (glob "$top/doc/*.md") {
	my $name = basename($file);
	ok(index($readme, "(doc/$name)") >= 0, "the README lists doc/$name");
}

is_deeply([ dead_links("[a](none.md) [b](README.md#nowhere) [c](#read-it) [d](https://x.y/)\n",
	"$top/README.md") ], [ 'none.md: there is no such file',
	'README.md#nowhere: there is no such heading' ], 'links that lead nowhere are found');
done_testing();
