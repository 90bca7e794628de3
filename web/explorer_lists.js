/* SPDX-License-Identifier: MIT */
/*
 * The lists of a heap: cache stacks, queues with their bitmap, tries as trees, the rest list, bins.
 */
'use strict';

const MOST_CHIPS = 14, MOST_SLOTS = 7;   /* of a list, of a bin */

function chip(heap, member, hot) {
	const spot = spotText(member[0], member[1]);
	const button = document.createElement('span');

	button.className = 'chip' + (hot.has(spot) ? ' hot' : '');
	button.textContent = spot;
	button.title = member[2] + ' bytes';
	button.dataset.spot = spot;
	return button;
}

function row(heap, title, element, index, members, hot, what) {
	const line = document.createElement('div');
	const name = document.createElement('span');

	line.className = members.length > 1 || what ? 'stack' : 'stack short';
	line.dataset.list = `${element}:${index}`;
	name.textContent = title;
	name.dataset.element = element;
	line.append(name);
	const most = element === 'bin' ? MOST_SLOTS : MOST_CHIPS;

	for (const member of members.slice(0, most)) {
		const one = chip(heap, member, hot);

		if (what) {
			one.textContent = what(member);
		}
		line.append(one);
	}
	if (members.length > most) {
		line.append(`and ${members.length - most} more`);
	}
	return line;
}

/* The bits of a bitmap: what is set, and what the operation asked for. test: the step that did. */
function bits(element, list, set, test, text) {
	const line = document.createElement('div');

	line.className = 'bits';
	line.dataset.element = element;
	for (let bit = 0; bit < 64; bit++) {
		const one = document.createElement('i');

		one.textContent = bit % 8 === 0 ? bit : '';
		one.title = text(bit);
		one.className = (set(bit) ? 'set' : '') + (test && bit >= test[4] ? ' asked' : '');
		one.dataset.bit = `${list}:${bit}`;
		line.append(one);
	}
	return line;
}

const stepOf = (heap, kind) => heap.scene.s.find((step) => step[0] === KIND[kind]);

/* The small bitmap: a bit for each of the 64 buckets. */
function bitmap(heap) {
	return bits('bucket', 'bucket', (bucket) => heap.list(LIST.bucket, bucket).length,
		stepOf(heap, 'bitmap test'), (bucket) => `bucket ${bucket}: blocks of ${8 * bucket + 32} bytes`);
}

/* The large bitmap: a bit for each tree. */
function treeBitmap(heap) {
	return bits('tree', 'tree', (tree) => heap.list(LIST.tree, tree).length, stepOf(heap, 'trees'),
		(tree) => `tree ${tree}: blocks of 2^${tree} bytes and more`);
}

/* --- trees ----------------------------------------------------------------------------------- */

/* The nodes of a tree from its members in preorder: { member, depth, link, ring, children }. */
function treeOf(members) {
	const nodes = [];
	const path = [];

	for (const member of members) {
		if (member[4] === 2) {
			nodes[nodes.length - 1].ring.push(member);
			continue;
		}
		const node = { member, depth: member[3], link: member[4], ring: [], children: [null, null] };

		if (node.depth > 0) {
			path[node.depth - 1].children[node.link] = node;
			node.parent = path[node.depth - 1];
		}
		path[node.depth] = node;
		nodes.push(node);
	}
	return nodes;
}

/* Gives each node its column: what is below child 0 is to the left. */
function layOut(node, column) {
	if (!node) {
		return column;
	}
	column = layOut(node.children[0], column);
	node.column = column++;
	return layOut(node.children[1], column);
}

const NODE = { width: 74, height: 22, step: 80, drop: 46 };

function svg(name, attributes, text) {
	const element = document.createElementNS('http://www.w3.org/2000/svg', name);

	for (const key of Object.keys(attributes)) {
		element.setAttribute(key, attributes[key]);
	}
	if (text !== undefined) {
		element.textContent = text;
	}
	return element;
}

function nodePlace(node) {
	return [4 + node.column * NODE.step, 4 + node.depth * NODE.drop];
}

function drawNode(picture, node, hot, turns) {
	const [x, y] = nodePlace(node);
	const spots = [node.member, ...node.ring].map((m) => spotText(m[0], m[1]));
	const group = svg('g', { class: 'node' + (spots.some((spot) => hot.has(spot)) ? ' hot' : '') });

	if (node.parent) {
		const [px, py] = nodePlace(node.parent);
		const parent = spotText(node.parent.member[0], node.parent.member[1]);
		const turned = turns.get(parent) === node.link;
		const edge = `${parent}:${node.link}`;

		picture.append(svg('path', { class: turned ? 'hot-edge' : 'edge', 'data-edge': edge, d: `M${px + NODE.width / 2} ` +
			`${py + NODE.height} C${px + NODE.width / 2} ${y - 6} ${x + NODE.width / 2} ${py + NODE.height + 6} ` +
			`${x + NODE.width / 2} ${y}` }));
		picture.append(svg('text', { class: turned ? 'hot-turn' : 'turn', 'data-edge': edge, x: (px + x + NODE.width) / 2 + 4,
			y: y - 10 }, String(node.link)));
	}
	group.dataset.spot = spots[0];
	group.append(svg('rect', { x, y, width: NODE.width, height: NODE.height, rx: 5 }));
	group.append(svg('text', { x: x + NODE.width / 2, y: y + 15, 'text-anchor': 'middle' },
		node.member[2] + (node.ring.length ? ' ×' + (node.ring.length + 1) : '')));
	group.append(svg('title', {}, `${node.member[2]} bytes at ${spots.join(', ')}`));
	picture.append(group);
}

/* A tree as a picture. hot: places to be marked; turns: place of a node -> child that was taken. */
function drawTree(members, caption, hot, turns, searched) {
	const figure = document.createElement('figure');
	const head = document.createElement('figcaption');
	const nodes = treeOf(members);
	const columns = layOut(nodes[0], 0);
	const depth = Math.max(...nodes.map((node) => node.depth));
	const width = columns * NODE.step + 4, height = depth * NODE.drop + NODE.height + 8;
	const picture = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img' });

	figure.className = searched ? 'searched' : '';
	head.textContent = caption;
	head.dataset.element = 'tree';
	nodes.forEach((node) => drawNode(picture, node, hot, turns));
	figure.append(head, picture);
	return figure;
}

/* The trees that the operation searched, as they were before it. */
function searchedTrees(heap) {
	const looked = new Set([KIND.node, KIND.turn, KIND['exact fit'], KIND['beside the path']]);
	const hot = new Set(), turns = new Map(), trees = new Set();

	for (const step of heap.scene.s.filter((one) => looked.has(one[0]))) {
		hot.add(spotText(step[1], step[2]));
		if (step[0] === KIND.turn) {
			turns.set(spotText(step[1], step[2]), Number(step[4]));
		} else {
			trees.add(Number(step[4]));
		}
	}
	return [...trees].map((tree) => [tree, heap.was('l' + LIST.tree + ':' + tree)])
		.filter(([, members]) => members.length)
		.map(([tree, members]) => drawTree(members, `tree ${tree}, searched, before the operation`, hot,
			turns, true));
}

/* --- all of them ----------------------------------------------------------------------------- */

function section(title, ...content) {
	const head = document.createElement('h3');
	const box = document.createElement('div');

	head.textContent = title;
	box.className = 'lists';
	box.append(...content);
	return [head, box];
}

function emptyNote() {
	const note = document.createElement('p');

	note.className = 'empty';
	note.textContent = 'empty';
	return note;
}

/* What was drawn of a list, as long as it is the same and nothing in it is marked; otherwise made. */
function keepDrawn(heap, list, index, members, hot, make) {
	const key = `l${list}:${index}`, version = heap.versions.get(key);
	const marked = members.some((member) => hot.has(spotText(member[0], member[1])));
	const kept = heap.drawn.get(key);

	if (kept && !marked && !kept.marked && kept.version === version) {
		return kept.element;
	}
	const element = make();

	heap.drawn.set(key, { version, marked, element });
	return element;
}

function rowsOf(heap, lists, list, hot, title) {
	const rows = lists.filter((one) => one[0] === list).map(([, index, members]) =>
		keepDrawn(heap, list, index, members, hot, () => row(heap, title(index, members), DATA.lists[list], index,
			members, hot)));

	return rows.length ? rows : [emptyNote()];
}

function legacyLists(heap, lists, hot) {
	const trees = document.createElement('div');
	const rest = lists.filter((one) => one[0] === LIST.rest).map(([, , members]) =>
		row(heap, 'the oldest first', 'rest list', 0, members, hot, (m) => `${m[2]} at ${spotText(m[0], m[1])}`));
	const sizes = (name) => (index, members) => `${name} ${index} · ${members[0][2]} B`;

	trees.className = 'trees';
	trees.append(...searchedTrees(heap));
	for (const [, index, members] of lists.filter((one) => one[0] === LIST.tree)) {
		trees.append(keepDrawn(heap, LIST.tree, index, members, hot, () => drawTree(members,
			`tree ${index}: ${bytesText(2 ** index)} and more`, hot, new Map(), false)));
	}
	const small = [...section('Cache stacks, the newest first',
		...rowsOf(heap, lists, LIST.cache, hot, sizes('stack'))),
	...section('Buckets, the oldest first', bitmap(heap),
		...rowsOf(heap, lists, LIST.bucket, hot, sizes('bucket')))];
	const large = [...section('Trees of large free blocks', treeBitmap(heap), trees.children.length ? trees : emptyNote()),
		...section('Rest list', ...(rest.length ? rest : [emptyNote()]))];

	/* First what the operation has to do with. */
	return heap.scene.s.some((step) => /trees|new node|rest/.test(DATA.kinds[step[0]][0]))
		? [...large, ...small] : [...small, ...large];
}

/* Where the block begins that a place is in: some steps name its data. */
function blockSpot(heap, region, offset) {
	const found = heap.blockAt(region, offset);

	return found && found[0][1] !== 5 ? spotText(region, found[1]) : spotText(region, offset);
}

function drawLists(heap, element) {
	const hot = new Set(heap.scene.s.map((step) => blockSpot(heap, step[1], step[2])));
	const lists = heap.members();

	element.querySelectorAll('.now').forEach((one) => one.classList.remove('now'));
	element.replaceChildren(...(heap.mode === 'legacy' ? legacyLists(heap, lists, hot)
		: section('Free slots of bins, the next one first', ...rowsOf(heap, lists, LIST.bin, hot,
			(index, members) => `bin ${index} · ${members[0][2]} B · ${members.length}`))));
}
