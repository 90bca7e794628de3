#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# What can be checked mechanically of how the sources look and of which layer includes which.

use strict;
use warnings;
use Test::More;
use File::Find;

my $top = $ENV{srcdir} // '.';
my $columns = 100;          # a tab counts as four
my $function_lines = 60;
chdir $top or BAIL_OUT("$top: $!");

my (@c, @text);
for my $folder (qw(heap interface storage trace tools preload examples bench php t)) {
	next unless -d $folder;
	find({ no_chdir => 1, wanted => sub { push @c, $_ if -f && /\.[ch]$/ } }, $folder);
}
push @c, grep { -f } qw(zend_alloc.c zend_alloc.h);
@c = sort @c;
@text = (@c, grep { -f } qw(configure.ac Makefile.in bootstrap .ci/run .ci/check-variants
	.ci/coverage),
	glob('m4/*.m4 t/*.t t/tap.sh t/*.pm'));
# In a build inside the source tree, built tests lie beside the scripts.
@text = grep { !/\.t$/ || !-e s/\.t$/.c/r } @text;

sub lines {
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	my @lines = <$in>;
	chomp @lines;
	return @lines;
}

# ok_list(NAME, FINDINGS...): passes if nothing was found.
sub ok_list {
	my ($name, @found) = @_;
	ok(!@found, $name) or diag(join "\n", @found);
}

my (@license, @width, @space, @indent, @conditional, @long, @address);
for my $file (@text) {
	my @lines = lines($file);
	push @license, $file
		unless grep { defined && /SPDX-License-Identifier: MIT/ } @lines[0 .. 2];
	for my $i (0 .. $#lines) {
		my $wide = $lines[$i] =~ s/\t/    /gr;
		my $where = "$file:" . ($i + 1);
		push @width, "$where: " . length($wide) . ' columns' if length($wide) > $columns;
		push @space, $where if $lines[$i] =~ /[ \t]$/;
	}
}
for my $file (@c) {
	my ($start, $comment, $number) = (0, 0, 0);
	for my $line (lines($file)) {
		$number++;
		push @indent, "$file:$number" if $line =~ /^ {4,}\S/ && !$comment && $line !~ /^\s*\*/;
		push @address, "$file:$number" if $line =~ /"[^"]*%-?\d*p/ && $file !~ m{^t/};
		$start = $number if $line =~ /^\{/;
		push @conditional, "$file:$number: $line"
			if $start && $file !~ m{^storage/} && $line =~ /^\s*#\s*(if|ifdef|ifndef|el)/;
		if ($start && $line =~ /^\}/) {
			my $length = $number - $start - 1;
			push @long, "$file:$start: $length lines" if $length > $function_lines;
			$start = 0;
		}
		$comment = 1 if $line =~ m{/\*(?!.*\*/)};
		$comment = 0 if $line =~ m{\*/};
	}
}
ok_list('every file has its SPDX line at the top', @license);
ok_list("no line is wider than $columns columns", @width);
ok_list('no line ends with a blank', @space);
ok_list('C is indented with tabs', @indent);
ok_list('no #if inside a function outside storage/', @conditional);
ok_list("no function is longer than $function_lines lines", @long);

ok_list('addresses are printed as storage/address.h says', @address);

# The layers: what files of a folder may include, the folder itself apart.
my $public = qr{config\.h|zend_alloc\.h};
my $heap = qr{^(heap/[^/]+|storage/.*|$public)$};
my @layers = (
	[ 'zend_alloc.h', qr{^zend_alloc\.h$}, qr{^$} ],
	[ 'storage', qr{^storage/}, qr{^($public)$} ],
	[ 'what both heaps share', qr{^heap/[^/]+$}, $heap ],
	[ 'the legacy heap', qr{^heap/legacy/}, qr{$heap|^heap/(study|hardened)/} ],
	[ 'the modern heap', qr{^heap/modern/}, qr{$heap|^heap/(study|hardened)/} ],
	[ 'zend_alloc.c', qr{^zend_alloc\.c$}, qr{^((heap|storage|interface)/.*|$public)$} ],
	[ 'the interface', qr{^interface/}, qr{^((heap|storage)/.*|$public)$} ],
	[ 'traces', qr{^trace/}, qr{^(storage/.*|$public)$} ],
	[ 'tools', qr{^tools/},
		qr{^((trace|storage|heap/study)/.*|heap/guarded/(settings|witness)\.h|$public)$} ],
);
for my $layer (@layers) {
	my ($name, $files, $allowed) = @$layer;
	my @bad;
	for my $file (grep { $_ =~ $files } @c) {
		my $own = $file =~ m{^(.*/)} ? $1 : '-';
		for my $line (lines($file)) {
			my ($included) = $line =~ /^\s*#\s*include\s+"(.*)"/ or next;
			push @bad, "$file includes $included"
				unless $included =~ $allowed || index($included, $own) == 0;
		}
	}
	ok_list("$name: includes nothing but what lies below", @bad);
}

done_testing();
