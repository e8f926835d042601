// A grid of images that holds as many rows as there are: only what is in sight has elements.

import { el, percent } from './dom.js';
import { hear, holds, hueOf, item, nameOf, remember } from './talk.js';

const BLOCK = 120;
/** Browsers do not scroll further than this; longer lists are scrolled in proportion. */
const TALLEST = 8_000_000;
const GAP = 8;

export class Grid {
  /** `fetch(offset, count)` gives `{ total, items }`; `options`: `tile(item)` words below, `pick(row)`, `open(row)`. */
  constructor(fetch, options = {}) {
    this.fetch = fetch;
    this.options = options;
    this.rows = [];
    this.total = 0;
    this.cursor = 0;
    this.anchor = 0;
    this.selected = new Set();
    this.tiles = new Map();
    this.blocks = new Map();
    this.size = Number(localStorage.getItem('foretask-size')) || (innerWidth < 600 ? 104 : 148);
    this.space = el('div', { class: 'space' });
    this.scroller = el('div', {
      class: options.two ? 'grid two' : 'grid', tabIndex: 0, role: 'listbox', 'aria-label': options.name ?? 'Images', 'aria-multiselectable': 'true',
      on: { scroll: () => this.draw(), click: (event) => this.click(event), dblclick: (event) => this.open(event) },
    }, this.space);
    this.touch();
    this.deaf = hear((what) => (what.rows ? what.rows.forEach((row) => this.redraw(row)) : this.draw(true)));
    this.watch = new ResizeObserver(() => this.draw(true));
    this.watch.observe(this.scroller);
  }

  end() { this.deaf(); this.watch.disconnect(); }

  /** A finger that rests on an image selects it, and others by a tap from then on. */
  touch() {
    let timer = null;
    const stop = () => clearTimeout(timer);
    this.scroller.addEventListener('pointerdown', (event) => {
      if (event.pointerType !== 'touch') return;
      const at = this.at(event);
      timer = setTimeout(() => { if (at !== null) { this.many = true; this.toggle(at); this.held = true; } }, 450);
    });
    for (const name of ['pointerup', 'pointercancel', 'pointermove']) this.scroller.addEventListener(name, stop);
    this.scroller.addEventListener('contextmenu', (event) => { if (this.held) event.preventDefault(); });
  }

  async load() {
    this.rows = []; this.blocks.clear(); this.total = 0;
    await this.block(0);
    this.cursor = Math.min(this.cursor, Math.max(0, this.total - 1));
    this.draw(true);
  }

  async block(number) {
    if (this.blocks.has(number)) return this.blocks.get(number);
    const asked = this.fetch(number * BLOCK, BLOCK).then((found) => {
      this.total = found.total;
      found.items.forEach((one, at) => { this.rows[number * BLOCK + at] = one.row; });
      remember(found.items, found.version);
      return found;
    });
    this.blocks.set(number, asked);
    asked.catch(() => this.blocks.delete(number));
    const found = await asked;
    this.draw(true);
    return found;
  }

  get columns() { return Math.max(1, Math.floor((this.scroller.clientWidth - GAP) / (this.size + GAP))); }
  get step() { return this.tileSize + GAP + (this.options.two ? 36 : 22); }
  get tileSize() { return Math.floor((this.scroller.clientWidth - GAP - 14) / this.columns) - GAP; }
  get whole() { return Math.ceil(this.total / this.columns) * this.step + GAP; }

  /** How far down the whole list what is in sight begins, in pixels. */
  get top() {
    const room = this.scroller.clientHeight;
    const shown = Math.min(this.whole, TALLEST);
    if (this.whole <= TALLEST) return this.scroller.scrollTop;
    return (this.scroller.scrollTop / Math.max(1, shown - room)) * (this.whole - room);
  }

  draw(all = false) {
    if (!this.scroller.isConnected || !this.scroller.clientWidth) return;
    const height = `${Math.min(this.whole, TALLEST)}px`;
    if (this.space.style.height !== height) this.space.style.height = height;
    const [columns, step, top] = [this.columns, this.step, this.top];
    const first = Math.max(0, Math.floor(top / step) - 1) * columns;
    const last = Math.min(this.total, (Math.ceil((top + this.scroller.clientHeight) / step) + 1) * columns);
    for (const [at, tile] of this.tiles) if (at < first || at >= last) { tile.remove(); this.tiles.delete(at); }
    for (let at = first; at < last; at++) {
      const row = this.rows[at];
      if (row === undefined) { this.block(Math.floor(at / BLOCK)).catch(() => {}); continue; }
      let tile = this.tiles.get(at);
      const fresh = !tile || tile.dataset.row !== String(row);
      if (fresh) {
        tile?.remove();
        tile = this.make(row);
        this.tiles.set(at, tile);
        this.space.append(tile);
      }
      if (fresh || all) this.dress(tile, at, row);
      const x = GAP + (at % columns) * (this.tileSize + GAP);
      const y = GAP + Math.floor(at / columns) * step - top + this.scroller.scrollTop;
      tile.style.transform = `translate(${x}px, ${y}px)`;
      tile.style.width = `${this.tileSize}px`;
      tile.style.height = `${step - GAP}px`;
    }
  }

  make(row) {
    const side = this.size * devicePixelRatio > 170 ? 320 : 160;
    const picture = el('img', { alt: '', loading: 'eager', decoding: 'async', draggable: false, src: `/image/${row}?side=${side}` });
    picture.addEventListener('load', () => picture.classList.toggle('pixels', picture.naturalWidth < 64));
    picture.addEventListener('error', () => picture.replaceWith(el('span', { class: 'broken' }, 'cannot be read')));
    const other = this.options.other?.(item(row));
    const beside = other === undefined || other === null ? '' : el('img', { alt: '', decoding: 'async', draggable: false, src: `/image/${other}?side=${side}` });
    const tile = el('div', { class: 'tile', role: 'option', id: `tile-${row}` },
      el('span', { class: beside ? 'frame pair' : 'frame' }, picture, beside, el('span', { class: 'chip' }), el('span', { class: 'tick', 'aria-hidden': 'true' }, '✓')),
      el('span', { class: 'words' }));
    tile.dataset.row = row;
    return tile;
  }

  dress(tile, at, row) {
    const one = item(row);
    if (!one) return;
    const code = this.options.code ? this.options.code(one) : holds(one);
    const guess = one.guess?.[0];
    const chip = tile.querySelector('.chip');
    const classes = ['tile'];
    if (typeof code === 'number' && code !== null) {
      classes.push('said', code > 0 ? `hue${hueOf(code)}` : 'grey');
      chip.textContent = nameOf(code);
    } else if (code === 'disputed') {
      classes.push('said', 'disputed');
      chip.textContent = 'disputed';
    } else {
      chip.textContent = guess && this.options.guess !== false ? `${nameOf(guess[0])}? ${percent(guess[1])}` : '';
      if (guess && this.options.guess !== false) classes.push('guessed');
    }
    if (at === this.cursor) classes.push('cursor');
    if (this.selected.has(row)) classes.push('selected');
    if (this.options.out?.(row)) classes.push('out');
    tile.className = classes.join(' ');
    const words = this.options.tile ? this.options.tile(one) : one.name;
    tile.querySelector('.words').textContent = words;
    tile.title = one.name;
    tile.setAttribute('aria-selected', String(this.selected.has(row) || at === this.cursor));
    tile.setAttribute('aria-label', `${one.name}${chip.textContent ? `, ${chip.textContent}` : ', no label'}`);
    if (at === this.cursor) this.scroller.setAttribute('aria-activedescendant', tile.id);
  }

  redraw(row) {
    for (const [at, tile] of this.tiles) if (tile.dataset.row === String(row)) this.dress(tile, at, row);
  }

  at(event) {
    const tile = event.target.closest('.tile');
    if (!tile) return null;
    for (const [at, known] of this.tiles) if (known === tile) return at;
    return null;
  }

  click(event) {
    const at = this.at(event);
    if (at === null) return;
    if (this.held) { this.held = false; return; }
    this.scroller.focus({ preventScroll: true });
    if (this.options.pick) { this.move(at); this.options.pick(this.rows[at]); this.draw(true); return; }
    if (event.shiftKey) this.range(at);
    else if (event.ctrlKey || event.metaKey || this.many) this.toggle(at);
    else { this.selected.clear(); this.move(at); }
  }

  open(event) {
    const at = this.at(event);
    if (at !== null && !this.options.pick) this.options.open?.(this.rows[at]);
  }

  toggle(at) {
    const row = this.rows[at];
    if (!this.selected.delete(row)) this.selected.add(row);
    if (!this.selected.size) this.many = false;
    this.move(at);
    this.options.changed?.();
  }

  range(at) {
    const [from, to] = [Math.min(this.anchor, at), Math.max(this.anchor, at)];
    this.selected.clear();
    for (let place = from; place <= to; place++) if (this.rows[place] !== undefined) this.selected.add(this.rows[place]);
    this.cursor = at;
    this.show();
    this.options.changed?.();
  }

  all() {
    this.rows.forEach((row) => this.selected.add(row));
    this.draw(true);
    this.options.changed?.();
  }

  clear() { this.many = false; this.selected.clear(); this.draw(true); this.options.changed?.(); }

  move(at) {
    if (!this.total) return;
    this.cursor = Math.max(0, Math.min(this.total - 1, at));
    this.anchor = this.cursor;
    this.show();
    this.options.changed?.();
  }

  /** Brings the cursor into sight. */
  show() {
    const y = GAP + Math.floor(this.cursor / this.columns) * this.step;
    const room = this.scroller.clientHeight;
    if (this.whole > TALLEST) {
      if (y < this.top || y + this.step > this.top + room) {
        this.scroller.scrollTop = (y / Math.max(1, this.whole - room)) * (TALLEST - room);
      }
    } else if (y - GAP < this.scroller.scrollTop) this.scroller.scrollTop = y - GAP;
    else if (y + this.step > this.scroller.scrollTop + room) this.scroller.scrollTop = y + this.step - room;
    this.draw(true);
  }

  /** The rows that an answer is about: those selected, else the one under the cursor. */
  get chosen() {
    if (this.selected.size) return [...this.selected];
    const row = this.rows[this.cursor];
    return row === undefined ? [] : [row];
  }

  resize(by) {
    this.size = Math.max(72, Math.min(320, this.size + by));
    localStorage.setItem('foretask-size', this.size);
    this.tiles.forEach((tile) => tile.remove());
    this.tiles.clear();
    this.show();
  }

  /** Arrow keys and others that move; whether the key was one. */
  key(event) {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.step)) * this.columns;
    const far = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns, PageUp: -page, PageDown: page,
      Home: -this.total, End: this.total }[event.key];
    if (far === undefined) return false;
    const to = Math.max(0, Math.min(this.total - 1, this.cursor + far));
    if (event.shiftKey && !this.options.pick) this.range(to);
    else { if (!this.options.pick) this.selected.clear(); this.move(to); }
    return true;
  }
}
