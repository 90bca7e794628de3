#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The page of a comparison: made from a document, opens in a browser, draws, asks no network; bad
# documents are refused.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/browser.sh"

sample=$srcdir/t/report/sample.json
config HAVE_JANSSON || skip_all "this build has no JSON (Debian package libjansson-dev)"

# ---- bad documents ----

run "$ZMM" report "$tmp/none.json"
is "$status" 2 "a missing document: status 2"
like "$err" "zmm: $tmp/none.json: *" "and a line that names it"
printf '{ "format": "zmm-comparison",\n  broken' > "$tmp/broken.json"
run "$ZMM" report -o "$tmp/out.html" "$tmp/broken.json"
is "$status" 2 "a broken document: status 2"
like "$err" "zmm: $tmp/broken.json:2: not a JSON document*" "with its line"
ok "nothing is left behind" test ! -e "$tmp/out.html"
echo '{ "format": "something" }' > "$tmp/other.json"
run "$ZMM" report "$tmp/other.json"
is "$status" 2 "another document: status 2"
sed 's/"version": *1\b/"version": 99/' "$sample" > "$tmp/later.json"
run "$ZMM" report "$tmp/later.json"
is "$status" 2 "a later version: status 2"
like "$err" "*version 99*" "which is named"
: > "$tmp/empty.json"
run "$ZMM" report "$tmp/empty.json"
is "$status" 2 "an empty document: status 2"
run "$ZMM" report "$tmp"
is "$status" 2 "a directory: status 2"
run "$ZMM" report -o "$tmp/no/such/place.html" "$sample"
is "$status" 1 "no place for the page: status 1"
run "$ZMM" report -o /dev/full "$sample"
is "$status" 1 "a full disk: status 1"
like "$err" "zmm: /dev/full: cannot write: *" "and a line"
run "$ZMM" report
is "$status" 2 "no document: status 2"

# ---- the page ----

ok "the page is made" "$ZMM" report -o "$tmp/report.html" "$sample"
ok "from standard input, too" sh -c '"$1" report - < "$2" | cmp - "$3"' sh \
	"$ZMM" "$sample" "$tmp/report.html"
ok "it names no other file" sh -c '! grep -qE "(src|href)=\"[^\"]" "$1"' sh "$tmp/report.html"

if test -z "$browser"; then
	skip 13 "no Chromium here (Debian package chromium)"
	done_testing
	exit
fi

# How many plots there are, how many of them have more than one colour, and the rest of interest.
look='const painted = (c) => { if (!c.width || !c.height) return false;
	const p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
	for (let i = 4; i < p.length; i++) if (p[i] !== p[i % 4]) return true; return false; };
const all = [...document.querySelectorAll("canvas")];
const drawn = document.documentElement.dataset.drawn ? 1 : 0;
const tables = document.querySelectorAll("details table").length;
const wide = document.documentElement.scrollWidth > innerWidth ? 1 : 0;
const blank = all.filter((c) => !painted(c)).length;
const dark = matchMedia("(prefers-color-scheme: dark)").matches ? 1 : 0;
const enough = tables >= all.length ? "enough" : tables;
answer = `canvases=${all.length} blank=${blank} drawn=${drawn} tables=${enough} wide=${wide}`;
answer += ` dark=${dark}`;'

check_page()
{
	what=$1
	shift
	browser_open "$tmp/report.html" "$look" "$@"
	like "$answer" 'canvases=[1-9]* blank=0 drawn=1 tables=enough wide=0 *' \
		"$what: every plot is drawn, with a table behind it, within the page's width"
	is "$errors" "" "$what: no error"
	is "$network" "" "$what: no network"
}

check_page "desktop" --window-size=1200,900

# Hardly any operation takes as long as the slowest does.
browser_open "$tmp/report.html" 'const last = [...document.querySelectorAll(".inner details table")]
	.flatMap((t) => [...t.rows[t.rows.length - 1].cells].slice(1))
	.map((cell) => parseFloat(cell.textContent));
answer = `${last.length > 5} ${last.filter((share) => share > 5).length}`;' --window-size=1200,900
is "$answer" "true 0" "the curves of latency fall to next to nothing"

# The other scale, the other trace; who failed and who is missing.
browser_open "$tmp/report.html" 'const canvases = () => document.querySelectorAll("canvas").length;
const before = canvases();
const pressed = () => document.querySelector(".scales [aria-pressed=true]").textContent;
const first = pressed();
document.querySelector(".scales [aria-pressed=false]").click();
answer = `${first !== pressed()} ${before === canvases()} `;
document.querySelector(".picks [aria-pressed=false]").click();
answer += `${document.documentElement.dataset.drawn.split("/").pop()} ${canvases() > 0} `;
const told = (t) => /ended by signal 11/.test(t) && /Debian package libtcmalloc-minimal4/.test(t);
answer += [...document.querySelectorAll(".headline")].map((t) => told(t.textContent));
' --window-size=1200,900
is "$answer" "true true seed.trace.zst true true,true" \
	"a plot changes its scale, a button the trace; who failed and who is missing is told"
is "$errors" "" "without an error"
check_page "phone" --window-size=500,900
check_page "dark" --window-size=1200,900 --blink-settings=preferredColorScheme=0
like "$answer" '*dark=1' "dark: it is dark"
done_testing
