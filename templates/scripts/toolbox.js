// Rows of the comparison that the reader highlights or hides, in all charts and tables at once.
// Whatever has data-row, the number of its row, or data-of, those of several, follows one style sheet;
// charts are told.
(() => {
  const { data, words, $, values, keep, change, numbers, asText, rowsChanged } = report;
  const sheet = document.head.appendChild(document.createElement("style"));
  const inputs = [...$("toolbox").querySelectorAll("input")];
  const rowsOf = (input) => input.dataset.rows.split(" ").map(Number);
  const all = [...data.rows.keys()];

  function show() {
    const [highlighted, hidden] = ["highlight", "hide"].map(numbers);
    const of = (set) => `:is(${[...set].map((row) => `[data-row="${row}"]`).join(", ")})`;
    const rules = [];
    if (hidden.size) rules.push(`${of(hidden)}:not(td, th) { display: none !important; }`);
    for (const row of hidden) rules.push(`[data-of~="${row}"] { display: none !important; }`);
    if (highlighted.size) {
      rules.push(`svg [data-row]:not(${of(highlighted)}) { opacity: .15; }`);
      rules.push(`tr${of(highlighted)} > *, details${of(highlighted)} > summary { background: var(--mark) !important; }`);
    }
    sheet.textContent = rules.join("\n");
    for (const input of inputs) {
      const isOn = (row) => (input.name === "show" ? !hidden.has(row) : highlighted.has(row));
      const on = rowsOf(input).filter(isOn).length;
      input.checked = on === rowsOf(input).length;
      input.indeterminate = on > 0 && !input.checked;
    }
    const texts = [[words.highlighted, highlighted], [words.hidden, hidden]].filter(([, set]) => set.size);
    $("chosen").textContent = texts.map(([text, set]) => text.replace("%(n)s", set.size)).join(words.comma);
    $("only").disabled = !highlighted.size;
    rowsChanged.forEach((call) => call());
  }
  // Put rows into the set of this name, or take them out of it.
  function put(key, rows, isIn) {
    const set = numbers(key);
    rows.forEach((row) => (isIn ? set.add(row) : set.delete(row)));
    change({ [key]: asText(set) });
  }
  keep("highlight", "", show);
  keep("hide", "", show);
  report.hide = (rows, isHidden) => put("hide", rows, isHidden);
  report.shownRows = () => all.filter((row) => !numbers("hide").has(row));

  for (const input of inputs) {
    input.addEventListener("change", () => {
      if (input.name === "show") put("hide", rowsOf(input), !input.checked);
      else put("highlight", rowsOf(input), input.checked);
    });
  }
  $("only").addEventListener("click", () => {
    change({ hide: asText(all.filter((row) => !numbers("highlight").has(row))) });
  });
  $("reset").addEventListener("click", () => change({ hide: "", highlight: "" }));
  $("toolbox").hidden = false;
  $("toolbox").addEventListener("submit", (event) => event.preventDefault());
  $("toolbox").addEventListener("keydown", (event) => {
    const panel = $("toolbox").querySelector("details");
    if (event.key !== "Escape" || !panel.open) return;
    panel.open = false;
    panel.querySelector("summary").focus();
  });
  // A click on a row of a table or on a mark of a drawing highlights it.
  document.querySelector("main").addEventListener("click", (event) => {
    const mark = event.target.closest("svg [data-row], tr[data-row]");
    if (!mark || event.target.closest("a, button") || String(getSelection())) return;
    const row = Number(mark.dataset.row);
    put("highlight", [row], !numbers("highlight").has(row));
  });
})();
