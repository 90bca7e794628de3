// SPDX-License-Identifier: MIT
//
// Plots for zmm's pages: line and stacked plots by uPlot, bars and address maps by hand. Each
// takes the element to draw in, and redraws itself where the page's width or colours change.

"use strict";

const Plots = (() => {
	const drawn = [];

	const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

	// Text for a number of bytes: 1.25 MiB; exact() adds the bytes themselves.
	function bytes(n) {
		if (n === null || n === undefined) return "–";
		const units = ["B", "KiB", "MiB", "GiB", "TiB"];
		let value = Math.abs(n), unit = 0;
		while (value >= 1024 && unit < 4) { value /= 1024; unit++; }
		const digits = unit === 0 ? 0 : value >= 100 ? 0 : value >= 10 ? 1 : 2;
		return (n < 0 ? "−" : "") + value.toFixed(digits) + " " + units[unit];
	}

	function count(n) {
		return n === null || n === undefined ? "–" : Math.round(n).toLocaleString("en-US");
	}

	function number(n, digits = 2) {
		return n === null || n === undefined ? "–" : n.toFixed(digits);
	}

	// Three digits and a unit.
	function time(ns) {
		if (ns === null || ns === undefined) return "–";
		const units = ["ns", "µs", "ms", "s"];
		let value = Math.abs(ns), unit = 0;
		while (value >= 999.5 && unit < 3) { value /= 1000; unit++; }
		return (ns < 0 ? "−" : "") + value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + " " + units[unit];
	}

	function share(n) {
		return n === null || n === undefined ? "–" : (100 * n).toFixed(1) + " %";
	}

	// Bytes want ticks at powers of two.
	function byteSplits(u, axis, min, max) {
		const steps = [];
		let step = Math.pow(2, Math.max(0, Math.ceil(Math.log2(Math.max(max - min, 1) / 6))));
		for (let v = Math.ceil(min / step) * step; v <= max; v += step) steps.push(v);
		return steps;
	}

	function register(element, draw) {
		drawn.push({ element, draw, width: 0 });
		redrawOne(drawn[drawn.length - 1]);
	}

	function redrawOne(entry) {
		const width = entry.element.clientWidth;
		if (width === 0) return;
		entry.width = width;
		entry.element.replaceChildren();
		entry.draw(entry.element, width);
	}

	function redraw() {
		drawn.forEach(redrawOne);
	}

	let timer = 0;
	addEventListener("resize", () => {
		clearTimeout(timer);
		timer = setTimeout(() => drawn.forEach((e) => {
			if (e.element.clientWidth !== e.width) redrawOne(e);
		}), 120);
	});
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
	addEventListener("toggle", redraw, true);

	function axes(xText, yText, xLog) {
		const look = { stroke: css("--soft"), grid: { stroke: css("--line"), width: 1 },
			ticks: { stroke: css("--line"), width: 1 }, font: "12px system-ui, sans-serif" };
		return [
			{ ...look, space: 70, values: (u, v) => v.map((x) => x === null ? "" : xText(x)) },
			{ ...look, size: 74, values: (u, v) => v.map((y) => y === null ? "" : yText(y)) },
		];
	}

	// What the legend says; nothing while nothing is pointed at.
	const told = (text) => (u, v, s, i) => i === null || i === undefined ? "" : v === null || v === undefined ? "–" : text(v);
	const legend = { markers: { width: 0, fill: (u, i) => u.series[i].colour, stroke: (u, i) => u.series[i].colour } };

	// A finger on the plot moves the cursor as a pointer does; scrolling goes on.
	function touch(u) {
		const move = (event) => {
			const box = u.over.getBoundingClientRect(), at = event.touches[0];
			u.setCursor({ left: at.clientX - box.left, top: at.clientY - box.top });
		};
		u.over.addEventListener("touchstart", move, { passive: true });
		u.over.addEventListener("touchmove", move, { passive: true });
	}

	// Whether curves are so far apart that a linear scale would flatten some.
	function farApart(series) {
		const peaks = series.map((s) => Math.max(...s.values.map((v) => v || 0))).filter((v) => v > 0);
		return peaks.length > 1 && Math.max(...peaks) > 8 * Math.min(...peaks);
	}

	// Of a logarithmic scale of bytes: what is less than a 200th of the most is out of sight.
	const byteRange = (u, min, max) => [Math.pow(2, Math.floor(Math.log2(Math.max(min, max / 200)))),
		Math.pow(2, Math.ceil(Math.log2(max)))];

	// Buttons that choose the scale; the choice outlives redrawing.
	function scaleButtons(root, state) {
		const bar = document.createElement("div");
		bar.className = "scales";
		for (const [text, log] of [["linear", false], ["logarithmic", true]]) {
			const button = document.createElement("button");
			button.type = "button";
			button.textContent = text;
			button.setAttribute("aria-pressed", state.log === log);
			button.addEventListener("click", () => { state.log = log; redraw(); });
			bar.append(button);
		}
		root.append(bar);
	}

	// A line plot. x: numbers; lines: [{label, colour (custom property), values, dash, fill}].
	// options: xText, yText, bytes (y is bytes), xLog, yLog, top (y ends there), steps, scales (the
	// reader chooses y's scale).
	function lines(element, x, series, options = {}) {
		const state = { log: options.scales ? farApart(series) : !!options.yLog };
		register(element, (root, width) => {
			const xText = options.xText || count, yText = options.yText || bytes, yLog = state.log;
			const look = axes(xText, yText);
			if (options.scales) scaleButtons(root, state);
			if (options.bytes && !yLog) look[1].splits = byteSplits;
			const paths = options.steps ? uPlot.paths.stepped({ align: 1 }) : undefined;
			new uPlot({
				width, height: Math.max(220, Math.min(360, width * .5)),
				cursor: { drag: { x: true, y: false }, focus: { prox: 24 } },
				scales: {
					x: { time: false, distr: options.xLog ? 3 : 1, log: 2 },
					y: { distr: yLog ? 3 : 1, log: options.bytes ? 2 : 10,
						range: yLog ? (options.bytes ? byteRange : undefined) : (u, min, max) =>
							[0, options.top || Math.max(max, 1e-9) * 1.05] },
				},
				axes: look, legend, hooks: { ready: [touch] },
				series: [{ label: options.xLabel || "operation", value: told(xText) }]
					.concat(series.map((s) => ({
						label: s.label, colour: css(s.colour), stroke: css(s.colour), width: s.width || 2, dash: s.dash,
						fill: s.fill ? css(s.colour) + "33" : undefined, paths,
						points: { show: x.length < 3 }, spanGaps: true, value: told(yText),
					}))),
			}, [x].concat(series.map((s) => yLog ? s.values.map((v) => v > 0 ? v : null) : s.values)), root);
		});
	}

	// Stacked areas that sum to a whole. layers: [{label, colour, values}], the lowest first.
	function stacked(element, x, layers, options = {}) {
		register(element, (root, width) => {
			const sums = [];
			let below = x.map(() => 0);
			for (const layer of layers) {
				below = below.map((v, i) => v + (layer.values[i] || 0));
				sums.push(below);
			}
			const order = layers.map((l, i) => i).reverse();
			const look = axes(options.xText || count, bytes);
			look[1].splits = byteSplits;
			new uPlot({
				width, height: Math.max(240, Math.min(380, width * .55)),
				cursor: { drag: { x: true, y: false } },
				scales: { x: { time: false }, y: { range: (u, min, max) => [0, Math.max(options.top || max, 1) * 1.02] } },
				axes: look, legend, hooks: { ready: [touch] },
				bands: order.slice(0, -1).map((l, i) => ({ series: [i + 1, i + 2] })),
				series: [{ label: "operation", value: told(count) }]
					.concat(order.map((l) => ({
						label: layers[l].label, colour: layers[l].colour, stroke: layers[l].colour, width: .5,
						fill: layers[l].colour, points: { show: false },
						value: (u, v, s, i) => i === null || i === undefined ? "" : bytes(layers[l].values[i]),
					}))),
			}, [x].concat(order.map((l) => sums[l])), root);
		});
	}

	// Bars, one for each row: [{label, value, title}].
	function bars(element, rows, text) {
		register(element, (root) => {
			const most = Math.max(...rows.map((r) => r.value), 1e-9);
			const table = document.createElement("table");
			for (const row of rows) {
				const line = table.insertRow();
				line.title = row.title || "";
				line.insertCell().textContent = row.label;
				line.insertCell().textContent = text(row.value);
				const cell = line.insertCell();
				cell.style.width = "100%";
				const bar = document.createElement("div");
				bar.style.cssText = `height:.75rem;border-radius:.15rem;background:${css("--c1")};width:${100 * row.value / most}%`;
				cell.append(bar);
			}
			table.style.width = "100%";
			root.append(table);
		});
	}

	const mix = (a, b, t) => a.map((v, i) => Math.round(v + (b[i] - v) * t));
	function rgb(colour) {
		const c = document.createElement("canvas").getContext("2d");
		c.fillStyle = colour;
		const hex = c.fillStyle;
		return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
	}

	function mapKey(page, empty, full) {
		const key = document.createElement("div");
		key.className = "key";
		for (const [text, c] of [["not held", page], ["held, nothing in use", empty],
			["some in use", mix(empty, full, .4)], ["all in use", full]]) {
			const swatch = document.createElement("span");
			swatch.className = "swatch";
			swatch.style.background = `rgb(${c.join(",")})`;
			key.append(swatch, text);
		}
		return key;
	}

	// Addresses by time: a pixel for each cell; the readout says what is under the pointer.
	function map(element, data, colour) {
		register(element, (root) => {
			const columns = data.used.length, rows = data.rows;
			const canvas = document.createElement("canvas");
			const readout = document.createElement("div");
			canvas.className = "map";
			canvas.width = columns;
			canvas.height = rows;
			canvas.style.height = Math.max(140, Math.min(360, rows * 3)) + "px";
			readout.className = "readout";
			readout.textContent = `operations 0 to ${count(data.operations[columns - 1])}; point at a place to see what is there`;
			const context = canvas.getContext("2d"), image = context.createImageData(columns, rows);
			const page = rgb(css("--card")), empty = rgb(css("--bar")), full = rgb(css(colour));
			for (let x = 0; x < columns; x++) {
				for (let y = 0; y < rows; y++) {
					const mark = data.used[x][y] || ".";
					const c = mark === "." ? page : mark === "0" ? empty : mix(empty, full, .2 + .8 * mark / 9);
					image.data.set([...c, 255], 4 * ((rows - 1 - y) * columns + x));
				}
			}
			context.putImageData(image, 0, 0);
			canvas.addEventListener("pointermove", (event) => {
				const box = canvas.getBoundingClientRect();
				const x = Math.min(columns - 1, Math.floor((event.clientX - box.left) / box.width * columns));
				const y = rows - 1 - Math.min(rows - 1, Math.floor((event.clientY - box.top) / box.height * rows));
				const region = data.regions.filter((r) => r.row <= y && y < r.row + r.rows)[0];
				const mark = (data.used[x] || "")[y] || ".";
				readout.textContent = `operation ${count(data.operations[x])}, ` +
					(region ? `region ${region.region}, offset ${bytes((y - region.row) * data.cell)}: ` : "") +
					(mark === "." ? "not held" : mark === "0" ? "held, nothing in use" : `about ${mark}/9 in use`);
			});
			root.append(canvas, readout, mapKey(page, empty, full));
		});
	}

	return { bytes, count, number, time, share, lines, stacked, bars, map, redraw, css };
})();
