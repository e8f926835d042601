// What may be wrong with labels and images: kind by kind, the gravest first, each with a number and a key.

import { el, many, number, percent } from './dom.js';
import { Grid } from './grid.js';
import { get, hear, holds, item, label, nameOf } from './talk.js';

export class Issues {
  constructor(page) {
    this.page = page;
    this.kinds = [];
    this.tabs = el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Kinds of issues' });
    this.line = el('p', { class: 'line', 'aria-live': 'polite' });
    this.grid = new Grid((offset, count) => this.fetch(offset, count), {
      name: 'Images that may be wrong', two: true, guess: false, open: () => page.toggleLarge(), changed: () => this.tell(),
      other: (one) => one?.issue?.other, tile: (one) => this.words(one), code: (one) => one.mine ?? holds(one),
    });
    this.button = el('button', { type: 'button', class: 'main', on: { click: () => this.accept() } });
    this.main = [this.tabs, this.grid.scroller, el('div', { class: 'bar-below' }, this.line, this.button)];
    this.deaf = hear((what) => what.state && this.fresher());
  }

  end() { this.grid.end(); this.deaf(); }

  get chosenKind() { return this.kinds.find((one) => one.kind === this.kind); }

  async fetch(offset, count) {
    if (!this.kind) return { total: 0, items: [] };
    return get('issues_of', { kind: this.kind, offset, count });
  }

  /** What was looked for meanwhile is shown once it is there; what somebody looks at does not move. */
  async fresher() {
    const found = await get('issues').catch(() => null);
    if (!found) return;
    const none = !this.kinds.length;
    this.waiting = found.waiting;
    this.kinds = found.kinds;
    if (none && this.kinds.length) await this.load();
    else this.draw();
  }

  async load() {
    const found = await get('issues');
    this.kinds = found.kinds;
    this.waiting = found.waiting;
    if (!this.chosenKind) this.kind = this.kinds[0]?.kind;
    this.grid.cursor = 0;
    this.grid.selected.clear();
    // A pair of one kind may be a single image of another one.
    this.grid.tiles.forEach((tile) => tile.remove());
    this.grid.tiles.clear();
    await this.grid.load();
    this.draw();
  }

  async show(kind) { this.kind = kind; await this.load(); }

  draw() {
    this.tabs.replaceChildren(...this.kinds.map((one) => el('button', {
      type: 'button', role: 'tab', class: 'tab', 'aria-selected': String(one.kind === this.kind), title: one.measure,
      on: { click: () => { this.show(one.kind).catch(() => {}); } },
    }, `${one.title} ${number(one.count)}`)));
    this.tell();
  }

  words(one) {
    if (this.kind === 'label') return one.doubt ? `rather ${nameOf(one.doubt[0])}; its label gets ${percent(one.doubt[1])}` : one.name.split('/').at(-1);
    if (!one.issue) return one.name.split('/').at(-1);
    const { words, other_name: other, bits } = one.issue;
    return other ? `${words}, ${many(bits, 'bit')} apart: ${other.split('/').at(-1)}` : words;
  }

  tell() {
    const one = item(this.grid.rows[this.grid.cursor]);
    const act = this.kind === 'label' ? 'Take the likelier label' : this.kind === 'duplicate' ? 'Drop this copy' : 'Not usable';
    this.button.textContent = `${act} (Enter)`;
    this.button.hidden = !one;
    this.line.textContent = this.grid.selected.size ? `${many(this.grid.selected.size, 'image')} selected`
      : one ? [one.name, one.issue?.other_name && `nearly the same as ${one.issue.other_name}`, 'a class key, u or x says otherwise'].filter(Boolean).join(' · ')
        : this.waiting ? 'The images are still being looked at.' : 'Nothing that looks wrong was found.';
  }

  /** The act that suits the kind: the likelier class; of copies and bad pictures: of no use. */
  async accept() {
    const rows = this.grid.chosen;
    const said = rows.map((row) => [row, this.kind === 'label' ? item(row)?.doubt?.[0] : -2]).filter(([, code]) => code !== undefined);
    if (!said.length) return;
    const saved = label(said);
    this.said();
    await saved;
  }

  said() { if (this.grid.selected.size > 1) this.grid.clear(); else this.grid.move(this.grid.cursor + 1); this.tell(); }
}
