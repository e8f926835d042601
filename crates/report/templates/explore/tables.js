// Tables sort by a click on a heading; lines that are no results (guessing) stay below.

const number = (cell) => {
  const found = cell.textContent.replace(/−/g, '-').replace(/[\u00a0\u202f]/g, '').match(/[-+]?\d+(\.\d+)?/);
  return found ? Number(found[0]) : NaN;
};

for (const table of document.querySelectorAll('table.sorts')) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    const button = element('button', { type: 'button', title: 'Sort by this column' });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const numeric = head.classList.contains('num');
      // Numbers begin with the largest, names with the first letter.
      const first = numeric ? 'descending' : 'ascending';
      const other = numeric ? 'ascending' : 'descending';
      const order = head.getAttribute('aria-sort') === first ? other : first;
      heads.forEach((one) => one.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', order);
      const value = (row) => (numeric ? number(row.cells[column]) : row.cells[column].textContent.trim());
      const rows = [...body.rows].filter((row) => !row.classList.contains('guess'));
      const guesses = [...body.rows].filter((row) => row.classList.contains('guess'));
      const compare = (a, b) => {
        const [x, y] = [value(a), value(b)];
        if (!numeric) return x.localeCompare(y);
        return Number.isNaN(x) - Number.isNaN(y) || x - y;
      };
      rows.sort((a, b) => {
        const missing = numeric && (Number.isNaN(value(a)) || Number.isNaN(value(b)));
        return order === 'ascending' || missing ? compare(a, b) : compare(b, a);
      });
      body.append(...rows, ...guesses);
    });
  });
}
