// Cells of a confusion matrix open the images that they count.

for (const table of document.querySelectorAll('.confusion[data-gallery]')) {
  const gallery = data.galleries[Number(table.dataset.gallery)];
  if (!gallery || !data.atlases[gallery.atlas]) continue;
  const percent = (share) => (share === null ? '' : `${(100 * share).toFixed(1)} %`);
  [...table.tBodies[0].rows].forEach((row, truth) => {
    [...row.cells].slice(1, -1).forEach((cell, predicted) => {
      const found = gallery.answers
        .map((answer, index) => ({ ...answer, index }))
        .filter((answer) => answer.truth === truth && answer.predicted === predicted);
      if (!found.length) return;
      const [of, as] = [gallery.classes[truth], gallery.classes[predicted]];
      const title = truth === predicted ? `${of}, recognized` : `${of}, taken for ${as}`;
      const button = element('button', { type: 'button', 'aria-label': `${cell.textContent.trim()}: ${title}. Show images` });
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener('click', () => {
        const cards = found.map((answer) =>
          card(thumbnail(gallery.atlas, answer.index, 112), [answer.name, percent(answer.confidence)]));
        open(`${gallery.result}: ${title}`, element('p', { class: 'intro' }, gallery.basis), ...cards);
      });
    });
  });
}
