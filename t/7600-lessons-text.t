#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
#
# The lessons say what happens. Each point of a lesson begins with a link to an operation; whatever
# it sets as code has to be what zmm step or zmm map says of that operation (of one of the heaps
# that the lesson shows), whatever it sets as a place (1+32) too. No converter is needed for this.

use strict;
use warnings;
use Test::More;

my $top = $ENV{srcdir} // '.';
my $zmm = $ENV{ZMM} // "$top/build/zmm";

plan skip_all => 'debug and protected builds place blocks otherwise' if configured();

sub configured
{
	my $builddir = $ENV{builddir} // "$top/build";
	my $text = join '', map { slurp("$builddir/$_") } qw(config.h Makefile);

	return $text =~ /define (ZEND_MM_HEAP_PROTECTION|ZEND_MM_COOKIES) 1|-DZEND_DEBUG=1|-m32/;
}

sub slurp
{
	my ($file) = @_;

	open my $in, '<', $file or return '';
	local $/;
	return scalar <$in>;
}

# What is said of an operation, in one line.
sub said
{
	my ($trace, $heap, $operation) = @_;
	my $step = `printf 'm\\n$operation\\nq\\n' | "$zmm" step $heap "$trace"`;

	$step =~ s/.*^> operation/operation/ms;
	my $text = $step . `"$zmm" map --blocks $heap --at $operation "$trace"`;
	$text =~ s/\s+/ /g;
	return $text;
}

# The heaps that the command of a lesson shows, as options of zmm map.
sub heaps
{
	my ($command) = @_;
	my @heaps = $command =~ /(--mode \w+|--variant [\w-]+)/g;

	return @heaps;
}

my $points = 0;

my @lessons = sort glob "$top/doc/lessons/[0-9]*.md";
is(scalar @lessons, 12, 'there are twelve lessons');
for my $lesson (@lessons) {
	my $name = $lesson =~ s{.*/|\.md$}{}gr;
	my $text = slurp($lesson);
	my $trace = $lesson =~ s/md$/trace/r;
	my @operations = grep { !/^#/ } split /\n/, slurp($trace);
	my ($command) = $text =~ /^    zmm explore (.*) doc\/lessons\/\Q$name\E\.trace -o page\.html$/m;
	my @heaps = heaps($command // '');
	my @wrong;
	my $here = 0;

	ok(@heaps, "$name: names the command that makes its page");
	ok(@operations >= 10 && @operations <= 40, "$name: a run of ten to forty operations");
	like($text, qr/^\*\*Question\.\*\*.*^<details><summary>Answer<\/summary>/ms,
		"$name: a question, and its answer hidden");
	while ($text =~ /^- \[Operation (\d+)\]\(#op=\1\)(.*?)(?=^- |^$)/gms) {
		my ($operation, $point) = ($1, $2);

		$point =~ s/\s+/ /g;
		my $said = join ' ', map { said($trace, $_, $operation) } @heaps;

		$here++;
		push @wrong, "operation $operation: '$_'"
			for grep { !/\(|^[a-z]+$/ && index($said, $_) < 0 } $point =~ /`([^`]+)`/g;
		push @wrong, "operation $operation: place $_"
			for grep { index($said, $_) < 0 } $point =~ /(?<![\w.])(\d+\+\d+)(?![\w.])/g;
	}
	is(join("\n", @wrong), '', "$name: its $here points say what happens");
	cmp_ok($here, '>=', 4, "$name: there are points to look at");
	$points += $here;
}
note("$points points");
done_testing();
