// Predictions open large, with their file's name.

for (const figure of document.querySelectorAll('.album figure')) {
  const picture = figure.querySelector('img');
  const button = element('button', { type: 'button', 'aria-label': `Open ${picture.alt}` });
  picture.before(button);
  button.append(picture);
  button.addEventListener('click', () => {
    const large = picture.cloneNode();
    large.removeAttribute('loading');
    const scale = Math.max(1, Math.floor(336 / Math.max(picture.width, picture.height)));
    large.width = picture.naturalWidth ? Math.max(picture.naturalWidth, picture.width * scale) : picture.width;
    large.removeAttribute('height');
    const lines = [...figure.querySelectorAll('figcaption > span:not(.file)')].map((line) => line.textContent.trim());
    open(figure.dataset.name || picture.alt, card(large, lines));
  });
}
