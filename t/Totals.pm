# SPDX-License-Identifier: MIT
#
# prove --harness=Totals: runs the tests as prove does, then says which checks failed, which were
# skipped and why, and appends a line "passed failed skipped" to the file that the environment names
# in ZMM_TOTALS.
# A test program that ends badly although none of its checks failed counts as one failed check.

package Totals;

use strict;
use warnings;
use parent 'TAP::Harness';

sub runtests {
	my ($self, @tests) = @_;
	my %skipped;    # test => reason => numbers of its checks, 0 for all of it
	my @failed;     # what is printed of each check that failed

	$self->callback(made_parser => sub {
		my ($parser, $job) = @_;
		my $name = (split m{/}, $job->[0])[-1];
		$parser->callback(plan => sub {
			my ($plan) = @_;
			push @{ $skipped{$name}{ $plan->explanation } }, 0 if $plan->has_skip;
		});
		$parser->callback(test => sub {
			my ($test) = @_;
			push @failed, sprintf 'failed: %s, check %d %s', $name, $test->number,
				$test->description
				unless $test->is_ok;
			push @{ $skipped{$name}{ $test->explanation } }, $test->number
				if $test->has_skip;
		});
	});

	my $aggregate = $self->SUPER::runtests(@tests);
	my ($passed, $failed, $skipped) = (0, 0, 0);
	print "$_\n" for sort @failed;
	for my $name ($aggregate->descriptions) {
		my ($parser) = $aggregate->parsers($name);
		my $bad = scalar $parser->failed;
		if (!$bad && $parser->has_problems) {
			$bad = 1;
			printf "failed: %s ended badly\n", (split m{/}, $name)[-1];
		}
		$failed += $bad;
		$passed += scalar $parser->actual_passed;
	}
	for my $name (sort keys %skipped) {
		for my $reason (sort keys %{ $skipped{$name} }) {
			my @checks = @{ $skipped{$name}{$reason} };
			$skipped += @checks;
			$passed -= grep { $_ } @checks;
			printf "skipped: %s, %s: %s\n", $name,
				$checks[0] ? "checks @checks" : 'all of it', $reason;
		}
	}
	if (my $file = $ENV{ZMM_TOTALS}) {
		open my $totals, '>>', $file or die "$file: $!\n";
		print $totals "$passed $failed $skipped\n";
		close $totals or die "$file: $!\n";
	}
	return $aggregate;
}

1;
