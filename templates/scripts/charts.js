// Charts to point at and zoom; without them, and on paper, the drawings stay.
(() => {
  const { $, values, keep, change, numbers, redraws } = report;
  const colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A8A00"];
  const dashes = [[], [7, 3], [8, 3, 2, 3], [2, 2], [14, 4], [10, 3, 2, 3, 2, 3], [2, 6]];
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const ink = () => style("--ink");
  const font = "13px system-ui, sans-serif";
  const axis = (label) => ({ label, stroke: ink, font, labelFont: font, grid: { stroke: () => style("--line"), width: 1 }, ticks: { stroke: () => style("--line") } });
  const plain = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });
  function lineMark(mark, colour, dash, width) {
    let at = 0;
    const stops = dash.map((length, i) => `${i % 2 ? "transparent" : colour} ${at}px ${(at += length)}px`);
    const line = stops.length ? `repeating-linear-gradient(90deg, ${stops})` : colour;
    mark.style.cssText = `background: ${line}; width: 30px; height: ${width}px`;
  }
  // Of the row of a series: whether it is shown, and how strongly.
  const look = (row) => ({
    show: !numbers("hide").has(row),
    alpha: numbers("highlight").size && !numbers("highlight").has(row) ? 0.2 : 1,
  });

  // How far an axis reaches where nothing is asked for.
  const USUAL = {
    x: (u, min, max) => [min, max],
    y: (u, min, max) => (min == null ? [null, null] : uPlot.rangeNum(min, max, 0.1, true)),
  };

  // options: make(over) -> what uPlot wants; rows(over): the row of each series after the first, or
  // null; readout(over, place): what is told of a place; passes(over, place): whether it is passed by;
  // mark(element, i, over): of the legend.
  report.chart = (name, options) => {
    const box = $(`chart-${name}`);
    if (!box) return;
    const place = box.querySelector(".plot");
    const select = box.querySelector("select");
    const readout = box.querySelector(".readout");
    const [overKey, zoomKey] = [`${name}.over`, `${name}.zoom`];
    // at: the place in the data that is read out; the mouse gives it, or the keys, which may then pass
    // places that share an x, or lie outside of what is shown.
    // asked: the two ends of each axis that were asked for.
    let plot, full, asked = {}, at = null, isKey = false;
    const readOut = (place) => {
      at = place;
      const isTold = at != null && !options.passes?.(select.value, at);
      readout.replaceChildren(...(isTold ? options.readout(select.value, at) : []));
    };
    const follow = (u) => { if (!isKey) readOut(u.cursor.idx ?? null); };
    const draw = () => {
      plot?.destroy();
      const { axes, scales, series, values: lines, hooks } = options.make(select.value);
      options.rows(select.value).forEach((row, i) => { if (row != null) Object.assign(series[i + 1], look(row)); });
      for (const key of ["x", "y"]) {
        const usual = scales[key]?.range ?? USUAL[key];
        const isAsked = (min, max) => asked[key]?.[0] === min && asked[key][1] === max;
        // uPlot asks this of ends that are given, too.
        scales[key] = { ...scales[key], range: (u, min, max) => (isAsked(min, max) ? [min, max] : usual(u, min, max)) };
      }
      plot = new uPlot({
        width: Math.max(280, place.clientWidth), height: 380,
        axes, scales, series, hooks: { ...hooks, setCursor: [follow], setScale: [keepSoon], setSelect: [askSelected] },
        legend: { live: false }, cursor: { drag: { x: true, y: true, uni: 20 }, points: { show: options.showPoints ?? true } },
      }, lines, place);
      settle();
      readOut(null);
      place.querySelectorAll(".u-marker").forEach((mark, i) => options.mark(mark, i, select.value));
      place.querySelectorAll(".u-legend .u-series > th").forEach(prepareName);
      report.rove(place.querySelector(".u-legend"), "th");
      report.touch(plot, () => full, setRanges);
      showNames();
    };

    // ---- what is shown of the axes, four numbers
    const ranges = () => [plot.scales.x.min, plot.scales.x.max, plot.scales.y.min, plot.scales.y.max];
    const setRanges = ([left, right, bottom, top]) => {
      asked = { x: [left, right], y: [bottom, top] };
      plot.batch(() => {
        plot.setScale("x", { min: left, max: right });
        plot.setScale("y", { min: bottom, max: top });
      });
    };
    // The mouse selected a part, which uPlot shows next.
    const askSelected = (u) => {
      const { left, top, width, height } = u.select;
      asked = {
        x: [u.posToVal(left, "x"), u.posToVal(left + width, "x")],
        y: [u.posToVal(top + height, "y"), u.posToVal(top, "y")],
      };
    };
    const setWidth = (min, max) => {
      asked = { x: [min, max] };
      plot.setScale("x", { min, max });
    };
    // What all is, once uPlot knows it, a microtask later; until then no change is the reader's.
    const settle = () => {
      full = null;
      queueMicrotask(() => {
        const whole = ranges();
        if (whole.includes(null)) return;
        showZoom(whole);
        queueMicrotask(() => { full = whole; });
      });
    };
    const isFull = () => ranges().every((value, i) => Math.abs(value - full[i]) <= 1e-9 * Math.abs(full[i]));
    // Browsers refuse an address that changes with every move of a finger.
    let timer;
    const keepSoon = () => {
      clearTimeout(timer);
      timer = setTimeout(keepZoom, 150);
    };
    const keepZoom = () => {
      if (!full) return;
      const zoom = isFull() ? "" : ranges().map((value) => Number(value.toPrecision(5))).join("~");
      if (zoom !== values[zoomKey]) change({ [zoomKey]: zoom });
    };
    const showZoom = (whole = full) => {
      if (!whole) return;
      const given = values[zoomKey].split("~").map(Number);
      const isZoom = given.length === 4 && given.every(Number.isFinite) && given[0] < given[1] && given[2] < given[3];
      if (!isZoom && ranges().some((value, i) => value !== whole[i])) setRanges(whole);
      if (isZoom && ranges().some((value, i) => Number(value.toPrecision(5)) !== given[i])) setRanges(given);
    };

    // ---- names in the legend: each hides and shows its model everywhere
    const prepareName = (cell, i) => {
      cell.setAttribute("role", "button");
      cell.addEventListener("click", () => queueMicrotask(() => {
        const row = options.rows(select.value)[i];
        if (row != null) report.hide([row], !plot.series[i + 1].show);
        showNames();
      }));
      cell.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        cell.click();
      });
    };
    const showNames = () => place.querySelectorAll(".u-legend .u-series > th").forEach((cell, i) => {
      cell.setAttribute("aria-pressed", String(plot.series[i + 1].show));
    });
    const showRows = () => {
      options.rows(select.value).forEach((row, i) => {
        if (row == null) return;
        const { show, alpha } = look(row);
        plot.series[i + 1].alpha = alpha;
        if (plot.series[i + 1].show !== show) plot.setSeries(i + 1, { show });
      });
      plot.setData(plot.data, true);
      settle();
      showNames();
    };

    // ---- by keys and buttons
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
      let next = at == null ? first ?? 0 : at + by;
      while (next in x && options.passes?.(select.value, next)) next += by;
      if (next in x) readOut(next);
      if (at == null) return;
      // What is shown moves along, by as much or, on a logarithmic axis, as many times.
      const edge = x[at] < min ? min : x[at] > max ? max : null;
      if (edge != null) {
        const moved = (value) => (plot.scales.x.distr === 3 ? (value * x[at]) / edge : value + x[at] - edge);
        setWidth(moved(min), moved(max));
      }
      // A new scale is there after a microtask.
      queueMicrotask(point);
    };
    const zoom = () => {
      const { to, from } = report.lengths(plot.scales.x);
      const [low, high] = [plot.scales.x.min, plot.scales.x.max].map(to);
      const middle = at == null ? (low + high) / 2 : to(plot.data[0][at]);
      setWidth(from((low + middle) / 2), from((middle + high) / 2));
    };
    const all = () => plot.setData(plot.data, true);

    box.hidden = false;
    box.parentElement.querySelector(".drawing").classList.add("replaced");
    draw();
    redraws.push(draw);
    report.rove(box.querySelector(".controls"), "button");
    keep(overKey, select.value, () => {
      if (select.value === values[overKey]) return;
      if ([...select.options].some((option) => option.value === values[overKey])) select.value = values[overKey];
      draw();
    });
    keep(zoomKey, "", () => showZoom());
    report.rowsChanged.push(showRows);
    select.addEventListener("change", () => {
      change({ [zoomKey]: "", [overKey]: select.value });
      draw();
    });
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
  };
  Object.assign(report, {
    plain, ink, axis, lineMark,
    colourOf: (row) => colours[row % colours.length],
    // Rows of one colour differ in it.
    dashOf: (row) => dashes[(row + Math.floor(row / colours.length)) % dashes.length],
    // Along a logarithmic axis, lengths are those of logarithms: to(value), and back.
    lengths: ({ distr }) => (distr === 3 ? { to: Math.log10, from: (length) => 10 ** length } : { to: Number, from: Number }),
    // A name may be written from right to left: what follows keeps its order.
    isolated: (text) => Object.assign(document.createElement("bdi"), { textContent: text }),
  });
})();
