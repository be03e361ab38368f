"use strict";
// What forms owe to who types: a sum shows what it makes. Without this file the server does it on sending.
(() => {
  // -- sums: « 12/3 » shows « = 4 » under its field ---------------------------------------------------------------------
  const SUM = /[0-9)][^0-9]*[-+*/x×÷\u2212][^0-9]*[0-9(,.]/i;
  let timer = 0;
  async function show(input) {
    let output = input.parentElement.querySelector("output.sum");
    if (!SUM.test(input.value)) { output?.remove(); return; }
    const text = input.value;
    const query = new URLSearchParams({ text, places: input.dataset.places });
    const answer = await fetch(`${document.body.dataset.figure}?${query}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer || answer.status >= 500 || input.value !== text) return;
    const words = await answer.text();
    output = input.parentElement.querySelector("output.sum");
    if (!output) {
      output = Object.assign(document.createElement("output"), { className: "sum" });
      output.setAttribute("for", input.id);
      input.after(output);
    }
    output.classList.toggle("refused", !answer.ok);
    output.textContent = words;
  }
  document.addEventListener("input", (event) => {
    if (!event.target.dataset?.places) return;
    clearTimeout(timer);
    timer = setTimeout(show, 150, event.target);
  });
})();
