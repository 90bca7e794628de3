/* SPDX-License-Identifier: MIT */
/*
 * The course of memory over the operations, above the slider: what the program has, as an area, and
 * what each heap holds, as a line. Pointing at it goes there.
 */
'use strict';

class Course {
	constructor(heaps, canvas, go) {
		this.heaps = heaps;
		this.canvas = canvas;
		this.go = go;
		this.most = Math.max(1, ...heaps.map((heap) => heap.figures.reduce((most, f) => Math.max(most, f[0]), 0)));
		canvas.addEventListener('pointerdown', (event) => {
			canvas.setPointerCapture(event.pointerId);
			this.point(event);
		});
		canvas.addEventListener('pointermove', (event) => {
			if (event.buttons) {
				this.point(event);
			}
			this.tell(event);
		});
		canvas.addEventListener('pointerleave', () => showTip(null));
	}

	sceneAt(event) {
		return Math.max(0, Math.min(DATA.count,
			Math.round(event.offsetX / this.canvas.clientWidth * DATA.count)));
	}

	point(event) {
		this.go(this.sceneAt(event));
	}

	tell(event) {
		const scene = this.sceneAt(event);
		const held = this.heaps.map((heap) =>
			`${heap.title}: ${bytesText(heap.figures[scene][0])}`).join(', ');

		showTip(`operation ${DATA.first + scene}: ${bytesText(this.heaps[0].figures[scene][5])} alive; ${held}`,
			event);
	}

	/* For each column of the screen the most of a figure among its scenes. */
	column(figures, index, width) {
		const most = new Array(Math.ceil(width) + 1).fill(0);

		figures.forEach((figure, scene) => {
			const x = Math.round(scene / Math.max(1, DATA.count) * width);

			most[x] = Math.max(most[x], figure[index]);
		});
		for (let x = 1; x < most.length; x++) {
			most[x] = most[x] || (figures.length < width ? most[x - 1] : 0);
		}
		return most;
	}

	trace(context, values, height) {
		values.forEach((value, x) => {
			const y = height - 1 - value / this.most * (height - 4);

			context.lineTo(x, y);
		});
	}

	/* The picture without the mark of the place, drawn once for a size and a colour scheme. */
	background(width, height, scheme) {
		const key = [width, height, scheme, devicePixelRatio].join();
		const colour = colours();

		if (this.key === key) {
			return;
		}
		this.key = key;
		this.picture = document.createElement('canvas');
		this.picture.width = this.canvas.width;
		this.picture.height = this.canvas.height;
		const context = this.picture.getContext('2d');

		context.scale(devicePixelRatio || 1, devicePixelRatio || 1);
		context.beginPath();
		context.moveTo(0, height);
		this.trace(context, this.column(this.heaps[0].figures, 5, width), height);
		context.lineTo(width, height);
		context.fillStyle = colour('used');
		context.globalAlpha = 0.45;
		context.fill();
		context.globalAlpha = 1;
		this.heaps.forEach((heap, index) => {
			context.beginPath();
			this.trace(context, this.column(heap.figures, 0, width), height);
			context.strokeStyle = colour(['accent', 'hot', 'free-line', 'reserve'][index]);
			context.lineWidth = 1.5;
			context.stroke();
		});
	}

	draw(scene) {
		const [context, width, height] = prepare(this.canvas);

		this.background(width, height, matchMedia('(prefers-color-scheme: dark)').matches);
		context.setTransform(1, 0, 0, 1, 0, 0);
		context.drawImage(this.picture, 0, 0);
		context.setTransform(devicePixelRatio || 1, 0, 0, devicePixelRatio || 1, 0, 0);
		context.fillStyle = colours()('ink');
		context.fillRect(Math.min(width - 2, scene / Math.max(1, DATA.count) * width), 0, 2, height);
	}
}
