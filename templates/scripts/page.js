"use strict";
// Adds to a page that is complete without it: sorting, filter and columns of the table, charts to point
// at and zoom, two models class by class, light and dark. No requests, no storage but the theme.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const words = data.words;
  const $ = (id) => document.getElementById(id);

  // ---- theme
  const themes = ["auto", "light", "dark"];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const redraws = [];
  let theme = "auto";
  try { theme = localStorage.getItem("cifarlab-theme") || "auto"; } catch { /* file: without storage */ }
  const showTheme = () => {
    document.documentElement.dataset.theme =
      theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    $("theme").textContent = $("theme").dataset[theme];
    redraws.forEach((redraw) => redraw());
  };
  $("theme").hidden = false;
  $("theme").addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try { localStorage.setItem("cifarlab-theme", theme); } catch { /* nothing is kept then */ }
    showTheme();
  });
  dark.addEventListener("change", showTheme);

  // ---- the table: its view is in the fragment, #view?sort=…&filter=…&columns=…
  const table = $("table");
  const headers = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  const boxes = new Map([...$("view").querySelectorAll("input[type=checkbox]")].map((b) => [b.name, b]));
  const usual = [...boxes.values()].filter((b) => b.defaultChecked).map((b) => b.name).join(",");
  const view = { sort: "", filter: "", columns: usual };
  const cellOf = (row, name) => row.cells[headers.findIndex((h) => h.dataset.column === name)];

  const applyView = () => {
    const shown = new Set(view.columns.split(","));
    boxes.forEach((box, name) => { box.checked = shown.has(name) || box.disabled; });
    for (const row of [table.tHead.rows[0], ...rows]) {
      for (const cell of row.cells) cell.hidden = !boxes.get(cell.dataset.column).checked;
    }
    const wanted = view.filter.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = [...row.cells].filter((c) => !c.hidden).map((c) => c.textContent).join(" ").toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
    }
    if ($("filter").value !== view.filter) $("filter").value = view.filter;
    const [name, direction] = view.sort.split(":");
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
    const count = rows.filter((row) => !row.hidden).length;
    $("count").textContent = words.rows.replace("%(shown)s", count).replace("%(all)s", rows.length);
  };
  // The other languages show the same view.
  const languages = [...document.querySelectorAll("a[hreflang]")].map((a) => [a, a.getAttribute("href")]);
  const keepView = () => languages.forEach(([a, page]) => a.setAttribute("href", page + location.hash));
  const changeView = (change) => {
    Object.assign(view, change);
    const given = Object.entries(view).filter(([k, v]) => v !== (k === "columns" ? usual : ""));
    const fragment = new URLSearchParams(given).toString();
    history.replaceState(null, "", fragment ? `#view?${fragment}` : location.pathname + location.search);
    keepView();
    applyView();
  };
  const readFragment = () => {
    keepView();
    if (location.hash.startsWith("#view?")) {
      const given = new URLSearchParams(location.hash.slice("#view?".length));
      for (const key of Object.keys(view)) {
        view[key] = given.get(key) ?? (key === "columns" ? usual : "");
      }
      applyView();
      return;
    }
    // A number in the analysis leads to its cell, hidden or not.
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.closest("#table") && target.dataset.column) {
      const columns = new Set(view.columns.split(",")).add(target.dataset.column);
      Object.assign(view, { columns: [...columns].join(","), filter: "" });
      applyView();
    }
    for (let d = target.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
    if (target.dataset.row && data.rows.length > 1) showPair(target.dataset.row);
    // A section begins at the top of the window, as the browser has it.
    if (!target.closest("table")) return;
    target.scrollIntoView({ block: "center", inline: "center" });
    target.classList.add("pointed");
    setTimeout(() => target.classList.remove("pointed"), 4000);
  };

  for (const header of headers) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => {
      const name = header.dataset.column;
      // Numbers are mostly asked for from the highest.
      const first = header.classList.contains("n") ? "down" : "up";
      const second = first === "up" ? "down" : "up";
      const next = { [`${name}:${first}`]: `${name}:${second}`, [`${name}:${second}`]: "" };
      changeView({ sort: next[view.sort] ?? `${name}:${first}` });
    });
    header.append(button);
  }
  $("view").hidden = false;
  $("view").addEventListener("submit", (event) => event.preventDefault());
  $("filter").addEventListener("input", () => changeView({ filter: $("filter").value }));
  boxes.forEach((box) => box.addEventListener("change", () => {
    changeView({ columns: [...boxes.values()].filter((b) => b.checked).map((b) => b.name).join(",") });
  }));
  // The list of columns lies over the table: it goes when one is done with it.
  const menu = $("view").querySelector(".menu");
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  $("download").href = URL.createObjectURL(new Blob([data.csv], { type: "text/csv" }));
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  $("copy").addEventListener("click", async () => {
    const shown = headers.filter((h) => !h.hidden).map((h) => h.dataset.column);
    const visible = [...table.tBodies[0].rows].filter((row) => !row.hidden);
    const lines = visible.map((row) => shown.map((name) => cellOf(row, name).dataset.value));
    const csv = [shown, ...lines].map((line) => line.map(quoted).join(",") + "\n").join("");
    try {
      await navigator.clipboard.writeText(csv);
    } catch {
      // A page from a file may lack the clipboard's interface.
      const area = document.createElement("textarea");
      area.value = csv;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    $("copied").textContent = words.copied;
    setTimeout(() => { $("copied").textContent = ""; }, 3000);
  });

  // ---- two models, class by class
  const classTable = $("class-table");
  const number = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
  function showPair(entry) {
    if (entry !== undefined && ![$("first").value, $("second").value].includes(entry)) $("first").value = entry;
    const [first, second] = [$("first").value, $("second").value];
    for (const cell of classTable.querySelectorAll("[data-row]")) {
      cell.hidden = ![first, second].includes(cell.dataset.row);
    }
    $("difference").hidden = false;
    for (const row of classTable.rows) {
      row.append(...[first, second].map((e) => row.querySelector(`[data-row="${e}"]`)));
    }
    classTable.tHead.rows[0].append($("difference"));
    const lines = [...classTable.tBodies[0].rows].map((row) => {
      const of = (e) => Number(row.querySelector(`[data-row="${e}"]`).dataset.value);
      return { row, difference: of(first) - of(second) };
    });
    lines.sort((a, b) => (isNaN(a.difference) ? 1 : isNaN(b.difference) ? -1 : b.difference - a.difference));
    for (const { row, difference } of lines) {
      let cell = row.querySelector("td.bars");
      if (!cell) {
        cell = row.insertCell();
        cell.className = "bars";
      }
      row.append(cell);
      const bar = document.createElement("span");
      bar.className = difference < 0 ? "difference less" : "difference more";
      bar.style.width = `calc((100% - 3.8rem) * ${Math.abs(difference) / 200 || 0})`;
      const text = document.createElement("span");
      text.textContent = isNaN(difference) ? "–" : number.format(difference).replace("-", "−");
      cell.replaceChildren(text, bar);
      classTable.tBodies[0].append(row);
    }
  }
  if (data.rows.length > 1) {
    $("pair").hidden = false;
    $("pair").addEventListener("submit", (event) => event.preventDefault());
    for (const id of ["first", "second"]) {
      $(id).addEventListener("change", () => { showPair(); $("class-details").open = true; });
    }
    showPair();
    $("class-details").open = true;
  }

  // ---- charts to point at and zoom; without them, and on paper, the drawings stay
  const colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A8A00"];
  const dashes = [[], [7, 3], [8, 3, 2, 3], [2, 2], [14, 4], [10, 3, 2, 3, 2, 3], [2, 6]];
  const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
  const faint = () => getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
  const font = "13px system-ui, sans-serif";
  const axis = (label) => ({ label, stroke: ink, font, labelFont: font, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint } });
  // Counts with the prefixes of the drawings: 4.7M; all else as it is, to four digits.
  const plain = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });
  const prefixed = (value) => {
    const [scale, prefix] = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]].find(([s]) => value >= s) ?? [1, ""];
    return plain(value / scale) + prefix;
  };
  const amount = (cost, value) => (data.counts.includes(cost) ? prefixed : plain)(value);

  const cross = [
    [0, -0.45], [0.55, -1], [1, -0.55], [0.45, 0], [1, 0.55], [0.55, 1],
    [0, 0.45], [-0.55, 1], [-1, 0.55], [-0.45, 0], [-1, -0.55], [-0.55, -1],
  ];
  // Shapes repeat the order of the drawings: circle, square, diamond, plus, triangles.
  const shapes = [
    (p, x, y, r) => p.arc(x, y, r, 0, 2 * Math.PI),
    (p, x, y, r) => p.rect(x - r, y - r, 2 * r, 2 * r),
    (p, x, y, r) => polygon(p, [[x, y - 1.4 * r], [x + 1.2 * r, y], [x, y + 1.4 * r], [x - 1.2 * r, y]]),
    (p, x, y, r) => polygon(p, [[x, y - 1.3 * r], [x + 1.2 * r, y + r], [x - 1.2 * r, y + r]]),
    (p, x, y, r) => polygon(p, [[x, y + 1.3 * r], [x - 1.2 * r, y - r], [x + 1.2 * r, y - r]]),
    (p, x, y, r) => { p.rect(x - r / 2.5, y - 1.3 * r, r / 1.25, 2.6 * r); p.rect(x - 1.3 * r, y - r / 2.5, 2.6 * r, r / 1.25); },
    (p, x, y, r) => polygon(p, cross.map(([a, b]) => [x + 1.15 * a * r, y + 1.15 * b * r])),
  ];
  function polygon(path, points) {
    points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
  }

  const isHollow = (k) => Math.floor(k / shapes.length) % 2 === 1;
  function shape(path, k, x, y, r) {
    shapes[k % shapes.length](path, x, y, r);
    if (!isHollow(k)) return;
    // Against the direction of the outline, so that it is a hole.
    path.moveTo(x + r / 2, y);
    path.arc(x, y, r / 2, 0, 2 * Math.PI, true);
  }

  // The same as marks of the legend.
  const clips = [
    "circle(50%)", "none", "polygon(50% 0, 100% 50%, 50% 100%, 0 50%)",
    "polygon(50% 0, 100% 100%, 0 100%)", "polygon(0 0, 100% 0, 50% 100%)",
    "polygon(33% 0, 67% 0, 67% 33%, 100% 33%, 100% 67%, 67% 67%, 67% 100%, 33% 100%, 33% 67%, 0 67%, 0 33%, 33% 33%)",
    `polygon(${cross.map((point) => point.map((at) => `${50 + 50 * at}%`).join(" ")).join(", ")})`,
  ];
  function shapeMark(mark, k) {
    const colour = colours[k % colours.length];
    const fill = isHollow(k) ? `radial-gradient(circle, transparent 30%, ${colour} 32%)` : colour;
    mark.style.cssText = `background: ${fill}; clip-path: ${clips[k % clips.length]}`;
  }
  function lineMark(mark, colour, dash, width) {
    let at = 0;
    const stops = dash.map((length, i) => `${i % 2 ? "transparent" : colour} ${at}px ${(at += length)}px`);
    const line = stops.length ? `repeating-linear-gradient(90deg, ${stops})` : colour;
    mark.style.cssText = `background: ${line}; width: 30px; height: ${width}px`;
  }

  function chart(id, options) {
    const box = $(id);
    const place = box.querySelector(".plot");
    const select = box.querySelector("select");
    const readout = box.querySelector(".readout");
    // at: the place in the data that is read out; the mouse gives it, or the keys, which may then pass
    // places that share an x, or lie outside of what is shown.
    let plot, at = null, isKey = false;
    const readOut = (place) => {
      at = place;
      readout.replaceChildren(...(at == null ? [] : options.readout(select.value, at)));
    };
    const follow = (u) => { if (!isKey) readOut(u.cursor.idx ?? null); };
    const draw = () => {
      plot?.destroy();
      const { axes, scales, series, values, hooks } = options.make(select.value);
      plot = new uPlot({
        width: Math.max(280, place.clientWidth), height: 380,
        axes, scales, series, hooks: { ...hooks, setCursor: [follow] },
        legend: { live: false }, cursor: { drag: { x: true, y: true, uni: 20 }, points: { show: options.showPoints ?? true } },
      }, values, place);
      readOut(null);
      place.querySelectorAll(".u-marker").forEach((mark, i) => options.mark(mark, i, select.value));
      // uPlot hides and shows a line by a click on its name.
      for (const name of place.querySelectorAll(".u-legend .u-series > th")) {
        name.tabIndex = 0;
        name.setAttribute("role", "button");
        const isShown = () => name.setAttribute("aria-pressed", String(!name.parentElement.classList.contains("u-off")));
        name.addEventListener("click", () => queueMicrotask(isShown));
        name.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          event.stopPropagation();
          name.click();
        });
        isShown();
      }
    };
    const point = () => {
      isKey = true;
      plot.setCursor({ left: plot.valToPos(plot.data[0][at], "x"), top: plot.over.clientHeight / 2 });
      isKey = false;
    };
    const move = (by) => {
      const x = plot.data[0];
      if (!x.length) return;
      const { min, max } = plot.scales.x;
      const shown = [...x.keys()].filter((i) => x[i] >= min && x[i] <= max);
      const first = by > 0 ? shown[0] : shown.at(-1);
      readOut(at == null ? first ?? 0 : Math.min(x.length - 1, Math.max(0, at + by)));
      // What is shown moves along, by as much or, on a logarithmic axis, as many times.
      const edge = x[at] < min ? min : x[at] > max ? max : null;
      if (edge != null) {
        const moved = (value) => (plot.scales.x.distr === 3 ? (value * x[at]) / edge : value + x[at] - edge);
        plot.setScale("x", { min: moved(min), max: moved(max) });
      }
      // A new scale is there after a microtask.
      queueMicrotask(point);
    };
    const zoom = () => {
      const { min, max } = plot.scales.x;
      const middle = at == null ? (min + max) / 2 : plot.data[0][at];
      plot.setScale("x", { min: middle - (middle - min) / 2, max: middle + (max - middle) / 2 });
    };
    const all = () => plot.setData(plot.data, true);
    box.hidden = false;
    box.parentElement.querySelector(".drawing").classList.add("replaced");
    draw();
    redraws.push(draw);
    select.addEventListener("change", draw);
    box.querySelector(".zoom-in").addEventListener("click", zoom);
    box.querySelector(".zoom-out").addEventListener("click", all);
    place.addEventListener("keydown", (event) => {
      if (event.target !== place) return;
      const action = { ArrowLeft: () => move(-1), ArrowRight: () => move(1), "+": zoom, "-": all, Escape: all }[event.key];
      if (action) { event.preventDefault(); action(); }
    });
    new ResizeObserver(() => {
      const width = Math.max(280, place.clientWidth);
      if (Math.abs(width - plot.width) > 4) plot.setSize({ width, height: 380 });
    }).observe(place);
  }

  const titles = data.rows.map((row) => row.title);
  // A name may be written from right to left: what follows keeps its order.
  const isolated = (text) => Object.assign(document.createElement("bdi"), { textContent: text });
  chart("chart-losses", {
    make: (unit) => ({
      values: [data.curves[unit].x, ...data.curves[unit].lines],
      scales: { x: { time: false } },
      axes: [axis(words[unit]), axis(words.loss)],
      series: [{ label: words[unit] }, ...titles.map((label, i) => ({
        label, stroke: colours[i % colours.length], width: 2, dash: dashes[i % dashes.length],
        // A training of a step or two is a point.
        points: { show: data.curves[unit].lines[i].filter((y) => y != null).length < 3, size: 7 },
      }))],
    }),
    readout: (unit, i) => {
      const { x, lines } = data.curves[unit];
      const known = [...lines.keys()].filter((k) => lines[k][i] != null).slice(0, 12);
      const at = known.flatMap((k, place) => [place ? words.comma : "", isolated(titles[k]), ` ${lines[k][i].toFixed(3)}`]);
      return [`${words[unit]} ${plain(unit === "step" ? Math.round(x[i]) : x[i])}${words.colon}`, ...at];
    },
    mark: (mark, i) => lineMark(mark, colours[i % colours.length], dashes[i % dashes.length], 3),
  });

  function logarithmicTicks(min, max) {
    if (!(min > 0)) return [];
    const steps = max / min > 30 ? [1] : max / min > 5 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
    const ticks = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
      // Rounded, or 3 × 10⁻¹ would not be the number that one writes.
      ticks.push(...steps.map((step) => Number((step * 10 ** power).toPrecision(3))));
    }
    const shown = ticks.filter((tick) => tick >= min && tick <= max);
    // A stretch between two of them is divided evenly.
    return shown.length > 1 ? shown : [0, 1, 2, 3].map((i) => Number((min + ((max - min) * (i + 0.5)) / 4).toPrecision(3)));
  }

  // A cost of zero has no place on a logarithmic axis; the caption names such models.
  const byCost = (cost) => [...data.rows.keys()]
    .filter((k) => data.rows[k].costs[cost] > 0)
    .sort((a, b) => data.rows[a].costs[cost] - data.rows[b].costs[cost]);
  chart("chart-tradeoffs", {
    showPoints: false,
    make: (cost) => {
      const order = byCost(cost);
      const x = order.map((k) => data.rows[k].costs[cost]);
      const line = order.map((k) => (data.pareto[cost].includes(k) ? data.rows[k].accuracy : null));
      const marks = order.map((k, i) => ({
        label: titles[k], stroke: colours[k % colours.length], fill: colours[k % colours.length],
        paths: () => null,
        points: {
          show: true, size: 11, width: 2, stroke: colours[k % colours.length], fill: colours[k % colours.length],
          // One row, one shape; its bar is the interval.
          paths: (u, s) => {
            const path = new Path2D();
            const px = u.valToPos(x[i], "x", true);
            shape(path, k, px, u.valToPos(data.rows[k].accuracy, "y", true), 6 * devicePixelRatio);
            const bar = new Path2D();
            const [low, high] = data.rows[k].interval.map((v) => u.valToPos(v, "y", true));
            bar.moveTo(px, low);
            bar.lineTo(px, high);
            for (const end of [low, high]) {
              bar.moveTo(px - 4 * devicePixelRatio, end);
              bar.lineTo(px + 4 * devicePixelRatio, end);
            }
            bar.addPath(path);
            return { fill: path, stroke: bar };
          },
        },
      }));
      const lows = data.rows.map((e) => e.interval[0]);
      const highs = data.rows.map((e) => e.interval[1]);
      const pad = Math.max(1, (Math.max(...highs) - Math.min(...lows)) * 0.08);
      return {
        values: [x, line, ...order.map((k, i) => x.map((_, j) => (i === j ? data.rows[k].accuracy : null)))],
        scales: {
          x: { time: false, distr: 3, range: (u, min, max) => [min / 1.4, max * 1.4] },
          y: { range: (u, min, max) => (min === max || min == null ? [Math.min(...lows) - pad, Math.max(...highs) + pad] : [Math.min(min, Math.min(...lows)) - pad, Math.max(max, Math.max(...highs)) + pad]) },
        },
        axes: [{
          ...axis(words.costs[cost]),
          splits: (u, i, min, max) => logarithmicTicks(min, max),
          filter: (u, ticks) => ticks,
          values: (u, ticks) => ticks.map((v) => amount(cost, v)),
        }, axis(words.accuracy)],
        series: [{ label: words.costs[cost] }, {
          label: words.pareto, stroke: ink, width: 1, dash: [5, 4], alpha: 0.6, spanGaps: true, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false },
        }, ...marks],
      };
    },
    readout: (cost, i) => {
      const k = byCost(cost)[i];
      const { summary, costs } = data.rows[k];
      const parts = [`${words.accuracy}${words.colon}${summary}`, `${words.costs[cost]}${words.colon}${amount(cost, costs[cost])}`];
      return [isolated(titles[k]), words.colon + parts.join(words.semicolon)];
    },
    // The first is the Pareto line's.
    mark: (mark, i, cost) => (i ? shapeMark(mark, byCost(cost)[i - 1]) : lineMark(mark, ink(), [5, 4], 1)),
  });

  showTheme();
  addEventListener("hashchange", readFragment);
  applyView();
  readFragment();
})();
