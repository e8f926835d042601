// Talking to the server, and what is known of images and classes.

import { toast } from './dom.js';

const known = new Map();
const hearers = new Set();
let pending = 0;

export const model = { state: null, who: localStorage.getItem('foretask-who') || '', moves: 0 };

/** Hears of every change: `{ state }`, `{ rows }`. */
export const hear = (hearer) => { hearers.add(hearer); return () => hearers.delete(hearer); };
const tell = (what) => hearers.forEach((hearer) => hearer(what));

const headers = () => (model.who ? { 'x-foretask-who': encodeURIComponent(model.who) } : {});

async function answer(response) {
  const value = await response.json();
  if (!response.ok) throw new Error(value.error || `the server says ${response.status}`);
  return value;
}

export async function get(what, query = {}, signal) {
  const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined && value !== ''));
  return answer(await fetch(`/api/${what}?${words}`, { headers: headers(), signal }));
}

function saving(by) {
  pending += by;
  const saved = document.getElementById('saved');
  saved.classList.toggle('busy', pending > 0);
  if (pending > 0) saved.textContent = 'Saving…';
  else if (saved.dataset.failed !== 'yes') saved.textContent = 'Saved';
}

/** Has something done; `answered` is called once the server has answered, before its answer is looked at. */
export async function post(what, body = {}, answered = () => {}) {
  const saved = document.getElementById('saved');
  saving(1);
  try {
    const response = await fetch(`/api/${what}`, {
      method: 'POST', headers: { 'content-type': 'application/json', ...headers() }, body: JSON.stringify(body),
    });
    const value = await answer(response);
    saved.dataset.failed = 'no';
    answered();
    if (value.items) remember(value.items, value.version);
    return value;
  } catch (error) {
    saved.dataset.failed = 'yes';
    saved.textContent = 'Not saved';
    toast(error instanceof TypeError ? 'The server does not answer. Is foretask still running?' : error.message, 'error');
    throw error;
  } finally {
    saving(-1);
  }
}

/** Keeps what the server says of images, at a version of its labels. Answers overtake each other: what was said here and is not
 *  acknowledged yet, or is known of a later version, is not replaced by what the server knew before. */
export function remember(items, version) {
  for (const item of items) {
    const old = known.get(item.row);
    const late = old && (old.pending > 0 || version < old.version);
    const { mine, verdict, said, version: since } = late ? old : { ...old, ...item, version };
    known.set(item.row, { ...old, ...item, mine, verdict, said, version: since });
  }
  if (known.size > 40000) for (const row of [...known.keys()].slice(0, 20000)) known.delete(row);
  tell({ rows: items.map((item) => item.row) });
}

export const item = (row) => known.get(row);
export const classOf = (id) => model.state?.classes.find((one) => one.id === id);
export const nameOf = (code) => (code === -1 ? 'unsure' : code === -2 ? 'not usable' : classOf(code)?.name ?? 'a deleted class');
/** The hue of a class: by its place among all that there ever were, so that it stays. */
export const hueOf = (code) => (code - 1) % 10;

/** What holds for an image, as a code, "disputed", or null. */
export function holds(one) {
  const verdict = one?.verdict;
  if (!verdict) return null;
  return { class: verdict.class, unsure: -1, unusable: -2, disputed: 'disputed' }[verdict.is] ?? null;
}

/** Says something of images: at once in sight, and taken back where it could not be saved. */
export async function label(said, kind = 'label') {
  const before = said.map(([row]) => known.get(row)).filter(Boolean);
  const verdict = (code) => (code === null ? { is: 'open' } : code === -1 ? { is: 'unsure' } : code === -2 ? { is: 'unusable' } : { is: 'class', class: code });
  for (const [row, code] of said) {
    const old = known.get(row);
    if (!old) continue;
    const others = (old.said ?? []).some((one) => !one.source && one.who !== model.state?.me);
    known.set(row, { ...old, mine: code, pending: (old.pending ?? 0) + 1, verdict: others ? old.verdict : verdict(code) });
  }
  tell({ rows: said.map(([row]) => row) });
  const answered = () => before.forEach(({ row }) => {
    const one = known.get(row);
    if (one) known.set(row, { ...one, pending: one.pending - 1 });
  });
  try {
    return await post('label', { kind, said }, answered);
  } catch (error) {
    answered();
    for (const { row, mine, verdict: held, said: others } of before) known.set(row, { ...known.get(row), mine, verdict: held, said: others });
    tell({ rows: before.map((old) => old.row) });
    return null;
  }
}

export async function refresh() {
  model.state = await get('state');
  model.moves = model.state.moves;
  tell({ state: model.state });
}

/** Asks again whenever something has changed, for as long as the page is open. */
export async function follow() {
  for (;;) {
    try {
      const { moves } = await get('wait', { moves: model.moves });
      if (moves !== model.moves) await refresh();
      document.body.classList.remove('lost');
    } catch {
      document.body.classList.add('lost');
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}
