#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A short run of each fuzz target, with the same inputs each time: libFuzzer is not to go by the
# time that inputs take, and addresses are the same where the system grants that. An input that
# fails is shown as text that base64 -d turns back into it.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

case $SANITIZER in
*fuzzer-no-link*) ;;
*) skip_all "needs objects prepared for fuzzing (the variant fuzz of .ci/variants)" ;;
esac

cd "$tmp" || exit 1

alike="setarch $(uname -m) -R"
$alike true 2> /dev/null || alike=

# short TARGET INPUTS: so many, those of the corpus included.
short()
{
	FUZZ_BUILD=$builddir \
		FUZZ_FLAGS="-runs=$2 -seed=1 -entropic=0 -max_total_time=0 -timeout=300" \
		$alike "$srcdir/t/fuzz/run" "$srcdir/t/fuzz" 0 "$1" && return 0
	for input in fuzz/found/"$1"-*; do
		echo "$input:"
		base64 "$input"
	done
	return 1
}

ok "operations on heaps" short heap 4000
ok "damaged heaps" short damage 1500
ok "traces" short trace 6000
ok "the command line and the environment" short tool 4000

done_testing
