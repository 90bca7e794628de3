#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make lessons: the site is whole, its links lead somewhere, and in a browser a lesson's links step
# through its run, to what zmm map says, without an error or a network.
. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"
. "$srcdir/t/browser.sh"

command -v lowdown > /dev/null || skip_all "no lowdown here (Debian package lowdown)"
if config ZEND_MM_HEAP_PROTECTION || config ZEND_MM_COOKIES ||
		grep -qE -e '-DZEND_DEBUG=1|-m32' "$builddir/Makefile"; then
	skip_all "the lessons are about 64-bit release builds"
fi

site=$tmp/site
run "$srcdir/doc/lessons/build" "$ZMM" "$site"
is "$status" 0 "the site is built"
is "$(ls "$site" | grep -c '^[0-9].*\.html$')" 12 "twelve pages"
ok "and an index" test -s "$site/index.html"
is "$(grep -o 'href="[0-9][^"]*"' "$site/index.html" | sort -u | wc -l)" 12 \
	"which leads to all of them"

# Each link to a file of the site, with its anchor: what a page lacks.
broken()
{
	for page in "$site"/*.html "$site"/doc/*.html; do
		folder=$(dirname "$page")
		grep -oE 'href="[^"]+"' "$page" | sed 's/href="//; s/"$//' |
			grep -vE '^(https?:|#|\$)' | sort -u | while read -r link; do
			file=${link%%#*} anchor=${link#"${link%%#*}"}
			if ! test -e "$folder/$file"; then
				case $file in
					*.html|lessons/*) echo "$(basename "$page"): $link" ;;
				esac
			elif test -n "$anchor" && ! grep -q "id=\"${anchor#\#}\"" "$folder/$file"; then
				echo "$(basename "$page"): $link"
			fi
		done
	done
}
is "$(broken)" "" "no link between pages is broken"

# What the explorer's explanations refer to.
unfound()
{
	grep -oE '"(legacy|modern|glossary|history)\.md#?[a-z0-9_-]*"' \
		"$site/01-first-allocation.html" | tr -d '"' | sort -u | while read -r place; do
		case $place in
			*\#*) grep -q "id=\"${place#*\#}\"" "$site/doc/${place%%.*}.html" || echo "$place" ;;
			*) test -e "$site/doc/${place%%.*}.html" || echo "$place" ;;
		esac
	done
}
is "$(unfound)" "" "every explanation leads to a heading"
ok "the pages forbid the network" grep -q "default-src 'none'" "$site/12-huge.html"

if test -z "$browser"; then
	skip 31 "no Chromium here (Debian package chromium)"
	done_testing
	exit
fi

# Every page as it opens: its heading, from the top, the whole of each heap's first region, and a
# point of the lesson, the last, that the link to it marks.
for lesson in "$srcdir"/doc/lessons/[0-9]*.md; do
	name=$(basename "$lesson" .md)
	browser_open "$site/$name.html" '
		const text = document.getElementById("text");
		const says = (selector) => text.querySelector(selector).textContent;
		const whole = cards.every((card) => card.map.view[1] > 4096);
		answer = [says("h1"), text.scrollTop, whole].join(" | ");
		const last = [...text.querySelectorAll("li a[href^=\"#op=\"]")].pop();
		location.hash = last.getAttribute("href"); arrive();
		const titles = [...document.querySelectorAll(".heap h2")];
		answer += " | " + last.closest("li").classList.contains("here") + " | " +
			titles.map((title) => title.firstChild.textContent);' \
		--window-size=1280,900
	like "$answer" "$(sed -n '1s/^# //p' "$lesson") | 0 | true | true | *heap*" \
		"$name opens at its title, and its last point leads to the operation"
	is "$errors$network" "" "$name: no error, no network"
done

# lesson NAME OPERATION HEAPS...: a click on the link to that operation.
lesson()
{
	name=$1 at=$2
	shift 2
	browser_open "$site/$name.html" "
		const link = document.querySelector('#text li a[href=\"#op=$at\"]');
		const open = document.querySelector('details').open;
		location.hash = link.getAttribute('href'); arrive();
		answer = [document.querySelector('.here').contains(link), open,
			document.documentElement.scrollWidth > innerWidth].join() + ' ' +
			cards.map((card) => mapText(card.heap, DATA.first + at.scene)).join('')
				.replace(/\\n/g, '|');"
	is "$answer" "true,false,false $(for heap in "$@"; do
		"$ZMM" map $heap --blocks --at "$at" "$srcdir/doc/lessons/$name.trace"; done |
		unfolded | tr '\n' '|')" \
		"$name, operation $at: the point is marked, the heaps are as zmm map says"
	is "$errors$network" "" "$name: no error, no network"
}

lesson 04-trie 19 "--mode legacy"
browser_open "$site/04-trie.html" '
	go(16);
	for (let i = 0; i < 4; i++) {
		document.dispatchEvent(new KeyboardEvent("keydown", { key: "j" }));
	}
	answer = document.querySelector(".chosen").textContent + " | " +
		[...document.querySelectorAll("text.now")].map((one) => one.textContent).join();'
is "$answer" "Turn: bit 8 is 0, so on to child 0 of 0+8224. | 0" \
	"a turn in the trie is marked, with the bit that decided it"
lesson 06-rest-list 20 "--variant as-it-was" "--variant no-rest-list"
lesson 11-chunks 16 "--mode modern"
done_testing
