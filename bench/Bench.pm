# SPDX-License-Identifier: MIT
#
# What the programs of this folder share: who takes part, running bench/replayed, reading what
# callgrind found.
#
# The loop's share. Everything that is executed from the entry into emalloc(), efree(), erealloc()
# (malloc() and so on) to the return from it is the allocator's; everything else, the call itself
# included, is the replay loop's. Callgrind attributes each instruction to a function, so that the
# two are told apart exactly: nothing is estimated, and no other loop is subtracted.
package Bench;

use strict;
use warnings;
use File::Temp;

# Who takes part: name, what bench/replayed is told, library and Debian package.
our @contenders = (
	['legacy', 'legacy'],
	['modern', 'modern'],
	['mimalloc', 'system', 'libmimalloc.so.2.0', 'libmimalloc2.0'],
	['tcmalloc', 'system', 'libtcmalloc_minimal.so.4', 'libtcmalloc-minimal4'],
	['jemalloc', 'system', 'libjemalloc.so.2', 'libjemalloc2'],
	['glibc', 'system'],
	['bump', 'none'],
);

# PHP's own allocators on the same traces, measured with another loop, of about 20 instructions:
# what is left without it.
our %original = (
	legacy => { bench => 81, mustache => 51, parsedown => 51 },
	modern => { bench => 29, mustache => 27, parsedown => 27 },
);
our %goal = (legacy => 0.65, modern => 0.9);

sub fail
{
	my ($text) = @_;
	print STDERR "bench: $text\n";
	exit 2;
}

sub library
{
	my ($name) = @_;
	for my $folder (glob('/usr/lib/*-linux-gnu'), '/usr/lib64', '/usr/lib', '/usr/local/lib') {
		return "$folder/$name" if -e "$folder/$name";
	}
	return undef;
}

# Those who are installed, as [name, allocator, library or undef]; says who is missing.
sub present
{
	my @present;
	for my $contender (@contenders) {
		my ($name, $allocator, $library, $package) = @$contender;
		my $path = $library ? library($library) : undef;
		if ($library && !$path) {
			print "$name is not installed (Debian package $package): left out\n";
			next;
		}
		push @present, [$name, $allocator, $path];
	}
	return @present;
}

sub need_valgrind
{
	return 1 if grep { -x "$_/valgrind" } split /:/, $ENV{PATH};
	print "valgrind is not installed (Debian package valgrind): no instructions are counted\n";
	return 0;
}

# A trace by its path, by its name in t/golden, or made by zmm generate. Returns the path.
sub trace
{
	my ($name) = @_;
	my $golden = "$ENV{srcdir}/t/golden/$name.trace.zst";
	my $made = "bench/traces/$name.zmt";

	return $name if -f $name;
	return $golden if -e $golden;
	if (!-e $made) {
		mkdir 'bench/traces';
		system("$ENV{ZMM} generate $name -o $made.part > bench/traces/log 2>&1 && " .
			"mv $made.part $made") == 0
			or fail("there is no trace '$name': no file, nothing in t/golden, " .
				"and no workload of zmm generate");
	}
	return $made;
}

# Runs bench/replayed; returns operations and ns.
sub replay
{
	my ($contender, $runs, $trace, @wrapper) = @_;
	my ($name, $allocator, $library) = @$contender;
	my $log = File::Temp->new;
	local $ENV{LD_PRELOAD} = $library if $library;
	local $ENV{LC_ALL} = 'C';
	my $pid = open my $pipe, '-|';

	defined $pid or fail("cannot start a process: $!");
	if (!$pid) {
		open STDERR, '>', $log->filename;
		exec @wrapper, 'bench/replayed', $allocator, $runs, $trace;
		exit 127;
	}
	my ($operations, $ns) = (<$pipe> // '') =~ /operations (\d+) ns ([\d.]+)/;
	close $pipe;
	if (!$operations) {
		open my $said, '<', $log->filename;
		fail("$name on $trace: " . join('', <$said>));
	}
	return ($operations, $ns);
}

# Whether callgrind's function belongs to the loop.
sub is_loop
{
	my ($place) = @_;
	return $place =~ m{(^|/)(trace|bench)/[\w.]+:} ||
		$place =~ /:(run|run_plain|measured_run|zmm_replay_\w+|_*(sig)?setjmp|zend_mm_bailout_place|clock_gettime.*)$/;
}

# Counts one run with callgrind. Returns operations, the loop's instructions, and a hash of all
# others by function.
sub count
{
	my ($contender, $trace, @options) = @_;
	my $out = File::Temp->new;
	my ($operations) = replay($contender, 1, $trace, 'valgrind', '--tool=callgrind',
		"--callgrind-out-file=" . $out->filename, '--toggle-collect=measured_run', @options);
	my ($loop, %functions) = (0);

	open my $lines, '-|', 'callgrind_annotate', '--auto=no', '--threshold=100', $out->filename
		or fail("cannot start callgrind_annotate: $!");
	while (<$lines>) {
		my ($count, $place) = /^\s*([\d,]+) \([ \d.]+%\)\s+(\S+:\S+)/ or next;
		$count =~ tr/,//d;
		if (is_loop($place)) {
			$loop += $count;
		} else {
			my ($function) = $place =~ /:([^:]+)$/;
			$function =~ s/\.(constprop|isra|part|cold)[.\d]*$//;
			$functions{$function} += $count;
		}
	}
	close $lines;
	return ($operations, $loop, \%functions);
}

sub sum
{
	my $sum = 0;
	$sum += $_ for @_;
	return $sum;
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return @sorted ? ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2 : 0;
}

1;
