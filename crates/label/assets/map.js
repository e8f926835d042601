// All images as points; draw around some of them to select them.

import { el, many, number } from './dom.js';
import { get, hear, holds, hueOf, item, label, nameOf, remember } from './talk.js';

export class Plane {
  constructor(page) {
    this.page = page;
    this.points = [];
    this.selected = new Set();
    this.color = el('select', { 'aria-label': 'Color by', on: { change: () => this.draw() } },
      ...[['label', 'Color by label'], ['guess', 'Color by prediction'], ['doubt', 'Color by doubt']].map(([value, words]) => el('option', { value }, words)));
    this.line = el('p', { class: 'line', 'aria-live': 'polite' });
    this.canvas = el('canvas', { class: 'plane', tabIndex: 0, role: 'img', 'aria-label': 'Map of the images' });
    this.peek = el('figure', { class: 'peek', hidden: true }, el('img', { alt: '' }), el('figcaption'));
    this.chosen = el('button', { type: 'button', class: 'plain', disabled: true, on: { click: () => page.reveal(...this.selected) } }, 'Show the selected');
    this.main = [el('div', { class: 'tabs' }, this.color, el('span', { class: 'quiet' }, 'Draw around images to select them, then press a class.')),
      el('div', { class: 'plane-box' }, this.canvas, this.peek), el('div', { class: 'bar-below' }, this.line, this.chosen)];
    this.listen();
    this.deaf = hear((what) => (what.rows ? this.update(what.rows) : this.load()));
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.canvas);
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.scheme.addEventListener('change', () => this.draw());
  }

  end() { this.deaf(); this.watch.disconnect(); }
  said() { this.selected.clear(); this.draw(); }

  async load() {
    const found = await get('map');
    this.points = found.points;
    this.found = found;
    remember(found.points.map(({ row, verdict, mine, guess }) => ({ row, verdict, mine, guess })), found.version);
    const xs = this.points.map((point) => point.x);
    const ys = this.points.map((point) => point.y);
    this.box = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    this.draw();
  }

  update(rows) { if (rows.length < 2000 && rows.some((row) => this.points.some((point) => point.row === row))) this.draw(); }

  place(point) {
    const [left, right, low, high] = this.box;
    const pad = 14;
    return [pad + ((point.x - left) / (right - left || 1)) * (this.canvas.clientWidth - 2 * pad), pad + ((high - point.y) / (high - low || 1)) * (this.canvas.clientHeight - 2 * pad)];
  }

  draw() {
    const ratio = devicePixelRatio || 1;
    const [wide, high] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!wide) return;
    this.canvas.width = wide * ratio;
    this.canvas.height = high * ratio;
    const pen = this.canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const hues = Array.from({ length: 10 }, (_, hue) => color(`--c${hue}`));
    const [faint, ink, ours] = [color('--faint'), color('--ink'), color('--ours')];
    const mode = this.color.value;
    for (const point of this.box ? this.points : []) {
      const one = item(point.row) ?? point;
      const code = mode === 'label' ? holds(one) : one.guess?.[0]?.[0] ?? null;
      const doubt = one.guess ? 1 - (one.guess[0][1] - one.guess[1][1]) : 1;
      const [x, y] = this.place(point);
      pen.globalAlpha = mode === 'doubt' ? 0.15 + 0.85 * doubt : code === null ? 0.45 : 0.95;
      pen.fillStyle = mode === 'doubt' ? ours : typeof code === 'number' && code > 0 ? hues[hueOf(code)] : faint;
      pen.beginPath();
      pen.arc(x, y, this.selected.has(point.row) ? 5 : code === null ? 2.6 : 3.6, 0, 7);
      pen.fill();
      if (this.selected.has(point.row)) { pen.globalAlpha = 1; pen.strokeStyle = ink; pen.stroke(); }
    }
    pen.globalAlpha = 1;
    if (this.lasso?.length > 1) {
      pen.strokeStyle = ours; pen.lineWidth = 1.5; pen.setLineDash([5, 4]);
      pen.beginPath();
      this.lasso.forEach(([x, y]) => pen.lineTo(x, y));
      pen.closePath(); pen.stroke();
    }
    this.chosen.disabled = !this.selected.size;
    this.line.textContent = this.selected.size ? `${many(this.selected.size, 'image')} selected`
      : !this.found ? '' : this.found.waiting ? 'The features are being computed.'
        : `${number(this.points.length)} of ${many(this.found.of, 'image')}, ${this.found.curved ? 'by t-SNE: neighbors lie together' : 'along the two directions of largest variance; t-SNE is being computed'}`;
  }

  listen() {
    const at = (event) => { const box = this.canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    this.canvas.addEventListener('pointerdown', (event) => { this.lasso = [at(event)]; this.canvas.setPointerCapture(event.pointerId); this.peek.hidden = true; });
    this.canvas.addEventListener('pointermove', (event) => { if (this.lasso) { this.lasso.push(at(event)); this.draw(); } else this.hover(at(event)); });
    this.canvas.addEventListener('pointerup', (event) => {
      const line = this.lasso ?? [];
      this.lasso = null;
      if (!event.shiftKey) this.selected.clear();
      if (line.length > 3) for (const point of this.points) if (inside(this.place(point), line)) this.selected.add(point.row);
      const near = line.length <= 3 && this.nearest(at(event));
      if (near) this.selected.add(near.row);
      this.draw();
    });
    this.canvas.addEventListener('pointercancel', () => { this.lasso = null; this.draw(); });
    this.canvas.addEventListener('pointerleave', () => { this.peek.hidden = true; });
  }

  nearest([x, y]) {
    let [best, far] = [null, 144];
    for (const point of this.box ? this.points : []) {
      const [px, py] = this.place(point);
      const apart = (px - x) ** 2 + (py - y) ** 2;
      if (apart < far) [best, far] = [point, apart];
    }
    return best;
  }

  hover(place) {
    const point = this.nearest(place);
    this.peek.hidden = !point;
    if (!point || this.peek.dataset.row === String(point.row)) return;
    this.peek.dataset.row = point.row;
    this.peek.querySelector('img').src = `/image/${point.row}?side=160`;
    const one = item(point.row) ?? point;
    const code = holds(one);
    this.peek.querySelector('figcaption').textContent = code !== null ? (code === 'disputed' ? code : nameOf(code)) : one.guess ? `${nameOf(one.guess[0][0])}?` : 'no label';
    const [x, y] = this.place(point);
    this.peek.style.left = `${Math.min(x + 14, this.canvas.clientWidth - 140)}px`;
    this.peek.style.top = `${Math.min(y + 14, this.canvas.clientHeight - 160)}px`;
  }

  /** Labels what is selected. */
  async say(code) {
    const rows = [...this.selected];
    if (rows.length && (await label(rows.map((row) => [row, code])))) this.said();
  }
}

/** Whether a point lies within a closed line: a ray crosses it an odd number of times. */
function inside([x, y], line) {
  let odd = false;
  for (let at = 0, before = line.length - 1; at < line.length; before = at++) {
    const [[ax, ay], [bx, by]] = [line[at], line[before]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

