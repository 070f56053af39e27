// Models that are folded away.
(() => {
  const { $, rove, unfold } = report;
  const models = [...document.querySelectorAll("details.model")];
  for (const model of models) model.addEventListener("toggle", () => unfold(model));
  report.rowsChanged.push(rove($("folds").parentElement, "details.model > summary"));
  // What the models of a family share.
  rove($("folds").parentElement, "details:not(.model) > summary:not(.model summary)");
  $("folds").hidden = false;
  $("open-all").addEventListener("click", () => {
    const isAnyClosed = models.some((model) => !model.open);
    if (isAnyClosed) $("one-open").checked = false;
    setOne();
    for (const model of models) model.open = isAnyClosed;
  });
  // The browser closes one of a name when another opens.
  const setOne = () => {
    for (const model of models) {
      if ($("one-open").checked) model.setAttribute("name", "models");
      else model.removeAttribute("name");
    }
  };
  $("one-open").addEventListener("change", setOne);
})();
