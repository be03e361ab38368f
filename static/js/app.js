"use strict";
// What makes the pages quick: toasts, theme, drawer, keys, typeahead. Every page works without this file.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // -- toasts: Django's messages on load, HX-Trigger {"toast": {message, tone}} afterwards ---------------------------
  function arm(toast) {
    if (!toast.classList.contains("tone-bad")) setTimeout(() => toast.remove(), 7000);
  }
  function toast(message, tone = "info") {
    const model = $("#toast-model"), host = $("#toasts");
    if (!model || !host || !message) return;
    const node = model.content.firstElementChild.cloneNode(true);
    node.className = `toast tone-${tone}`;
    $("p", node).textContent = message;
    host.append(node);
    arm(node);
  }
  document.addEventListener("toast", (event) => toast(event.detail.message, event.detail.tone));
  document.addEventListener("htmx:sendError", () => toast($("#words").dataset.unreachable, "bad"));
  document.addEventListener("htmx:responseError", (event) => {
    if (!(event.detail.xhr.getResponseHeader("HX-Trigger") || "").includes("toast")) toast($("#words").dataset.failed, "bad");
  });

  // -- what looks again by itself: not in a tab that nobody sees, and at once when it is seen again --------------------
  const POLLING = "[hx-trigger^='every ']";
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.matches(POLLING)) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) all(POLLING).forEach((one) => window.htmx?.trigger(one, "shown"));
  });

  // -- theme: kept in a cookie, so that the server draws the right one at once ---------------------------------------
  function switchTheme() {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  }

  // -- drawer and dialog: another page's content, shown over this one ------------------------------------------------
  let opener = null, listUrl = "", listState = null;
  async function fetchContent(url) {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    // redirected: to the sign-in page, which has no place in a drawer
    if (!answer.ok || answer.redirected) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.getElementById("content");
  }
  async function show(host, body, link) {
    const content = await fetchContent(link.href).catch(() => null);
    if (!content) { location.assign(link.href); return false; }
    body.replaceChildren(...content.childNodes);
    if (!host.open) host.showModal();
    host.scrollTop = 0;
    enhance(body);
    window.htmx?.process(body);
    return true;
  }
  async function openDrawer(link) {
    const drawer = $("#drawer");
    if (!listUrl) { listUrl = location.href; listState = history.state; }
    if (!(await show(drawer, $("#drawer-body"), link))) return;
    opener = link;
    $("#drawer-page").href = link.href;
    all("tr.current").forEach((row) => row.classList.remove("current"));
    link.closest("tr")?.classList.add("current");
    // the address is the drawer's own page: it can be shared, and « back » closes it
    history.pushState({ drawer: true }, "", link.href);
  }
  function closed() {
    if (listUrl && location.href !== listUrl) history.replaceState(listState, "", listUrl);
    listUrl = "";
    $("#drawer-body").replaceChildren();
    opener?.focus();
  }
  addEventListener("popstate", (event) => {
    const drawer = $("#drawer");
    if (drawer?.open) { listUrl = ""; drawer.close(); }
    else if (event.state?.drawer) location.reload();
  });
  function wireDialogs() {
    const drawer = $("#drawer");
    if (!drawer || drawer.dataset.ready) return;
    drawer.dataset.ready = "yes";
    drawer.addEventListener("close", closed);
    all("dialog").forEach((one) => one.addEventListener("click", (event) => { if (event.target === one && window.quittance.mayClose(one)) one.close(); }));
  }

  // -- copying: the field stays selected, so that the keyboard can do what a browser refuses ----------------------------
  async function copy(button) {
    const field = $(button.dataset.copy);
    field.focus();
    field.select();
    const done = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
    if (done) toast(button.dataset.copied, "good");
  }

  // -- clicks --------------------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    all("details.menu[open], details.more[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    const on = (selector) => event.target.closest?.(selector);
    if (on("[data-dismiss]")) on(".toast").remove();
    if (on("[data-close]") && on("dialog")) { event.preventDefault(); if (window.quittance.mayClose(on("dialog"))) on("dialog").close(); }
    if (on("[data-copy]")) copy(on("[data-copy]"));
    if (on("[data-theme-switch]")) switchTheme();
    if (on("[data-open]")) $(`#${on("[data-open]").dataset.open}`).showModal();
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button) return;
    const link = on("a[data-drawer]"), asked = on("a[data-dialog]");
    if (link && innerWidth >= 1100 && !link.closest("dialog")) { event.preventDefault(); openDrawer(link); }
    if (asked) { event.preventDefault(); show($("#dialog"), $("#dialog-body"), asked); }
  });

  // -- filters: nothing empty in the address; lists: an errors box takes the focus ------------------------------------
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.closest?.("form.filters")) return;
    const sent = event.detail.parameters;
    Object.keys(sent).forEach((name) => { if (sent[name] === "") delete sent[name]; });
  });

  // -- keys ----------------------------------------------------------------------------------------------------------
  const PLACES = { a: "bag", h: "home", c: "users", p: "box", o: "cart", f: "invoice", e: "coins", b: "bank", r: "bell", s: "send", m: "mail" };
  let going = 0;
  const typing = (node) => node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName);
  function step(way) {
    const links = all(".row-link", $("dialog[open]") || document);
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const next = links[at < 0 ? (way > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + way))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
  const COMMANDS = {
    "/": () => $("#search")?.focus(),
    "?": () => $("#keys")?.showModal(),
    g: () => { going = Date.now(); },
    j: () => step(1),
    k: () => step(-1),
    n: () => $("[data-new]")?.click(),
    e: () => $("dialog[open] [data-edit], [data-edit]")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !typing(event.target) && $("[data-undo]")) {
      event.preventDefault();
      $("[data-undo]").click();
      return;
    }
    if (event.key === "Escape") {
      all("details.menu[open], details.more[open]").forEach((menu) => { menu.open = false; $("summary", menu).focus(); });
      if (event.target.id === "search") event.target.blur();
      return;
    }
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (going && Date.now() - going < 1200) {
      going = 0;
      const place = PLACES[event.key] && $(`[data-go="${PLACES[event.key]}"]`);
      if (place) { event.preventDefault(); place.click(); return; }
    }
    // a page's own keys: each names the link or the button that it presses
    const pressed = !$("dialog[open]") && $(`[data-key="${CSS.escape(event.key)}"]`);
    const command = pressed ? () => { pressed.focus(); pressed.click(); } : COMMANDS[event.key];
    if (command) { event.preventDefault(); command(); }
  });

  // the tab one is on, where tabs do not fit beside each other
  all(".tabs [aria-current]").forEach((tab) => tab.scrollIntoView({ block: "nearest", inline: "center" }));

  // -- typeahead: an ARIA combobox over a server search --------------------------------------------------------------
  function combobox(input, list, url, picked, least = 0) {
    // stale: the options answer what was typed before, and none of them is taken by the keyboard
    let timer = 0, wanted = 0, at = -1, stale = false, marking = null, choosing = false;
    const options = () => all('[role="option"]:not([aria-disabled])', list);
    const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    function mark(index) {
      const found = options();
      if (!found.length) return;
      at = (index + found.length) % found.length;
      found.forEach((one, place) => { one.id = `${list.id}-${place}`; one.setAttribute("aria-selected", String(place === at)); });
      input.setAttribute("aria-activedescendant", found[at].id);
      found[at].scrollIntoView({ block: "nearest" });
    }
    function choose(option) {
      close();
      if (!option.dataset.href) picked(option);
      else if (picked) window.quittance.createBeside(option.dataset.href, input, picked);
      else location.assign(option.dataset.href);
    }
    async function ask() {
      const turn = ++wanted;
      const address = new URL(url, location.href);
      address.searchParams.set("q", input.value);
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" }).catch(() => null);
      const html = answer?.ok ? await answer.text() : null;
      // an answer that comes after a later question, or once the field was left, is thrown away
      if (html === null || turn !== wanted || (document.activeElement !== input && !choosing)) return;
      list.innerHTML = html;
      at = -1;
      stale = false;
      list.hidden = !list.children.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
    }
    input.addEventListener("input", () => {
      clearTimeout(timer);
      stale = true;
      at = -1;
      marking = null;
      input.removeAttribute("aria-activedescendant");
      if (input.value.length < least) return close();
      timer = setTimeout(ask, 140);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        clearTimeout(timer);  // the letters are asked now: a second question would make this answer late
        if (stale) marking = ask().then(() => { marking = null; if (!stale) mark(event.key === "ArrowUp" ? -1 : 0); });
        else if (list.hidden) ask();
        else mark(at < 0 && event.key === "ArrowUp" ? -1 : at + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && marking) {
        event.preventDefault(); event.stopPropagation();
        choosing = true;
        marking.then(() => { choosing = false; if (at >= 0) choose(options()[at]); });
      } else if (event.key === "Enter" && !list.hidden && at >= 0) {
        event.preventDefault(); event.stopPropagation();
        choose(options()[at]);
      } else if (event.key === "Tab" && !list.hidden && at >= 0) choose(options()[at]);
      else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); close(); }
    });
    // mousedown, not click: the blur between the two would close the list first
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest('[role="option"]:not([aria-disabled])');
      if (option) choose(option);
    });
    input.addEventListener("blur", () => { if (choosing) return; ++wanted; clearTimeout(timer); close(); });
    return ask;
  }
  function wireTypeahead(box) {
    const input = $('[role="combobox"]', box), list = $('[role="listbox"]', box), value = $(".js-value", box);
    let last = input.value;
    const ask = combobox(input, list, box.dataset.typeahead, (option) => {
      value.value = option.dataset.value;
      last = input.value = option.dataset.label;
      value.dispatchEvent(new Event("change", { bubbles: true }));
      box.dispatchEvent(new CustomEvent("picked", { bubbles: true, detail: { ...option.dataset } }));
      if ("submits" in value.form.dataset) value.form.requestSubmit();
    });
    input.addEventListener("focus", () => { if (!input.value) ask(); });
    input.addEventListener("input", () => { if (input.value !== last) value.value = ""; });
  }
  window.quittance = { ...window.quittance, combobox, fetchContent, enhance: (root) => enhance(root) };

  // -- the palette: the same search in a dialog, which shows where one can go before anything is typed ------------------
  let askPalette = null;
  function openPalette() {
    const palette = $("#palette"), input = $("#palette-q");
    if (!palette || palette.open) return;
    const form = $("form", palette);
    askPalette ||= combobox(input, $(".options", palette), form.dataset.palette, null);
    palette.showModal();
    input.select();
    askPalette();
  }

  // -- once per part put in place ------------------------------------------------------------------------------------
  function once(selector, root, wire) {
    const found = root.matches?.(selector) ? [root, ...all(selector, root)] : all(selector, root);
    // marked: htmx puts parts in place again, and a second listener would answer each key twice
    found.filter((node) => !node.dataset.ready).forEach((node) => { node.dataset.ready = "yes"; wire(node); });
  }
  function enhance(root) {
    wireDialogs();
    once("[data-typeahead]", root, wireTypeahead);
    once("[data-search]", root, (form) => combobox($("input", form), $(".options", form), form.dataset.search, null, 2));
    once("[data-sheet]", root, (sheet) => window.quittanceSheet?.(sheet));
    once(".toasts > .toast", root, arm);
    $("[data-autofocus]", root)?.focus();
  }
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => enhance(document)); else enhance(document);
})();
