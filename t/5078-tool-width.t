#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What people read fits into 80 columns: tables, lists and sentences are folded. JSON, CSV and
# Markdown are not.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

cd "$tmp" || exit 1
"$ZMM" generate server --ops 20000 -o server.trace
"$ZMM" generate uniform --ops 3000 --min 1 --max 40000 -o many.trace
printf 'n\ng 100\nb\n$\n' > keys
cat > table << 'END'
replay server.trace
info server.trace many.trace
ledger --curve --bins many.trace
ledger --mode modern --curve --bins --at end server.trace
ablate --runs 1 --traces many.trace
ablate --runs 0 --workloads
map --at peak many.trace
map --at peak --mode modern many.trace
step many.trace
step --mode modern many.trace
generate --list
END
windows || echo 'check many.trace' >> table
windows || test -n "$SANITIZER" || cat >> table << 'END'
sweep --measure peak_held --seg-size 64K,256K --storage malloc many.trace
compare --blocks 3 --drain none --formulas --only legacy,modern server.trace
compare --blocks 3 --time-only many.trace
END

# wide: lines of standard input that take more than 80 columns, each character one.
wide() { LC_ALL=C tr -d "\200-\277" | LC_ALL=C awk 'length($0) > 80'; }

while read -r row; do
	"$ZMM" $row < keys > out 2> err
	ok "zmm $row: prints something" test -s out
	is "$(wide < out)" "" "zmm $row: in 80 columns"
done < table

"$ZMM" ablate --markdown --runs 0 > out
like "$(wide < out)" "*| *" "tables in Markdown are not folded"
done_testing
