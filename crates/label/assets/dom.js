// Elements. Text from files and people is text: nothing here makes markup of it.

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') made.className = value;
    else if (name === 'on') for (const [event, hear] of Object.entries(value)) made.addEventListener(event, hear);
    else if (name in made && name !== 'list') made[name] = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const NS = 'http://www.w3.org/2000/svg';

export function svg(tag, properties = {}, ...children) {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
  made.append(...children.flat().filter(Boolean));
  return made;
}

export const number = (value) => value.toLocaleString('en-US');
export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;
export const many = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

/** A short message that goes away by itself; errors stay longer. */
export function toast(text, kind = 'note') {
  const place = document.getElementById('toasts');
  const made = el('p', { class: `toast ${kind}` }, text);
  place.append(made);
  while (place.children.length > 3) place.firstChild.remove();
  setTimeout(() => made.remove(), kind === 'error' ? 9000 : 3500);
}

/** A dialog with a form; resolves to its values by name, or null where it was closed. */
export function ask(title, fields, { action = 'OK', danger = false, text = '' } = {}) {
  return new Promise((resolve) => {
    const form = el('form', { method: 'dialog' });
    const dialog = el('dialog', { class: 'ask' }, form);
    dialog.setAttribute('aria-label', title);
    const close = (value) => { dialog.close(); dialog.remove(); resolve(value); };
    form.append(
      el('h2', {}, title),
      text && el('p', {}, text),
      ...fields.map((field) => el('label', {}, field.label, field.input)),
      el('div', { class: 'buttons' },
        el('button', { type: 'button', class: 'plain', on: { click: () => close(null) } }, 'Cancel'),
        el('button', { type: 'submit', class: danger ? 'danger' : 'main' }, action)),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      close(Object.fromEntries(fields.map((field) => [field.name, field.input.value])));
    });
    dialog.addEventListener('cancel', (event) => { event.preventDefault(); close(null); });
    document.body.append(dialog);
    dialog.showModal();
    fields[0]?.input.select?.();
  });
}
