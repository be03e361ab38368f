// Rows chosen by their boxes: one box for all of them, and what those that are checked come to.
(() => {
  const boxes = (table) => [...table.querySelectorAll("tbody input[type=checkbox]")];
  const follow = (table) => {
    const rows = boxes(table), chosen = rows.filter((box) => box.checked);
    const all = table.querySelector("[data-choose-all]");
    all.hidden = rows.length < 2;
    all.checked = chosen.length === rows.length;
    all.indeterminate = chosen.length > 0 && !all.checked;
    const count = table.querySelector("[data-chosen-count]"), sum = table.querySelector("[data-chosen-sum]");
    if (count) count.textContent = chosen.length;
    if (!sum) return;
    const cents = chosen.reduce((total, box) => total + Number(box.dataset.cents), 0);
    const written = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "EUR" });
    sum.textContent = written.format(cents / 100);
  };
  // an amount of a row that is typed: what its box comes to, less the discount; a credit note counts against
  const cents = (input) => Math.round(Number(input.value.replace(/[\s\u00a0\u202f€]/g, "").replace(",", ".")) * 100) || 0;
  document.addEventListener("input", (event) => {
    const row = event.target.closest?.("tr[data-sign]"), typed = row && [...row.querySelectorAll("input.input-number")];
    if (!typed?.includes(event.target)) return;
    const [amount] = typed.slice(-1), discount = typed.length > 1 ? cents(typed[0]) : 0;
    row.querySelector("input[type=checkbox]").dataset.cents = Number(row.dataset.sign) * cents(amount) - discount;
    follow(row.closest("table"));
  });
  document.addEventListener("change", (event) => {
    const table = event.target.closest?.("table:has([data-choose-all])");
    if (!table) return;
    if ("chooseAll" in event.target.dataset) for (const box of boxes(table)) box.checked = event.target.checked;
    follow(table);
  });
  const begin = (root) => root.querySelectorAll("table:has([data-choose-all])").forEach(follow);
  document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
  addEventListener("pageshow", () => begin(document)); // also where the browser put back what was checked
})();
