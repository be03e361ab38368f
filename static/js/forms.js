"use strict";
// What forms owe to who types: sums show what they make, leaving asks, and what is missing is created beside the form.
// Without this file the server reads sums on sending, and « Créer » is a page that comes back to the form.
(() => {
  const words = () => document.getElementById("words").dataset;

  // -- sums: « 12/3 » shows « = 4 » under its field ---------------------------------------------------------------------
  const SUM = /[0-9)][^0-9]*[-+*/x×÷\u2212][^0-9]*[0-9(,.]/i;
  let timer = 0;
  async function show(input) {
    const found = () => input.parentElement.querySelector("output.sum");
    if (!SUM.test(input.value)) { found()?.remove(); return; }
    const text = input.value;
    const query = new URLSearchParams({ text, places: input.dataset.places });
    const answer = await fetch(`${document.body.dataset.figure}?${query}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer || answer.status >= 500 || input.value !== text) return;
    const made = await answer.text();
    const output = found() || Object.assign(document.createElement("output"), { className: "sum" });
    output.setAttribute("for", input.id);
    if (!output.isConnected) input.after(output);
    output.classList.toggle("refused", !answer.ok);
    output.textContent = made;
    if (!answer.ok) return;
    input.dataset.made = made.replace("=", "");
    input.dispatchEvent(new Event("reckoned", { bubbles: true }));
  }
  document.addEventListener("input", (event) => {
    if (!event.target.dataset?.places) return;
    clearTimeout(timer);
    timer = setTimeout(show, 150, event.target);
  });

  // -- what is typed within data-chooses="name:value" chooses that radio of its form -------------------------------------
  document.addEventListener("input", (event) => {
    const [name, value] = event.target.closest?.("[data-chooses]")?.dataset.chooses.split(":") || [];
    const radio = name && event.target.value && event.target.form.querySelector(`[name="${name}"][value="${value}"]`);
    if (radio) radio.checked = true;
  });

  // -- a form goes once: a second click while its answer is on the way sends nothing --------------------------------------
  const ANSWERED_WITHIN = 20_000; // a request that was stopped brings no answer: then it may go again
  let sent = new WeakMap();
  document.addEventListener("submit", (event) => {
    // the attribute: a field may be called « method »
    if (event.target.getAttribute("method") !== "post") return;
    if (Date.now() - (sent.get(event.target) ?? -ANSWERED_WITHIN) < ANSWERED_WITHIN) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else sent.set(event.target, Date.now());
  }, true);
  // a page that « back » takes from the browser's cache keeps its scripts' memory: its forms may go again
  addEventListener("pageshow", () => { sent = new WeakMap(); });

  // -- leaving with changes asks -----------------------------------------------------------------------------------------
  const asRead = new WeakMap();
  const written = (form) => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string")).toString();
  const changed = (form) => asRead.has(form) && asRead.get(form) !== written(form);
  let leaving = false;
  function read(root) {
    root.querySelectorAll("form.form[method=post]").forEach((form) => {
      if (!asRead.has(form)) asRead.set(form, "unsaved" in form.dataset || form.querySelector(".form-errors") ? null : written(form));
    });
  }
  const mayClose = (dialog) => ![...dialog.querySelectorAll("form")].some(changed) || confirm(words().leave);
  addEventListener("beforeunload", (event) => {
    if (!leaving && [...document.querySelectorAll("form.form")].some(changed)) event.preventDefault();
  });
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) { leaving = true; keep(event.target); } });
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-leave]")) leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });

  // -- a session that ended while somebody typed: what was sent is kept in this tab, and put back after signing in ------
  const KEPT = "sent-form";
  const here = () => location.pathname + location.search;
  function keep(form) {
    if (form.getAttribute("method") !== "post" || !form.matches(".form")) return;
    const values = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !/^csrf|password|secret/.test(name));
    sessionStorage.setItem(KEPT, JSON.stringify({ here: here(), values }));
  }
  function putBack() {
    if (document.querySelector("form [name=password]")) return; // the sign-in page: it waits
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
    sessionStorage.removeItem(KEPT);
    const form = document.querySelector("main form.form[method=post]");
    if (!kept || kept.here !== here() || !form || form.querySelector(".form-errors") || !new URL(document.referrer || location.href).pathname.startsWith("/login")) return;
    const total = kept.values.find(([name]) => name.endsWith("-TOTAL_FORMS"));
    for (let rows = form.querySelectorAll("[data-rows] > tr").length; total && rows < Number(total[1]); rows += 1) form.querySelector("[data-add]")?.click();
    form.querySelectorAll("[type=checkbox]").forEach((box) => { box.checked = false; });
    kept.values.forEach(([name, value]) => [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)].forEach((field) => {
      if (field.type === "checkbox" || field.type === "radio") field.checked ||= field.value === value; else field.value = value;
    }));
    asRead.set(form, null);
    document.dispatchEvent(new CustomEvent("toast", { detail: { message: words().putBack, tone: "info" } }));
  }

  // -- « Créer »: the other form in a dialog over this one; it ends by choosing what it made ----------------------------
  async function createBeside(href, input, picked) {
    const dialog = document.getElementById("dialog"), body = document.getElementById("dialog-body");
    const address = new URL(href, location.href);
    address.searchParams.set("beside", "1");
    const content = await window.quittance.fetchContent(address).catch(() => null);
    if (!content) { location.assign(href); return; }
    put(content);
    dialog.showModal();
    body.querySelector("form.form input:not([type=hidden], [type=radio])")?.focus();

    function put(part) {
      body.replaceChildren(...part.childNodes);
      dialog.scrollTop = 0;
      read(body);
      window.quittance.enhance(body);
      window.htmx?.process(body);
      body.querySelector("form.form").addEventListener("submit", send);
    }
    async function send(event) {
      event.preventDefault();
      const typed = new FormData(event.target, event.submitter);
      const answer = await fetch(address, { method: "POST", body: typed, credentials: "same-origin" }).catch(() => null);
      sent.delete(event.target);
      if (!answer) { document.dispatchEvent(new CustomEvent("toast", { detail: { message: words().unreachable, tone: "bad" } })); return; }
      if (!(answer.headers.get("Content-Type") || "").includes("json")) {
        const part = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("content");
        if (part?.querySelector("form.form")) put(part);
        else document.dispatchEvent(new CustomEvent("toast", { detail: { message: words().failed, tone: "bad" } }));
        return;
      }
      const made = await answer.json();
      const option = document.createElement("li");
      Object.assign(option.dataset, { value: made.value, label: made.label, fill: JSON.stringify(made.fill || {}) });
      dialog.close();
      body.replaceChildren();
      input.focus();
      picked(option);
    }
  }
  document.addEventListener("cancel", (event) => {
    if (event.target.tagName === "DIALOG" && !mayClose(event.target)) event.preventDefault();
  }, true);

  window.quittance = { ...window.quittance, mayClose, createBeside };
  document.addEventListener("DOMContentLoaded", () => { read(document); putBack(); });
})();
