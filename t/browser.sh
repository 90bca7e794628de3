# SPDX-License-Identifier: MIT
#
# t/browser.sh - pages in headless Chromium, for tests in shell. After t/tap.sh:
#
#	. "$srcdir/t/browser.sh"
#	browser_needed                      # skips the whole test where there is no Chromium
#	browser_open PAGE SCRIPT [OPTION...]
#
# browser_open opens a copy of PAGE, runs SCRIPT (JavaScript that leaves its answer in the string
# `answer`) once the page has drawn, and leaves what it answered in $answer, errors of the page in
# $errors and what the page asked a network for in $network.

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)

browser_needed()
{
	test -n "$browser" || skip_all "no Chromium here (Debian package chromium)"
}

browser_open()
{
	browser_page=$1 browser_script=$2
	shift 2
	{
		# Before the page's own scripts, so that no error of theirs is missed.
		printf '<script>window.seenErrors = [];\n'
		printf 'addEventListener("error", (e) => seenErrors.push(e.message));\n'
		printf 'addEventListener("securitypolicyviolation",\n'
		printf '	(e) => seenErrors.push("was refused " + e.blockedURI));\n'
		printf '</script>\n'
		cat "$browser_page"
		printf '<script>setTimeout(() => { let answer = "";\n%s\n' "$browser_script"
		printf 'const pre = document.createElement("pre"); pre.id = "answer";\n'
		printf 'pre.textContent = "<<answer " + answer + " answer>><<errors "\n'
		printf '	+ seenErrors.join("; ") + " errors>><<network "\n'
		printf '	+ performance.getEntriesByType("resource").map((e) => e.name).join(" ")\n'
		printf '	+ " network>>";\n'
		printf 'document.body.append(pre); }, 500);</script>\n'
	} > "$tmp/page.html"
	mkdir -p "$tmp/profile"
	timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--disable-dev-shm-usage --host-resolver-rules='MAP * ~NOTFOUND' \
		--user-data-dir="$tmp/profile" --virtual-time-budget=5000 \
		"$@" --dump-dom "file://$tmp/page.html" > "$tmp/dom.html" 2> "$tmp/browser.log"
	browser_text=$(tr '\n' ' ' < "$tmp/dom.html" | sed 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g')
	answer=$(printf '%s' "$browser_text" |
		sed -n 's/.*<pre id="answer"><<answer \(.*\) answer>>.*/\1/p')
	errors=$(printf '%s' "$browser_text" | sed -n 's/.*answer>><<errors \(.*\) errors>>.*/\1/p')
	network=$(printf '%s' "$browser_text" | sed -n 's/.*errors>><<network \(.*\) network>>.*/\1/p')
}
