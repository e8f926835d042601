// Maps of images: what a dot is when it is pointed at, classes switched on and off, zoom, pan, and all of it by keyboard.

const SIDE = 400;
const NEAR = 14;

class MapOfImages {
  constructor(figure, about, chart, told) {
    Object.assign(this, { figure, about, places: about.charts[chart], told, hidden: new Set(), lit: null, at: null });
    this.view = { scale: 1, x: 0, y: 0 };
    this.still = figure.querySelector('svg');
    const name = `${this.still.getAttribute('aria-label')}. Arrow keys go from image to image, Enter opens one, plus and minus zoom, 0 shows all.`;
    this.canvas = element('canvas', { class: 'scatter', tabindex: '0', role: 'application', 'aria-label': name });
    this.tip = element('div', { class: 'tip', hidden: '' });
    this.field = element('div', { class: 'field' }, this.canvas, this.tip);
    this.still.after(this.field);
    this.still.classList.add('for-print');
    const button = (sign, label, act) => {
      const made = element('button', { type: 'button', 'aria-label': label, title: label }, sign);
      made.addEventListener('click', act);
      return made;
    };
    this.field.append(
      element('div', { class: 'zoom' },
        button('+', 'Zoom in', () => this.zoom(1.6)),
        button('−', 'Zoom out', () => this.zoom(1 / 1.6)),
        button('⤢', 'Show all', () => this.reset())));
    this.listen();
    new ResizeObserver(() => this.resize()).observe(this.field);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.recolor());
    this.recolor();
  }

  recolor() {
    const style = getComputedStyle(document.documentElement);
    this.colors = this.about.groups.map((group) => style.getPropertyValue(group.color).trim());
    this.ink = style.getPropertyValue('--ink').trim();
    this.draw();
  }

  resize() {
    const side = this.field.clientWidth;
    const dots = devicePixelRatio || 1;
    this.canvas.width = this.canvas.height = Math.round(side * dots);
    this.draw();
  }

  /** Units of the chart as pixels of the canvas on the screen. */
  pixels([x, y]) {
    const unit = this.field.clientWidth / SIDE;
    return [(x * this.view.scale + this.view.x) * unit, (y * this.view.scale + this.view.y) * unit];
  }

  shown(index) {
    return this.places[index] !== null && !this.hidden.has(this.about.group[index]);
  }

  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      this.paint();
    });
  }

  paint() {
    const context = this.canvas.getContext('2d');
    const dots = devicePixelRatio || 1;
    context.setTransform(dots, 0, 0, dots, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const radius = Math.min(7, 2.7 * Math.sqrt(this.view.scale)) * Math.max(0.8, this.field.clientWidth / SIDE);
    this.about.groups.forEach((group, number) => {
      if (this.hidden.has(number)) return;
      context.globalAlpha = this.lit === null || this.lit === number ? 0.8 : 0.08;
      context.fillStyle = this.colors[number];
      context.beginPath();
      this.places.forEach((place, index) => {
        if (place === null || this.about.group[index] !== number) return;
        const [x, y] = this.pixels(place);
        if (group.square) {
          context.rect(x - radius * 0.85, y - radius * 0.85, 1.7 * radius, 1.7 * radius);
        } else {
          context.moveTo(x + radius, y);
          context.arc(x, y, radius, 0, 2 * Math.PI);
        }
      });
      context.fill();
    });
    context.globalAlpha = 1;
    if (this.at !== null && this.shown(this.at)) {
      const [x, y] = this.pixels(this.places[this.at]);
      context.strokeStyle = this.ink;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, radius + 2.5, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** The shown image nearest to a place on the screen, within `most` pixels. */
  nearest(x, y, most) {
    let [found, least] = [null, most * most];
    this.places.forEach((place, index) => {
      if (!this.shown(index)) return;
      const [px, py] = this.pixels(place);
      const far = (px - x) ** 2 + (py - y) ** 2;
      if (far < least) [found, least] = [index, far];
    });
    return found;
  }

  /** What is to be said of an image. */
  lines(index) {
    const { names, classes, labels, answers } = this.about;
    const lines = [names[index] || `image ${index + 1}`];
    const [label, answer] = [labels[index] ?? null, answers[index] ?? null];
    lines.push(label === null ? 'no label' : classes[label]);
    if (answer !== null) lines.push(label === null || answer !== label ? `answered ${classes[answer]}` : 'answered rightly');
    return lines;
  }

  point(index, aloud) {
    if (index === this.at) return;
    this.at = index;
    this.draw();
    this.tip.hidden = index === null;
    if (index === null) return;
    const lines = this.lines(index);
    const picture = this.about.atlas === null ? [] : [thumbnail(this.about.atlas, index, 84)];
    this.tip.replaceChildren(...picture, ...lines.map((line) => element('span', {}, line)));
    const [x, y] = this.pixels(this.places[index]);
    const side = this.field.clientWidth;
    this.tip.style.left = `${Math.max(4, Math.min(side - this.tip.offsetWidth - 4, x + 14))}px`;
    const below = y + 14 + this.tip.offsetHeight < side;
    this.tip.style.top = `${below ? y + 14 : Math.max(4, y - 14 - this.tip.offsetHeight)}px`;
    if (aloud) this.told.textContent = lines.join(', ');
  }

  show(index) {
    if (index === null) return;
    const [title, ...lines] = this.lines(index);
    open(title, card(this.about.atlas === null ? '' : thumbnail(this.about.atlas, index, 320), lines));
  }

  /** Keeps the place (x, y) of the screen where it is. */
  zoom(by, x = this.field.clientWidth / 2, y = this.field.clientWidth / 2) {
    const unit = this.field.clientWidth / SIDE;
    const scale = Math.max(1, Math.min(40, this.view.scale * by));
    const real = scale / this.view.scale;
    this.view.x = x / unit - (x / unit - this.view.x) * real;
    this.view.y = y / unit - (y / unit - this.view.y) * real;
    this.view.scale = scale;
    this.settle();
  }

  move(x, y) {
    const unit = this.field.clientWidth / SIDE;
    this.view.x += x / unit;
    this.view.y += y / unit;
    this.settle();
  }

  /** Never beyond the chart's edges. */
  settle() {
    const least = SIDE * (1 - this.view.scale);
    this.view.x = Math.max(least, Math.min(0, this.view.x));
    this.view.y = Math.max(least, Math.min(0, this.view.y));
    this.canvas.style.touchAction = this.view.scale > 1 ? 'none' : 'pan-y';
    this.point(null);
    this.draw();
  }

  reset() {
    this.view = { scale: 1, x: 0, y: 0 };
    this.settle();
  }

  listen() {
    const place = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const held = new Map();
    let moved = 0;
    this.canvas.addEventListener('pointerdown', (event) => {
      held.set(event.pointerId, place(event));
      moved = 0;
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointermove', (event) => {
      const [x, y] = place(event);
      const before = held.get(event.pointerId);
      if (!before) return this.point(this.nearest(x, y, NEAR));
      held.set(event.pointerId, [x, y]);
      moved += Math.hypot(x - before[0], y - before[1]);
      if (held.size === 2) {
        const [other] = [...held].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
        const apart = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1;
        this.zoom(apart([x, y]) / apart(before), (x + other[0]) / 2, (y + other[1]) / 2);
      } else if (moved > 4) {
        this.move(x - before[0], y - before[1]);
      }
    });
    const release = (event) => {
      if (held.delete(event.pointerId) && moved <= 4 && event.type === 'pointerup') {
        const [x, y] = place(event);
        this.show(this.nearest(x, y, NEAR));
      }
    };
    this.canvas.addEventListener('pointerup', release);
    this.canvas.addEventListener('pointercancel', release);
    this.canvas.addEventListener('pointerleave', () => this.point(null));
    this.canvas.addEventListener('wheel', (event) => {
      // The page scrolls unless the map is what one is busy with.
      if (document.activeElement !== this.canvas && !event.ctrlKey) return;
      event.preventDefault();
      this.zoom(1.0018 ** -event.deltaY, ...place(event));
    }, { passive: false });
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.point(null));
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (step) this.step(...step);
    else if (event.key === 'Enter' || event.key === ' ') this.show(this.at);
    else if (event.key === '+' || event.key === '=') this.zoomHere(1.6);
    else if (event.key === '-') this.zoomHere(1 / 1.6);
    else if (event.key === '0' || event.key === 'Escape') this.reset();
    else return;
    event.preventDefault();
  }

  /** Zooms around the image that is pointed at and keeps it. */
  zoomHere(by) {
    const at = this.at;
    this.zoom(by, ...(at === null ? [] : this.pixels(this.places[at])));
    if (at !== null) this.reveal(at);
  }

  /** Points at an image, after bringing it into sight. */
  reveal(index, aloud) {
    const side = this.field.clientWidth;
    const [x, y] = this.pixels(this.places[index]);
    if (Math.min(x, y) < 0 || Math.max(x, y) > side) this.move(side / 2 - x, side / 2 - y);
    this.point(index, aloud);
  }

  /** The nearest image in a direction; what lies aside counts double. */
  step(dx, dy) {
    if (this.at === null) {
      const middle = this.field.clientWidth / 2;
      const first = this.nearest(middle, middle, Infinity);
      return first === null ? undefined : this.reveal(first, true);
    }
    const [x, y] = this.pixels(this.places[this.at]);
    let [found, least] = [null, Infinity];
    this.places.forEach((place, index) => {
      if (index === this.at || !this.shown(index)) return;
      const [px, py] = this.pixels(place);
      const ahead = (px - x) * dx + (py - y) * dy;
      const aside = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
      if (ahead > 0.5 && ahead >= aside && ahead + 2 * aside < least) [found, least] = [index, ahead + 2 * aside];
    });
    if (found !== null) this.reveal(found, true);
  }
}

document.querySelectorAll('.embedding').forEach((article, number) => {
  const about = data.maps[number];
  if (!about) return;
  const told = element('p', { class: 'aside', 'aria-live': 'polite' });
  article.append(told);
  const figures = [...article.querySelectorAll('.maps figure')];
  const maps = figures.map((figure, chart) => new MapOfImages(figure, about, chart, told));
  for (const item of article.querySelectorAll('.legend li')) {
    const group = Number(item.dataset.group);
    const button = element('button', { type: 'button', 'aria-pressed': 'true', title: 'Show or hide this class' });
    button.append(...item.childNodes);
    item.removeAttribute('tabindex');
    item.append(button);
    const light = (lit) => maps.forEach((map) => { map.lit = lit; map.draw(); });
    button.addEventListener('pointerenter', () => light(group));
    button.addEventListener('pointerleave', () => light(null));
    button.addEventListener('click', () => {
      const on = button.getAttribute('aria-pressed') === 'false';
      button.setAttribute('aria-pressed', String(on));
      maps.forEach((map) => { map.hidden[on ? 'delete' : 'add'](group); map.point(null); map.draw(); });
    });
  }
});
