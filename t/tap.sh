# SPDX-License-Identifier: MIT
#
# t/tap.sh - the Test Anything Protocol for tests in shell. A test starts with
#
#	#!/bin/sh
#	. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
#
# and ends with done_testing. It has $srcdir, $builddir, $ZMM (the built zmm), $TRACES (the
# recorded traces, whose names end with $zst) and $tmp, an empty directory that is removed at the
# end.

set -u

# The makes that a test calls are no part of the make that runs the tests.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL V ZMM_TOTALS

: "${srcdir:=$(cd "$(dirname "$0")/.." && pwd)}"
: "${builddir:=$srcdir/build}"
: "${ZMM:=$builddir/zmm}"
: "${TRACES:=$srcdir/t/golden}"
: "${CC:=cc}"
: "${SANITIZER:=}"

# Where a sanitizer or valgrind listens, heaps would lay their blocks out for it: not in tests.
: "${ZEND_MM_DEBUG=}"
export ZEND_MM_DEBUG

# What the names of recordings end with: builds without libzstd have them in $TRACES unpacked.
zst=.zst
test -e "$TRACES/seed.trace.zst" || zst=

tap_ran=0
tap_failed=0
tap_done=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/zmm-test.XXXXXX") || exit 255
trap 'tap_end $?' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Removes what the test left; a test that ended by itself before done_testing fails.
tap_end()
{
	rm -rf "$tmp"
	if test "$tap_done" = 0; then
		diag "ended before done_testing (status $1)"
		exit 255
	fi
}

# note TEXT: a remark, shown by prove --verbose. diag TEXT: one that is always shown.
note() { printf '%s\n' "$*" | sed 's/^/# /'; }
diag() { printf '%s\n' "$*" | sed 's/^/# /' >&2; }

# seed: leaves in $seed what ZMM_TEST_SEED says, or the clock; shown, so that a failure can be had
# again.
seed()
{
	seed=${ZMM_TEST_SEED:-$(date +%s)}
	diag "seed $seed: repeat with ZMM_TEST_SEED=$seed"
}

# skip_all REASON: the whole test does not apply here; ends it.
skip_all()
{
	echo "1..0 # SKIP $*"
	tap_done=1
	exit 0
}

# skip N REASON: N checks cannot be made here.
skip()
{
	tap_left=$1
	shift
	while test "$tap_left" -gt 0; do
		tap_ran=$((tap_ran + 1)) tap_left=$((tap_left - 1))
		echo "ok $tap_ran # SKIP $*"
	done
}

pass()
{
	tap_ran=$((tap_ran + 1))
	echo "ok $tap_ran - $*"
}

fail()
{
	tap_ran=$((tap_ran + 1)) tap_failed=$((tap_failed + 1))
	echo "not ok $tap_ran - $*"
	diag "failed check $tap_ran of $0: $*"
	return 1
}

# wine_failed STATUS OUTPUT...: whether Wine ended with a status of its own and without a word, as
# it does once in some thousand times before a program has begun. What ends so is run once more,
# and that is shown.
wine_failed()
{
	test "$1" = 1 && windows || return 1
	shift
	test -z "$(cat "$@")" && diag "a command ended with status 1 and without a word: once more"
}

# ok DESCRIPTION COMMAND...: the command has to succeed; its output is shown if it does not.
ok()
{
	tap_what=$1
	shift
	tap_status=0
	"$@" > "$tmp/.ok" 2>&1 || tap_status=$?
	if wine_failed $tap_status "$tmp/.ok"; then
		tap_status=0
		"$@" > "$tmp/.ok" 2>&1 || tap_status=$?
	fi
	if test $tap_status = 0; then
		pass "$tap_what"
	else
		fail "$tap_what" || diag "$* (status $tap_status) said: $(cat "$tmp/.ok")"
		return 1
	fi
}

# is GOT EXPECTED DESCRIPTION: the texts have to be equal.
is()
{
	if test "x$1" = "x$2"; then
		pass "$3"
	else
		fail "$3" || diag "     got: $1"
		diag "expected: $2"
		return 1
	fi
}

# like TEXT PATTERN DESCRIPTION: the text has to match the shell pattern, as in *corrupted*.
# unlike: it must not.
like()
{
	case $1 in
	$2) pass "$3" ;;
	*)
		fail "$3" || diag "     got: $1"
		diag "expected: $2"
		return 1
		;;
	esac
}

unlike()
{
	case $1 in
	$2)
		fail "$3" || diag "     got: $1"
		diag "expected anything but: $2"
		return 1
		;;
	*) pass "$3" ;;
	esac
}

# run COMMAND...: leaves its exit status in $status, what it wrote in $out and $err (without
# trailing newlines) and, unchanged, in the files $tmp/out and $tmp/err.
run()
{
	status=0
	"$@" > "$tmp/out" 2> "$tmp/err" < /dev/null || status=$?
	if wine_failed $status "$tmp/out" "$tmp/err"; then
		status=0
		"$@" > "$tmp/out" 2> "$tmp/err" < /dev/null || status=$?
	fi
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}

# unfolded: standard input with what zmm folded in one line again: what is set in beneath a line,
# but for the members of a tree.
unfolded()
{
	awk '
		/^    / && !/^ +(root|0:|1:|=) / && line != "" { sub(/^ +/, " "); line = line $0; next }
		NR > 1 { print line }
		{ line = $0 }
		END { if (NR) print line }'
}

# config MACRO: whether the build was configured with it, as in: config HAVE_ZSTD || skip 1 ...
config() { grep -q "^#define $1 1\$" "$builddir/config.h"; }

# waits_for_signals: makes $tmp/waiting, to be called with FILE SECONDS. It writes its number into
# the file, and waits.
waits_for_signals()
{
	cat > "$tmp/waiting.c" << 'END'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	FILE *file = fopen(argv[1], "w");

	fprintf(file, "%d\n", (int)getpid());
	fclose(file);
	sleep(argc > 2 ? (unsigned)atoi(argv[2]) : 0);
	return 0;
}
END
	$CC -o "$tmp/waiting" "$tmp/waiting.c"
}

# comes_back_late_from_fork: makes $tmp/late.so. A process that it is preloaded into comes back from
# fork() when the child has long begun.
comes_back_late_from_fork()
{
	cat > "$tmp/late.c" << 'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

pid_t fork(void)
{
	pid_t (*next)(void) = (pid_t (*)(void))dlsym(RTLD_NEXT, "fork");
	pid_t child = next();

	if (child > 0) {
		usleep(500000);
	}
	return child;
}
END
	$CC -shared -fPIC -o "$tmp/late.so" "$tmp/late.c" -ldl
}

# Skips the test where zmm check cannot watch for a write, as in many containers.
needs_watching()
{
	refused=$("$ZMM" check --bisect -- "$builddir/t/crash/overflow-1" small < /dev/null |
		sed -n 's/^the write was not seen: \(this system .*\)/\1/p')
	test -z "$refused" || skip_all "$refused"
}

# short_run: whether ZMM_TEST_SHORT asks for samples: what takes long and is tested whole in the
# default configuration is to be tested in part. (.ci/check-variants sets it.)
short_run() { case ${ZMM_TEST_SHORT:-0} in 0) return 1 ;; esac; }

# windows: whether the build is for Windows.
windows() { grep -q '^windows = 1' "$builddir/Makefile" 2> /dev/null; }

# word_bytes: how wide a word of the build is, 8 or 4. plain_blocks: whether blocks carry no marks
# beyond the designs' headers. plain_64: and these are the 64-bit ones, as in all the documents.
word_bytes() { sed -n 's/^#define SIZEOF_VOID_P //p' "$builddir/config.h"; }
plain_blocks()
{
	! config ZEND_MM_HEAP_PROTECTION && ! config ZEND_MM_COOKIES &&
		! grep -q -e '-DZEND_DEBUG=1' "$builddir/Makefile"
}
plain_64() { plain_blocks && test "$(word_bytes)" = 8; }

# recordings: whether this build can read the recordings. unpacked FILE: what is in one of them.
recordings() { test -z "$zst" || config HAVE_ZSTD; }
unpacked()
{
	case $1 in
	*.zst) zstd -dcq "$1" ;;
	*) cat "$1" ;;
	esac
}

# The last line of a test: prints the plan and exits with 0 if all checks passed.
done_testing()
{
	echo "1..$tap_ran"
	tap_done=1
	test "$tap_failed" = 0 || diag "failed $tap_failed of $tap_ran"
	test "$tap_failed" = 0 && test "$tap_ran" -gt 0
	exit
}
