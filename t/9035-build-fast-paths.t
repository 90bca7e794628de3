#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# The fast halves of emalloc() and efree() as gcc and clang compile them for x86-64: no call, no
# frame, no loop, and no way to a return that takes more instructions than there should be.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $source = $ENV{srcdir} || '..';
my $build = $ENV{builddir} || '.';
my $dir = tempdir(CLEANUP => 1);

# The most instructions from the entry to a return, tail calls aside: the longest ways are those of
# the modern heap, on which a request makes a new peak.
my %most = (
	gcc => { _emalloc => 23, _efree => 22, _emalloc_64 => 19, _efree_64 => 24 },
	clang => { _emalloc => 23, _efree => 22, _emalloc_64 => 20, _efree_64 => 26 },
);

sub configured
{
	my ($macro) = @_;
	open my $in, '<', "$build/config.h" or BAIL_OUT("no $build/config.h");
	return grep { /^#\s*define $macro 1\b/ } <$in>;
}

sub skip_reason
{
	return 'the machine is no x86-64' if `uname -m` !~ /^(x86_64|amd64)$/m;
	return 'a sanitizer adds calls' if $ENV{SANITIZER};
	return 'no objdump (Debian package binutils)' if !`objdump --version 2>/dev/null`;
	for my $macro (qw(ZEND_DEBUG ZEND_MM_HEAP_PROTECTION ZEND_MM_COOKIES ZEND_MM_CACHE_STATISTICS
			ZEND_MM_ZTS)) {
		return "built with $macro, which has its price" if configured($macro);
	}
	return undef;
}

# The instructions of each function: [address, text] in order.
sub disassemble
{
	my ($object) = @_;
	my (%functions, $name);

	open my $lines, '-|', 'objdump', '-d', '-r', '--no-show-raw-insn', $object or die;
	while (my $line = <$lines>) {
		if ($line =~ /^[0-9a-f]+ <(\w+)>:/) {
			$name = $1;
		} elsif ($line =~ /^\s*[0-9a-f]+:\s+R_X86_64_(PLT32|PC32)\s+/ && $name) {
			# of a jump: it leaves the function
			$functions{$name}[-1][2] = 1 if $functions{$name}[-1][1] =~ /^j/;
		} elsif ($line =~ /^\s*([0-9a-f]+):\s+(\S.*?)\s*$/ && $name) {
			push @{$functions{$name}}, [hex $1, $2, 0];
		}
	}
	return \%functions;
}

# The longest way from an instruction to a return; 0 if there is none, -1 if there is a loop.
sub longest
{
	my ($code, $index, $at, $known, $open) = @_;
	my ($count, @next) = (0);

	return 0 if !defined $at || $at >= @$code;
	return $known->{$at} if exists $known->{$at};
	return -1 if $open->{$at};
	$open->{$at} = 1;
	my ($address, $text, $leaves) = @{$code->[$at]};
	if ($text =~ /^ret/) {
		return $known->{$at} = 1;
	}
	if ($text =~ /^j(\w+)\s+([0-9a-f]+)\b/) {
		push @next, $index->{hex $2} if !$leaves;
		push @next, $at + 1 if $1 ne 'mp';
	} elsif ($text !~ /^jmp/) {
		push @next, $at + 1;
	}
	for my $next (@next) {
		my $way = longest($code, $index, $next, $known, $open);
		return -1 if $way < 0;
		$count = $way + ($text =~ /^nop/ ? 0 : 1) if $way && $way + 1 > $count;
	}
	return $known->{$at} = $count;
}

sub check_function
{
	my ($compiler, $name, $code) = @_;
	my %index = map { $code->[$_][0] => $_ } 0 .. $#$code;
	my $longest = longest($code, \%index, 0, {}, {});
	my $calls = join '; ', grep { /^call/ } map { $_->[1] } @$code;
	my $frame = join '; ', grep { /^(push|pop|enter|leave)|,%rsp$/ } map { $_->[1] } @$code;

	is($calls, '', "$compiler: $name calls nothing");
	is($frame, '', "$compiler: $name has no frame");
	ok($longest > 0, "$compiler: $name has no loop, and a way to a return");
	cmp_ok($longest, '<=', $most{$compiler}{$name},
		"$compiler: $name returns after at most $most{$compiler}{$name} instructions");
}

sub check_compiler
{
	my ($compiler) = @_;
	my @flags = ('-std=gnu11', '-O2', '-fvisibility=hidden', '-fno-tree-slp-vectorize',
		'-D_GNU_SOURCE', "-I$build", "-I$source", '-c');

	if (system("$compiler --version > $dir/version 2>&1") != 0) {
		SKIP: { skip("no $compiler here", 4 * keys %{$most{$compiler}}); }
		return;
	}
	my %functions;
	for my $file ('zend_alloc', 'interface/sized') {
		my $object = "$dir/$compiler.o";
		system($compiler, @flags, '-o', $object, "$source/$file.c") == 0
			or BAIL_OUT("$compiler does not compile $file.c");
		%functions = (%functions, %{disassemble($object)});
	}
	for my $name (sort keys %{$most{$compiler}}) {
		check_function($compiler, $name, $functions{$name} // []);
	}
}

my $reason = skip_reason();
plan(skip_all => $reason) if $reason;
for my $compiler ('gcc', 'clang') {
	check_compiler($compiler);
}
done_testing();
