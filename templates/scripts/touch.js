// Fingers on a chart: one moves what is shown aside, two also zoom. Up and down, one scrolls the page.
// full(): the ends of both axes where all is shown, as setRanges takes them.
report.touch = (plot, full, setRanges) => {
  const fingers = new Map();
  const area = plot.over;
  area.style.touchAction = "pan-y";
  const scales = ["x", "y"].map((key) => plot.scales[key]);
  const lengths = scales.map(report.lengths);
  const limits = () => scales.map(({ min, max }, i) => [min, max].map(lengths[i].to));
  const widest = () => [0, 1].map((i) => full().slice(2 * i, 2 * i + 2).map(lengths[i].to));

  // Middle of the fingers as shares of the area, from the left and from below, and their distances.
  function grip() {
    const { left, bottom, width, height } = area.getBoundingClientRect();
    const points = [...fingers.values()].map(([x, y]) => [(x - left) / width, (bottom - y) / height]);
    const along = [0, 1].map((i) => points.map((point) => point[i]));
    const middle = along.map((shares) => shares.reduce((sum, share) => sum + share) / shares.length);
    return { middle, distance: along.map((shares) => Math.max(...shares) - Math.min(...shares)) };
  }
  // The two ends of an axis after its fingers went from one grip to the next.
  function moved([low, high], [lowest, highest], i, old, now) {
    // Fingers side by side say nothing of the height, nor two above each other of the width.
    const isPinch = old.distance[i] > 0.08 && now.distance[i] > 0.08;
    const span = Math.min(highest - lowest, (high - low) * (isPinch ? old.distance[i] / now.distance[i] : 1));
    const held = low + old.middle[i] * (high - low);
    const start = Math.min(highest - span, Math.max(lowest, held - now.middle[i] * span));
    return [start, start + span];
  }
  area.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  area.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId) || !full()) return;
    const [old, within] = [grip(), widest()];
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const now = grip();
    const ends = limits().map((own, i) => moved(own, within[i], i, old, now));
    setRanges(ends.flatMap((pair, i) => pair.map(lengths[i].from)));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    area.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
};
