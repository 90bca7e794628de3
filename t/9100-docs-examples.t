#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
#
# The examples of the documents: each block "trace MODE" is replayed, and what it prints (but for
# the last line) has to be the block "placements" after it.

use strict;
use warnings;
use File::Temp;
use Test::More;

my $top = $ENV{srcdir} // '.';
my $zmm = $ENV{ZMM} // "$top/build/zmm";

plan skip_all => 'debug and protected builds place blocks otherwise' if configured();

sub configured
{
	open my $config, '<', ($ENV{builddir} // "$top/build") . '/config.h' or return 0;
	my $text = do { local $/; <$config> };
	return $text =~ /define (ZEND_MM_HEAP_PROTECTION|ZEND_MM_COOKIES) 1/
		|| (defined $ENV{builddir} && `cat $ENV{builddir}/zend_alloc.pc` =~ /-DZEND_DEBUG=1/);
}

my $examples = 0;
for my $file (sort glob "$top/doc/*.md") {
	my $name = $file =~ s{.*/}{}r;
	open my $in, '<', $file or die "$file: $!";
	my $text = do { local $/; <$in> };
	while ($text =~ /^```trace (\w+)\n(.*?)^```\n\s*^```placements\n(.*?)^```/gms) {
		my ($mode, $trace, $expected) = ($1, $2, $3);
		my $at = 1 + (substr($text, 0, $-[0]) =~ tr/\n//);
		my $temporary = File::Temp->new(SUFFIX => '.trace');
		print $temporary $trace;
		close $temporary;
		my $got = `"$zmm" replay --mode $mode --placements $temporary`;
		$got =~ s/^end .*\n//m;
		is($got, $expected, "$name, line $at");
		$examples++;
	}
}
cmp_ok($examples, '>=', 11, 'the documents have examples');
done_testing();
