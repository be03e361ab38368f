"use strict";
// Passkeys: hands the form of the page to allauth's script, which asks the browser and sends its answer.

document.querySelectorAll("[data-passkey]").forEach((form) => {
  form.querySelector("[name=credential]").id = "credential";
  form.action = form.dataset.address || form.action;
  const passwordless = form.querySelector("[name=passwordless]");
  const button = form.querySelector("#passkey");
  window.allauth.webauthn.forms[form.dataset.passkey]({
    ids: {
      add: button.id, authenticate: button.id, login: button.id, credential: "credential",
      data: document.getElementById("js_data") ? "js_data" : undefined,
      passwordless: passwordless ? passwordless.id : undefined,
    },
  });
});
