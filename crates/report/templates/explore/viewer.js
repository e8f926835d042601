// Reads the page's data, draws images out of the atlases, and opens them large.

const data = JSON.parse(document.getElementById('explore-data').textContent);

/** An element with attributes, a class and children; texts never become markup. */
const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

/** An atlas's picture once it is decoded. */
const pictures = data.atlases.map((atlas) => {
  const picture = new Image();
  picture.src = atlas.source;
  return picture;
});

/** An image of an atlas on a canvas, at most `side` pixels wide or high: small ones by whole pixels. */
const thumbnail = (atlas, index, side) => {
  const canvas = element('canvas', { 'aria-hidden': 'true' });
  const about = data.atlases[atlas];
  if (!about || !about.sizes[index]) return canvas;
  const [width, height] = about.sizes[index];
  const fit = side / Math.max(width, height);
  const scale = fit >= 1 ? Math.floor(fit) : fit;
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const draw = () => {
    const context = canvas.getContext('2d');
    context.imageSmoothingEnabled = scale < 1 || about.cell > 32;
    const left = (index % about.columns) * about.cell;
    const top = Math.floor(index / about.columns) * about.cell;
    context.drawImage(pictures[atlas], left, top, width, height, 0, 0, canvas.width, canvas.height);
  };
  pictures[atlas].decode().then(draw, () => {});
  return canvas;
};

const viewer = element('dialog', { class: 'viewer', 'aria-labelledby': 'viewer-title' });
const viewerTitle = element('h2', { id: 'viewer-title' });
const viewerBody = element('div', { class: 'viewer-body' });
const viewerClose = element('button', { type: 'button', class: 'close' }, 'Close');
viewer.append(viewerClose, viewerTitle, viewerBody);
document.body.append(viewer);
viewerClose.addEventListener('click', () => viewer.close());
// A click beside the dialog closes it.
viewer.addEventListener('click', (event) => {
  if (event.target === viewer) viewer.close();
});

/** Opens the dialog with a title and what it shows; focus returns where it came from. */
const open = (title, ...children) => {
  viewerTitle.textContent = title;
  viewerBody.replaceChildren(...children);
  viewer.showModal();
  viewer.scrollTop = 0;
};

/** A picture with lines below it. */
const card = (picture, lines) =>
  element('figure', {}, picture, element('figcaption', {}, ...lines.map((line) => element('span', {}, line))));
