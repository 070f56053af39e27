// The marks of rows in charts and legends; they repeat the order of the drawings.
(() => {
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
    const colour = report.colourOf(k);
    const fill = isHollow(k) ? `radial-gradient(circle, transparent 30%, ${colour} 32%)` : colour;
    mark.style.cssText = `background: ${fill}; clip-path: ${clips[k % clips.length]}`;
  }
  Object.assign(report, { shape, shapeMark });
})();
