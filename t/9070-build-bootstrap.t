#!/bin/sh
# SPDX-License-Identifier: MIT
# ./bootstrap: usage, which packages it installs and when, what it does a second time. The package
# tools are stand-ins here: "installed" is a list, apt-get adds to it and keeps a log.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

mkdir -p "$tmp/s/m4" "$tmp/s/.ci" "$tmp/bin"
cp "$srcdir/bootstrap" "$tmp/s"
cd "$tmp/s" || exit
touch configure.ac m4/zend.m4
cat > configure.in <<'END'
#!/bin/sh
echo "configured with $*" >> ../configured
printf 'all:\n\t@echo built\ncheck:\n\t@echo 5 1 2 > $(ZMM_TOTALS)\n' > Makefile
printf '\t@echo "failed: x.t, check 3"\n' >> Makefile
printf 'check-variants:\n\t@mkdir -p variants; echo clang 7 0 1 3 > variants/totals\n' >> Makefile
printf '#!/bin/sh\necho zmm $*\n' > zmm
chmod +x zmm
END

cat > "$tmp/bin/dpkg-query" <<'END'
#!/bin/sh
for package; do :; done
grep -qx "$package" "$FAKE/installed" || exit 1
case $2 in
*Status*) printf installed ;;
*) echo "$package 1" ;;
esac
END
cat > "$tmp/bin/apt-get" <<'END'
#!/bin/sh
echo "$@" >> "$FAKE/apt.log"
test ! -e "$FAKE/offline" || exit 100
case " $* " in
*" install "*)
	for word; do
		case $word in
		-* | DPkg* | install) ;;
		libmimalloc*) status=100 ;;
		*) packages="${packages-} $word" ;;
		esac
	done
	test -z "${status-}" || exit $status
	printf '%s\n' ${packages-} >> "$FAKE/installed"
	;;
esac
END
cat > "$tmp/bin/sudo" <<'END'
#!/bin/sh
echo sudo >> "$FAKE/apt.log"
exec env "$@"
END
printf '#!/bin/sh\necho "${FAKE_ID:-0}"\n' > "$tmp/bin/id"
printf '#!/bin/sh\ntouch config.h.in\n' > "$tmp/bin/autoheader"
printf '#!/bin/sh\ncp "$FAKE/s/configure.in" configure; chmod +x configure\n' > "$tmp/bin/autoconf"
chmod +x "$tmp/bin"/*
export FAKE="$tmp" PATH="$tmp/bin:$PATH"

run ./bootstrap
is "$status" 2 "no command is bad usage"
run ./bootstrap nonsense
is "$status:$(echo "$err" | wc -l)" 2:1 "nor is an unknown one, in one line"
like "$err" '*"nonsense"*demo*' "which names it and the commands"
run ./bootstrap --help
is "$status" 0 "--help"
like "$out" "usage: *demo*check*" "shows the usage"
is "$(ls "$tmp/s")" "bootstrap
configure.ac
configure.in
m4" "and so far nothing was made"

printf 'gcc\nmake\n' > "$tmp/installed"
run ./bootstrap demo
is "$status" 0 "demo" || diag "$out$err"
is "$(echo "$out" | tail -n 2)" "zmm compare --html build/report.html t/golden/parsedown.trace.zst
bootstrap: the report of this is in $(pwd)/build/report.html" \
	"ends with the comparison, and says where its report is"
is "$(sed -n '1s/.*300 //p;1q' "$tmp/apt.log")" "update -q" "asks for the package lists first"
like "$(sed -n 2p "$tmp/apt.log")" "*install*autoconf libzstd-dev" "installs what is needed"
unlike "$(cat "$tmp/apt.log")" "* gcc*" "but not what is there"
like "$out" "*could not install libmimalloc2.0*" "says which optional package cannot be had"
ok "and installs the other ones" grep -qx libjansson-dev "$tmp/installed"
is "$(grep -c valgrind "$tmp/apt.log")" 0 "installs nothing that only tests need"

rm "$tmp/apt.log"
touch "$tmp/offline"
run ./bootstrap demo
is "$status" 0 "again, without a network"
ok "installs nothing" test ! -e "$tmp/apt.log"
is "$(wc -l < configured 2> /dev/null)" 1 "does not configure again"
touch -d tomorrow configure.ac
touch -d tomorrow "$tmp/s/configure.in"
run ./bootstrap build
is "$status:$(wc -l < configured)" 0:1 "nor for a newer configure.ac with the same configure"
run ./bootstrap build --enable-debug
is "$status:$(tail -n 1 configured)" "0:configured with --enable-debug" "but for other arguments"

rm "$tmp/offline"
run env FAKE_ID=1000 ./bootstrap check
like "$(cat "$tmp/apt.log")" "sudo*" "uses sudo where it is not root"
like "$(cat "$tmp/apt.log")" "*valgrind*" "check installs what tests need"
is "$(echo "$out" | tail -n 1)" "12 passed, 1 failed" "the last line sums up all configurations"
is "$status" 1 "a failure in them is a failure"
like "$out" "*default *5 *1 *2 *clang *7 *0 *1*" "below a table of them"
like "$out" "*n: 5 passed, 1 failed*failed in default *failed: x.t, check 3*configuration *" \
	"before which it is said once more what failed"
unlike "$out" "*failed in clang*" "and only that"

rm "$tmp/installed" "$tmp/apt.log"
touch "$tmp/offline" "$tmp/installed"
run ./bootstrap demo
is "$status" 1 "stops where a needed package cannot be had"
like "$err" "*needed and could not be installed: gcc*" "and names it"

done_testing
