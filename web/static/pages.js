// Small helps on top of pages that work without them.
"use strict";

// An explanation that opens in place is read from its beginning, by screen readers too; who chooses in it stays there.
document.addEventListener("htmx:afterSwap", (event) => {
  const answer = event.target;
  if (answer.id === "answer" && !answer.contains(document.activeElement)) answer.focus();
});
