#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zmm explore: the page is made, and in a browser it shows at given operations what zmm map says,
# the same going forward and backward, without an error or a network.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/browser.sh"

# Both designs, resizes, an end of a request, a refused request, a collection.
cat > "$tmp/t.trace" <<'END'
a 1 100
a 2 2000
a 3 700
a 4 300
f 2
a 5 300000
f 1
r 3 1200
a 6 2100000
a 7 100
f 6
r 5 500000
f 4
g
e
a 8 640
a 9 900
a 10 640
a 11 900
a 12 1500
f 8
f 10
a 13 620
l 2097152
a 14 3000000
END

ok "a page is made" "$ZMM" explore "$tmp/t.trace" -o "$tmp/explorer.html"
ok "which names no other file" sh -c \
	'! grep -qE "(src|href)=\"[^\"\$#]" "$1"' sh "$tmp/explorer.html"
like "$(head -c 2000 "$tmp/explorer.html")" "*default-src 'none'*" "and forbids the network"
run "$ZMM" explore --mode legacy --from 3 --count 4 "$tmp/t.trace" -o "$tmp/part.html"
is "$status" 0 "a part of the operations, one design"
like "$(tr -d '\n' < "$tmp/part.html")" '*"first":3,"count":4,*"mode":"legacy"*' \
	"is what the page has"
unlike "$(cat "$tmp/part.html")" '*"mode":"modern"*' "and no more"

run "$ZMM" explore "$tmp/t.trace"
is "$status" 2 "no page was named"
like "$err" "zmm explore: no page was named: -o FILE.html; see *" "is said"
run "$ZMM" explore --from 26 "$tmp/t.trace" -o "$tmp/none.html"
is "$status" 2 "a beginning past the end"
run "$ZMM" explore --mode both "$tmp/none.trace" -o "$tmp/none.html"
is "$status" 2 "a trace that is not there"
run "$ZMM" explore --variant odd "$tmp/t.trace" -o "$tmp/none.html"
is "$status" 2 "an odd variant"
like "$err" "*there is no variant 'odd', only as-it-was, *" "is answered by what there is"
run "$ZMM" explore --text "$tmp/none.text" "$tmp/t.trace" -o "$tmp/none.html"
is "$status" 2 "a text that is not there"
run "$ZMM" explore --mode odd "$tmp/t.trace" -o "$tmp/none.html"
is "$status" 2 "an odd mode"
ok "leave no page" test ! -e "$tmp/none.html"

if recordings; then
	# Of all the recordings this is the one with most to tell.
	"$ZMM" explore --count 5000 "$TRACES/fuzz-rest.trace$zst" -o "$tmp/big.html"
	ok "5,000 operations on both heaps take less than 5 MB" test \
		"$(wc -c < "$tmp/big.html")" -lt 5000000
else
	skip 1 "this build has no zstd"
fi

if test -z "$browser"; then
	skip 23 "no Chromium here (Debian package chromium)"
	done_testing
	exit
fi

# What zmm map says of both heaps after an operation, in one line.
said()
{
	for mode in legacy modern; do
		"$ZMM" map --mode $mode --blocks --at "$1" "$tmp/t.trace"
	done | unfolded | tr '\n' '|'
}

tell='answer = cards.map((card) => mapText(card.heap, DATA.first + at.scene)).join("")
	.replace(/\n/g, "|");'

# check OPERATION SCRIPT HOW: goes there, and compares.
check()
{
	browser_open "$tmp/explorer.html" "$2 $tell"
	is "$answer" "$(said "$1")" "operation $1, $3: as zmm map says"
	is "$errors$network" "" "operation $1, $3: no error, no network"
}


check 8 'go(8);' "at once"
check 5 'for (let i = 0; i < 25; i++) { byId("on").click(); }
	while (at.scene > 5) { byId("back").click(); }' "back from the end"
check 13 'const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key }));
	press("End"); press("Home");
	for (let i = 0; i < 13; i++) { press("ArrowRight"); }' \
	"by keys"
check 25 'byId("slide").value = 25; byId("slide").oninput({ target: byId("slide") });' \
	"by the slider"

# Every operation, forward and then backward, has one state; what is drawn is there.
browser_open "$tmp/explorer.html" '
	const text = () => cards.map((card) => mapText(card.heap, at.scene)).join("");
	const forward = []; let same = 0;
	for (let i = 0; i <= 25; i++) { go(i); forward.push(text()); }
	for (let i = 25; i >= 0; i--) { go(i); same += text() === forward[i]; }
	for (const i of [3, 20, 1, 25, 14, 15]) { go(i); same += text() === forward[i]; }
	answer = `same=${same} distinct=${new Set(forward).size}`;'
is "$answer" "same=32 distinct=26" "backward equals forward"
is "$errors" "" "without an error"

# Operation 23 takes the newest of a ring of two in tree 9; the path says so and is marked.
look='go(23);
	const legacy = document.querySelector("[data-mode=legacy]");
	const kinds = [...legacy.querySelectorAll(".path li")].map((li) => li.dataset.kind).join(", ");
	const searched = legacy.querySelectorAll(".searched .hot").length;
	const pixels = (c) => c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
	const painted = (c) => pixels(c).some((value, i, all) => value !== all[i % 4]);
	const all = [...document.querySelectorAll("canvas")].filter((c) => c.offsetParent);
	legacy.querySelector(".path li:last-child").click();
	answer = `${kinds} | hot=${searched > 0} canvases=${all.length} ` +
		`blank=${all.filter((c) => !painted(c)).length} ` +
		`chosen=${legacy.querySelector(".block").textContent.includes("bytes")} ` +
		`link=${!!document.querySelector("#info a")} ` +
		`wide=${document.documentElement.scrollWidth > innerWidth}`;'
for shape in 1300,900 500,900; do
	browser_open "$tmp/explorer.html" "$look" --window-size=$shape
	like "$answer" \
		"*trees, *tree, *| hot=true canvases=[4-9] blank=0 chosen=true link=true wide=false" \
		"$shape: the path, the tree, the maps, the explanation"
	is "$errors" "" "$shape: no error"
done
browser_open "$tmp/explorer.html" "$look" --window-size=1300,900 \
	--blink-settings=preferredColorScheme=0
like "$answer" "*blank=0*" "dark: the maps are drawn"
is "$errors" "" "dark: no error"

# Whatever can be pointed at is explained; a step that is walked to is marked in the pictures.
browser_open "$tmp/explorer.html" '
	const info = byId("info");
	const point = (one) => one.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
	let explained = 0; const not = new Set();
	for (const scene of [0, 6, 15, 23, 25]) {
		go(scene);
		document.querySelectorAll(".heap [data-element]").forEach((one) => {
			info.textContent = ""; point(one);
			if (info.querySelector("a") && info.textContent.length > 20) { explained++; }
			else { not.add(one.dataset.element); }
		});
	}
	go(23);
	const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key }));
	const marks = [];
	for (let i = 0; i < 4; i++) {
		press("j");
		marks.push(document.querySelector(".chosen").dataset.kind + ":" +
			[...new Set([...document.querySelectorAll(".now")].map((one) =>
				Object.keys(one.dataset).sort().join("+")))].sort().join("/"));
	}
	press("k");
	answer = `explained=${explained > 100} not=${[...not].join()} ${marks.join(" ")} | ` +
		document.querySelector(".chosen").dataset.kind;'
like "$answer" "explained=true not= trees:*bit* node:*spot* * turn:*spot* | best so far" \
	"all is explained, and each step is marked"
is "$errors" "" "without an error"

# Heaps without an idea, side by side, show what zmm map says of them.
"$ZMM" explore --variant as-it-was --variant first-fit-list --variant no-cache "$tmp/t.trace" \
	-o "$tmp/variants.html"
browser_open "$tmp/variants.html" "go(12); $tell"
is "$answer" "$(for variant in as-it-was first-fit-list no-cache; do
	"$ZMM" map --variant $variant --blocks --at 12 "$tmp/t.trace"; done | unfolded | tr '\n' '|')" \
	"three variants: as zmm map says"

# A big page answers at once: going over all of it takes far less than this test's patience.
if recordings; then
	browser_open "$tmp/big.html" 'go(5000); go(0); go(4321);
		answer = cards[0].heap.at + " " + cards[1].heap.at;'
	is "$answer" "4321 4321" "5,000 operations: to the end and back"
	is "$errors" "" "5,000 operations: no error"
else
	skip 2 "this build has no zstd"
fi
done_testing
