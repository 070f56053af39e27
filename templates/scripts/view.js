// The table of the comparison as the reader sees it, as a file and for the clipboard.
(() => {
  const { words, $, rove, save, copy, said } = report;
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const isNumber = (cell) => cell.classList.contains("n");
  // A cell as it is read, without what is small; numbers without separators.
  const told = (cell) => {
    const bare = cell.cloneNode(true);
    bare.querySelectorAll("small").forEach((small) => small.remove());
    const text = bare.textContent.trim().replace(/\s+/g, " ");
    return isNumber(cell) && cell.tagName === "TD" ? text.replaceAll(",", "").replace("−", "-") : text;
  };
  const inMarkdown = (text) => text.replace(/[\\`*_{}[\]<>|#~]/g, "\\$&");
  const TEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
  const inTex = (text) => text.replace(/[\\~^]|[&%$#_{}]/g, (sign) => TEX[sign] ?? `\\${sign}`);
  const FORMS = {
    csv: ({ heads, lines }) => {
      const table = [heads.map((h) => h.dataset.column), ...lines.map((line) => line.map((cell) => cell.dataset.value))];
      return table.map((line) => line.map(quoted).join(",") + "\n").join("");
    },
    md: ({ heads, lines }) => {
      const table = [heads.map(told), heads.map((h) => (isNumber(h) ? "---:" : "---")), ...lines.map((line) => line.map(told))];
      return table.map((line, i) => `| ${(i === 1 ? line : line.map(inMarkdown)).join(" | ")} |\n`).join("");
    },
    tex: ({ heads, lines }) => {
      // Digits before and after the point, for siunitx to align.
      const format = (i) => {
        const parts = lines.map((line) => told(line[i]).match(/^(-?\d+)(?:\.(\d+))?$/)).filter(Boolean);
        const digits = [1, 2].map((part) => Math.max(0, ...parts.map((found) => found[part]?.length ?? 0)));
        return `S[table-format=${digits.join(".")}]`;
      };
      const cell = (one) => (isNumber(one) && /^-?[\d.]+$/.test(told(one)) ? told(one) : isNumber(one) ? `{${inTex(told(one)).replace("–", "--")}}` : inTex(told(one)));
      const columns = heads.map((h, i) => (isNumber(h) ? format(i) : "l")).join(" ");
      const head = heads.map((h) => (isNumber(h) ? `{${inTex(told(h))}}` : inTex(told(h)))).join(" & ");
      const body = lines.map((line) => `  ${line.map(cell).join(" & ")} \\\\\n`).join("");
      return `% \\usepackage{booktabs, siunitx}\n\\begin{tabular}{${columns}}\n  \\toprule\n  ${head} \\\\\n  \\midrule\n${body}  \\bottomrule\n\\end{tabular}\n`;
    },
  };
  for (const bar of $("view").querySelectorAll("[role=toolbar]")) {
    for (const one of bar.querySelectorAll("button")) {
      one.addEventListener("click", async () => {
        const text = FORMS[one.dataset.form](report.view());
        if (bar.dataset.to === "file") return save(`comparison.${one.dataset.form}`, text);
        await copy(text);
        said($("copied"), words.copied);
      });
    }
  }
  rove($("view"), ".save button");
})();
