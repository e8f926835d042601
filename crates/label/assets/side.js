// Classes with their keys and counts; what the classifier can do; the script.

import { ask, el, many, number, percent, svg, toast } from './dom.js';
import { hear, hueOf, model, post } from './talk.js';

/** Letters that mean something else. */
const TAKEN = 'uxmz';
const LETTERS = 'abcdefghijklnopqrstvwy';

/** The key of each class: the chosen one, else digits in order, then letters. */
export function keys() {
  const classes = model.state?.classes ?? [];
  const chosen = new Set(classes.map((one) => one.key).filter(Boolean));
  const free = [...'123456789', ...LETTERS].filter((key) => !chosen.has(key) && !TAKEN.includes(key));
  return new Map(classes.map((one) => [one.key ?? free.shift() ?? '', one.id]));
}

export async function addClass() {
  const name = el('input', { type: 'text', maxLength: 120, required: true, autocomplete: 'off' });
  const given = await ask('New class', [{ name: 'name', label: 'Name', input: name }], { action: 'Add' });
  if (!given) return null;
  try { return (await post('class', { do: 'add', name: given.name })).id; } catch { return null; }
}

async function change(one) {
  const name = el('input', { type: 'text', value: one.name, maxLength: 120, required: true, autocomplete: 'off' });
  const key = el('input', { type: 'text', value: one.key ?? '', maxLength: 1, size: 2, autocomplete: 'off' });
  const given = await ask(`Class “${one.name}”`, [{ name: 'name', label: 'Name', input: name }, { name: 'key', label: 'Key (a digit or letter; empty for the next free one)', input: key }], { action: 'Save' });
  if (!given) return;
  const letter = given.key.trim().toLowerCase();
  if (letter && (TAKEN.includes(letter) || !/^[a-z0-9]$/.test(letter))) { toast(`The key ${letter} cannot be used: choose a digit or a letter other than u, x, m and z.`, 'error'); return; }
  await post('class', { do: 'change', id: one.id, name: given.name, key: letter || null }).catch(() => {});
}

async function remove(one) {
  const others = model.state.classes.filter((other) => other.id !== one.id);
  const into = el('select', {}, el('option', { value: '' }, 'nowhere: they lose this label'), ...others.map((other) => el('option', { value: other.id }, `into “${other.name}”`)));
  const given = await ask(`Remove “${one.name}”`, [{ name: 'into', label: `Where its ${many(one.count, 'image')} go`, input: into }], { action: 'Remove', danger: true, text: 'Ctrl-Z takes it back.' });
  if (!given) return;
  const done = await post('class', { do: 'remove', id: one.id, into: given.into ? Number(given.into) : null }).catch(() => null);
  if (done) toast(given.into ? 'Merged. Ctrl-Z takes it back.' : 'Deleted. Ctrl-Z takes it back.');
}

export class Side {
  /** `say(code)` labels what is chosen; `show(view)` shows a list; `focus()` gives the keys back to the images. */
  constructor(place, { say, show, focus }) {
    this.focus = focus;
    this.place = place;
    this.say = say;
    this.show = show;
    this.classes = el('ol', { class: 'classes' });
    this.card = el('section', { class: 'card', 'aria-label': 'Accuracy' });
    this.work = el('div', { class: 'work' });
    place.append(
      el('div', { class: 'head' }, el('h2', {}, 'Classes'),
        el('button', { type: 'button', class: 'plain', title: 'New class (+)', on: { click: () => addClass() } }, '+ New class')),
      this.classes, this.card, this.work);
    hear((what) => what.state && this.draw(what.state));
  }

  draw(state) {
    const active = document.activeElement?.dataset?.code;
    const byId = new Map([...keys()].map(([key, id]) => [id, key]));
    const most = Math.max(1, ...state.classes.map((one) => one.count));
    const line = (code, key, name, count, hue, tools) => {
      const bar = el('span', { class: 'bar', 'aria-hidden': 'true' });
      bar.style.width = `${(100 * count) / most}%`;
      const button = el('button', { type: 'button', class: `class ${hue}`, on: { click: (event) => { this.say(code); if (event.detail) this.focus(); } }, title: `Label as ${name}` },
        el('kbd', {}, key), el('span', { class: 'name' }, name), el('span', { class: 'count' }, number(count)), tools ? bar : '');
      button.dataset.code = code;
      return el('li', {}, button, tools ?? el('span', { class: 'tools' }, tool('Show', '⋯', () => this.show(code === -1 ? 'unsure' : 'unusable'))));
    };
    const tool = (title, sign, act) => el('button', { type: 'button', class: 'tool', title, 'aria-label': title, on: { click: act } }, sign);
    const tools = (one) => el('span', { class: 'tools' },
      tool(`Show the images of ${one.name}`, '⋯', () => this.show('class', one.id)),
      tool(`Rename ${one.name} or change its key`, '✎', () => change(one)),
      tool(`Delete or merge ${one.name}`, '✕', () => remove(one)));
    this.classes.replaceChildren(
      ...state.classes.map((one) => line(one.id, byId.get(one.id) ?? '', one.name, one.count, `hue${hueOf(one.id)}`, tools(one))),
      line(-1, 'u', 'Unsure', state.unsure, 'grey'), line(-2, 'x', 'Not usable', state.unusable, 'grey'));
    if (!state.classes.length) this.classes.prepend(el('li', { class: 'empty' }, 'Add a class to begin: press +'));
    if (active) this.classes.querySelector(`[data-code="${active}"]`)?.focus();
    this.drawCard(state);
    this.drawWork(state);
  }

  drawCard(state) {
    const { accuracy, curve, promise } = state;
    const parts = [el('h2', {}, 'Classifier so far')];
    if (!accuracy) {
      const missing = state.classes.length < 2 ? 'Two classes are needed before anything can be learned.' : 'It is measured once there are 10 labels, two or more of each class.';
      parts.push(el('p', { class: 'quiet' }, missing));
    } else {
      parts.push(
        el('p', { class: 'figure' }, percent(accuracy.right, 1), el('small', {}, ` ${percent(accuracy.low)} to ${percent(accuracy.high)}`)),
        el('p', { class: 'quiet' }, `right on labeled images it did not learn from, with ${many(accuracy.labels, 'label')}; chosen ones are no random sample of all`),
        curve.length > 1 ? chart(curve) : '',
        promise && el('p', {}, promise.gain >= 0.005
          ? `Another 50 labels promise about ${(100 * promise.gain).toFixed(1)} points; from about ${number(promise.stops)} labels on they bring less than half a point.`
          : 'Another 50 labels promise less than half a point: a good moment to train.'));
    }
    if (state.script) {
      const off = state.labeled < 2 || state.classes.length < 2;
      parts.push(el('div', { class: 'pair-of-buttons' },
        el('button', { type: 'button', class: 'main', disabled: off || state.training.running, title: 'Run the script that these labels make', on: { click: () => post('train').catch(() => {}) } }, 'Train now'),
        el('button', { type: 'button', class: 'plain', disabled: off, on: { click: () => script() } }, 'Make the script')));
      parts.push(...this.training(state.training));
    }
    this.card.replaceChildren(...parts.filter(Boolean));
  }

  /** How far the run of the script is, what it said last, and its report. */
  training(run) {
    const minutes = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`);
    if (run.running) {
      const left = run.remaining > 0 && run.of ? `, about ${minutes(run.remaining)} left` : '';
      return [
        el('label', { class: 'quiet wide' }, `${run.title || 'Reading the script'}${run.of ? `: ${number(run.done)} of ${number(run.of)}${left}` : ` (${minutes(run.seconds)})`}`,
          el('progress', run.of ? { max: run.of, value: run.done } : {})),
        el('button', { type: 'button', class: 'plain', on: { click: () => post('stop_training').catch(() => {}) } }, 'Stop training'),
      ];
    }
    if (run.error) return [el('p', { class: 'warn' }, `Training: ${run.error}`)];
    if (run.report) return [el('p', {}, el('a', { href: '/report', target: '_blank', rel: 'noopener', id: 'report' }, 'Open the report'), ` of ${run.script}, trained in ${minutes(run.seconds)}`)];
    return [];
  }

  drawWork(state) {
    const { doing, done, of, encoder, described, bad, notes } = state.standing;
    const parts = [];
    if (doing) {
      parts.push(el('label', {}, `${doing[0].toUpperCase()}${doing.slice(1)}: ${number(done)} of ${number(of)}`, el('progress', { max: of || 1, value: done })));
    }
    if (encoder) parts.push(el('p', {}, `Suggestions by ${encoder}, ${many(described, 'image')}${state.seconds ? `; learned in ${state.seconds.toFixed(1)} s` : ''}`));
    if (state.doubtful) parts.push(el('p', {}, el('button', { type: 'button', class: 'link', on: { click: () => this.show('issues', 'label') } }, `${many(state.doubtful, 'label')} probably wrong`)));
    if (bad) parts.push(el('p', {}, el('button', { type: 'button', class: 'link', on: { click: () => this.show('bad') } }, `${many(bad, 'image')} cannot be read`)));
    if (state.gone) parts.push(el('p', {}, `${many(state.gone, 'labeled image')} are not in the data any more; their labels are kept.`));
    notes.forEach((note) => parts.push(el('p', { class: 'warn' }, note)));
    const table = state.table.holds ? '' : ' (being written)';
    parts.push(el('p', {}, 'Labels for scripts: ', el('code', {}, state.manifest), table));
    this.work.replaceChildren(...parts);
  }
}

async function script() {
  const made = await post('script').catch(() => null);
  if (!made) return;
  await ask('The script is there', [], {
    action: 'Good', text: `${made.path}: “foretask check ${made.path}” says what it will do, “foretask run ${made.path}” trains the real thing from these labels.`,
  });
}

/** Accuracy over labels, with its interval. */
function chart(points) {
  const [wide, high] = [252, 84];
  const labels = points.map((point) => point.labels);
  const [first, last] = [Math.min(...labels), Math.max(...labels)];
  const floor = Math.max(0, Math.min(...points.map((point) => point.low)) - 0.02);
  const x = (value) => 2 + ((value - first) / Math.max(1, last - first)) * (wide - 4);
  const y = (value) => high - 14 - ((value - floor) / Math.max(0.01, 1 - floor)) * (high - 20);
  const place = (value, share) => `${x(value).toFixed(1)},${y(share).toFixed(1)}`;
  const upper = points.map((point) => place(point.labels, point.high));
  const lower = points.map((point) => place(point.labels, point.low)).reverse();
  const text = (at, anchor, words) => svg('text', { x: at, y: high - 2, 'text-anchor': anchor }, document.createTextNode(words));
  const made = svg('svg', { viewBox: `0 0 ${wide} ${high}`, class: 'chart', role: 'img', 'aria-label': `Accuracy from ${percent(points[0].right)} at ${first} labels to ${percent(points.at(-1).right)} at ${last}` },
    svg('polygon', { points: [...upper, ...lower].join(' '), class: 'band' }),
    svg('polyline', { points: points.map((point) => place(point.labels, point.right)).join(' '), class: 'line' }),
    svg('circle', { cx: x(points.at(-1).labels), cy: y(points.at(-1).right), r: 3, class: 'dot' }),
    text(2, 'start', `${number(first)} labels`), text(wide - 2, 'end', number(last)));
  return made;
}
