// Every act has a key.

import { el } from './dom.js';
import { addClass, keys } from './side.js';

const WORDS = [
  ['1 … 9, letters', 'give the class with that key to the image under the cursor, or to all that are selected'],
  ['Enter', 'accept what the classifier would say; in Confirm: the whole screenful; in Issues: what the button below says'],
  ['u, x', 'unsure, not usable'],
  ['Backspace', 'take your label off'],
  ['Arrows, Home, End', 'move; with Shift select'],
  ['Space', 'large view'],
  ['m', 'more like this'],
  ['Ctrl-A, Esc', 'select all that are loaded, none'],
  ['Ctrl-Z, Ctrl-Y', 'take back, do again: without end, across restarts'],
  ['+', 'new class'],
  ['/', 'search'],
  ['[ ]', 'smaller, larger pictures'],
  ['?', 'this'],
];

export function help() {
  const dialog = el('dialog', { class: 'ask', 'aria-label': 'Keys' },
    el('h2', {}, 'Keys'),
    el('dl', { class: 'keys' }, ...WORDS.flatMap(([key, what]) => [el('dt', {}, key), el('dd', {}, what)])),
    el('p', { class: 'quiet' }, 'With a mouse: click, Ctrl-click and Shift-click, then a class. With a finger: tap an image, then a class; rest on an image to select several.'),
    el('div', { class: 'buttons' }, el('button', { type: 'button', class: 'main', on: { click: () => dialog.close() } }, 'Close')));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Listens; `page` has what the keys do. */
export function listen(page) {
  document.addEventListener('keydown', (event) => {
    if (document.querySelector('dialog.ask[open]')) return;
    const target = event.target;
    const typing = target.matches?.('input, select, textarea');
    if (typing) { if (event.key === 'Escape') { target.blur(); page.focus(); } return; }
    const command = event.ctrlKey || event.metaKey;
    const key = event.key;
    const lower = key.toLowerCase();
    const done = () => event.preventDefault();
    if (command && lower === 'z') { done(); return page.turn(event.shiftKey ? 'redo' : 'undo'); }
    if (command && lower === 'y') { done(); return page.turn('redo'); }
    if (command && lower === 'a') { done(); return page.grid?.all(); }
    if (command || event.altKey) return undefined;
    // A button keeps its own keys.
    const pressed = target.closest?.('button, a') && (key === 'Enter' || key === ' ');
    if (pressed) return undefined;
    if (key === '?') { done(); return help(); }
    if (key === '/') { done(); return page.search(); }
    if (key === '+') { done(); return addClass(); }
    if (key === 'Escape') { done(); return page.escape(); }
    if (key === '[' || key === ']') { done(); return page.grid?.resize(key === '[' ? -24 : 24); }
    if (page.large?.isOpen && (key === 'ArrowLeft' || key === 'ArrowRight')) { done(); return page.large.step(key === 'ArrowLeft' ? -1 : 1); }
    if (page.grid?.key(event)) { done(); page.large?.show(); return undefined; }
    if (key === ' ') { done(); return page.toggleLarge(); }
    if (key === 'Enter') { done(); return page.accept(); }
    if (key === 'Backspace' || key === 'Delete') { done(); return page.say(null); }
    if (lower === 'u') { done(); return page.say(-1); }
    if (lower === 'x') { done(); return page.say(-2); }
    if (lower === 'm') { done(); return page.like(); }
    const code = keys().get(lower);
    if (code !== undefined) { done(); return page.say(code); }
    return undefined;
  });
}
