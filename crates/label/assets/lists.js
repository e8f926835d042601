// What can be shown in the middle: what to label next, screenfuls to confirm, lists of images, the history.

import { el, many, number, percent } from './dom.js';
import { Grid } from './grid.js';
import { get, hear, holds, item, label, model, nameOf, remember } from './talk.js';

/** Why an image is suggested, in one line. */
function why(reason) {
  if (!reason) return '';
  if (reason.group) return reason.group > 1 ? `middle of a group of ${number(reason.group)}` : 'stands alone';
  if (reason.between) return `wavers between ${nameOf(reason.between[0])} and ${nameOf(reason.between[1])}`;
  if (reason.unlike) return 'unlike anything labeled';
  return reason.spread ? 'spread evenly, until features are there' : 'spread evenly';
}

const foot = (...children) => el('div', { class: 'bar-below' }, ...children);

/** Suggestions, a screenful at a time. */
export class Next {
  constructor(page) {
    this.page = page;
    this.line = el('p', { class: 'line', 'aria-live': 'polite' });
    this.grid = new Grid((offset) => this.fetch(offset), {
      name: 'Images to label next', two: true, tile: (one) => why(one.reason), code: (one) => one.mine ?? holds(one),
      open: () => page.toggleLarge(), changed: () => { this.touched = true; this.tell(); },
    });
    this.more = el('button', { type: 'button', class: 'plain', on: { click: () => this.load() } }, 'Other suggestions');
    this.main = [this.grid.scroller, foot(this.line, this.more)];
    this.rounds = 0;
    this.deaf = hear((what) => what.state && this.fresher(what.state));
  }

  end() { this.grid.end(); this.deaf(); }

  async fetch(offset) {
    if (offset) return { total: this.grid.total, items: [] };
    const found = await get('list', { view: 'next', count: this.count() });
    this.rounds = found.rounds;
    return found;
  }

  /** As many as fit. */
  count() {
    const { scroller, columns, step } = this.grid;
    return Math.max(12, Math.min(60, columns * Math.max(2, Math.floor((scroller.clientHeight || 500) / step))));
  }

  async load() {
    this.grid.cursor = 0;
    this.grid.selected.clear();
    await this.grid.load();
    this.touched = false;
    // What was said while the list was on its way is in it all the same.
    const first = this.grid.rows.findIndex((row) => this.open(row));
    if (first > 0) this.grid.move(first);
    this.tell();
  }

  /** The first real suggestions take the place of images spread evenly, but never under somebody's hands; what the classifier says
   *  of those in sight is kept up to date. */
  async fresher(state) {
    if (state.rounds <= this.rounds) return;
    if (this.rounds === 0 && !this.touched) { await this.load().catch(() => {}); return; }
    this.rounds = state.rounds;
    const rows = this.grid.rows.filter((row) => row !== undefined);
    if (rows.length) {
      const found = await get('list', { view: 'these', q: rows.join(','), count: rows.length }).catch(() => null);
      if (found) remember(found.items, found.version);
    }
    this.tell();
  }

  tell() {
    const one = item(this.grid.rows[this.grid.cursor]);
    const left = this.grid.rows.filter((row) => this.open(row)).length;
    const guess = one?.guess?.[0];
    this.line.textContent = this.grid.selected.size
      ? `${many(this.grid.selected.size, 'image')} selected`
      : !this.grid.total ? 'Everything has a label.'
        : [one && why(one.reason), guess && `Enter: ${nameOf(guess[0])}`, `${left} left here`].filter(Boolean).join(' · ');
  }

  open(row) { const one = item(row); return one && one.mine == null && holds(one) === null; }

  /** On to the next image that has no label; a new screenful after the last one. */
  said() {
    this.touched = true;
    const { rows, cursor } = this.grid;
    const after = [...rows.keys()].slice(cursor).concat([...rows.keys()].slice(0, cursor)).find((at) => this.open(rows[at]));
    if (after !== undefined) this.grid.move(after);
    else { clearTimeout(this.timer); this.timer = setTimeout(() => this.grid.rows.some((row) => this.open(row)) || this.load().catch(() => {}), 350); }
    this.tell();
  }
}

/** Images the classifier is sure of, by class: click the wrong ones, confirm the others. */
export class Confirm {
  constructor(page) {
    this.page = page;
    this.wrong = new Set();
    this.tabs = el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Classes' });
    this.line = el('p', { class: 'line', 'aria-live': 'polite' });
    this.grid = new Grid((offset, count) => this.fetch(offset, count), {
      name: 'Images to confirm', guess: false, pick: (row) => this.toggle(row), out: (row) => this.wrong.has(row),
      tile: (one) => (one.guess ? `${nameOf(one.guess[0][0])} ${percent(one.guess[0][1])}` : one.name), changed: () => this.tell(),
    });
    this.button = el('button', { type: 'button', class: 'main', on: { click: () => this.accept() } }, 'Confirm');
    this.main = [this.tabs, this.grid.scroller, foot(this.line, this.button)];
    this.deaf = hear((what) => what.state && this.draw());
  }

  end() { this.grid.end(); this.deaf(); }

  async fetch(offset) {
    if (offset || !this.class) return { total: offset ? this.grid.total : 0, items: [] };
    const found = await get('list', { view: 'confirm', class: this.class, count: this.count() });
    this.left = found.total;
    return { ...found, total: found.items.length };
  }

  count() { return Next.prototype.count.call(this); }

  async load() {
    const classes = model.state?.classes ?? [];
    if (!classes.some((one) => one.id === this.class)) this.class = classes[0]?.id;
    this.wrong.clear();
    this.grid.cursor = 0;
    await this.grid.load();
    this.draw();
  }

  draw() {
    this.tabs.replaceChildren(...(model.state?.classes ?? []).map((one) => el('button', {
      type: 'button', role: 'tab', class: 'tab', 'aria-selected': String(one.id === this.class),
      on: { click: () => { this.class = one.id; this.load().catch(() => {}); } },
    }, one.name)));
    this.tell();
  }

  tell() {
    const sure = this.grid.rows.length - this.wrong.size;
    const name = nameOf(this.class);
    this.button.disabled = !sure;
    this.button.textContent = sure ? `Confirm ${number(sure)} as ${name}` : 'Confirm';
    this.line.textContent = this.grid.rows.length
      ? `Click what is not ${name}. ${number(this.left ?? 0)} images look like it.`
      : model.state?.accuracy || model.state?.rounds ? 'Nothing here looks like it; label some first.' : 'Label a few images of each class first.';
  }

  toggle(row) { if (!this.wrong.delete(row)) this.wrong.add(row); this.grid.redraw(row); this.tell(); }

  async accept() {
    const said = this.grid.rows.filter((row) => !this.wrong.has(row)).map((row) => [row, this.class]);
    if (said.length && (await label(said, 'confirm'))) await this.load();
  }

  /** A class key says at once what the image under the cursor is instead. */
  said() { this.wrong.add(this.grid.rows[this.grid.cursor]); this.tell(); }
}

const LISTS = [['all', 'All images'], ['open', 'Without a label'], ['labeled', 'Labeled'], ['mine', 'Labeled by me'], ['unsure', 'Unsure'], ['unusable', 'Not usable'],
  ['disputed', 'Disputed'], ['second', 'Second opinion'], ['doubtful', 'Probably wrong labels'], ['bad', 'Cannot be read']];

/** Any list of images. */
export class Browse {
  constructor(page) {
    this.page = page;
    this.view = 'all';
    this.query = {};
    this.choice = el('select', { 'aria-label': 'Which images', on: { change: () => this.show(this.choice.value.split(':')[0], Number(this.choice.value.split(':')[1]) || undefined) } });
    this.input = el('input', { type: 'search', placeholder: 'Search by name, or: where label = \'cat\'', 'aria-label': 'Search images', autocomplete: 'off',
      on: { input: () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.search(), 250); } } });
    this.line = el('p', { class: 'line', 'aria-live': 'polite' });
    this.blind = () => this.view === 'second';
    this.grid = new Grid((offset, count) => this.fetch(offset, count), {
      name: 'Images', open: () => page.toggleLarge(), changed: () => this.tell(),
      code: (one) => (this.blind() ? one.mine ?? null : holds(one)), guess: undefined,
      tile: (one) => (this.view === 'doubtful' && one.doubt ? `rather ${nameOf(one.doubt[0])}; its label gets ${percent(one.doubt[1])}` : one.name.split('/').at(-1)),
      two: true,
    });
    this.main = [el('div', { class: 'tabs' }, this.choice, this.input), this.grid.scroller, foot(this.line,
      el('button', { type: 'button', class: 'plain', on: { click: () => page.like() } }, 'More like this'))];
    this.deaf = hear((what) => what.state && this.draw());
  }

  end() { this.grid.end(); this.deaf(); }

  fetch(offset, count) { return get('list', { view: this.view, ...this.query, offset, count }); }

  async show(view, id) {
    this.view = view;
    this.query = view === 'class' ? { class: id } : view === 'like' ? { row: id } : {};
    await this.load();
  }

  async search() {
    const words = this.input.value.trim();
    const filter = /^where\s+/i.test(words);
    this.view = !words ? 'all' : filter ? 'filter' : 'search';
    this.query = words ? { q: filter ? words.replace(/^where\s+/i, '') : words } : {};
    await this.load();
  }

  async load() {
    this.grid.cursor = 0;
    this.grid.selected.clear();
    try { await this.grid.load(); this.trouble = ''; } catch (error) { this.trouble = error.message; this.grid.rows = []; this.grid.total = 0; }
    this.draw();
    this.grid.draw(true);
  }

  draw() {
    const classes = model.state?.classes ?? [];
    const value = this.view === 'class' ? `class:${this.query.class}` : this.view;
    const extra = { like: 'More like this', search: 'Found by name', filter: 'Found by condition' }[this.view];
    this.choice.replaceChildren(...LISTS.map(([view, words]) => el('option', { value: view }, words)),
      ...classes.map((one) => el('option', { value: `class:${one.id}` }, `Class: ${one.name}`)), ...(extra ? [el('option', { value: this.view }, extra)] : []));
    this.choice.value = value;
    this.tell();
  }

  tell() {
    const one = item(this.grid.rows[this.grid.cursor]);
    this.line.textContent = this.trouble || (this.grid.selected.size ? `${many(this.grid.selected.size, 'image')} selected`
      : [many(this.grid.total, 'image'), one?.name, this.blind() && 'others\' answers are hidden until you have said yours'].filter(Boolean).join(' · '));
  }

  said() { if (!this.grid.selected.size) this.grid.move(this.grid.cursor + 1); else this.grid.clear(); }
}

/** Every act, the latest first; and who agrees with whom. */
export class History {
  constructor(page) {
    this.page = page;
    this.body = el('tbody');
    this.people = el('section', { 'aria-label': 'People' });
    this.more = el('button', { type: 'button', class: 'plain', on: { click: () => this.load(this.last) } }, 'Earlier acts');
    this.main = [el('div', { class: 'page' }, this.people, el('h2', {}, 'History'),
      el('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'History' }, el('table', {}, el('thead', {}, el('tr', {}, ...['When', 'Who', 'What', 'Before', 'After'].map((words) => el('th', { scope: 'col' }, words)))), this.body)), this.more)];
    this.deaf = hear((what) => what.state && this.load());
  }

  end() { this.deaf(); }
  said() {}

  async load(before) {
    const found = await get('history', { before });
    const line = (one, at) => el('tr', { class: one.undone ? 'undone' : '' },
      el('td', {}, new Date(one.at).toLocaleString()), el('td', {}, one.who),
      el('td', {}, `${one.kind}: `, found.rows[at] !== null && one.images ? el('button', { type: 'button', class: 'link', on: { click: () => this.page.reveal(found.rows[at]) } }, one.what) : one.what,
        one.images > 1 ? ` and ${many(one.images - 1, 'more', 'more')}` : '', one.undone ? ' (taken back)' : ''),
      el('td', {}, one.before), el('td', {}, one.after));
    const lines = found.lines.map(line);
    if (before === undefined) this.body.replaceChildren(...lines); else this.body.append(...lines);
    this.last = found.lines.at(-1)?.id;
    this.more.hidden = !found.more;
    if (before === undefined) await this.agreement();
  }

  async agreement() {
    const found = await get('people');
    const people = found.people.filter(([who]) => !who.startsWith('('));
    if (people.length < 2) { this.people.replaceChildren(); return; }
    this.people.replaceChildren(el('h2', {}, 'People'),
      el('p', {}, people.map(([who, count]) => `${who}: ${many(count, 'image')}`).join(' · ')),
      ...found.agreement.filter((two) => !two.people.some((who) => who.startsWith('('))).map((two) => el('p', {},
        `${two.people.join(' and ')} agree on ${number(two.same)} of ${many(two.both, 'image')}${two.kappa === null ? '' : `, kappa ${two.kappa.toFixed(2)}`}`)),
      ...found.disputed.slice(0, 50).map(([name, said], at) => el('p', {}, el('button', { type: 'button', class: 'link', on: { click: () => this.page.reveal(found.rows[at]) } }, name),
        ` · ${said.map(([who, answer]) => `${who}: ${answer}`).join(', ')}`)));
  }
}


