#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
#
# The examples of the documents are true. In doc/*.md, doc/lessons/*.md and README.md:
#
#	```trace MODE [FILE]      a trace; FILE is there for the commands that follow in the document
#	```placements             what `zmm replay --placements` prints of it, but for the last line
#	```steps N                what `zmm step` says that the heap did for its operation N
#	```layout PROGRAM WHAT    what t/docs/PROGRAM prints of the headers: pictures and numbers; the
#	                          last column of those with "32-bit" is the value on 32 bits
#	```console                commands after "$ " (and "> " after a backslash), what they print;
#	                          a line "..." stands for any number of lines
#	```c FILE                 lines that are in that file, blanks apart
#	<!-- $ COMMAND -->        before a table: COMMAND prints rows of cells, separated by tabs; they
#	                          have to be the cells of the table under the same names
#
# Commands run in a directory with t/, doc/ and examples/ of the project and the programs of t/docs/
# in docs/, where zmm is found.
# Blanks at the ends of lines do not count. That tests of this kind can fail is tested last.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Temp;
use Test::More;

my $top = abs_path($ENV{srcdir} // '.');
my $built = abs_path($ENV{builddir} // "$top/build");
my $zmm = abs_path($ENV{ZMM} // "$built/zmm");
my $cc = $ENV{CC} // 'cc';
my %kinds;

delete @ENV{grep { /^(ZEND_MM_|USE_ZEND_ALLOC|USE_TRACKED)/ } keys %ENV};
plan skip_all => 'sizes are those of 64-bit release builds' unless exact();
plan skip_all => 'without zstd the recorded traces cannot be read'
	unless slurp("$built/config.h") =~ /define HAVE_ZSTD 1/;

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

sub spew
{
	my ($file, $text) = @_;
	open my $out, '>', $file or die "$file: $!\n";
	print $out $text;
	close $out or die "$file: $!\n";
}

sub exact
{
	my $config = slurp("$built/config.h");
	return 0 if $config =~ /define (ZEND_MM_HEAP_PROTECTION|ZEND_MM_COOKIES) 1/;
	return 0 if slurp("$built/zend_alloc.pc") =~ /-DZEND_DEBUG=1/;
	return `echo __SIZEOF_POINTER__ | $cc -E -P -` =~ /8/;
}

# The same text, or what is different: "" where nothing is.
sub difference
{
	my ($got, $expected) = @_;
	s/[ \t]+$//mg for $got, $expected;
	my $pattern = join '', map { $_ eq "...\n" ? '(?:.*\n)*?' : quotemeta } $expected =~ /.*\n/g;
	return '' if $got =~ /\A$pattern\z/;
	return "prints:\n$got" . "but the document says:\n$expected";
}

# A directory for the commands of a document.
sub workshop
{
	my $place = File::Temp->newdir;
	mkdir "$place/bin";
	symlink $zmm, "$place/bin/zmm";
	symlink "$top/$_", "$place/$_" for qw(t doc);
	symlink "$built/examples", "$place/examples";
	symlink "$built/t/docs", "$place/docs";
	return $place;
}

sub command
{
	my ($place, $command) = @_;
	local $ENV{PATH} = "$place/bin:$ENV{PATH}";
	spew("$place/bin/command", $command);
	return scalar `cd '$place' && sh bin/command 2>&1 < /dev/null`;
}

sub check_console
{
	my ($place, $body) = @_;
	my @wrong;
	while ($body =~ /^\$ ((?:.*\\\n> )*.*)\n((?:(?!\$ ).*\n)*)/mg) {
		my ($command, $expected) = ($1, $2);
		$command =~ s/\\\n> /\\\n/g;
		my $wrong = difference(command($place, $command), $expected);
		push @wrong, "$command\n$wrong" if $wrong;
	}
	return join "\n", @wrong;
}

sub check_steps
{
	my ($place, $trace, $mode, $operation, $expected) = @_;
	my $before = $operation - 1;
	my $got = command($place, "echo n | zmm step --mode $mode --from $before $trace");
	$got =~ s/\A.*?^> operation \Q$operation\E of.*?\n//ms;
	return difference(join('', $got =~ /^( +\d+\. .*\n)/mg), $expected);
}

# 32-bit numbers, where the compiler makes such programs.
sub narrow
{
	my ($place, $program, $what) = @_;
	my $binary = "$place/bin/$program-narrow";
	system "$cc -m32 -std=gnu11 -DHAVE_CONFIG_H -I'$built' -I'$top' -o '$binary' "
		. "'$top/t/docs/$program.c' 2> '$place/bin/log'" unless -e $binary;
	return -e $binary ? scalar `$binary $what` : undef;
}

sub check_layout
{
	my ($place, $program, $what, $expected) = @_;
	my $got = `'$built/t/docs/$program' $what`;
	return difference($got, $expected) unless $expected =~ /^.* 32-bit$/m;
	my $narrow = narrow($place, $program, $what);
	my @narrow = split /\n/, $narrow // '';
	my $both = '';
	for my $line (split /\n/, $got) {
		my ($other) = (shift(@narrow) // '?') =~ /(\S+)$/;
		$both .= sprintf "%s %8s\n", $line, $other;
	}
	if (!defined $narrow) {
		diag("32-bit numbers are not checked: $cc -m32 makes no programs here")
			if !$kinds{narrow}++;
		s/ +\S+$//mg for $both, $expected;
	}
	return difference($both, $expected);
}

# cells(TEXT, SEPARATOR): rows as hashes of cells, by the names in the first row; '' is the name of
# the first cell's column.
sub cells
{
	my ($names, @rows) = @_;
	my @names = @$names;
	$names[0] = '';
	return map { my %row; @row{@names} = @$_; \%row } @rows;
}

sub check_table
{
	my ($place, $command, $table) = @_;
	my @table = map { [ map { s/^\s+|\s+$//gr } (split /\|/, $_, -1)[1 .. tr/|// - 1] ] }
		split /\n/, $table;
	splice @table, 1, 1;
	my $printed = command($place, $command);
	my @printed = map { [ split /\t/, $_, -1 ] } split /\n/, $printed;
	return "$command\nprints no table:\n$printed" if @printed < 2 || @{ $printed[0] } < 2;
	my %stands = map { $_->{''} => $_ } cells(@table);
	my @wrong;
	for my $row (cells(@printed)) {
		my $there = delete $stands{$row->{''}} or push @wrong, "row $row->{''} is missing";
		for my $name (grep { $_ ne '' && $there } keys %$row) {
			my $is = $there->{$name} // 'missing';
			push @wrong, "$row->{''}, $name: is $is, should be $row->{$name}"
				if $is ne $row->{$name};
		}
	}
	push @wrong, map { "row $_ is not printed" } keys %stands;
	return join "\n", @wrong;
}

sub check_quotation
{
	my ($file, $body) = @_;
	return "there is no $file" if !-e "$top/$file";
	my ($all, $lines) = map { s/\s+/ /gr } slurp("$top/$file"), $body;
	return index($all, $lines) >= 0 ? '' : "$file has no such lines:\n$body";
}

# Checks all examples of a text: a list of [line, kind, what is wrong].
sub check_text
{
	my ($text) = @_;
	my $place = workshop();
	my ($trace, $mode) = ('', '');
	my @found;
	while ($text =~ /^```(\w+) ?(.*)\n((?s:.*?))^```$|^<!-- \$ (.*?) -->\n((?:\|.*\n)+)/mg) {
		my ($kind, $what, $body) = ($1 // 'table', $2 // $4, $3 // $5);
		my $at = 1 + (substr($text, 0, $-[0]) =~ tr/\n//);
		my $wrong;
		if ($kind eq 'trace') {
			($mode, $trace) = split / /, "$what last.trace";
			spew("$place/$trace", $body);
			next;
		} elsif ($kind eq 'placements') {
			my $got = command($place, "zmm replay --mode $mode --placements $trace");
			$wrong = difference($got =~ s/^end .*\n//mr, $body);
		} elsif ($kind eq 'steps') {
			$wrong = check_steps($place, $trace, $mode, $what, $body);
		} elsif ($kind eq 'layout') {
			$wrong = check_layout($place, split(/ /, $what, 2), $body);
		} elsif ($kind eq 'c' && $what ne '') {
			$wrong = check_quotation($what, $body);
		} elsif ($kind eq 'console') {
			$wrong = check_console($place, $body);
		} elsif ($kind eq 'table') {
			$wrong = check_table($place, $what, $body);
		} else {
			next;
		}
		push @found, [ $at, $kind, $wrong ];
	}
	return @found;
}

# Numbers of four digits and more in the text of a document, years and code apart.
sub numbers_in_prose
{
	my ($text) = @_;
	$text =~ s/^```.*?^```$//gms;
	$text =~ s/^<!-- \$ .*-->\n(?:\|.*\n)+//gm;
	$text =~ s/^    .*//gm;
	$text =~ s/`[^`\n]*`|\]\([^)]*\)|\b\d{4}-\d\d-\d\d\b//g;
	my @numbers = map { tr/,//dr } $text =~ /(?<![\w.\/-])(\d[\d,]*\d)(?![\w.]*\w)/g;
	return grep { $_ >= 1000 && !/^(19[89]|20[012])\d$/ } @numbers;
}

# Those in what is checked: boxes, and tables with a command.
sub numbers_in_boxes
{
	my ($text) = @_;
	my @boxes = ($text =~ /^```\w.*\n((?s:.*?))^```$/mg,
		$text =~ /^<!-- \$ .*-->\n((?:\|.*\n)+)/mg);
	return map { tr/,//dr } map { /(\d[\d,]*)/g } @boxes;
}

for my $file (sort glob "$top/README.md $top/doc/*.md $top/doc/lessons/*.md") {
	my $name = $file =~ s{^\Q$top/}{}r;
	for my $example (check_text(slurp($file))) {
		my ($at, $kind, $wrong) = @$example;
		ok($wrong eq '', "$name, line $at: $kind") or diag($wrong);
		$kinds{$kind}++;
	}
}
# What the text says of sizes and counts stands in a box somewhere; so it changes with the box.
my %stands_alone = map { $_ => 1 } (
	41713, 44069,                                      # bugs
	1001011000, 1010010000, 1011000000, 1110001000,    # binary
	1023, 3584,                                        # the last size of a tree; a bin that is not
	4097,                                              # a request that is used as an example
	10000,                                             # PHP's cycle collector
);
my @pages = map { "$top/doc/$_.md" } qw(legacy modern history comparison values faq storage
	design glossary);
my %boxed = map { $_ => 1 } map { numbers_in_boxes(slurp($_)) } @pages;
for my $page (@pages) {
	my @loose = grep { !$boxed{$_} && !$stands_alone{$_} } numbers_in_prose(slurp($page));
	ok(!@loose, $page =~ s{^\Q$top/}{}r . ': each number in the text is in a box, too')
		or diag("not there: @loose");
}
is_deeply([ numbers_in_prose("In 2008 it took 8,241 of `1234`, 12 and 9999.\n") ], [ 8241, 9999 ],
	'numbers are found in texts');

cmp_ok($kinds{$_} // 0, '>=', 1, "the documents have examples of the kind $_")
	for qw(placements steps layout c console table);

# Each kind fails where a digit is wrong.
my %right = (
	placements => "```trace legacy\na 1 7\n```\n\n```placements\n1 0 8240 32\n```\n",
	steps => "```trace modern\na 1 8\nf 1\n```\n\n```steps 2\n"
		. command(workshop(), "printf 'a 1 8\\nf 1\\n' > a.trace; echo n |"
			. 'zmm step --mode modern --from 1 a.trace | sed -n "/^> operation 2/,/^modern/p" '
			. '| grep "^ *[0-9]*[.] "') . "```\n",
	layout => "```layout legacy free\n" . `'$built/t/docs/legacy' free` . "```\n",
	c => "```c trace/spaced.c\nfull_shift = 30,\n```\n",
	console => "```console\n\$ echo 12; echo 13\n...\n13\n```\n",
	table => "<!-- \$ printf 'x\\tn\\na\\t17\\n' -->\n| | n |\n| --- | --: |\n| a | 17 |\n",
);
for my $kind (sort keys %right) {
	my ($example) = check_text($right{$kind});
	ok($example && $example->[2] eq '', "a right example passes: $kind");
	my $broken = $right{$kind} =~ s/(\d)(?!.*\d)/($1 + 1) % 10/ser;
	($example) = check_text($broken);
	ok($example && $example->[2] ne '', "a wrong digit is found: $kind") or diag($broken);
}
done_testing();
