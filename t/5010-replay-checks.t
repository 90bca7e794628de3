#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The recorded traces on every storage: the deep check finds nothing, after every operation of the
# small ones and after every thousandth of the others. In short runs these are on one storage.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

recordings || skip_all "the recordings are packed, and this build has no zstd"

# quiet COMMAND...: it succeeds, and has nothing to say on standard error. (AddressSanitizer says so
# whenever malloc refuses.)
quiet()
{
	"$@" > /dev/null 2> "$tmp/all"
	quiet_status=$?
	grep -v 'WARNING: AddressSanitizer failed to allocate' "$tmp/all" > "$tmp/said"
	test $quiet_status = 0 && test ! -s "$tmp/said" && return 0
	cat "$tmp/said"
	return 1
}

every()
{
	case $1 in
	*/seed.* | */corner-* | */quirk-*) echo 1 ;;
	*) short_run && echo 10000 || echo 1000 ;;
	esac
}

storages=$("$ZMM" replay --storage '?' "$TRACES/seed.trace$zst" 2>&1 |
	sed -n 's/.*this build has //p' | tr -d ,)
like "$storages" "*malloc*spaced" "storages: $storages"
one=${storages%% *} # malloc, or Windows' own
for mode in legacy modern; do
	for storage in $storages; do
		for trace in "$TRACES"/*.trace"$zst"; do
			short_run && test $storage != $one && test "$(every "$trace")" != 1 && continue
			ok "$mode on $storage: $(basename "$trace" ".trace$zst")" \
				quiet "$ZMM" replay --mode $mode --storage "$storage" \
				--check "$(every "$trace")" "$trace"
		done
	done
done
done_testing
