/* SPDX-License-Identifier: MIT */
/*
 * A chunk as its 512 pages, 64 to a row as the bitmap has 64 bits to a word, with the ranges that a
 * search looked at.
 */
'use strict';

const PAGE = 4096, PAGES_IN_ROW = 64;

/* What each page of a chunk belongs to: blocks by page. A page of slots has the first of them. */
function pagesOf(blocks, size) {
	const pages = new Array(Math.floor(size / PAGE));
	let at = 0;

	for (const block of blocks) {
		for (let page = Math.ceil(at / PAGE); page * PAGE < at + block[0]; page++) {
			pages[page] = block;
		}
		at += block[0];
	}
	return pages;
}

/* The ranges that the operation's search met in a chunk: [first page, pages, kind's name]. */
function searchedRanges(heap, region) {
	const kinds = new Set(['free range', 'best range', 'exact range', 'tail', 'pages taken', 'pages back']);

	return heap.scene.s.filter((step) => step[1] === region && kinds.has(DATA.kinds[step[0]][0]))
		.map((step) => [step[2] / PAGE, DATA.kinds[step[0]][0] === 'best range' ||
			DATA.kinds[step[0]][0] === 'tail' ? step[4] : step[3], DATA.kinds[step[0]][0]]);
}

/* A line around pages, which may go over several rows. */
function outline(context, [first, count], cell, pitch) {
	for (let page = first; page < first + count;) {
		const row = Math.floor(page / PAGES_IN_ROW);
		const end = Math.min(first + count, (row + 1) * PAGES_IN_ROW);

		context.strokeRect((page % PAGES_IN_ROW) * cell + 0.5, row * pitch + 0.5, (end - page) * cell - 1.5,
			pitch - 3);
		page = end;
	}
}

function pageText(region, page, block) {
	const bin = block[2] === LIST.bin || block[1] === 7;
	const what = block[1] === 0 ? 'the chunk\'s header' : block[1] === 6 ? 'free: its bit is 0'
		: bin ? `a run of bin ${block[3]}, slots of ${block[0]} bytes` : 'in use: its bit is 1';

	return `page ${page} of chunk ${region}: ${what}`;
}

class PageMap {
	constructor(heap, element) {
		this.heap = heap;
		this.element = element;
		element.innerHTML = '<h3 data-element="bitmap"></h3><canvas class="pages"></canvas>';
		this.title = element.firstChild;
		this.canvas = element.lastChild;
		this.canvas.addEventListener('pointermove', (event) => this.hover(event));
		this.canvas.addEventListener('pointerleave', () => showTip(null));
	}

	hover(event) {
		const page = Math.floor(event.offsetX / this.canvas.clientWidth * PAGES_IN_ROW) +
			PAGES_IN_ROW * Math.floor(event.offsetY / this.canvas.clientHeight * 8);
		const block = this.pages && this.pages[page];

		showTip(block && pageText(this.region, page, block), event);
	}

	/* Shows a region if it is a chunk. chosen: a step whose pages are to be marked, or nothing. */
	draw(region, chosen) {
		const is = this.heap.order.find((one) => one[0] === region);

		this.region = region;
		this.element.hidden = !is || DATA.regions[is[1]] !== 'chunk';
		if (this.element.hidden) {
			return;
		}
		this.pages = pagesOf(this.heap.blocks(region), is[2]);
		this.title.textContent = `Pages of chunk ${region}, 64 to a word of the bitmap`;
		this.paint(chosen);
	}

	paint(chosen) {
		const [context, width, height] = prepare(this.canvas);
		const colour = colours();
		const cell = width / PAGES_IN_ROW, pitch = height / 8;

		this.pages.forEach((block, page) => {
			context.fillStyle = colour(STATE_COLOURS[block[1]]);
			context.fillRect((page % PAGES_IN_ROW) * cell, Math.floor(page / PAGES_IN_ROW) * pitch, cell - 1,
				pitch - 2);
			if (block[2] === LIST.bin) {   /* a bin's page is in use even where its first slot is free */
				context.fillStyle = colour('used');
				context.fillRect((page % PAGES_IN_ROW) * cell,
					Math.floor(page / PAGES_IN_ROW) * pitch + (pitch - 2) * 0.6, cell - 1, (pitch - 2) * 0.4);
			}
		});
		context.lineWidth = 1.5;
		for (const range of searchedRanges(this.heap, this.region)) {
			context.strokeStyle = colour(range[2] === 'free range' ? 'soft' : 'hot');
			outline(context, range, cell, pitch);
		}
		if (chosen && chosen[1] === this.region && chosen[2] % PAGE === 0) {
			const range = searchedRanges(this.heap, this.region).find((one) => one[0] === chosen[2] / PAGE);

			context.lineWidth = 3;
			context.strokeStyle = colour('accent');
			outline(context, range || [chosen[2] / PAGE, 1], cell, pitch);
		}
	}
}
