# SPDX-License-Identifier: MIT
#
# prove --harness=Totals: runs the tests as prove does, then says of each skipped one why, and
# appends a line "passed failed skipped" to the file that the environment names in ZMM_TOTALS.
# A test program that ends badly although none of its checks failed counts as one failed check.

package Totals;

use strict;
use warnings;
use parent 'TAP::Harness';

sub runtests {
	my ($self, @tests) = @_;
	my @skipped;

	$self->callback(made_parser => sub {
		my ($parser, $job) = @_;
		my $name = (split m{/}, $job->[0])[-1];
		$parser->callback(plan => sub {
			my ($plan) = @_;
			push @skipped, [ $name, 'all of it', $plan->explanation ] if $plan->has_skip;
		});
		$parser->callback(test => sub {
			my ($test) = @_;
			push @skipped, [ $name, 'check ' . $test->number, $test->explanation ]
				if $test->has_skip;
		});
	});

	my $aggregate = $self->SUPER::runtests(@tests);
	my ($passed, $failed, $skipped) = (0, 0, scalar @skipped);
	for my $name ($aggregate->descriptions) {
		my ($parser) = $aggregate->parsers($name);
		my $bad = scalar $parser->failed;
		$bad ||= 1 if $parser->has_problems;
		$failed += $bad;
		$passed += scalar $parser->actual_passed;
	}
	$passed -= grep { $_->[1] ne 'all of it' } @skipped;

	print "skipped: $_->[0], $_->[1]: $_->[2]\n" for sort { $a->[0] cmp $b->[0] } @skipped;
	if (my $file = $ENV{ZMM_TOTALS}) {
		open my $totals, '>>', $file or die "$file: $!\n";
		print $totals "$passed $failed $skipped\n";
		close $totals or die "$file: $!\n";
	}
	return $aggregate;
}

1;
