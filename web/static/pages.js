// Small helps on top of pages that work without them.
"use strict";

// An explanation that opens in place is read from its beginning, by screen readers too.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "answer") event.target.focus();
});
