// The table of the comparison: sorting, filter, columns, and copies of what is shown.
(() => {
  const { data, words, $, values, keep, change, numbers, onOpen, rove } = report;
  const table = $("table");
  const headers = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  const boxes = new Map([...$("view").querySelectorAll("input[type=checkbox]")].map((b) => [b.name, b]));
  const namesOf = (isShown) => [...boxes.values()].filter(isShown).map((b) => b.name).join(",");
  const cellOf = (row, name) => row.cells[headers.findIndex((h) => h.dataset.column === name)];
  const isFolded = (row) => row.hidden || numbers("hide").has(Number(row.dataset.row));

  keep("sort", "", show);
  keep("filter", "", show);
  keep("columns", namesOf((b) => b.defaultChecked), show);

  function show() {
    const shown = new Set(values.columns.split(","));
    boxes.forEach((box, name) => { box.checked = shown.has(name) || box.disabled; });
    for (const row of [table.tHead.rows[0], ...rows]) {
      for (const cell of row.cells) cell.hidden = !boxes.get(cell.dataset.column).checked;
    }
    const wanted = values.filter.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = [...row.cells].filter((c) => !c.hidden).map((c) => c.textContent).join(" ").toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
    }
    if ($("filter").value !== values.filter) $("filter").value = values.filter;
    sort(...values.sort.split(":"));
    count();
    stops.forEach((refresh) => refresh());
  }
  function sort(name, direction) {
    const sign = direction === "down" ? -1 : 1;
    const value = (row) => cellOf(row, name).dataset.value;
    const isText = !cellOf(table.tHead.rows[0], name)?.classList.contains("n");
    const sorted = [...rows];
    if (boxes.has(name)) {
      sorted.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        // What is missing comes last, whatever the direction.
        if (x === "" || y === "") return (x === "") - (y === "");
        return sign * (isText ? x.localeCompare(y) : x - y);
      });
    }
    table.tBodies[0].append(...sorted);
    for (const header of headers) {
      const isSorted = header.dataset.column === name;
      if (isSorted) header.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      else header.removeAttribute("aria-sort");
    }
  }
  function count() {
    const shown = rows.filter((row) => !isFolded(row)).length;
    $("count").textContent = words.rows.replace("%(shown)s", shown).replace("%(all)s", rows.length);
  }
  report.rowsChanged.push(count);

  for (const header of headers) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => {
      const name = header.dataset.column;
      const first = header.dataset.first;
      const second = first === "up" ? "down" : "up";
      const next = { [`${name}:${first}`]: `${name}:${second}`, [`${name}:${second}`]: "" };
      change({ sort: next[values.sort] ?? `${name}:${first}` });
    });
    header.append(button);
  }
  // One stop of the tabulator for the heads, one for the models.
  const stops = [rove(table.tHead, "button"), rove(table.tBodies[0], "th a")];
  report.rowsChanged.push(...stops);
  $("view").hidden = false;
  $("view").addEventListener("submit", (event) => event.preventDefault());
  $("filter").addEventListener("input", () => change({ filter: $("filter").value }));
  boxes.forEach((box) => box.addEventListener("change", () => change({ columns: namesOf((b) => b.checked) })));
  const menu = $("view").querySelector(".menu");
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  $("download").href = URL.createObjectURL(new Blob([data.csv], { type: "text/csv" }));

  // A number in the analysis leads to its cell, hidden or not.
  onOpen((target) => {
    if (!target.closest("#table") || !target.dataset.column) return;
    const columns = new Set(values.columns.split(",")).add(target.dataset.column);
    Object.assign(values, { columns: [...columns].join(","), filter: "" });
    show();
  });

  // The view as lines of cells: the first has the heads.
  report.view = () => {
    // What the page marks beside an accuracy, a copy has in a column.
    const shown = headers.filter((h) => !h.hidden || h.dataset.column === "trial");
    const visible = [...table.tBodies[0].rows].filter((row) => !isFolded(row));
    return { heads: shown, lines: visible.map((row) => shown.map((h) => cellOf(row, h.dataset.column))) };
  };
})();
