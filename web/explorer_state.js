/* SPDX-License-Identifier: MIT */
/*
 * The state of a heap at an operation, put together from the changes that the page's data holds
 * (tools/explore_json.h). Going on applies a scene's changes and notes how to take them back.
 */
'use strict';

const DATA = JSON.parse(document.getElementById('data').textContent);
const LIST = { none: 0, cache: 1, bucket: 2, tree: 3, rest: 4, bin: 5 };
const KIND = Object.fromEntries(DATA.kinds.map((kind, number) => [kind[0], number]));

/* --- the data as it was meant: numbers of earlier items are these items again ----------------- */

/* A block as [size, state, list, index, operation, requested, word, …]; a word is
 * [name's number, offset, value] or [name's number, offset, region, offset there]. */
function expandBlock(flat) {
	const block = flat.slice(0, 6);
	let at = 7;

	for (const [name, offset, link] of DATA.shapes[flat[6]]) {
		if (!link) {
			block.push([name, offset, flat[at++]]);
			continue;
		}
		const [region, value] = [flat[at++], flat[at++]];

		block.push(region < 0 ? [name, offset, value] : [name, offset, region, value]);
	}
	return block;
}

function padded(item, length) {
	while (item.length < length) {
		item.push(0);
	}
	return item;
}

function expandItem(letter, item) {
	return letter === 'r' ? expandBlock(item) : padded(item, 5);
}

function expandScenes(scenes) {
	const seen = [];
	const known = (item, expand) => {
		if (typeof item !== 'number') {
			seen.push(expand(item));
			return seen[seen.length - 1];
		}
		return seen[item];
	};

	for (const scene of scenes) {
		scene.s = scene.s.map((step) => known(step, (item) => padded(item, 5)));
		scene.c = (scene.c || []).map(([key, at, removed, ...items]) =>
			[key, at, removed, ...items.map((item) => known(item, (one) => expandItem(key[0], one)))]);
	}
	return scenes;
}

/* Columns of differences to rows of figures. */
function expandFigures(columns) {
	const sums = columns.map(() => 0);

	return columns[0].map((none, scene) => columns.map((column, i) => sums[i] += column[scene]));
}

/* --- a heap ---------------------------------------------------------------------------------- */

class Heap {
	constructor(data) {
		this.mode = data.mode;
		this.title = data.title;
		this.scenes = expandScenes(data.scenes);
		this.figures = expandFigures(data.figures);
		this.things = new Map();    /* key -> items: "o", "r" and region, "l", list, ":", index */
		this.before = new Map();    /* those that the last operation changed, as they were */
		this.versions = new Map();  /* a thing's number of changes, for who keeps pictures of it */
		this.drawn = new Map();     /* such pictures, by thing */
		this.undo = [];
		this.at = -1;
		this.go(0);
	}

	forward(keep) {
		const undo = [];

		for (const [key, at, removed, ...items] of this.scenes[this.at + 1].c) {
			const array = this.things.get(key) || [];

			this.things.set(key, array);
			if (keep && !this.before.has(key)) {
				this.before.set(key, array.slice());
			}
			undo.push([key, at, items.length, array.splice(at, removed, ...items)]);
			this.changed(key);
		}
		this.undo.push(undo);
		this.at++;
	}

	backward() {
		for (const [key, at, count, items] of this.undo.pop().reverse()) {
			this.things.get(key).splice(at, count, ...items);
			this.changed(key);
		}
		this.at--;
	}

	changed(key) {
		this.versions.set(key, (this.versions.get(key) || 0) + 1);
	}

	/* To a scene; what its operation changes is kept as it was before it. */
	go(to) {
		if (to === this.at) {
			return;
		}
		while (this.at >= to) {
			this.backward();
		}
		this.before = new Map();
		while (this.at < to) {
			this.forward(this.at + 1 === to);
		}
	}

	get scene() {
		return this.scenes[this.at];
	}

	get now() {
		return this.figures[this.at];
	}

	/* [number, kind, size] of the regions. */
	get order() {
		return this.things.get('o') || [];
	}

	blocks(region) {
		return this.things.get('r' + region) || [];
	}

	list(list, index) {
		return this.things.get('l' + list + ':' + index) || [];
	}

	/* A thing as it was before the operation. */
	was(key) {
		return this.before.get(key) || this.things.get(key) || [];
	}

	/* Lists that have members, in the heap's order: [list, index, members]. */
	members() {
		return [...this.things].filter(([key, members]) => key[0] === 'l' && members.length)
			.map(([key, members]) => [...key.slice(1).split(':').map(Number), members])
			.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
	}

	/* The block that a place is in: [block, its offset, its index]. */
	blockAt(region, offset) {
		return blockIn(this.blocks(region), offset);
	}

	/* The same before the operation. */
	blockBefore(region, offset) {
		return blockIn(this.was('r' + region), offset);
	}
}

function blockIn(blocks, offset) {
	let at = 0, index = 0;

	for (const block of blocks) {
		if (offset < at + block[0]) {
			return [block, at, index];
		}
		at += block[0];
		index++;
	}
	return null;
}

const spotText = (region, offset) => region < 0 ? 'none' : region + '+' + offset;

/* A sentence with what stands in it: {at}, {size}, {n}, {bits}. */
function fillIn(sentence, [, region, offset, size, number]) {
	return sentence.replace(/\{(at|size|n|bits)\}/g, (all, name) =>
		name === 'at' ? spotText(region, offset) : name === 'size' ? size
			: name === 'bits' ? BigInt(size).toString(2) : number);
}

function operationText(scene) {
	const [form, size, origin] = padded(DATA.operations[scene].slice(), 3);

	return fillIn(DATA.forms[form], [0, 0, 0, size, origin]);
}

/* The heap as zmm map --blocks prints it. */
function mapText(heap, operation) {
	const lines = [heap.mode + ' heap after operation ' + operation];
	const seen = new Set();

	for (const [number, kind, size] of heap.order) {
		const blocks = heap.blocks(number);
		let at = 0;

		lines.push(`${DATA.regions[kind]} ${number}: ${size} bytes, parts: ${blocks.length}`);
		for (const block of blocks) {
			let line = `block ${number} ${at} ${block[0]} ${DATA.states[block[1]]}`;

			line += block[2] ? ` ${DATA.lists[block[2]]} ${block[3]}` : '';
			line += block[4] ? ` operation ${block[4]} requested ${block[5]}` : '';
			lines.push(line);
			seen.add(block[1]);
			at += block[0];
		}
	}
	lines.push('legend:' + MAP_LETTERS.map((letter, state) =>
		seen.has(state) ? '  ' + letter : '').join(''));
	lines.push(...listLines(heap));
	return lines.concat(figuresLine(heap)).join('\n') + '\n';
}

const MAP_LETTERS = ['h header', 'g guard', '# used', 'R reserve', 'c cached', '. free',
	'_ free pages', 't tail of a run', "o the heap's own"];

function listLines(heap) {
	const lists = heap.members();

	return [lists.length ? 'lists:' : 'lists: all empty'].concat(...lists.map(listText));
}

function listText([list, index, members]) {
	const spots = members.map((m) => spotText(m[0], m[1]));

	if (list === LIST.rest) {
		return ['  rest list, the oldest first:' +
			members.map((m, i) => ` ${m[2]} at ${spots[i]}`).join('')];
	}
	if (list === LIST.tree) {
		return [`  tree ${index}: ${members.length} block${members.length === 1 ? '' : 's'}`,
			...members.map((m, i) => ' '.repeat(4 + 2 * m[3] + (m[4] === 2 ? 2 : 0)) +
				`${['root', '0:', '1:', '='][m[4] + 1]} ${m[2]} at ${spots[i]}`)];
	}
	return [`  ${DATA.lists[list]} ${index} (${members[0][2]} bytes each): ` +
		spots.slice(0, 12).join(' ') + (spots.length > 12 ? ` and ${spots.length - 12} more` : '')];
}

function figuresLine(heap) {
	const f = heap.now;

	return `figures: real size ${f[0]} (peak ${f[1]}), size ${f[2]} (peak ${f[3]}), cached ${f[4]}; ` +
		`live ${f[5]} bytes in ${f[6]} block${f[6] === 1 ? '' : 's'}`;
}
