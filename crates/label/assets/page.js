// The page: its views, and what keys and buttons do in them.

import { ask, el, many, number, toast } from './dom.js';
import { Issues } from './issues.js';
import { help, listen } from './keys.js';
import { Large } from './large.js';
import { Browse, Confirm, History, Next } from './lists.js';
import { Plane } from './map.js';
import { Side } from './side.js';
import { follow, hear, item, label, model, nameOf, post, refresh } from './talk.js';

// The address with its secret does not stay in sight, in bookmarks or in the history.
if (location.search) history.replaceState(null, '', '/');

const VIEWS = { next: Next, confirm: Confirm, browse: Browse, issues: Issues, map: Plane, history: History };
const main = document.getElementById('main');

const page = {
  view: null,
  get grid() { return this.view?.grid; },
  large: null,

  async go(name, ...rest) {
    const stays = this.name === name && !rest.length;
    if (!stays) {
      this.large?.dialog.remove();
      this.view?.end();
      this.view = new VIEWS[name](this);
      this.name = name;
      main.className = name;
      main.replaceChildren(...this.view.main);
      this.large = this.grid ? new Large(this.grid) : null;
    }
    for (const tab of document.querySelectorAll('nav button')) {
      if (tab.dataset.view === name) tab.setAttribute('aria-current', 'page'); else tab.removeAttribute('aria-current');
    }
    try {
      if (rest.length) await this.view.show(...rest); else await this.view.load();
    } catch (error) { toast(error.message, 'error'); }
    this.focus();
  },

  focus() { (this.grid?.scroller ?? this.view?.canvas ?? main).focus({ preventScroll: true }); },

  /** Labels what is chosen with an answer; `null` takes the label off. */
  async say(code) {
    if (this.view instanceof Plane) return this.view.say(code);
    const rows = this.grid?.chosen ?? [];
    if (!rows.length) return undefined;
    const saved = label(rows.map((row) => [row, code]));
    if (code !== null) this.view.said();
    if (this.grid.selected.size > 1) this.grid.clear();
    this.large?.show();
    return saved;
  },

  accept() {
    if (this.view instanceof Confirm || this.view instanceof Issues) return this.view.accept();
    const rows = this.grid?.chosen ?? [];
    const doubtful = this.view.view === 'doubtful';
    const said = rows.map((row) => [row, (doubtful && item(row)?.doubt?.[0]) || item(row)?.guess?.[0]?.[0]]).filter(([, code]) => code !== undefined);
    if (!said.length) return rows.length ? toast('The classifier has no answer yet: label a few images of two classes.') : undefined;
    label(said);
    this.view.said();
    this.large?.show();
    return undefined;
  },

  async turn(which) {
    const told = await post(which).catch(() => null);
    if (!told) return;
    if (!told.done) { toast(which === 'undo' ? 'There is nothing of yours to take back.' : 'There is nothing to do again.'); return; }
    const { kind, rows } = told.done;
    const first = item(rows[0]);
    const what = rows.length === 1 && first ? `${first.name}: ${first.mine === null || first.mine === undefined ? 'no label' : nameOf(first.mine)}` : rows.length ? many(rows.length, 'image') : kind;
    toast(`${which === 'undo' ? 'Taken back' : 'Done again'}: ${what}`);
    const at = this.grid?.rows.indexOf(rows[0]);
    if (at >= 0) this.grid.move(at);
    this.large?.show();
  },

  like() {
    const row = this.grid?.rows[this.grid.cursor];
    if (row !== undefined) this.go('browse', 'like', row);
  },

  /** Shows one image among those like it, or several of a selection. */
  reveal(...rows) { if (rows.length) this.go('browse', 'like', rows[0]); },

  async search() { if (!(this.view instanceof Browse)) await this.go('browse'); this.view.input.focus(); },

  escape() { if (this.large?.isOpen) this.large.close(); else if (this.grid) this.grid.clear(); else this.view?.said?.(); },

  toggleLarge() { if (this.large?.isOpen) this.large.close(); else if (!(this.view instanceof Confirm)) this.large?.open(); },
};

const side = new Side(document.getElementById('side'), { say: (code) => page.say(code), show: (view, id) => (view === 'issues' ? page.go('issues', id) : page.go('browse', view, id)), focus: () => page.focus() });

function head(state) {
  const name = state.data.replace(/\/+$/, '').split('/').at(-1) || state.data;
  document.title = `${name}: labels`;
  document.getElementById('data').textContent = name;
  document.getElementById('counts').textContent = `${number(state.labeled)} of ${many(state.images, 'image')} labeled`;
  document.getElementById('person').textContent = state.me;
  const trouble = document.getElementById('trouble');
  trouble.hidden = !state.trouble;
  trouble.textContent = state.trouble ? `Your labels are safe in ${state.labels_file}, but the table for scripts is behind: ${state.trouble}` : '';
}

async function person() {
  const name = el('input', { type: 'text', value: model.state.me, maxLength: 60, required: true, autocomplete: 'off' });
  const given = await ask('Who labels?', [{ name: 'who', label: 'Your name, in the history and beside your answers', input: name }], { action: 'That is me' });
  if (!given) return;
  model.who = given.who.trim();
  localStorage.setItem('foretask-who', model.who);
  await refresh();
  await page.go(page.name);
}

hear((what) => what.state && head(what.state));
document.getElementById('undo').addEventListener('click', () => page.turn('undo'));
document.getElementById('help').addEventListener('click', help);
document.getElementById('person').addEventListener('click', person);
for (const tab of document.querySelectorAll('nav button')) tab.addEventListener('click', () => page.go(tab.dataset.view));
listen(page);

try {
  await refresh();
  await page.go('next');
  follow();
} catch (error) {
  toast(error.message, 'error');
}
document.body.dataset.ready = 'yes';
