"use strict";
// One click on an answer of the directory fills the fields of the form around it. Without this file the server does it.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.('button[name="fill"]');
  if (!button?.form) return;
  event.preventDefault();
  const fields = Object.entries(JSON.parse(button.value)).map(([name, value]) => {
    const field = button.form.elements.namedItem(name);
    if (field?.type === "checkbox") field.checked = Boolean(value);
    else if (field) field.value = value;
    field?.dispatchEvent(new Event("change", { bubbles: true }));
    return field;
  });
  fields.find(Boolean)?.focus();
});
