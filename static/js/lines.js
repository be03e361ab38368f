"use strict";
// The line sheet over a Django formset: add, drop, paste from a spreadsheet, products by typing. The server counts.
window.quittanceSheet = (sheet) => {
  const prefix = sheet.dataset.sheet;
  const total = sheet.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
  const rows = sheet.querySelector("[data-rows]");
  const model = sheet.querySelector("template[data-row]");
  const limit = Number(sheet.querySelector(`[name="${prefix}-MAX_NUM_FORMS"]`)?.value || 1000);
  const live = () => [...rows.children].filter((row) => !row.classList.contains("dropped"));
  const cells = (row) => [...row.querySelectorAll(".cell:not(.cell-drop) :is(input, select, textarea):not([type=hidden])")];
  const changed = () => sheet.dispatchEvent(new CustomEvent("sheet:changed", { bubbles: true }));

  function add(after = null) {
    const count = Number(total.value);
    if (count >= limit) return null;
    const holder = document.createElement("tbody");
    // Django counts the rows by TOTAL_FORMS: a dropped one keeps its number, and a new one never takes it
    holder.innerHTML = model.innerHTML.replaceAll("__prefix__", String(count));
    const row = holder.firstElementChild;
    total.value = String(count + 1);
    if (after) after.after(row); else rows.append(row);
    wire(row);
    return row;
  }
  function number() {
    live().forEach((row, index) => {
      const order = row.querySelector('[name$="-ORDER"], [name$="-position"]');
      if (order) order.value = String(index + 1);
    });
  }
  function drop(row) {
    const mark = row.querySelector('[name$="-DELETE"]');
    const next = row.nextElementSibling || row.previousElementSibling;
    if (mark) mark.checked = true;
    else cells(row).forEach((cell) => { if (cell.tagName !== "SELECT") cell.value = ""; });
    row.classList.add("dropped");
    if (!live().length) add();
    (next && !next.classList.contains("dropped") ? cells(next)[0] : cells(live()[0])[0])?.focus();
    number();
    changed();
  }
  function put(cell, value) {
    const text = String(value);
    if (cell.type === "checkbox") { cell.checked = /^(1|x|oui|yes|vrai|true)$/i.test(text); return; }
    if (cell.tagName !== "SELECT") { cell.value = text; return; }
    const plain = (words) => words.replace(/[\s%]/g, "").replace(",", ".").toLowerCase();
    const wanted = plain(text);
    const same = (option) => [option.value, option.text].some((words) => plain(words) === wanted || (wanted !== "" && Number(plain(words)) === Number(wanted)));
    const found = [...cell.options].find(same);
    if (wanted === "") return;
    if (!found) cell.add(new Option(text, text)); // refused in words, never another choice in its place
    cell.value = found ? found.value : text;
  }
  // -- a table pasted into a description: the server finds its columns, the page says how they were read, and undoes ----
  const note = sheet.querySelector("[data-pasted]");
  let before = null;
  const read = (cell) => (cell.type === "checkbox" ? cell.checked : cell.value);
  const write = (cell, value) => { if (cell.type === "checkbox") cell.checked = Boolean(value); else put(cell, value); };
  const inputs = (row) => [...row.querySelectorAll("input, select, textarea")];
  async function pasteTable(text, first) {
    const sent = new FormData();
    sent.set("text", text);
    const token = sheet.closest("form").querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(sheet.dataset.paste, { method: "POST", body: sent, headers: { "X-CSRFToken": token }, credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const pasted = await answer.json();
    before = live().map((row) => [row, inputs(row).map((cell) => [cell, read(cell)])]);
    let row = first;
    pasted.rows.forEach((line, index) => {
      if (index) row = live()[live().indexOf(row) + 1] || add(row);
      if (!row) return;
      Object.entries(line).forEach(([name, value]) => {
        const cell = row.querySelector(`[name$="-${CSS.escape(name)}"]`);
        if (cell) write(cell, value);
      });
    });
    note.querySelector("p").textContent = pasted.words;
    note.hidden = false;
    cells(first)[0]?.focus();
    number();
    changed();
  }
  function unpaste() {
    const known = before.map(([row]) => row);
    before.forEach(([, values]) => values.forEach(([cell, value]) => { if (cell.type === "checkbox") cell.checked = value; else cell.value = value; }));
    live().filter((row) => !known.includes(row)).forEach(drop);
    note.hidden = true;
    number();
    changed();
  }
  function paste(event) {
    const text = event.clipboardData.getData("text/plain").replace(/\r/g, "").replace(/\n+$/, "");
    const first = event.target.closest("tr");
    if (!first || !(/[\t\n]/.test(text) || /;[^;]*;/.test(text)) || (event.target.tagName === "TEXTAREA" && !text.includes("\t"))) return;
    event.preventDefault();
    if (sheet.dataset.paste && cells(first)[0] === event.target) {
      pasteTable(event.clipboardData.getData("text/plain"), first);
      return;
    }
    const start = cells(first).indexOf(event.target);
    let row = first;
    text.split("\n").forEach((line, index) => {
      if (index) row = live()[live().indexOf(row) + 1] || add(row);
      if (!row) return;
      const into = cells(row).slice(start);
      line.split("\t").forEach((word, place) => { if (into[place]) put(into[place], word.trim()); });
    });
    if (row) cells(row)[start]?.focus();
    number();
    changed();
  }
  function fill(row, option) {
    const values = JSON.parse(option.dataset.fill || "{}");
    Object.entries(values).forEach(([name, value]) => {
      const cell = row.querySelector(`[name$="-${CSS.escape(name)}"]`);
      if (!cell) return;
      if (cell.type === "checkbox") cell.checked = Boolean(value); else cell.value = String(value);
    });
    row.querySelector('[name$="-quantity"]')?.select();
    changed();
  }
  function wire(row) {
    const input = row.querySelector('[name$="-description"]');
    if (!sheet.dataset.products || !input || !window.quittance) return;
    const list = document.createElement("ul");
    list.className = "options";
    list.id = `${input.id}-list`;
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels[0]?.textContent || "");
    input.parentElement.classList.add("typeahead");
    input.after(list);
    Object.entries({ role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": list.id, autocomplete: "off" })
      .forEach(([name, value]) => input.setAttribute(name, value));
    window.quittance.combobox(input, list, sheet.dataset.products, (option) => fill(row, option), 2);
  }

  sheet.addEventListener("click", (event) => {
    if (event.target.closest("[data-add]")) { const row = add(); if (row) { cells(row)[0].focus(); number(); } }
    if (event.target.closest("[data-unpaste]")) unpaste();
    const button = event.target.closest("[data-drop]");
    if (button) drop(button.closest("tr"));
  });
  sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.defaultPrevented || event.shiftKey || event.target.tagName === "BUTTON") return;
    const row = event.target.closest("[data-rows] > tr");
    if (!row) return;
    event.preventDefault();
    const next = live()[live().indexOf(row) + 1] || add(row);
    if (next) { cells(next)[0].focus(); number(); }
  });
  sheet.addEventListener("paste", paste);
  sheet.addEventListener("input", (event) => {
    event.target.removeAttribute("aria-invalid"); // the server says again what is wrong
    event.target.closest(".cell")?.querySelectorAll(".errorlist:not([id$='-errors'])").forEach((list) => list.remove());
  });
  [...rows.children].forEach((row) => {
    if (row.querySelector('[name$="-DELETE"]')?.checked) row.classList.add("dropped");
    wire(row);
  });
};
