#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
#
# The examples of the documents are true: their boxes hold what is printed (t/Boxes.pm tells the
# kinds of boxes; t/docs/refill writes what is printed now). Each number in the text stands in a
# box, too. That each of these checks can fail is tested last.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Boxes;
use Cwd 'abs_path';
use Test::More;

my $top = abs_path($ENV{srcdir} // '.');
my $built = abs_path($ENV{builddir} // "$top/build");
my %kinds;

plan skip_all => boxes_reason() if boxes_reason();

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
	1000, 300000,                                      # a descriptor; rows of a timed program
);
my @pages = map { "$top/doc/$_.md" } qw(legacy modern history comparison values faq storage
	design glossary recording malloc-replacement);
my %boxed = map { $_ => 1 } map { numbers_in_boxes(slurp($_)) } @pages;
for my $page (@pages) {
	my @loose = grep { !$boxed{$_} && !$stands_alone{$_} } numbers_in_prose(slurp($page));
	ok(!@loose, $page =~ s{^\Q$top/}{}r . ': each number in the text is in a box, too')
		or diag("not there: @loose");
}
is_deeply([ numbers_in_prose("In 2008 it took 8,241 of `1234`, 12 and 9999.\n") ], [ 8241, 9999 ],
	'numbers are found in texts');

diag('numbers of 32 bits are not checked: the compiler makes no such programs')
	if $Boxes::narrow_missing;

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
	console => "```console\n\$ echo 11; echo 12\n...\n12\n\$ echo 13\n13\n```\n",
	table => "<!-- \$ printf 'x\\tn\\na\\t17\\n' -->\n| | n |\n| --- | --: |\n| a | 17 |\n",
	'table, some rows' => "<!-- \$ printf 'x\\tn\\na\\t17\\n...\\n' -->\n"
		. "| | m | n |\n| --- | --: | --: |\n| b | 3 | 4 |\n| a | 5 | 17 |\n",
);
for my $kind (sort keys %right) {
	my ($example) = check_text($right{$kind});
	ok($example && $example->[2] eq '', "a right example passes: $kind");
	my $broken = $right{$kind} =~ s/(\d)(?!.*\d)/($1 + 1) % 10/ser;
	($example) = check_text($broken);
	ok($example && $example->[2] ne '', "a wrong digit is found: $kind") or diag($broken);
	next if $kind eq 'c';
	is(refill_text($broken), $right{$kind}, 'and put right by refilling');
}
done_testing();
