// One amount over several invoices: while it is typed, the fields that nobody changed share it in the list's order.
(() => {
  const cents = (text) => {
    const plain = String(text).replace(/[\s\u00a0\u202f€]/g, "").replace(",", ".");
    return /^\d+(\.\d{0,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : plain === "" ? 0 : NaN;
  };
  const written = (amount) =>
    (amount / 100).toLocaleString(document.documentElement.lang || "fr", { minimumFractionDigits: 2 });
  const typed = (amount) => (amount / 100).toFixed(2).replace(".", ",");

  const spread = (form, changed) => {
    const inputs = [...form.querySelectorAll("input[data-balance]")];
    const total = cents(form.dataset.spread || form.elements.amount?.value || "");
    if (!inputs.length || Number.isNaN(total)) return;
    if (changed?.dataset.balance) changed.dataset.typed = "1";
    // what the page shows is what is sent: the server spreads only where no script did
    form.elements.spread.value = "";
    let left = total;
    for (const input of inputs) if (input.dataset.typed) left -= cents(input.value) || 0;
    for (const input of inputs) {
      if (input.dataset.typed) continue;
      const part = Math.max(0, Math.min(left, cents(input.dataset.balance)));
      input.value = part ? typed(part) : "";
      left -= part;
    }
    const said = form.querySelector("[data-spread-said]");
    if (!said) return;
    if (left === 0) said.textContent = total ? said.dataset.none : "";
    else said.textContent = `${left > 0 ? said.dataset.rest : said.dataset.over} ${written(Math.abs(left))}`;
  };

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-spread]");
    if (form && (event.target.name === "amount" || event.target.dataset.balance)) spread(form, event.target);
  });
  const begin = (root) => root.querySelectorAll("form[data-spread]").forEach((form) => {
    if (!form.querySelector(".errorlist, [aria-invalid]")) spread(form);
  });
  document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
  document.addEventListener("DOMContentLoaded", () => begin(document));
})();
