// Light and dark.
(() => {
  const { $, redraws } = report;
  const themes = ["auto", "light", "dark"];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let theme = "auto";
  try { theme = localStorage.getItem("cifarlab-theme") || "auto"; } catch { /* file: without storage */ }
  const show = () => {
    document.documentElement.dataset.theme =
      theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    $("theme").textContent = $("theme").dataset[theme];
    redraws.forEach((redraw) => redraw());
  };
  $("theme").hidden = false;
  $("theme").addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try { localStorage.setItem("cifarlab-theme", theme); } catch { /* nothing is kept then */ }
    show();
  });
  dark.addEventListener("change", show);
  show();
})();
