/* SPDX-License-Identifier: MIT */
/*
 * The state of a heap at an operation, put together from the changes that the page's data holds
 * (tools/explore_json.h). Going on applies a scene's changes and notes how to take them back.
 */
'use strict';

const DATA = JSON.parse(document.getElementById('data').textContent);
const LIST = { none: 0, cache: 1, bucket: 2, tree: 3, rest: 4, bin: 5 };
const KIND = Object.fromEntries(DATA.kinds.map((kind, number) => [kind[0], number]));

class Heap {
	constructor(data) {
		this.mode = data.mode;
		this.scenes = data.scenes;
		this.blocks = new Map();    /* region's number -> blocks */
		this.lists = new Map();     /* "list:index" -> members */
		this.before = new Map();    /* lists as they were before the last operation */
		this.order = [];            /* [number, kind, size] of the regions */
		this.undo = [];
		this.at = -1;
		this.go(0);
	}

	change(changes, map, undo, keep) {
		for (const [key, at, removed, ...items] of changes || []) {
			const name = key.slice(1);
			let array = map.get(name);

			if (!array) {
				array = [];
				map.set(name, array);
			}
			if (keep) {
				this.before.set(name, array.slice());
			}
			undo.push([map, name, at, items.length, array.splice(at, removed, ...items)]);
		}
	}

	forward(keep) {
		const scene = this.scenes[this.at + 1];
		const undo = [];

		this.change(scene.b, this.blocks, undo, false);
		this.change(scene.l, this.lists, undo, keep);
		this.undo.push([undo, this.order]);
		this.order = scene.o || this.order;
		this.at++;
	}

	backward() {
		const [undo, order] = this.undo.pop();

		for (const [map, name, at, count, items] of undo.reverse()) {
			map.get(name).splice(at, count, ...items);
		}
		this.order = order;
		this.at--;
	}

	/* To a scene; the lists that its operation changes are kept as they were before it. */
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

	/* Lists that have members, in the heap's order: [list, index, members]. */
	members(map) {
		return [...map].filter(([, members]) => members.length)
			.map(([name, members]) => [...name.split(':').map(Number), members])
			.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
	}

	/* A list as it was before the operation. */
	listBefore(list, index) {
		const name = list + ':' + index;

		return this.before.get(name) || this.lists.get(name) || [];
	}

	/* The block that a place is in: [block, its offset, its index]. */
	blockAt(region, offset) {
		let at = 0, index = 0;

		for (const block of this.blocks.get(String(region)) || []) {
			if (offset < at + block[0]) {
				return [block, at, index];
			}
			at += block[0];
			index++;
		}
		return null;
	}
}


const spotText = (region, offset) => region < 0 ? '-' : region + '+' + offset;

/* The heap as zmm map --blocks prints it. */
function mapText(heap, operation) {
	const lines = [heap.mode + ' heap after operation ' + operation];
	const seen = new Set();

	for (const [number, kind, size] of heap.order) {
		const blocks = heap.blocks.get(String(number)) || [];
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
	const lists = heap.members(heap.lists);

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
	const f = heap.scene.f;

	return `figures: real size ${f[0]} (peak ${f[1]}), size ${f[2]} (peak ${f[3]}), cached ${f[4]}; ` +
		`live ${f[5]} bytes in ${f[6]} blocks`;
}
