// One amount over several invoices: while it is typed, the fields that nobody changed share it in the list's order.
(() => {
  const cents = (text) => {
    const plain = String(text).replace(/[\s\u00a0\u202f€]/g, "").replace(",", ".");
    return /^\d+(\.\d{0,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : plain === "" ? 0 : NaN;
  };
  // « 12/3 » counts for what the server made of it (forms.js); until then it counts for nothing
  const valueOf = (input) => cents(input.dataset.made ?? input.value);
  const written = (amount) =>
    (amount / 100).toLocaleString(document.documentElement.lang || "fr", { minimumFractionDigits: 2 });
  const typed = (amount) => (amount / 100).toFixed(2).replace(".", ",");

  const spread = (form, changed) => {
    const inputs = [...form.querySelectorAll("input[data-balance]")];
    if (!inputs.length) return;
    if (changed?.dataset.balance) changed.dataset.typed = "1";
    const total = form.dataset.spread ? cents(form.dataset.spread) : form.elements.amount ? valueOf(form.elements.amount) : 0;
    const typedParts = inputs.filter((input) => input.dataset.typed);
    let left = typedParts.reduce((rest, input) => rest - valueOf(input), total);
    const said = form.querySelector("[data-spread-said]");
    if (said) said.dataset.help ??= said.textContent;
    // what the page shows is what is sent: the server spreads only what no script can
    form.elements.spread.value = Number.isNaN(left) ? "1" : "";
    if (Number.isNaN(left)) {
      for (const input of inputs) if (!input.dataset.typed) input.value = input.defaultValue;
      if (said) said.textContent = said.dataset.help;
      return;
    }
    for (const input of inputs) {
      if (input.dataset.typed) continue;
      const part = Math.max(0, Math.min(left, cents(input.dataset.balance)));
      input.value = part ? typed(part) : "";
      left -= part;
    }
    if (!said) return;
    if (left === 0) said.textContent = total ? said.dataset.none : "";
    else said.textContent = `${left > 0 ? said.dataset.rest : said.dataset.over} ${written(Math.abs(left))}`;
  };

  const follow = (event) => {
    const form = event.target.closest?.("form[data-spread]");
    if (form && (event.target.name === "amount" || event.target.dataset.balance)) spread(form, event.target);
  };
  document.addEventListener("input", (event) => { delete event.target.dataset?.made; follow(event); });
  document.addEventListener("reckoned", follow);
  const begin = (root) => root.querySelectorAll("form[data-spread]").forEach((form) => {
    if (!form.querySelector(".errorlist, [aria-invalid]")) spread(form);
  });
  document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
  document.addEventListener("DOMContentLoaded", () => begin(document));
})();
