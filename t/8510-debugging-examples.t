#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
#
# The worked examples of doc/debugging.md: what stands in its boxes ```session is printed when the
# commands are run, on the programs of t/debugging/. Addresses and offsets are those of the machine,
# so they are taken for equal; where a command names one that was printed before, it gets what was
# printed in its place. A line "..." stands for any number of lines.
use strict;
use warnings;
use Cwd 'abs_path';
use File::Temp;
use Test::More;

my $top = abs_path($ENV{srcdir} // '.');
my $built = abs_path($ENV{builddir} // "$top/build");
my $cc = $ENV{CC} // 'cc';
my $config = slurp("$built/config.h");

plan skip_all => 'there is no malloc replacement in this build'
	unless -f "$built/libzend_malloc.so";
plan skip_all => 'blocks have other marks in this build'
	if $config =~ /define (ZEND_MM_HEAP_PROTECTION|ZEND_MM_COOKIES) 1/;
plan skip_all => 'debug builds keep more beside each block'
	if slurp("$built/zend_alloc.pc") =~ /-DZEND_DEBUG=1/;
plan skip_all => 'sizes are those of 64 bits' if `echo __SIZEOF_POINTER__ | $cc -E -P -` !~ /8/;
plan skip_all => 'addr2line is not installed (package binutils)'
	if system('command -v addr2line > /dev/null');
delete @ENV{grep { /^(ZEND_MM_|USE_ZEND_ALLOC)/ } keys %ENV};

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

# What does not depend on the machine: addresses, and what of a dump is not a block's own text.
sub plain
{
	my ($line) = @_;
	$line =~ s/\+0x[0-9a-f]+/+0x0/g;
	$line =~ s/0x[0-9a-f]{11,12}\b/0x0/g;
	$line =~ s/\s+$//;
	return $line;
}

my $place = File::Temp->newdir;
my %printed;    # what the document calls an address => what it is now

# Lines of a document against lines that were printed: '' or the first line that is missing.
sub compare
{
	my ($said, $got) = @_;
	my $at = 0;
	my $any = 0;
	for my $line (@$said) {
		if ($line eq '...') {
			$any = 1;
			next;
		}
		$at++ while $any && $at < @$got && plain($got->[$at]) ne plain($line);
		return $line if $at >= @$got || plain($got->[$at]) ne plain($line);
		my @old = $line =~ /(0x[0-9a-f]+)/g;
		my @new = $got->[$at] =~ /(0x[0-9a-f]+)/g;
		@printed{@old} = @new;
		($at, $any) = ($at + 1, 0);
	}
	return !$any && $at < @$got ? 'nothing more' : '';
}

# What the document calls an address, or the byte before it, is called here.
sub now
{
	my ($address) = @_;
	my $next = sprintf '0x%x', 1 + hex $address;
	return $printed{$address} // (exists $printed{$next} ? sprintf '0x%x', hex($printed{$next}) - 1
		: $address);
}

for my $source (glob "$top/t/debugging/*.c") {
	my ($name) = $source =~ m{([^/]+)\.c$};
	symlink $source, "$place/$name.c";
	my $library = slurp($source) =~ /zend_alloc\.h/ ?
		"'$built/libzend_alloc.a' -lm -lpthread -ldl" : '';
	is(system("cd '$place' && $cc -g -rdynamic -I'$top' -o $name $name.c $library"), 0,
		"$name.c compiles");
}

$ENV{PATH} = "$built:$ENV{PATH}";
my $sessions = 0;
my $text = slurp("$top/doc/debugging.md");
while ($text =~ /^```session\n(.*?)^```$/msg) {
	my $session = $1;
	$sessions++;
	while ($session =~ /^\$ (.*)\n((?:(?!\$ ).*\n)*)/mg) {
		my ($command, $said) = ($1, $2);
		(my $now = $command) =~ s/(0x[0-9a-f]+)/now($1)/ge;
		my @got = split /\n/, `cd '$place' && ($now) 2>&1 < /dev/null`;
		my $missing = compare([ split /\n/, $said ], \@got);
		SKIP: {
			my ($refused) = grep { /^the write was not seen: this system/ } @got;
			skip $refused, 1 if $refused;
			is($missing, '', $command) or diag("what was printed:\n" . join "\n", @got);
		}
	}
}
cmp_ok($sessions, '>=', 3, 'there are three examples at least');
isnt(compare([ 'a 0x12345', 'b' ], [ 'a 0x54321', 'c' ]), '', 'another line is found out');
isnt(compare([ 'a' ], [ 'a', 'b' ]), '', 'and one too many');
done_testing();
