// Customers' pages: copying a value. Where the browser refuses, the value stays selected for the keyboard.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const field = document.querySelector(button.dataset.copy);
  field.focus();
  field.select();
  const done = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
  if (done) button.querySelector("span").textContent = button.dataset.copied;
});
