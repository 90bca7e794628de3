/* SPDX-License-Identifier: MIT */
/*
 * The page: one card for each heap, the controls, and what explains. The parts of the address behind
 * # say where to begin: op=N, and via=A,B,… to go there by other operations; dump prints the heaps
 * as zmm map does.
 */
'use strict';

const at = { scene: 0, timer: null };
const cards = [];
let course = null;
const byId = (id) => document.getElementById(id);

function escape(text) {
	const span = document.createElement('span');

	span.textContent = text;
	return span.innerHTML;
}

/* --- explanations ---------------------------------------------------------------------------- */

/* "legacy.md#layout" as a link. */
function documentLink(place) {
	const [, name, part] = /^([^.]*)\.md(#.*)?$/.exec(place) || [];

	return name ? ` <a href="${escape(DATA.docs.replace('{}', name) + (part || ''))}">` +
		`${escape(name)}</a>` : '';
}

function explain(title, text, name) {
	byId('info').innerHTML = `<b>${escape(title)}</b> ${escape(text)}${documentLink(name)}`;
}

function explainElement(key) {
	const element = DATA.elements.find((one) => one[0] === key);

	if (element) {
		explain(element[1] + ':', element[2], element[3]);
	}
}

function showTip(text, event) {
	const tip = byId('tip');

	tip.hidden = !text;
	if (text) {
		tip.textContent = text;
		tip.style.left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8) + 'px';
		tip.style.top = Math.max(4, event.clientY - tip.offsetHeight - 12) + 'px';
	}
}

/* --- a card ---------------------------------------------------------------------------------- */

const FIGURES = [['real_size', 'real size', 0], ['size', 'size', 2], ['peak', 'peak', 3],
	['bytes_cached', 'cached', 4], ['live', 'live', 5]];

const LEGENDS = { legacy: [2, 4, 5, 3, 0, 1], modern: [2, 5, 6, 0, 7, 4, 8] };

const sentence = (step) => fillIn(DATA.kinds[step[0]][1], step);

function makeCard(data) {
	const element = document.createElement('section');
	const heap = new Heap(data);
	const card = { heap, element };

	element.className = 'heap';
	element.dataset.mode = heap.mode;
	element.innerHTML = `<h2>${escape(heap.title)}<span></span></h2>
<dl class="figures"></dl><h3>What the allocator did</h3><ol class="path"></ol>
<h3>Memory</h3><div class="map"></div><ul class="legend"></ul><div class="block"></div>
<div class="page-map" hidden></div><div class="all-lists"></div>`;
	byId('heaps').append(element);
	card.path = element.querySelector('.path');
	card.map = new MemoryMap(heap, element.querySelector('.map'),
		(region, offset) => choose(card, region, offset), (region) => card.pages.draw(region));
	card.pages = new PageMap(heap, element.querySelector('.page-map'));
	element.querySelector('.legend').innerHTML = LEGENDS[heap.mode].map((state) =>
		`<li data-element="${escape(DATA.states[state])}"><i style="--is: var(--${STATE_COLOURS[state]})">` +
		`</i>${escape(DATA.states[state])}</li>`).join('');
	element.addEventListener('click', (event) => clicked(card, event));
	element.addEventListener('mouseover', (event) => hovered(card, event));
	return card;
}

const signed = (number) => (number > 0 ? '+' : '−') + Math.abs(number).toLocaleString('en');

function drawFigures(card) {
	const now = card.heap.now;
	const before = card.heap.at > 0 ? card.heap.figures[card.heap.at - 1] : now;

	card.element.querySelector('.figures').innerHTML = FIGURES.map(([key, title, index]) => {
		const moved = now[index] - before[index];

		return `<div data-element="${key}" tabindex="0" class="${moved ? 'moved' : ''}"><dt>${title}</dt>` +
			`<dd title="${now[index]} bytes">${now[index].toLocaleString('en')}` +
			`<small>${moved ? signed(moved) : ''}</small></dd></div>`;
	}).join('');
}

function drawPath(card) {
	const steps = card.heap.scene.s;

	card.path.innerHTML = steps.map((step, index) => {
		const [, head, rest] = /^([^:{]{3,28}:|)(.*)$/.exec(sentence(step));

		return `<li tabindex="0" data-step="${index}" data-kind="${escape(DATA.kinds[step[0]][0])}"><span>` +
			`<b>${escape(head)}</b>${escape(rest)}</span></li>`;
	}).join('') || '<li class="none">Nothing that the allocator tells of.</li>';
	card.path.scrollTop = 0;
}

/* The chosen block, with the words of its header. */
function drawBlock(card) {
	const spot = card.map.chosen;
	const found = spot && card.heap.blockAt(spot[0], spot[1]);
	const box = card.element.querySelector('.block');

	if (!found) {
		box.innerHTML = '<p class="empty">Choose a block in the map, a step or a list\'s member to see ' +
			'its words.</p>';
		return;
	}
	const words = found[0].slice(6);

	box.innerHTML = `<p>${escape(blockText(spot[0], found))}</p>` + (words.length ? '<div class="bytes"><table><tr>' +
		words.map((word) => `<th data-element="word: ${escape(DATA.words[word[0]])}">+${word[1]} ` +
			`${escape(DATA.words[word[0]])}</th>`).join('') + '</tr><tr>' +
		words.map((word) => `<td>${escape(wordText(word))}</td>`).join('') + '</tr></table></div>' : '');
}

function drawCard(card) {
	const scene = card.heap.scene;

	card.element.querySelector('h2 span').textContent = scene.x ? 'the request was refused'
		: scene.r ? 'data at ' + spotText(scene.r[0], scene.r[1]) : '';
	drawFigures(card);
	drawPath(card);
	card.map.show();
	drawBlock(card);
	drawLists(card.heap, card.element.querySelector('.all-lists'));
}

function choose(card, region, offset) {
	const found = card.heap.blockAt(region, offset);

	card.map.chosen = found && [region, found[1]];
	card.map.draw();
	drawBlock(card);
	if (found) {
		explainElement(DATA.states[found[0][1]]);
	}
}

/* --- what is clicked and hovered ------------------------------------------------------------- */

function goToSpot(card, text) {
	const [region, offset] = text.split('+').map(Number);

	if (card.heap.blockAt(region, offset)) {
		card.map.lookAt(region, offset);
		choose(card, region, offset);
	}
}

/* What a step is about, among what is drawn, as selectors. */
function selectorsOf(step) {
	const kind = DATA.kinds[step[0]][0];
	const list = { 'cache hit': 'cache', 'cache miss': 'cache', 'to the cache': 'cache', bucket: 'bucket',
		'to a bucket': 'bucket', slot: 'bin', 'slot back': 'bin', 'bin empty': 'bin' }[kind];
	const found = [`[data-spot="${spotText(step[1], step[2])}"]`];

	if (list) {
		found.push(`[data-list="${list}:${step[4]}"]`, `[data-bit="${list}:${step[4]}"]`);
	} else if (kind === 'turn') {
		found.push(`[data-edge="${spotText(step[1], step[2])}:${step[4]}"]`);
	} else if (kind === 'bitmap test') {
		found.push('[data-bit^="bucket:"].asked');
	} else if (kind === 'trees') {
		found.push('[data-bit^="tree:"].asked');
	} else if (/^(node|tree|new node|joins a ring|leaf leaves)$/.test(kind)) {
		found.push(`[data-bit="tree:${step[4]}"]`);
	}
	return found.join();
}

/* Points at a step in all that is drawn; go: the map goes there as well. */
function pointStep(card, line, go) {
	const step = card.heap.scene.s[line.dataset.step];

	if (!step) {
		return;
	}
	card.element.querySelectorAll('.chosen, .now').forEach((one) => one.classList.remove('chosen', 'now'));
	line.classList.add('chosen');
	if (go && step[1] >= 0) {
		goToSpot(card, spotText(step[1], step[2]));
	}
	card.element.querySelectorAll(selectorsOf(step)).forEach((one) => one.classList.add('now'));
	if (!card.pages.element.hidden) {
		card.pages.paint(step);
	}
	explain(DATA.kinds[step[0]][0] + ' —', sentence(step), DATA.kinds[step[0]][2]);
}

/* The next step, or the one before, of the card that a step was last chosen in. */
function walkSteps(by) {
	const card = cards.find((one) => one.path.querySelector('.chosen')) || cards[0];
	const lines = [...card.path.querySelectorAll('[data-step]')];
	const at = lines.findIndex((line) => line.classList.contains('chosen'));
	const line = lines[Math.max(0, Math.min(lines.length - 1, at + by))];

	if (line) {
		pointStep(card, line, true);
		line.scrollIntoView({ block: 'nearest' });
	}
}

function clicked(card, event) {
	const line = event.target.closest('[data-step]');
	const spot = event.target.closest('[data-spot]');
	const element = event.target.closest('[data-element]');

	if (line) {
		pointStep(card, line, true);
	} else if (spot) {
		goToSpot(card, spot.dataset.spot);
	} else if (element) {
		explainElement(element.dataset.element);
	}
}

function hovered(card, event) {
	const line = event.target.closest('[data-step]');
	const element = event.target.closest('[data-element]');

	if (line) {
		pointStep(card, line, false);
	} else if (element) {
		explainElement(element.dataset.element);
	}
}

/* Marks the point of a lesson that is about this operation, and scrolls the lesson to it; at the
 * beginning to its title. */
function markPoint() {
	const text = byId('text');
	const link = text.querySelector(`li a[href="#op=${DATA.first + at.scene}"]`);

	text.querySelectorAll('.here').forEach((point) => point.classList.remove('here'));
	if (link) {
		const point = link.closest('li');

		point.classList.add('here');
		if (text.scrollHeight > text.clientHeight) {
			text.scrollTop = at.scene === 0 ? 0 : text.scrollTop + point.getBoundingClientRect().top -
				text.getBoundingClientRect().top - text.clientHeight / 3;
		}
	}
}

/* --- going ----------------------------------------------------------------------------------- */

function go(scene) {
	at.scene = Math.max(0, Math.min(DATA.count, scene));
	for (const card of cards) {
		card.heap.go(at.scene);
		drawCard(card);
	}
	course.draw(at.scene);
	markPoint();
	byId('slide').value = at.scene;
	byId('number').value = DATA.first + at.scene;
	byId('operation').innerHTML = `<b>${DATA.first + at.scene}</b> of ${DATA.total}: ` +
		escape(operationText(at.scene));
}

function stop() {
	clearInterval(at.timer);
	at.timer = null;
	byId('play').textContent = 'play';
}

function play() {
	if (at.timer) {
		stop();
		return;
	}
	byId('play').textContent = 'pause';
	at.timer = setInterval(() => {
		if (at.scene >= DATA.count) {
			stop();
		} else {
			go(at.scene + 1);
		}
	}, 1000 / Number(byId('speed').value));
}

function explainKeys() {
	explain('Keys:', '← → one operation, with Shift ten; j and k the steps within it; Home, End; space plays; ' +
		'g goes to a number; + and − zoom the map, as the wheel does, and it can be dragged. Point at ' +
		'anything, or click it, to have it explained.', '');
}

const KEYS = {
	ArrowRight: (event) => go(at.scene + (event.shiftKey ? 10 : 1)),
	ArrowLeft: (event) => go(at.scene - (event.shiftKey ? 10 : 1)),
	j: () => walkSteps(1),
	k: () => walkSteps(-1),
	Home: () => go(0),
	End: () => go(DATA.count),
	' ': play,
	g: () => byId('number').select(),
	'?': explainKeys,
	'+': () => cards.forEach((card) => card.map.zoom(0.5, 0.5)),
	'-': () => cards.forEach((card) => card.map.zoom(2, 0.5))
};

function redraw() {
	cards.forEach((card) => card.map.draw());
	course.draw(at.scene);
}

function listen() {
	byId('begin').onclick = () => go(0);
	byId('back').onclick = () => go(at.scene - 1);
	byId('on').onclick = () => go(at.scene + 1);
	byId('end').onclick = () => go(DATA.count);
	byId('play').onclick = play;
	byId('keys').onclick = explainKeys;
	byId('slide').oninput = (event) => go(Number(event.target.value));
	byId('number').onchange = (event) => go(Number(event.target.value) - DATA.first);
	byId('speed').onchange = () => {
		if (at.timer) {
			stop();
			play();
		}
	};
	document.addEventListener('keydown', (event) => {
		if (!/INPUT|SELECT|SUMMARY|^A$/.test(event.target.tagName) && KEYS[event.key] && !event.ctrlKey && !event.metaKey) {
			event.preventDefault();
			KEYS[event.key](event);
		}
	});
	window.addEventListener('resize', redraw);
	window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
}

/* Goes where the address says. */
function arrive() {
	const wanted = new URLSearchParams(location.hash.slice(1));

	for (const step of (wanted.get('via') || '').split(',').filter(Boolean)) {
		go(Number(step) - DATA.first);
	}
	go(wanted.has('op') ? Number(wanted.get('op')) - DATA.first : 0);
	if (wanted.has('dump')) {
		byId('dump').textContent = cards.map((card) => mapText(card.heap, DATA.first + at.scene)).join('');
	}
}

function begin() {
	document.title = `${DATA.trace} — heap explorer`;
	byId('title').innerHTML = `${escape(DATA.trace)} <small>heap explorer</small>`;
	byId('slide').max = DATA.count;
	byId('number').min = DATA.first;
	byId('number').max = DATA.first + DATA.count;
	DATA.heaps.forEach((data) => cards.push(makeCard(data)));
	listen();
	course = new Course(cards.map((card) => card.heap), byId('course'), go);
	stop();
	explainKeys();
	arrive();
	window.addEventListener('hashchange', () => {
		arrive();
		if (byId('heaps').getBoundingClientRect().top > innerHeight / 2) {   /* below the text */
			byId('heaps').scrollIntoView();
		}
	});
}

begin();
