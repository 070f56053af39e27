"use strict";
// What the scripts of the page share: its data and words, and what the address keeps of the reader's
// view, #view?sort=…&hide=…. The page is complete without them. No requests, no storage but the theme.
const report = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const values = {}, kept = new Map(), opened = [];
  // The other languages show the same view.
  const languages = [...document.querySelectorAll("a[hreflang]")].map((a) => [a, a.getAttribute("href")]);

  // Let the address keep the text `key`, which is `usual` at first; show: what a change of it calls.
  function keep(key, usual, show) {
    kept.set(key, { usual, show });
    values[key] = usual;
  }
  function show(keys) {
    new Set(keys.map((key) => kept.get(key).show)).forEach((call) => call());
  }
  function write(at = "") {
    const given = [...kept.keys()].filter((key) => values[key] !== kept.get(key).usual);
    const fragment = new URLSearchParams(given.map((key) => [key, values[key]]));
    if (at && given.length) fragment.set("at", at);
    const wanted = given.length ? `#view?${fragment}` : at && `#${at}`;
    if (location.hash !== wanted) history.replaceState(null, "", location.href.split("#")[0] + wanted);
    languages.forEach(([a, page]) => a.setAttribute("href", page + location.hash));
  }
  // changes: texts by their keys.
  function change(changes) {
    Object.assign(values, changes);
    write();
    show(Object.keys(changes));
  }
  function read() {
    let at = location.hash.slice(1);
    const isView = location.hash.startsWith("#view?");
    if (isView) {
      const given = new URLSearchParams(location.hash.slice("#view?".length));
      for (const [key, { usual }] of kept) values[key] = given.get(key) ?? usual;
      at = given.get("at") ?? "";
      show([...kept.keys()]);
    }
    const target = at && $(at);
    if (target) unhide(target);
    write(at);
    if (target) opened.forEach((call) => call(target, isView));
  }
  // What a link leads to is shown, also if the reader had hidden its model.
  function unhide(target) {
    const { row, of = row } = target.closest("[data-row], [data-of]")?.dataset ?? {};
    const hidden = numbers("hide");
    if (!of?.split(" ").filter((number) => hidden.delete(Number(number))).length) return;
    values.hide = asText(hidden);
    show(["hide"]);
  }
  // Scripts at the end of the page run before this.
  addEventListener("DOMContentLoaded", () => {
    show([...kept.keys()]);
    read();
    addEventListener("hashchange", read);
    // A second click on a link changes no address.
    addEventListener("click", ({ target }) => {
      if (location.hash && target.closest("a")?.hash === location.hash) queueMicrotask(read);
    });
  });

  // Numbers of rows as the address has them: 0.4; those of no row are passed over. A page without rows
  // keeps none.
  const numbers = (key) => new Set(((values[key] ?? "").match(/\d+/g) ?? []).map(Number).filter((row) => row < data.rows.length));
  const asText = (set) => [...set].sort((a, b) => a - b).join(".");
  return {
    data, words: data.words, $, values, keep, change, numbers, asText,
    // What a link to a part of the page calls with it, and with whether the address has a view.
    onOpen: (call) => opened.push(call),
    // What a change of the colours calls, and one of the rows that are hidden or highlighted.
    redraws: [], rowsChanged: [],
    // What is called with a figure whose drawing was made when the part with it was opened.
    drawn: [],
  };
})();
