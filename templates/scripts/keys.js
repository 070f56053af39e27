// The keyboard: fewer stops of the tabulator, and all that it must reach.
(() => {
  // Make one stop of all in `container` that fits the selector; arrow keys go from one to the next.
  // Returns what makes it right again after some were hidden, shown or put elsewhere.
  report.rove = (container, selector) => {
    const all = () => [...container.querySelectorAll(selector)];
    const shown = () => all().filter((stop) => stop.checkVisibility());
    const refresh = (chosen) => {
      const current = chosen ?? shown().find((stop) => stop.tabIndex === 0) ?? shown()[0];
      all().forEach((stop) => { stop.tabIndex = stop === current ? 0 : -1; });
    };
    container.addEventListener("focusin", (event) => {
      const stop = event.target.closest(selector);
      if (stop) refresh(stop);
    });
    container.addEventListener("keydown", (event) => {
      const stops = shown(), place = stops.indexOf(event.target.closest(selector));
      const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
      const to = { Home: 0, End: stops.length - 1 }[event.key] ?? place + steps[event.key];
      if (place < 0 || !(to in stops)) return;
      event.preventDefault();
      event.stopPropagation();
      stops[to].focus();
    });
    // The one that was left may be folded away.
    container.addEventListener("toggle", () => refresh(), true);
    // Nothing is in its place before all scripts have run.
    all().forEach((stop, i) => { stop.tabIndex = i ? -1 : 0; });
    return () => refresh();
  };

  // What scrolls is reached by the tabulator, and what does not is none of its stops.
  const SCROLLS = "[role=region], pre";
  const sizes = new ResizeObserver((entries) => {
    for (const region of new Set(entries.map(({ target }) => target.closest(SCROLLS)))) {
      const isWide = region.scrollWidth > region.clientWidth + 1;
      if (isWide || region.scrollHeight > region.clientHeight + 1) region.tabIndex = 0;
      else region.removeAttribute("tabindex");
    }
  });
  const watch = (region) => {
    sizes.observe(region);
    if (region.firstElementChild) sizes.observe(region.firstElementChild);
  };
  document.querySelectorAll(`:is(${SCROLLS}):not(:has(> noscript))`).forEach(watch);
  report.drawn.push((figure) => watch(figure.querySelector(".drawing")));
  report.rove(document.querySelector("header"), ".lead a");
  for (const part of document.querySelectorAll("main > section"))
    for (const links of [".sentences a", ".source a"]) report.rove(part, links);
  // What is folded away one below the other; that of the models is by chapters.
  for (const part of document.querySelectorAll("main > section:not(:has(#folds))"))
    report.rove(part, "section > details > summary");
  report.rove(report.$("contents"), "a");
})();
