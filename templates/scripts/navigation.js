// The list of sections, and links to parts of the page.
(() => {
  const { $, onOpen } = report;
  const side = $("side"), menu = $("menu");
  const links = [...$("contents").querySelectorAll("a")];

  // ---- on a phone a menu, on wide screens beside the content
  const setOpen = (isOpen) => {
    side.classList.toggle("open", isOpen);
    menu.setAttribute("aria-expanded", String(isOpen));
  };
  menu.hidden = false;
  side.classList.add("folds");
  menu.addEventListener("click", () => setOpen(!side.classList.contains("open")));
  $("contents").addEventListener("click", (event) => { if (event.target.closest("a")) setOpen(false); });
  side.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !side.classList.contains("open")) return;
    setOpen(false);
    menu.focus();
  });

  // ---- the section that is being read
  // From the top of the window, in pixels: below the bar of a phone.
  const READ = 120;
  const parts = links.map((link) => [link, document.getElementById(link.hash.slice(1))]);
  let isAsked = false;
  const mark = () => {
    isAsked = false;
    const read = parts.filter(([, part]) => part.checkVisibility() && part.getBoundingClientRect().top < READ);
    const isEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2 && scrollY > 0;
    const current = (isEnd ? parts.filter(([, part]) => part.tagName === "H2") : read).at(-1)?.[0];
    for (const link of links) {
      if (link === current) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
    // Only the list scrolls, never the page.
    if (current && side.scrollHeight > side.clientHeight) {
      const { top, bottom } = current.getBoundingClientRect(), own = side.getBoundingClientRect();
      if (top < own.top) side.scrollTop += top - own.top;
      else if (bottom > own.bottom) side.scrollTop += bottom - own.bottom;
    }
  };
  addEventListener("scroll", () => {
    if (!isAsked) requestAnimationFrame(mark);
    isAsked = true;
  }, { passive: true });
  mark();

  // A browser that runs scripts reads a <noscript> as one text: a page with many models loads in half
  // the time if the drawings of closed ones are made only now.
  report.unfold = (part) => {
    for (const folded of part.querySelectorAll("noscript")) {
      const figure = folded.closest("figure");
      folded.parentElement.innerHTML = folded.textContent;
      report.drawn.forEach((call) => call(figure));
    }
  };

  // ---- what a link leads to is unfolded
  onOpen((target, isView) => {
    let isMoved = false;
    for (let d = target.closest("details"); d; d = d.parentElement.closest("details")) {
      isMoved ||= !d.open;
      d.open = true;
      report.unfold(d);
    }
    // A section begins at the top of the window, as the browser has it.
    const isCell = target.closest("table");
    if (isCell) target.scrollIntoView({ block: "center", inline: "center" });
    else if (isMoved || isView) target.scrollIntoView();
    if (!isCell) return;
    target.classList.add("pointed");
    setTimeout(() => target.classList.remove("pointed"), 4000);
  });
})();
