// The charts of the training losses, and of the accuracies against what they cost.
(() => {
  const { data, words, chart, axis, ink, plain, lineMark, colourOf, dashOf, isolated } = report;
  const titles = data.rows.map((row) => row.title);

  chart("losses", {
    rows: () => [...titles.keys()],
    make: (unit) => ({
      values: [data.curves[unit].x, ...data.curves[unit].lines],
      scales: { x: { time: false } },
      axes: [axis(words[unit]), axis(words.loss)],
      series: [{ label: words[unit] }, ...titles.map((label, i) => ({
        label, stroke: colourOf(i), width: 2, dash: dashOf(i),
        // A training of a step or two is a point.
        points: { show: data.curves[unit].lines[i].filter((y) => y != null).length < 3, size: 7 },
      }))],
    }),
    readout: (unit, i) => {
      const { x, lines } = data.curves[unit];
      const known = report.shownRows().filter((k) => lines[k][i] != null).slice(0, 12);
      const at = known.flatMap((k, place) => [place ? words.comma : "", isolated(titles[k]), ` ${lines[k][i].toFixed(3)}`]);
      return [`${words[unit]} ${unit === "step" ? Math.round(x[i]).toLocaleString("en") : plain(x[i])}${words.colon}`, ...at];
    },
    mark: (mark, i) => lineMark(mark, colourOf(i), dashOf(i), 3),
  });

  // Counts with the prefixes of the drawings: 4.7M; all else as it is, to four digits.
  const prefixed = (value) => {
    const [scale, prefix] = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]].find(([s]) => value >= s) ?? [1, ""];
    return plain(value / scale) + prefix;
  };
  const amount = (cost, value) => (data.counts.includes(cost) ? prefixed : plain)(value);

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
  const ranked = [...data.rows.keys()].filter((k) => !data.rows[k].isTrial);
  const byCost = (cost) => ranked
    .filter((k) => data.rows[k].costs[cost] > 0)
    .sort((a, b) => data.rows[a].costs[cost] - data.rows[b].costs[cost]);
  chart("tradeoffs", {
    rows: (cost) => [null, ...byCost(cost)],
    passes: (cost, i) => report.numbers("hide").has(byCost(cost)[i]),
    showPoints: false,
    make: (cost) => {
      const order = byCost(cost);
      const x = order.map((k) => data.rows[k].costs[cost]);
      const line = order.map((k) => (data.pareto[cost].includes(k) ? data.rows[k].accuracy : null));
      const marks = order.map((k, i) => ({
        label: titles[k], stroke: colourOf(k), fill: colourOf(k),
        paths: () => null,
        points: {
          show: true, size: 11, width: 2, stroke: colourOf(k), fill: colourOf(k),
          // One row, one shape; its bar is the interval.
          paths: (u, s) => {
            const path = new Path2D();
            const px = u.valToPos(x[i], "x", true);
            report.shape(path, k, px, u.valToPos(data.rows[k].accuracy, "y", true), 6 * devicePixelRatio);
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
      const lows = ranked.map((k) => data.rows[k].interval[0]);
      const highs = ranked.map((k) => data.rows[k].interval[1]);
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
    mark: (mark, i, cost) => (i ? report.shapeMark(mark, byCost(cost)[i - 1]) : lineMark(mark, ink(), [5, 4], 1)),
  });
})();
