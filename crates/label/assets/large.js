// One image, as large as it goes.

import { el, percent } from './dom.js';
import { hear, holds, hueOf, item, nameOf } from './talk.js';

export class Large {
  constructor(grid) {
    this.grid = grid;
    this.picture = el('img', { alt: '' });
    this.words = el('p', { class: 'quiet' });
    this.chip = el('span', { class: 'chip' });
    this.dialog = el('dialog', { class: 'large', 'aria-label': 'Large view', tabIndex: -1 },
      el('div', { class: 'stage' },
        el('button', { type: 'button', class: 'step', 'aria-label': 'Previous image', on: { click: () => this.step(-1) } }, '‹'),
        this.picture,
        el('button', { type: 'button', class: 'step', 'aria-label': 'Next image', on: { click: () => this.step(1) } }, '›')),
      el('div', { class: 'foot' }, this.chip, this.words,
        el('button', { type: 'button', class: 'plain', on: { click: () => this.close() } }, 'Close')));
    this.dialog.addEventListener('cancel', (event) => { event.preventDefault(); this.close(); });
    this.picture.addEventListener('load', () => this.picture.classList.toggle('pixels', this.picture.naturalWidth < 200));
    hear((what) => { if (this.isOpen && what.rows?.includes(this.row)) this.dress(); });
    document.body.append(this.dialog);
  }

  get isOpen() { return this.dialog.open; }
  get row() { return this.grid.rows[this.grid.cursor]; }

  open() {
    if (this.row === undefined) return;
    // Not modal: the keys of the page stay.
    if (!this.dialog.open) { this.dialog.show(); this.dialog.focus(); }
    this.show();
  }

  close() { this.dialog.close(); this.grid.scroller.focus({ preventScroll: true }); }

  step(by) { this.grid.selected.clear(); this.grid.move(this.grid.cursor + by); this.show(); }

  show() {
    if (!this.isOpen || this.row === undefined) return;
    this.picture.src = `/image/${this.row}?side=1600`;
    this.dress();
  }

  dress() {
    const one = item(this.row);
    if (!one) return;
    const code = holds(one);
    const guess = one.guess?.[0];
    this.picture.alt = one.name;
    this.chip.className = `chip ${typeof code === 'number' ? (code > 0 ? `hue${hueOf(code)}` : 'grey') : ''}`;
    this.chip.textContent = code === null ? '' : code === 'disputed' ? 'disputed' : nameOf(code);
    const people = (one.said ?? []).filter((said) => !said.source).map((said) => `${said.who}: ${nameOf(said.answer)}`);
    this.words.textContent = [one.name, guess && `classifier: ${nameOf(guess[0])} ${percent(guess[1])}`, ...people].filter(Boolean).join(' · ');
  }
}
