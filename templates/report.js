"use strict";
// Adds to a page that is whole without it: sorting, filter and columns of the table, charts to point
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
  const changeView = (change) => {
    Object.assign(view, change);
    const given = Object.entries(view).filter(([k, v]) => v !== (k === "columns" ? usual : ""));
    const fragment = new URLSearchParams(given).toString();
    history.replaceState(null, "", fragment ? `#view?${fragment}` : location.pathname + location.search);
    applyView();
  };
  const readFragment = () => {
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
    if (target.dataset.entry) showPair(target.dataset.entry);
    target.scrollIntoView({ block: "center" });
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
  const number = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  function showPair(entry) {
    if (entry !== undefined && ![$("first").value, $("second").value].includes(entry)) $("first").value = entry;
    const [first, second] = [$("first").value, $("second").value];
    for (const cell of classTable.querySelectorAll("[data-entry]")) {
      cell.hidden = ![first, second].includes(cell.dataset.entry);
    }
    $("difference").hidden = false;
    for (const row of classTable.rows) {
      row.append(...[first, second].map((e) => row.querySelector(`[data-entry="${e}"]`)));
    }
    classTable.tHead.rows[0].append($("difference"));
    const lines = [...classTable.tBodies[0].rows].map((row) => {
      const of = (e) => Number(row.querySelector(`[data-entry="${e}"]`).dataset.value);
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
      bar.className = difference < 0 ? "bar less" : "bar more";
      bar.style.width = `calc((100% - 3.8rem) * ${Math.abs(difference) / 200 || 0})`;
      const text = document.createElement("span");
      text.textContent = isNaN(difference) ? "–" : (difference > 0 ? "+" : "") + number.format(difference);
      cell.replaceChildren(text, bar);
      classTable.tBodies[0].append(row);
    }
  }
  if (data.entries.length > 1) {
    $("pair").hidden = false;
    $("pair").addEventListener("submit", (event) => event.preventDefault());
    for (const id of ["first", "second"]) {
      $(id).addEventListener("change", () => { showPair(); $("class-details").open = true; });
    }
    showPair();
  }

  // ---- charts to point at and zoom; without them, and on paper, the drawings stay
  const colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A8A00"];
  const dashes = [[], [7, 3], [8, 3, 2, 3], [2, 3]];
  const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
  const faint = () => getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
  const axis = (label) => ({ label, stroke: ink, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint } });
  // Counts with the prefixes of the drawings: 4.7M; all else as it is, to four digits.
  const plain = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });
  const prefixed = (value) => {
    const [scale, prefix] = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]].find(([s]) => value >= s) ?? [1, ""];
    return plain(value / scale) + prefix;
  };
  const amount = (cost, value) => (["total_params", "multiply_adds"].includes(cost) ? prefixed : plain)(value);

  // Shapes repeat the order of the drawings: circle, square, diamond, plus, triangles.
  const shapes = [
    (p, x, y, r) => p.arc(x, y, r, 0, 2 * Math.PI),
    (p, x, y, r) => p.rect(x - r, y - r, 2 * r, 2 * r),
    (p, x, y, r) => polygon(p, [[x, y - 1.4 * r], [x + 1.2 * r, y], [x, y + 1.4 * r], [x - 1.2 * r, y]]),
    (p, x, y, r) => polygon(p, [[x, y - 1.3 * r], [x + 1.2 * r, y + r], [x - 1.2 * r, y + r]]),
    (p, x, y, r) => polygon(p, [[x, y + 1.3 * r], [x + 1.2 * r, y - r], [x - 1.2 * r, y - r]]),
    (p, x, y, r) => { p.rect(x - r / 2.5, y - 1.3 * r, r / 1.25, 2.6 * r); p.rect(x - 1.3 * r, y - r / 2.5, 2.6 * r, r / 1.25); },
    (p, x, y, r) => polygon(p, [[x - r, y - 1.3 * r], [x + r, y + 1.3 * r], [x + r, y - 1.3 * r], [x - r, y + 1.3 * r]]),
  ];
  function polygon(path, points) {
    points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
  }

  // The same as marks of the legend.
  const clips = [
    "circle(50%)", "none", "polygon(50% 0, 100% 50%, 50% 100%, 0 50%)",
    "polygon(50% 0, 100% 100%, 0 100%)", "polygon(0 0, 100% 0, 50% 100%)",
    "polygon(33% 0, 67% 0, 67% 33%, 100% 33%, 100% 67%, 67% 67%, 67% 100%, 33% 100%, 33% 67%, 0 67%, 0 33%, 33% 33%)",
    "polygon(0 0, 100% 100%, 100% 0, 0 100%)",
  ];
  function shapeMark(mark, k) {
    mark.style.cssText = `background: ${colours[k % colours.length]}; clip-path: ${clips[k % clips.length]}`;
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
    let plot;
    const describe = (u) => {
      const i = u.cursor.idx;
      readout.replaceChildren(...(i == null ? [] : options.readout(select.value, i)));
    };
    const draw = () => {
      plot?.destroy();
      const { axes, scales, series, values, hooks } = options.make(select.value);
      plot = new uPlot({
        width: Math.max(280, place.clientWidth), height: 380,
        axes, scales, series, hooks: { ...hooks, setCursor: [describe] },
        legend: { live: false }, cursor: { drag: { x: true, y: true, uni: 20 }, points: { show: options.showPoints ?? true } },
      }, values, place);
      place.querySelectorAll(".u-marker").forEach((mark, i) => options.mark(mark, i, select.value));
    };
    const move = (by) => {
      const n = plot.data[0].length;
      const i = Math.min(n - 1, Math.max(0, (plot.cursor.idx ?? (by > 0 ? -1 : n)) + by));
      plot.setCursor({ left: plot.valToPos(plot.data[0][i], "x"), top: plot.over.clientHeight / 2 });
    };
    const zoom = () => {
      const { min, max } = plot.scales.x;
      const at = plot.cursor.idx == null ? (min + max) / 2 : plot.data[0][plot.cursor.idx];
      plot.setScale("x", { min: at - (at - min) / 2, max: at + (max - at) / 2 });
    };
    const all = () => plot.setData(plot.data, true);
    box.hidden = false;
    box.parentElement.querySelector(`#${id} ~ .still`)?.classList.add("replaced");
    draw();
    redraws.push(draw);
    select.addEventListener("change", draw);
    box.querySelector(".zoom-in").addEventListener("click", zoom);
    box.querySelector(".zoom-out").addEventListener("click", all);
    place.addEventListener("keydown", (event) => {
      const action = { ArrowLeft: () => move(-1), ArrowRight: () => move(1), "+": zoom, "-": all, Escape: all }[event.key];
      if (action) { event.preventDefault(); action(); }
    });
    new ResizeObserver(() => {
      const width = Math.max(280, place.clientWidth);
      if (Math.abs(width - plot.width) > 4) plot.setSize({ width, height: 380 });
    }).observe(place);
  }

  const titles = data.entries.map((entry) => entry.title);
  // A name may be written from right to left: what follows keeps its order.
  const isolated = (text) => Object.assign(document.createElement("bdi"), { textContent: text });
  chart("chart-losses", {
    make: (unit) => ({
      values: [data.curves[unit].x, ...data.curves[unit].lines],
      scales: { x: { time: false } },
      axes: [axis(words[unit]), axis(words.loss)],
      series: [{ label: words[unit] }, ...titles.map((label, i) => ({
        label, stroke: colours[i % colours.length], width: 2, dash: dashes[i % dashes.length],
        points: { show: false },
      }))],
    }),
    readout: (unit, i) => {
      const { x, lines } = data.curves[unit];
      const known = [...lines.keys()].filter((k) => lines[k][i] != null).slice(0, 12);
      const at = known.flatMap((k, place) => [place ? ", " : "", isolated(titles[k]), ` ${lines[k][i].toFixed(3)}`]);
      return [`${words[unit]} ${plain(x[i])}: `, ...at];
    },
    mark: (mark, i) => lineMark(mark, colours[i % colours.length], dashes[i % dashes.length], 3),
  });

  function logarithmicTicks(min, max) {
    const steps = max / min > 30 ? [1] : max / min > 5 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
    const ticks = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
      // Rounded, or 3 × 10⁻¹ would not be the number that one writes.
      ticks.push(...steps.map((step) => Number((step * 10 ** power).toPrecision(3))));
    }
    return ticks.filter((tick) => tick >= min && tick <= max);
  }

  const byCost = (cost) => [...data.entries.keys()].sort((a, b) => data.entries[a].costs[cost] - data.entries[b].costs[cost]);
  chart("chart-tradeoffs", {
    showPoints: false,
    make: (cost) => {
      const order = byCost(cost);
      const x = order.map((k) => data.entries[k].costs[cost]);
      let highest = -Infinity;
      const line = order.map((k) => {
        const y = data.entries[k].accuracy;
        if (y <= highest) return null;
        highest = y;
        return y;
      });
      const marks = order.map((k, i) => ({
        label: titles[k], stroke: colours[k % colours.length], fill: colours[k % colours.length],
        paths: () => null,
        points: {
          show: true, size: 11, stroke: colours[k % colours.length], fill: colours[k % colours.length],
          // One entry, one shape; its bar is the interval.
          paths: (u, s) => {
            const path = new Path2D();
            const px = u.valToPos(x[i], "x", true);
            shapes[k % shapes.length](path, px, u.valToPos(data.entries[k].accuracy, "y", true), 6 * devicePixelRatio);
            const bar = new Path2D();
            const [low, high] = data.entries[k].interval.map((v) => u.valToPos(v, "y", true));
            bar.moveTo(px, low);
            bar.lineTo(px, high);
            bar.addPath(path);
            return { fill: path, stroke: bar };
          },
        },
      }));
      const lows = data.entries.map((e) => e.interval[0]);
      const highs = data.entries.map((e) => e.interval[1]);
      const pad = Math.max(1, (Math.max(...highs) - Math.min(...lows)) * 0.08);
      return {
        values: [x, line, ...order.map((k, i) => x.map((_, j) => (i === j ? data.entries[k].accuracy : null)))],
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
          label: words.pareto, stroke: ink, width: 1, spanGaps: true, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false },
        }, ...marks],
      };
    },
    readout: (cost, i) => {
      const k = byCost(cost)[i];
      const { accuracy, interval, costs } = data.entries[k];
      const numbers = `${accuracy.toFixed(2)} (${interval.map((v) => v.toFixed(2)).join("–")})`;
      return [isolated(titles[k]), `: ${words.accuracy} ${numbers}, ${words.costs[cost]} ${amount(cost, costs[cost])}`];
    },
    // The first is the Pareto line's.
    mark: (mark, i, cost) => (i ? shapeMark(mark, byCost(cost)[i - 1]) : lineMark(mark, ink(), [], 1)),
  });

  showTheme();
  addEventListener("hashchange", readFragment);
  applyView();
  readFragment();
})();
