/* SPDX-License-Identifier: MIT */
/*
 * The memory of a heap as an address map: one bar for each region, and a closer look at a part of
 * one, which can be moved and zoomed down to the words of a header.
 */
'use strict';

const STATE_COLOURS = ['header', 'header', 'used', 'reserve', 'cached', 'free', 'free', 'tail', 'own'];
const INKS = { 5: 'on-free', 6: 'on-free', 7: 'on-free' };   /* of writing on a state */
const SMALLEST_VIEW = 48;   /* bytes across the closer look */
const BEFORE_HEIGHT = 26;   /* of the strip that shows how it was */

function colours() {
	const style = getComputedStyle(document.documentElement);

	return (name) => style.getPropertyValue('--' + name).trim();
}

/* A canvas as sharp as the screen: [context, width, height] in CSS pixels. */
function prepare(canvas) {
	const box = canvas.getBoundingClientRect();
	const scale = window.devicePixelRatio || 1;
	const width = Math.max(1, Math.round(box.width * scale));
	const height = Math.max(1, Math.round(box.height * scale));

	if (canvas.width !== width || canvas.height !== height) {
		canvas.width = width;
		canvas.height = height;
	}
	const context = canvas.getContext('2d');

	context.setTransform(scale, 0, 0, scale, 0, 0);
	context.clearRect(0, 0, box.width, box.height);
	return [context, box.width, box.height];
}

function bytesText(bytes) {
	if (bytes < 1024) {
		return bytes + ' B';
	}
	return bytes % 1048576 === 0 ? bytes / 1048576 + ' MiB'
		: bytes < 1048576 ? +(bytes / 1024).toFixed(1) + ' KiB' : +(bytes / 1048576).toFixed(2) + ' MiB';
}

class MemoryMap {
	/* choose is called with the (region, offset) that was clicked, drawn with the region whenever
	 * the map is drawn. */
	constructor(heap, element, choose, drawn) {
		this.heap = heap;
		this.choose = choose;
		this.drawn = drawn;
		this.region = -1;          /* number of the one looked at closely; none yet */
		this.view = [0, 1];        /* the bytes of it that are shown */
		this.follow = true;        /* the view goes to what happens */
		this.chosen = null;        /* [region, offset] */
		this.bars = new Map();
		element.innerHTML = '<div class="regions"></div><canvas class="detail" tabindex="0" ' +
			'aria-label="A part of the memory, magnified"></canvas><div class="zoom">' +
			'<button data-zoom="0.5" title="Magnify (+)">+</button>' +
			'<button data-zoom="2" title="Make smaller (-)">−</button>' +
			'<button data-zoom="all">whole</button>' +
			'<label><input type="checkbox" checked> follow</label><em></em><span></span></div>';
		this.list = element.querySelector('.regions');
		this.detail = element.querySelector('.detail');
		this.range = element.querySelector('.zoom span');
		this.label = element.querySelector('.zoom em');
		this.box = element.querySelector('input');
		this.listen(element);
	}

	listen(element) {
		let from = null, moved = false;

		element.querySelector('.zoom').addEventListener('click', (event) => {
			const factor = event.target.dataset.zoom;

			if (factor) {
				this.zoom(factor === 'all' ? Infinity : Number(factor), 0.5);
			}
		});
		this.box.addEventListener('change', () => {
			this.follow = this.box.checked;
			this.show();
		});
		this.detail.addEventListener('wheel', (event) => {
			event.preventDefault();
			this.zoom(event.deltaY > 0 ? 1.3 : 1 / 1.3, event.offsetX / this.detail.clientWidth);
		}, { passive: false });
		this.detail.addEventListener('pointerdown', (event) => {
			from = event.clientX;
			moved = false;
			this.detail.setPointerCapture(event.pointerId);
		});
		this.detail.addEventListener('pointermove', (event) => {
			if (from !== null && Math.abs(event.clientX - from) > 3) {
				this.move((from - event.clientX) / this.detail.clientWidth);
				from = event.clientX;
				moved = true;
			}
			this.hover(event);
		});
		this.detail.addEventListener('pointerup', (event) => {
			if (!moved) {
				this.choose(this.region, this.byteAt(event), true);
			}
			from = null;
		});
		this.detail.addEventListener('pointerleave', () => showTip(null));
		this.detail.addEventListener('keydown', (event) => {
			if (event.key === '+' || event.key === '-') {
				this.zoom(event.key === '+' ? 0.5 : 2, 0.5);
			}
		});
	}

	byteAt(event) {
		return Math.floor(this.view[0] +
			(this.view[1] - this.view[0]) * event.offsetX / this.detail.clientWidth);
	}

	hover(event) {
		const before = this.label.textContent && event.offsetY < BEFORE_HEIGHT;
		const found = before ? this.heap.blockBefore(this.region, this.byteAt(event))
			: this.heap.blockAt(this.region, this.byteAt(event));

		showTip(found && (before ? 'before: ' : '') + blockText(this.region, found), event);
	}

	sizeOf(number) {
		const region = this.heap.order.find((one) => one[0] === number);

		return region ? region[2] : 0;
	}

	zoom(factor, pivot) {
		const size = this.sizeOf(this.region);
		const width = Math.min(size, Math.max(SMALLEST_VIEW, (this.view[1] - this.view[0]) * factor));
		const centre = this.view[0] + (this.view[1] - this.view[0]) * pivot;

		this.setView(centre - width * pivot, width);
		this.draw();
	}

	move(share) {
		this.setView(this.view[0] + share * (this.view[1] - this.view[0]), this.view[1] - this.view[0]);
		this.draw();
	}

	setView(from, width) {
		const size = this.sizeOf(this.region);

		from = Math.max(0, Math.min(from, size - width));
		this.view = [from, Math.min(size, from + width)];
	}

	/* Looks at a place: with some of what is around it. */
	lookAt(region, offset) {
		const found = this.heap.blockAt(region, offset);

		if (!found) {
			return;
		}
		const [block, at] = found;
		const size = this.sizeOf(region);
		const width = Math.min(size, Math.max(480, block[0] < 20000 ? block[0] * 5 : block[0] * 1.2));

		this.region = region;
		this.setView(at + block[0] / 2 - width / 2, width);
	}

	/* After the heap has gone to another operation. */
	show() {
		const scene = this.heap.scene;
		const last = [...scene.s].reverse().find((step) => this.heap.blockAt(step[1], step[2]));
		const spot = scene.r || (last && [last[1], last[2]]);

		if (!this.heap.order.some((region) => region[0] === this.region)) {
			this.region = this.heap.order.length ? this.heap.order[0][0] : 0;
			this.setView(0, this.sizeOf(this.region));
		}
		if (this.follow && spot) {
			this.lookAt(spot[0], spot[1]);
		}
		this.hot = spot || null;
		this.arrange();
		this.draw();
	}

	/* The regions in order, those that the operation gave back at the end: [number, kind, size]. */
	regions() {
		const gone = this.heap.was('o').filter((old) => !this.sizeOf(old[0]));

		return [...this.heap.order, ...gone];
	}

	/* A bar for each region. */
	arrange() {
		const regions = this.regions();
		const before = new Set(this.heap.was('o').map((region) => region[0]));
		const arranged = regions.map((region) => [region, before.has(region[0])]).join(' ') +
			this.heap.order.length;

		if (this.arranged === arranged) {
			return;
		}
		this.arranged = arranged;
		for (const [number, bar] of this.bars) {
			if (!regions.some((region) => region[0] === number)) {
				bar.remove();
				this.bars.delete(number);
			}
		}
		for (const [number, kind, size] of regions) {
			const bar = this.bars.get(number) || this.makeBar(number);
			const gone = !this.sizeOf(number), fresh = !before.has(number);

			bar.classList.toggle('gone', gone);
			bar.classList.toggle('fresh', fresh);
			bar.dataset.element = DATA.regions[kind];
			bar.firstChild.innerHTML = `${DATA.regions[kind]} ${number}<small>` +
				`${gone ? 'given back' : fresh ? 'new, ' + bytesText(size) : bytesText(size)}</small>`;
			this.list.append(bar);
		}
	}

	makeBar(number) {
		const bar = document.createElement('div');

		bar.className = 'region';
		bar.innerHTML = '<button></button><canvas class="over"></canvas>';
		bar.addEventListener('click', (event) => this.pick(number, event, bar));
		this.bars.set(number, bar);
		return bar;
	}

	pick(number, event, bar) {
		const size = this.sizeOf(number);
		const canvas = bar.lastChild;

		if (!size) {
			return;
		}

		const width = this.region === number ? this.view[1] - this.view[0] : Math.min(size, 16384);
		const centre = event.target === canvas ? size * event.offsetX / canvas.clientWidth : size / 2;

		this.region = number;
		this.setView(centre - width / 2, event.target === canvas ? width : size);
		this.draw();
	}

	draw() {
		const colour = colours();
		const look = [this.list.clientWidth, devicePixelRatio, colour('card')].join();

		for (const [number, , size] of this.regions()) {
			const bar = this.bars.get(number), current = number === this.region;
			const drawn = [look, this.heap.versions.get('r' + number), size, current && this.view].join();

			if (bar.dataset.drawn !== drawn) {   /* there can be hundreds of them */
				bar.dataset.drawn = drawn;
				bar.classList.toggle('current', current);
				this.drawBar(bar.lastChild, number, size, colour);
			}
		}
		this.drawDetail(colour);
		this.range.textContent = `${this.region}+${Math.floor(this.view[0])} … ` +
			`${this.region}+${Math.floor(this.view[1])} (${bytesText(Math.round(this.view[1] - this.view[0]))})`;
		this.drawn(this.region);
	}

	drawBar(canvas, number, size, colour) {
		const [context, width, height] = prepare(canvas);
		const blocks = this.sizeOf(number) ? this.heap.blocks(number) : this.heap.was('r' + number);
		let at = 0;

		for (const block of blocks) {
			context.fillStyle = colour(STATE_COLOURS[block[1]]);
			context.fillRect(at / size * width, 0, Math.max(block[0] / size * width, 0.2), height);
			at += block[0];
		}
		if (number === this.region) {
			const from = this.view[0] / size * width;

			context.strokeStyle = colour('hot');
			context.lineWidth = 2;
			context.strokeRect(Math.min(from + 1, width - 4), 1,
				Math.max(2, (this.view[1] - this.view[0]) / size * width - 2), height - 2);
		}
	}

	/* The view: how it was before the operation, if that changed anything here, above how it is. */
	drawDetail(colour) {
		const [context, width, height] = prepare(this.detail);
		const key = 'r' + this.region;
		const before = this.heap.before.has(key) && this.heap.at > 0 && this.heap.was(key);
		const band = { context, colour, scale: width / (this.view[1] - this.view[0]) };

		context.font = '11px ui-monospace, "DejaVu Sans Mono", monospace';
		context.textBaseline = 'middle';
		if (before) {
			this.drawBand({ ...band, top: 0, bottom: BEFORE_HEIGHT, old: true }, before);
		}
		this.drawBand({ ...band, top: before ? BEFORE_HEIGHT + 3 : 0, bottom: height - 16, old: false },
			this.heap.blocks(this.region));
		this.drawRuler(context, ...this.view, band.scale, height, colour);
		this.label.textContent = before ? (before.length ? 'above: before' : 'before: not there yet') : '';
	}

	drawBand(band, blocks) {
		const [from, to] = this.view;
		let at = 0;

		for (const block of blocks) {
			if (at + block[0] > from && at < to) {
				this.drawBlock(band, block, at, (at - from) * band.scale, block[0] * band.scale);
			}
			at += block[0];
		}
	}

	drawBlock(band, block, at, x, wide) {
		const { context, colour, top, bottom } = band;
		const left = Math.max(x, 0), right = Math.min(x + wide, this.detail.clientWidth);
		const is = (spot) => !band.old && spot && spot[0] === this.region && spot[1] >= at &&
			spot[1] < at + block[0];

		context.globalAlpha = band.old ? 0.6 : 1;
		context.fillStyle = colour(STATE_COLOURS[block[1]]);
		context.fillRect(x, top, wide, bottom - top);
		context.fillStyle = colour('card');
		context.fillRect(x + wide - Math.min(0.7, wide / 3), top, Math.min(0.7, wide / 3), bottom - top);
		context.globalAlpha = 1;
		if (!band.old) {
			this.drawWords(context, block, x, wide, top, bottom, colour);
		}
		if (right - left > 26) {
			const text = String(block[0]), state = DATA.states[block[1]];

			context.fillStyle = colour(INKS[block[1]] || 'on');
			clippedText(context, band.old ? `${text} ${state}` : text, left + 5, top + 10, right - left - 8);
			clippedText(context, band.old ? '' : state + (block[4] ? ' · op ' + block[4] : ''), left + 5,
				top + 25, right - left - 8);
		}
		if (is(this.chosen) || is(this.hot)) {
			context.strokeStyle = is(this.chosen) ? colour('accent') : colour('hot');
			context.lineWidth = 2.5;
			context.strokeRect(x + 1.2, top + 1.2, Math.max(1, wide - 2.4), bottom - top - 2.4);
		}
	}

	/* The words of the header where there is room for them. */
	drawWords(context, block, x, wide, top, bottom, colour) {
		const from = top + 36;

		for (const word of block.slice(6)) {
			const left = x + word[1] / block[0] * wide;
			const width = 8 / block[0] * wide;

			if (width < 9) {
				return;
			}
			context.strokeStyle = colour(INKS[block[1]] || 'on');
			context.lineWidth = 0.6;
			context.strokeRect(left + 0.5, from, width - 1, bottom - from - 3);
			context.fillStyle = colour(INKS[block[1]] || 'on');
			clippedText(context, DATA.words[word[0]], left + 3, from + 10, width - 5);
			clippedText(context, wordText(word), left + 3, from + 24, width - 5);
		}
	}

	drawRuler(context, from, to, scale, height, colour) {
		const step = 2 ** Math.max(3, Math.ceil(Math.log2((to - from) / (this.detail.clientWidth / 90))));

		context.fillStyle = colour('soft');
		for (let at = Math.ceil(from / step) * step; at < to; at += step) {
			context.fillRect((at - from) * scale, height - 16, 1, 4);
			context.fillText(String(at), (at - from) * scale + 3, height - 7);
		}
	}
}

function clippedText(context, text, x, y, width) {
	const most = Math.floor(width / 6.7);

	if (most >= 2) {
		context.fillText(text.length > most ? text.slice(0, most - 1) + '…' : text, x, y);
	}
}

/* A word's value: a place, an address outside the regions, a size with its type. */
function wordText(word) {
	if (word.length === 4) {
		return spotText(word[2], word[3]);
	}
	const name = DATA.words[word[0]];

	if (name === 'size and type' || name === 'of the block before') {
		return `${word[2] - word[2] % 4} | ${['free', 'used', '?', 'guard'][word[2] % 4]}`;
	}
	if (/size|pages|tail|number/.test(name)) {
		return String(word[2]);
	}
	return word[2] === 0 ? 'NULL' : 'in the heap';
}

/* A block in a sentence. */
function blockText(region, [block, at]) {
	const list = block[2] && block[1] !== 2 && block[1] !== 7 ? `, in ${DATA.lists[block[2]]}` +
		(block[2] === LIST.rest ? '' : ' ' + block[3]) : '';
	const owner = block[4] ? `, asked for by operation ${block[4]} (${block[5]} bytes)` : '';

	return `${spotText(region, at)}: ${block[0]} bytes, ${DATA.states[block[1]]}${list}${owner}`;
}
