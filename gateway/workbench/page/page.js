"use strict";
// Comfort only: sorts tables by a click on a head, and narrows the tickets by level and words.
(() => {
  const said = document.currentScript.dataset;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const key = (row, column) => {
    const cell = row.cells[column];
    const value = cell.dataset.key ?? cell.textContent;
    return value !== "" && !isNaN(value) ? Number(value) : value;
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));

  const sort = (head, column) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    all("th", head.parentNode).forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = head.closest("table").tBodies[0];
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    rows.sort((a, b) => compare(a[0], b[0]) * (down ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
  };

  all("table.sortable").forEach((table) =>
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (!head.textContent) return;
      head.tabIndex = 0;
      head.addEventListener("click", () => sort(head, column));
      head.addEventListener("keydown", (event) => event.key === "Enter" && sort(head, column));
    })
  );

  const title = document.getElementById("tickets");
  if (!title) return;
  const box = document.createElement("p");
  const find = document.createElement("input");
  const level = document.createElement("select");
  box.className = "controls";
  find.type = "search";
  find.placeholder = said.find;
  find.setAttribute("aria-label", said.find);
  level.setAttribute("aria-label", said.all);
  for (const [value, text] of [["", said.all], ["red", said.red], ["yellow", said.yellow]]) level.add(new Option(text, value));
  const articles = all("article.ticket").map((article) => [article, article.textContent.toLowerCase()]);
  const narrow = () => {
    const words = find.value.toLowerCase().split(/\s+/);
    for (const [article, text] of articles) {
      article.hidden = !((!level.value || article.dataset.level === level.value) && words.every((word) => text.includes(word)));
    }
  };
  find.addEventListener("input", narrow);
  level.addEventListener("change", narrow);
  box.append(find, level);
  title.after(box);
})();
