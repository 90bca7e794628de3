# SPDX-License-Identifier: MIT
#
# Boxes of the documents: what they show is run. In doc/*.md, doc/lessons/*.md and README.md:
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
#	                          have to be the cells of the table under the same names. A last row
#	                          "..." means that the table has other rows, too
#
# Commands run in a directory with t/, doc/ and examples/ of the project and the programs of t/docs/
# in docs/, where zmm is found.
# Blanks at the ends of lines do not count.
#
#	check_text(TEXT)    a list of [line, kind, what is wrong: '' where nothing is]
#	refill_text(TEXT)   the text, with what is printed now in its boxes and tables
#
# Both need the environment of tests (t/README). t/9100-docs-examples.t checks, and t/docs/refill
# writes.

package Boxes;

use strict;
use warnings;
use Cwd 'abs_path';
use Exporter 'import';
use File::Temp;

our @EXPORT = qw(check_text refill_text command workshop slurp spew boxes_reason);

my $top = abs_path($ENV{srcdir} // '.');
my $built = abs_path($ENV{builddir} // "$top/build");
my $zmm = abs_path($ENV{ZMM} // "$built/zmm");
my $cc = $ENV{CC} // 'cc';
our $narrow_missing = 0;    # whether 32-bit numbers could not be made

delete @ENV{grep { /^(ZEND_MM_|USE_ZEND_ALLOC|USE_TRACKED)/ } keys %ENV};

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

# Why boxes cannot be checked in this build; nothing where they can.
sub boxes_reason
{
	return 'sizes are those of 64-bit release builds' unless exact();
	return 'without zstd the recorded traces cannot be read'
		unless slurp("$built/config.h") =~ /define HAVE_ZSTD 1/;
	return;
}

sub exact
{
	my $config = slurp("$built/config.h");
	return 0 if $config =~ /define (ZEND_MM_HEAP_PROTECTION|ZEND_MM_COOKIES) 1/;
	return 0 if slurp("$built/zend_alloc.pc") =~ /-DZEND_DEBUG=1/;
	return `echo __SIZEOF_POINTER__ | $cc -E -P -` =~ /8/;
}

# What is different in two texts, '' where nothing is. A line "..." of the second is any lines.
sub difference
{
	my ($printed, $said) = @_;
	s/[ \t]+$//mg for $printed, $said;
	my $pattern = join '', map { $_ eq "...\n" ? '(?:.*\n)*?' : quotemeta } $said =~ /.*\n/g;
	return '' if $printed =~ /\A$pattern\z/;
	return "printed:\n$printed" . "but the document says:\n$said";
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

# What each kind of box has to hold now: printed_KIND(PLACE, BODY, ...).

sub printed_console
{
	my ($place, $body) = @_;
	my $printed = '';
	while ($body =~ /^(\$ (?:.*\\\n> )*.*\n)((?:(?!\$ ).*\n)*)/mg) {
		my ($line, $said) = ($1, $2);
		my $output = command($place, $line =~ s/^\$ //r =~ s/\\\n> /\\\n/gr);
		$printed .= $line . (difference($output, $said) eq '' ? $said : $output);
	}
	return $printed;
}

sub printed_placements
{
	my ($place, $body, $trace, $mode) = @_;
	return command($place, "zmm replay --mode $mode --placements $trace") =~ s/^end .*\n//mr;
}

sub printed_steps
{
	my ($place, $body, $trace, $mode, $operation) = @_;
	my $before = $operation - 1;
	my $printed = command($place, "echo n | zmm step --mode $mode --from $before $trace");
	$printed =~ s/\A.*?^> operation \Q$operation\E of.*?\n//ms;
	return join '', $printed =~ /^( +\d+\. .*\n(?: {6}.*\n)*)/mg;
}

# The last words of what a program of t/docs/ prints where it is compiled for 32 bits; nothing where
# the compiler makes no such programs.
sub narrow_words
{
	my ($place, $program, $what) = @_;
	my $binary = "$place/bin/$program-narrow";
	system "$cc -m32 -std=gnu11 -I'$built' -I'$top' -o '$binary' '$top/t/docs/$program.c' "
		. "2> '$place/bin/log'" unless -e $binary;
	return map { /(\S+)$/ } split /\n/, -e $binary ? `$binary $what` : '';
}

sub printed_layout
{
	my ($place, $body, $program, $what) = @_;
	my $printed = `'$built/t/docs/$program' $what`;
	return $printed unless $printed =~ /64-bit$/m;
	my @words = narrow_words($place, $program, $what);
	if (!@words) {
		$narrow_missing = 1;
		@words = map { /(\S+)$/ } split /\n/, $body;
	}
	return join '', map { sprintf "%s %8s\n", $_, shift @words // '' } split /\n/, $printed;
}

sub row { return '| ' . join(' | ', @_) . " |\n" }

# The rows that the command prints, and, where it ends with "...", the others as they are; of
# columns that it does not print, the cells that are there.
sub printed_table
{
	my ($place, $body, $command) = @_;
	my ($head, $rule, @rows) = map { "$_\n" } split /\n/, $body;
	my ($names, @there) = map { [ map { s/^\s+|\s+$//gr } (split /\|/, $_, -1)[1 .. tr/|// - 1] ] }
		$head, @rows;
	my ($columns, @printed) = map { [ split /\t/, $_, -1 ] } split /\n/, command($place, $command);
	my $partly = @printed && $printed[-1][0] eq '...' && pop @printed;
	my %column = map { $columns->[$_] => $_ } 1 .. $#$columns;
	my %old = map { $_->[0] => $_ } @there;
	my %new = map { $_->[0] => $_ } @printed;
	my @strange = grep { my $name = $_; !grep { $_ eq $name } @$names } keys %column;
	return "$command prints no table, or columns that are not there: @strange\n"
		if !%column || @strange;
	my @order = $partly ? map { $_->[0] } @there : ();
	push @order, grep { my $name = $_; !grep { $_ eq $name } @order } map { $_->[0] } @printed;
	my $text = "$head$rule";
	for my $name (@order) {
		my ($new, $old) = ($new{$name}, $old{$name});
		$text .= row($name, map { my $at = $column{ $names->[$_] };
			$new && defined $at ? $new->[$at] : $old->[$_] // '' } 1 .. $#$names);
	}
	return $text;
}

sub printed_c
{
	my ($place, $body, $file) = @_;
	my $all = -e "$top/$file" ? slurp("$top/$file") : '';
	my ($source, $lines) = map { s/\s+/ /gr } $all, $body;
	return index($source, $lines) >= 0 ? $body : "no such lines in $file\n";
}

# each_box(TEXT, VISIT): calls VISIT(line, kind, body, printed body) for each box that is checked;
# what it returns takes the body's place. Returns the text.
sub each_box
{
	my ($text, $visit) = @_;
	my $place = workshop();
	my ($trace, $mode) = ('', '');
	my %printed = (console => \&printed_console, placements => \&printed_placements,
		steps => \&printed_steps, layout => \&printed_layout, c => \&printed_c);
	my $before = '';
	while ($text =~ /^```(\w+) ?(.*)\n((?s:.*?))^```$|^<!-- \$ (.*?) -->\n((?:\|.*\n)+)/m) {
		my ($kind, $what, $body) = ($1 // 'table', $2 // $4, $3 // $5);
		my ($start, $end) = (($-[3] // $-[5]), ($+[3] // $+[5]));
		my $line = 1 + (($before . substr($text, 0, $-[0])) =~ tr/\n//);
		my $now = $body;
		if ($kind eq 'trace') {
			($mode, $trace) = split / /, "$what last.trace";
			spew("$place/$trace", $body);
		} elsif ($kind eq 'table' || ($printed{$kind} && ($kind ne 'c' || $what ne ''))) {
			my @more = $kind eq 'table' ? $what : $kind eq 'layout' ? split(/ /, $what, 2)
				: $kind eq 'c' ? $what : ($trace, $mode, $what);
			my $show = $printed{$kind} // \&printed_table;
			$now = $visit->($line, $kind, $body, scalar $show->($place, $body, @more));
		}
		$before .= substr($text, 0, $start) . $now . ($kind eq 'table' ? '' : "```\n");
		$text = substr($text, $end + ($kind eq 'table' ? 0 : 4));
	}
	return "$before$text";
}

sub check_text
{
	my ($text) = @_;
	my @found;
	each_box($text, sub {
		my ($line, $kind, $body, $printed) = @_;
		push @found, [ $line, $kind, difference($printed, $body) ];
		return $body;
	});
	return @found;
}

sub refill_text
{
	my ($text) = @_;
	return each_box($text, sub {
		my ($line, $kind, $body, $printed) = @_;
		return $printed if $printed =~ /\n/ && ($kind ne 'c' && $kind ne 'table'
			|| $printed =~ /^\|/ || $printed eq $body);
		warn "line $line: $printed";
		return $body;
	});
}

1;
