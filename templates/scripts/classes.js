// Two models, class by class.
(() => {
  const { data, $, values, keep, change, numbers, onOpen } = report;
  if (data.rows.length < 2) return;
  const table = $("class-table");
  const number = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
  const usual = `${$("first").value}.${$("second").value}`;
  keep("pair", usual, show);
  report.rowsChanged.push(show);

  // Hidden models make room for others, and cannot be chosen, as far as there are others.
  function chosen() {
    const all = [...$("first").options].map((option) => option.value);
    const shown = all.filter((row) => !numbers("hide").has(Number(row)));
    const known = shown.length > 1 ? shown : all;
    for (const option of [...$("first").options, ...$("second").options]) option.disabled = !known.includes(option.value);
    const [first, second] = values.pair.split(".").map((row) => (known.includes(row) ? row : null));
    const free = known.filter((row) => row !== first && row !== second);
    return [first ?? free.shift(), second ?? free.shift()];
  }
  function show() {
    const [first, second] = chosen();
    [$("first").value, $("second").value] = [first, second];
    for (const cell of table.querySelectorAll("[data-row]")) {
      cell.hidden = ![first, second].includes(cell.dataset.row);
    }
    $("difference").hidden = false;
    for (const row of table.rows) {
      row.append(...[first, second].map((e) => row.querySelector(`[data-row="${e}"]`)));
    }
    table.tHead.rows[0].append($("difference"));
    const lines = [...table.tBodies[0].rows].map((row) => {
      const of = (e) => Number(row.querySelector(`[data-row="${e}"]`).dataset.value);
      return { row, difference: of(first) - of(second) };
    });
    lines.sort((a, b) => (isNaN(a.difference) ? 1 : isNaN(b.difference) ? -1 : b.difference - a.difference));
    lines.forEach(({ row, difference }) => draw(row, difference));
  }
  function draw(row, difference) {
    const cell = row.querySelector("td.bars") ?? row.insertCell();
    cell.className = "bars";
    row.append(cell);
    const bar = document.createElement("span");
    bar.className = difference < 0 ? "difference less" : "difference more";
    bar.style.width = `calc((100% - 3.8rem) * ${Math.abs(difference) / 200 || 0})`;
    const text = document.createElement("span");
    text.textContent = isNaN(difference) ? "–" : number.format(difference).replace("-", "−");
    cell.replaceChildren(text, bar);
    table.tBodies[0].append(row);
  }

  $("pair").hidden = false;
  $("pair").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["first", "second"]) {
    $(id).addEventListener("change", () => {
      change({ pair: `${$("first").value}.${$("second").value}` });
      $("class-details").open = true;
    });
  }
  $("class-details").open = true;
  // A link to a class of a row shows that row.
  onOpen((target) => {
    if (!target.closest("#class-table")) return;
    const { row } = target.dataset;
    const [first, second] = chosen();
    if (row !== undefined && ![first, second].includes(row)) change({ pair: `${row}.${second}` });
  });
})();
