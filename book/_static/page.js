// Small repairs that only a running page can make. Nothing here is needed to read the book.
(function () {
  "use strict";

  // A box that scrolls must be reachable by keyboard, and one that does not should not be a stop on the way.
  var boxes = ".pst-scrollable-table-container, .cell_output .output, mjx-container[display], div.highlight pre";
  function reachScrollers() {
    document.querySelectorAll(boxes).forEach(function (box) {
      var scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
      if (!scrolls) {
        if (box.dataset.reached) {
          box.removeAttribute("tabindex");
          delete box.dataset.reached;
        }
      } else if (!box.hasAttribute("tabindex") || box.tabIndex < 0) {
        box.tabIndex = 0;
        box.dataset.reached = "yes";
      }
    });
  }

  // The search button says "Search" twice: once as a label, and once in words that the label hides.
  function nameButtons() {
    document.querySelectorAll(".search-button-field").forEach(function (button) {
      button.removeAttribute("aria-label");
    });
    document.querySelectorAll("button[title]:not([aria-label]), a.btn[title]:not([aria-label])").forEach(function (button) {
      if (!button.textContent.trim()) button.setAttribute("aria-label", button.title);
    });
  }

  function mend() {
    nameButtons();
    reachScrollers();
  }

  var timer;
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(mend, 350);
  }
  document.addEventListener("DOMContentLoaded", function () {
    mend();
    var main = document.getElementById("main-content");
    if (main) new MutationObserver(soon).observe(main, { subtree: true, childList: true });
  });
  window.addEventListener("load", soon);
  if (document.fonts) document.fonts.addEventListener("loadingdone", soon);  // other letters, other widths
  window.addEventListener("resize", soon);

  // On paper every answer is open.
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("main details:not([open])").forEach(function (box) {
      box.open = true;
      box.dataset.opened = "for-print";
    });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll("details[data-opened]").forEach(function (box) {
      box.open = false;
      delete box.dataset.opened;
    });
  });
})();
