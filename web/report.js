// SPDX-License-Identifier: MIT
//
// The page of a comparison: everything that doc/report-format.md holds, as tables and plots.

"use strict";

(() => {
	const { bytes, count, number, share } = Plots;
	const D = JSON.parse(document.getElementById("data").textContent);
	const present = D.contenders.filter((c) => !c.missing);
	const colourOf = {};
	D.contenders.forEach((c, i) => { colourOf[c.name] = `--c${i % 8}`; });

	// {{{ Building elements

	function el(name, attributes = {}, ...children) {
		const element = document.createElement(name);
		for (const [key, value] of Object.entries(attributes)) {
			if (value === null || value === undefined) continue;
			if (key === "text") element.textContent = value;
			else element.setAttribute(key, value);
		}
		element.append(...children.filter((c) => c !== null && c !== undefined));
		return element;
	}

	// heads: [[text, class]]; rows: arrays of texts or elements.
	function table(heads, rows, className) {
		const body = el("tbody");
		for (const row of rows) {
			body.append(el("tr", {}, ...row.map((cell, i) =>
				el("td", { class: heads[i][1] }, cell === null || cell === undefined ? "–" : cell))));
		}
		return el("div", { class: "scroll" }, el("table", { class: className },
			el("thead", {}, el("tr", {}, ...heads.map(([text, c]) => el("th", { class: c, text })))), body));
	}

	function folded(title, content) {
		return el("details", {}, el("summary", { text: title }), content);
	}

	// Columns of equal length as a table behind a plot, thinned to at most 60 rows.
	function columnsTable(x, xName, series, text) {
		const step = Math.max(1, Math.ceil(x.length / 60)), rows = [];
		for (let i = 0; i < x.length; i += step) rows.push([count(x[i]), ...series.map((s) => text(s.values[i]))]);
		return folded("Table", table([[xName], ...series.map((s) => [s.label])], rows));
	}

	function card(title, explanation, ...content) {
		return el("section", { class: "card" }, el("h2", { text: title }),
			explanation ? el("p", { class: "soft", text: explanation }) : null, ...content);
	}

	const later = [];
	// A place for a plot; drawn once it is in the page and has a width.
	function plot(draw, className = "plot") {
		const place = el("div", { class: className });
		later.push(() => draw(place));
		return place;
	}

	function nameCell(name) {
		return el("span", { class: "name", style: `--colour: var(${colourOf[name]})`, text: name });
	}
	// }}}

	// {{{ The headline

	// A bar of a share of the track, with what else is drawn on it, and a text.
	function barCell(name, width, text, title, ...marks) {
		return el("div", { class: "ratio", title },
			el("div", { class: "track", style: `--colour: var(${colourOf[name]})` },
				el("div", { class: "fill", style: `width:${width}` }), ...marks),
			el("span", { text }));
	}

	const percent = (v, most) => `${Math.min(100, 100 * v / most).toFixed(2)}%`;
	const known = (v) => v !== null && v !== undefined;

	function ratioCell(result, most) {
		if (!known(result.ratio)) return "–";
		const low = percent(result.ratio_low, most), high = percent(result.ratio_high, most);
		return barCell(result.name, percent(result.ratio, most), number(result.ratio) + "×",
			`95 % interval ${number(result.ratio_low)} to ${number(result.ratio_high)}`,
			el("div", { class: "range", style: `left:${low};width:calc(${high} - ${low})` }));
	}

	// Rows for all: those with results, those that failed, those that are missing.
	function everybody(trace, columns, cells) {
		const rest = (text) => Array.from({ length: columns - 2 }, () => text);
		const rows = trace.results.map((r) => r.failed
			? [nameCell(r.name), el("span", { class: "mark", text: r.failed }), ...rest("–")]
			: [nameCell(r.name), ...cells(r)]);
		for (const c of D.contenders.filter((m) => m.missing)) {
			rows.push([nameCell(c.name), el("span", { class: "soft",
				text: c.missing + (c.package ? ` (Debian package ${c.package})` : "") }), ...rest("")]);
		}
		return rows;
	}

	function times(trace) {
		const most = Math.max(...trace.results.map((r) => Math.max(r.ratio || 0, r.ratio_high || 0)), 1) * 1.02;
		const counted = trace.results.some((r) => known(r.instructions));
		const heads = [["contender", "text"], [`ratio to ${D.baseline}`, "text"], ["95 % interval"],
			["with loop"], ["per operation"], ["less loop"], ["first run"],
			...(counted ? [["instructions"]] : []), ["", "text"]];
		const mark = (r) => el("span", { class: "mark", text: r.refusing_samples ? "refused requests"
			: r.samples && r.samples.block.length < 5 ? "few samples" : r.noisy ? "noisy" : "" });
		const rows = everybody(trace, heads.length, (r) => [ratioCell(r, most),
			known(r.ratio_low) ? `${number(r.ratio_low)} to ${number(r.ratio_high)}` : "–",
			number(r.ratio_with_loop), Plots.time(r.ns), Plots.time(r.net_ns), Plots.time(r.first_ns),
			...(counted ? [number(r.instructions, 1)] : []), mark(r)]);
		return card("Time",
			`User and system time. The replay loop takes ${Plots.time(trace.loop_ns)} of each operation when it calls nobody; ` +
			"ratios are of times less that, those “with loop” of times as measured. A bar is the median over " +
			`${count(trace.blocks)} paired blocks, the thin line its 95 % interval.` +
			(counted ? " Instructions are less the loop's, too." : ""),
			table(heads, rows, "headline"));
	}

	function memory(trace) {
		if (!trace.results.some((r) => known(r.peak_held))) return null;
		const most = Math.max(...trace.results.map((r) => r.peak_resident || 0), trace.peak_live) * 1.02;
		const live = percent(trace.peak_live, most);
		const refused = trace.results.some((r) => r.failures);
		const heads = [["contender", "text"], ["peak resident", "text"], ["peak held"], ["held ÷ live"],
			["held at the end"], ["segments or chunks"], ["storage calls"], ...(refused ? [["refused"]] : [])];
		const rows = everybody(trace, heads.length, (r) => [
			barCell(r.name, percent(r.peak_resident, most), bytes(r.peak_resident),
				`${count(r.peak_resident)} bytes` + (known(r.high_water) ? `; by the kernel's own mark ${bytes(r.high_water)}` : ""),
				el("div", { class: "level", style: `left:${live}` })),
			bytes(r.peak_held), number(r.overhead), bytes(r.final_held), count(r.peak_regions),
			count(r.storage_calls), ...(refused ? [count(r.failures)] : [])]);
		return card("Memory",
			`At most ${bytes(trace.peak_live)} are alive at once: the upright line. Resident is what is in memory, every page of ` +
			"each block being used; held is what was got from the system, whether used or not.",
			table(heads, rows, "headline"));
	}
	// }}}

	// {{{ Over the run

	function curves(trace) {
		const results = trace.results.filter((r) => r.points && r.points.operation && r.points.operation.length);
		if (!results.length) return [];
		// The contenders are sampled at the same operations; take the longest list.
		const x = results.map((r) => r.points.operation).sort((a, b) => b.length - a.length)[0];
		const at = (r, key) => {
			const index = new Map(r.points.operation.map((op, i) => [op, i]));
			return x.map((op) => index.has(op) ? r.points[key][index.get(op)] : null);
		};
		const live = { label: "live", colour: "--ink", values: at(results[0], "live"), dash: [4, 3], width: 1.5 };
		const of = (key) => results.filter((r) => r.points[key] && r.points[key].some((v) => v !== null))
			.map((r) => ({ label: r.name, colour: colourOf[r.name], values: at(r, key) }));
		const make = (title, text, key) => {
			const series = [live, ...of(key)];
			return series.length < 2 ? null : card(title, text,
				plot((place) => Plots.lines(place, x, series, { bytes: true, scales: true, xLabel: "operation" })),
				columnsTable(x, "operation", series, bytes));
		};
		return [
			make("Held from the system", "Bytes that each contender holds while the trace runs; dashed: what the program has asked for and not freed. Drag to zoom, double-click to go back.", "held"),
			make("Resident", "What of it is in memory, as the system counts it.", "resident"),
		];
	}

	const families = {
		requested: ["#3b6fb6"], rounding: ["#8fb4e3"], metadata: ["#6b4f9a", "#9a7fc4", "#c1afe0"],
		free: ["#d9a441", "#e6bf70", "#c98526", "#f0d59b", "#b06d1b", "#eac98a"], lost: ["#b23a48"],
	};

	// The heaps to one scale, unless one would be too flat to see.
	function commonTop(results) {
		const tops = results.map((r) => Math.max(...r.points.held));
		return Math.max(...tops) <= 6 * Math.min(...tops) ? Math.max(...tops) : undefined;
	}

	function ledger(trace) {
		const results = trace.results.filter((r) => r.ledger && r.points);
		const top = results.length ? commonTop(results) : undefined;
		return results.map((r) => {
			const used = {}, layers = [];
			for (const cause of D.causes) {
				const values = r.ledger[cause.cause];
				if (!values || values.every((v) => !v)) continue;
				const shades = families[cause.family] || ["#888888"];
				used[cause.family] = (used[cause.family] || 0) + 1;
				layers.push({ label: cause.title, values, colour: shades[(used[cause.family] - 1) % shades.length],
					meaning: cause.meaning });
			}
			return card(`Where ${r.name}'s bytes are`, "Every byte held belongs to exactly one cause; the causes sum to what is held at every sample.",
				plot((place) => Plots.stacked(place, r.ledger.operation, layers, { top })),
				columnsTable(r.ledger.operation, "operation", layers, bytes),
				folded("What the causes mean", el("dl", {}, ...layers.flatMap((l) => [
					el("dt", {}, el("span", { class: "swatch", style: `background:${l.colour}` }), l.label), el("dd", { text: l.meaning })]))));
		});
	}

	function maps(trace) {
		return trace.results.filter((r) => r.map).map((r) => card(`${r.name}: addresses by time`,
			`Left to right the operations, bottom to top the addresses of the regions in the order they came; a row is ${bytes(r.map.cell)}. ` +
			"The stronger the colour, the more of it is in use; grey is held and empty.",
			plot((place) => Plots.map(place, r.map, colourOf[r.name]), "plot map"),
			folded("Table", table([["region"], ["first row"], ["rows"], ["bytes"]],
				r.map.regions.map((g) => [count(g.region), count(g.row), count(g.rows), bytes(g.rows * r.map.cell)])))));
	}
	// }}}

	// {{{ Fragmentation

	function measures(trace) {
		const results = trace.results.filter((r) => r.measures && r.measures.length);
		if (!results.length) return null;
		const keys = [], info = {};
		for (const f of D.formulas || []) info[f.measure] = f;
		results.forEach((r) => r.measures.forEach((m) => { if (!keys.includes(m.measure)) keys.push(m.measure); }));
		const cell = (r, key) => {
			const m = r.measures.find((one) => one.measure === key);
			if (!m) return "–";
			if (m.verdict !== "valid") return el("span", { class: "mark", text: m.verdict });
			return el("span", {}, number(m.value, 3), el("br"),
				el("span", { class: "soft", text: `${bytes(m.part)} / ${bytes(m.whole)}` }));
		};
		const rows = keys.map((key) => [el("span", { title: (info[key] || {}).meaning },
			(info[key] || {}).title || key, el("br"), el("code", { class: "soft", text: (info[key] || {}).formula || "" })),
			...results.map((r) => cell(r, key))]);
		return card("Fragmentation", "Each measure with its formula and the bytes behind it; invalid where there is too little alive to mean anything.",
			table([["measure", "text"], ...results.map((r) => [r.name])], rows, "measures"),
			D.symbols ? folded("Symbols", table([["symbol"], ["meaning", "text"]], D.symbols.map((s) => [s.symbol, s.meaning]))) : null);
	}

	function overRun(trace) {
		const keys = [["external", "free inside what is held"], ["internal", "rounding"], ["overhead", "headers and metadata"]];
		const results = trace.results.filter((r) => r.measures_over_run);
		if (!results.length) return null;
		const x = results[0].measures_over_run.operation;
		const dashes = [undefined, [6, 4], [2, 3]];
		const series = results.flatMap((r) => keys.map(([key], i) =>
			({ label: `${r.name}, ${key}`, colour: colourOf[r.name], dash: dashes[i], values: r.measures_over_run[key] })));
		return card("Fragmentation over the run", "Solid: external (free inside what is held); dashed: internal (rounding); dotted: headers and metadata.",
			plot((place) => Plots.lines(place, x, series, { yText: share })), columnsTable(x, "operation", series, share));
	}

	function unusable(trace) {
		const results = trace.results.filter((r) => r.unusable && r.unusable.length);
		if (!results.length) return null;
		const x = [...new Set(results.flatMap((r) => r.unusable.map((u) => u.size)))].sort((a, b) => a - b);
		const pick = (r, key) => x.map((size) => { const u = r.unusable.find((one) => one.size === size); return u ? u[key] : null; });
		const series = results.flatMap((r) => [
			{ label: r.name, colour: colourOf[r.name], values: pick(r, "by_size") },
			{ label: `${r.name}, by its design`, colour: colourOf[r.name], dash: [5, 4], values: pick(r, "by_design") }]);
		return card("Unusable free memory", "The share of free bytes that lie in blocks too small for a request of that size, at the greatest live bytes; dashed: those that the design would not use for it are counted, too.",
			plot((place) => Plots.lines(place, x, series, { xLog: true, xText: bytes, yText: share, top: 1.02, xLabel: "request" })),
			columnsTable(x, "request", series, share));
	}

	function pins(trace) {
		const results = trace.results.filter((r) => r.pins && r.pins.length);
		return results.map((r) => card(`${r.name}: what few blocks keep alive`,
			"Regions that are nearly empty at the greatest live bytes, and what freeing their blocks would give back.",
			table([["region"], ["gives back"], ["blocks"], ["bytes in use"]], r.pins.slice(0, 12).map((p) =>
				[count(p.region), bytes(p.gives_back), count(p.blocks), bytes(p.bytes)]))));
	}
	// }}}

	// {{{ Latency, sizes, drain, explanations

	function latency(trace) {
		const results = trace.results.filter((r) => r.latency && r.latency.length);
		if (!results.length) return null;
		const step = Math.max(...results.map((r) => r.latency_resolution || 0));
		const told = (ns) => known(ns) && ns < step ? `< ${Plots.time(step)}` : Plots.time(ns);
		const kindsIn = [...new Set(results.flatMap((r) => r.latency.filter((l) => l.count).map((l) => l.kind)))];
		const rows = kindsIn.flatMap((kind) => results.flatMap((r) => r.latency.filter((l) => l.kind === kind && l.count).map((l) =>
			[kind, nameCell(r.name), Plots.time(l.mean), told(l.p50), told(l.p90), told(l.p99), told(l.p999), Plots.time(l.max)])));
		const kinds = [...new Set(results.flatMap((r) => (r.latency_histogram || {}).kind || []))];
		const histogram = (kind) => {
			const with_ = results.filter((r) => r.latency_histogram && r.latency_histogram.kind.includes(kind));
			const x = [...new Set(with_.flatMap((r) => r.latency_histogram.ns.filter((n, i) =>
				r.latency_histogram.kind[i] === kind && n > 0)))].sort((a, b) => a - b);
			const series = with_.map((r) => {
				const h = r.latency_histogram, found = new Map();
				let total = 0;
				h.kind.forEach((k, i) => { if (k === kind) { found.set(h.ns[i], h.count[i]); total += h.count[i]; } });
				// Those of less than a step, which a logarithmic scale cannot show, are below all of x.
				let above = total - (found.get(0) || 0);
				const values = x.map((ns) => { const part = above / total; above -= found.get(ns) || 0; return part > 0 ? part : null; });
				return { label: r.name, colour: colourOf[r.name], values };
			});
			return x.length < 2 ? null : el("div", {}, el("h3", { text: kind }),
				plot((place) => Plots.lines(place, x, series, { xLog: true, yLog: true, xText: Plots.time,
					yText: (v) => v >= .01 ? (100 * v).toFixed(0) + " %" : (100 * v).toPrecision(1) + " %", xLabel: "took at least" })),
				columnsTable(x, "ns", series, (v) => v === null ? "–" : (100 * v).toPrecision(3) + " %"));
		};
		return card("Latency", `Single operations, clock in hand, in runs of their own; the clock's own share is subtracted. The clock's step is ${Plots.time(step)}; ` +
			"the mean is finer, since steps even out over many. The slowest were mostly interrupted by the system, which the mean leaves out. " +
			"The curves say which share of the operations took at least that long.",
			table([["operation", "text"], ["contender", "text"], ["mean"], ["p50"], ["p90"], ["p99"], ["p99.9"], ["max"]], rows),
			el("div", { class: "grid inner" }, ...kinds.map(histogram).filter(Boolean)));
	}

	function sizes(trace) {
		if (!trace.sizes || !trace.sizes.length) return null;
		const label = (s) => s.from === s.to ? bytes(s.from) : `${bytes(s.from)} – ${bytes(s.to)}`;
		// The picture by powers of two, the table as fine as the classes are.
		const doublings = new Map();
		for (const s of trace.sizes) {
			const to = Math.pow(2, Math.max(3, Math.ceil(Math.log2(Math.max(s.to, 1)))));
			const d = doublings.get(to) || { from: s.from, to, count: 0, bytes: 0 };
			d.count += s.count;
			d.bytes += s.bytes;
			doublings.set(to, d);
		}
		const rows = [...doublings.values()].map((s) => ({ label: label(s), value: s.count,
			title: `${count(s.count)} requests, ${bytes(s.bytes)} in all` }));
		return card("Sizes asked for", "Requests by size, resizes included.", plot((place) => Plots.bars(place, rows, count), "bars"),
			folded("Table", table([["size"], ["requests"], ["bytes in all"]], trace.sizes.map((s) => [label(s), count(s.count), bytes(s.bytes)]))));
	}

	function drain(trace) {
		const results = trace.results.filter((r) => r.drain && r.drain.length);
		if (!results.length) return null;
		const when = (m) => m.after_seconds === 0 ? "at once" : `${m.after_seconds} s`;
		const cell = (d) => el("span", {}, bytes(d.resident), el("br"), el("span", { class: "soft", text: bytes(d.held) }));
		return card("After the end", "What is resident, and below it what is held, once every block was freed (for a heap: its request ended), with the process asleep.",
			table([["contender", "text"], ...results[0].drain.map((m) => [when(m)])],
				results.map((r) => [nameCell(r.name), ...r.drain.map(cell)]), "measures"));
	}

	function explanations(trace) {
		return (trace.explanations || []).map((e) => card(`Why ${e.b} differs from ${e.a}`, null,
			el("ul", {}, ...e.sentences.map((s) => el("li", { text: s }))),
			e.costs && e.costs.length ? table([["operation", "text"], ["sizes"], ["count"], [`${e.a}, ns`], [`${e.b}, ns`], ["difference"], ["share"]],
				e.costs.slice(0, 10).map((c) => [c.kind, `${bytes(c.from)} – ${bytes(c.to)}`, count(c.count), number(c.a_ns, 1), number(c.b_ns, 1),
					Plots.time(c.difference_ns), share(c.share)])) : null));
	}
	// }}}

	// {{{ The page

	function fact(name, text) {
		return el("li", {}, el("b", { text }), ` ${name}`);
	}

	function show(trace) {
		const main = document.getElementById("main");
		later.length = 0;
		const plots = [...curves(trace), ...ledger(trace), ...maps(trace), overRun(trace), unusable(trace), sizes(trace), drain(trace), ...pins(trace)];
		main.replaceChildren(
			el("ul", { class: "facts" }, el("li", {}, "trace ", el("b", { text: trace.trace.split("/").pop() })),
				fact("operations", count(trace.operations)), fact(trace.requests === 1 ? "request" : "requests", count(trace.requests)),
				fact("alive at most", bytes(trace.peak_live))),
			...[times(trace), memory(trace)].filter(Boolean), ...explanations(trace),
			el("div", { class: "grid" }, ...plots.filter(Boolean)),
			...[measures(trace), latency(trace)].filter(Boolean));
		later.forEach((draw) => draw());
		document.documentElement.dataset.drawn = trace.trace;
	}

	function head() {
		const names = present.map((c) => c.name).join(", ").replace(/, ([^,]*)$/, " and $1");
		const picks = el("div", { class: "picks" });
		D.traces.forEach((trace, i) => {
			const button = el("button", { "aria-pressed": i === 0, text: trace.trace.split("/").pop().replace(/\.(trace|zmt|txt)(\.zst)?$/, "") });
			button.addEventListener("click", () => {
				picks.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", b === button));
				show(trace);
			});
			picks.append(button);
		});
		document.getElementById("head").append(el("h1", { text: "Allocators on the same trace" }),
			el("p", { class: "lead", text: `${names}: what each costs in time, memory and fragmentation.` }),
			D.traces.length > 1 ? picks : "");
		document.title = `${D.traces.map((t) => t.trace.split("/").pop()).join(", ")}: allocators compared`;
	}

	function foot() {
		const m = D.machine || {}, b = D.build || {};
		const rows = [["command", el("code", { text: D.command })], ["date", D.date], ["seed", String(D.seed)],
			["machine", `${m.processor || ""}, ${m.processors || "?"} processors, ${bytes(m.memory)}, load ${number(m.load)} at the start`],
			["system", `${m.system || ""}, ${m.libc || ""}`], ["built with", `${b.compiler || ""}, ${b.configuration || ""}`], ["zmm", D.zmm]];
		for (const c of present) if (c.library) rows.push([c.name, el("code", { text: c.library })]);
		document.getElementById("foot").append(card("How this was made", null, table([["", "text"], ["", "text"]], rows),
			folded("Raw samples", el("div", {}, ...D.traces.flatMap((t) => t.results.filter((r) => r.samples).map((r) => folded(`${t.trace.split("/").pop()}: ${r.name}`,
				table([["block"], ["position"], ["ns/op"], ["wall ns/op"]], r.samples.block.map((block, i) =>
					[count(block), count(r.samples.position[i]), number(r.samples.ns[i], 3), number(r.samples.wall_ns[i], 3)]))))))) ));
	}

	head();
	show(D.traces[0]);
	foot();
	// }}}
})();
