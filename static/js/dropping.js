"use strict";
// A file dropped anywhere on a page whose form takes files is sent by that form. Without this file it is chosen there.
(() => {
  const form = () => document.querySelector("form[data-drop-files]");
  const holdsFiles = (event) => form() && event.dataTransfer?.types.includes("Files");

  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault(); // else the browser opens the file in place of the page
    form().querySelector("input[type=file]").focus();
  });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event) || !event.dataTransfer.files.length) return;
    event.preventDefault();
    form().querySelector("input[type=file]").files = event.dataTransfer.files;
    form().requestSubmit();
  });
})();
