// Figures, tables and texts as files and for the clipboard, made here and nowhere else.
(() => {
  const { words, numbers, rove } = report;
  const TYPES = { svg: "image/svg+xml", csv: "text/csv", md: "text/markdown", tex: "application/x-tex", bib: "application/x-bibtex" };

  // content: a text, or a Blob.
  function save(name, content) {
    const type = TYPES[name.split(".").at(-1)];
    const link = document.createElement("a");
    link.download = name;
    link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A page from a file may lack the clipboard's interface.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }
  function said(where, text) {
    where.textContent = text;
    setTimeout(() => { where.textContent = ""; }, 3000);
  }
  Object.assign(report, { save, copy, said });
  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }

  // ---- figures
  // A drawing for a file of its own, light, with the rows that are shown.
  function standalone(drawing) {
    const svg = drawing.cloneNode(true);
    const [highlighted, hidden] = ["highlight", "hide"].map(numbers);
    for (const mark of svg.querySelectorAll("[data-row]")) {
      const row = Number(mark.dataset.row);
      if (hidden.has(row)) mark.remove();
      else if (highlighted.size && !highlighted.has(row)) mark.setAttribute("opacity", "0.15");
    }
    const own = drawing.viewBox.baseVal;
    const { width, height } = own?.width ? own : drawing.getBoundingClientRect();
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.setAttribute("style", "color: #1f2328; background: #fff; font-family: sans-serif");
    return { text: new XMLSerializer().serializeToString(svg), width, height };
  }
  async function png({ text, width, height }) {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    // For print: some 2,000 pixels wide.
    const scale = Math.max(1, 2000 / width);
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(width * scale), height: Math.round(height * scale) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => { canvas.toBlob(done, "image/png"); });
  }
  function offer(figure) {
    const { label } = figure.dataset, drawing = figure.querySelector(".drawing > svg");
    const numbersOf = drawing.querySelector("metadata");
    const bar = document.createElement("div");
    bar.className = "save";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", `${words.save}${words.colon}${drawing.getAttribute("aria-label")}`);
    bar.append(words.save, button("SVG", () => save(`${label}.svg`, standalone(drawing).text)));
    bar.append(button("PNG", async () => save(`${label}.png`, await png(standalone(drawing)))));
    if (numbersOf) bar.append(button("CSV", () => save(`${label}.csv`, numbersOf.textContent)));
    figure.append(bar);
    rove(bar, "button");
  }
  document.querySelectorAll("figure:not(:has(noscript))").forEach(offer);
  report.drawn.push(offer);

  // ---- commands and entries to be copied
  for (const text of document.querySelectorAll("pre[data-copy]")) {
    const one = button(words.copy, async () => {
      await copy(text.textContent);
      said(status, words.copied);
    });
    const status = Object.assign(document.createElement("span"), { role: "status" });
    const bar = document.createElement("div");
    bar.className = "save";
    bar.append(one, status);
    if (text.dataset.copy.includes(".")) {
      one.after(button(words.save, () => save(text.dataset.copy, text.textContent)));
    }
    text.after(bar);
    rove(bar, "button");
  }
})();
