// Where the modules of live figures lie: beside this file, so that pages work with no network and from file://.
// The modules of html-manager are all inside embed-amd.js; their paths only tell them where their fonts are.
(function () {
  var here = document.currentScript.src.replace(/[^/]*$/, "");
  var bundled = here + "html-manager/";
  window.requirejs.config({
    waitSeconds: 60,
    paths: {
      "anywidget": here + "anywidget/anywidget",
      "@jupyter-widgets/base": bundled + "base",
      "@jupyter-widgets/controls": bundled + "controls",
      "@jupyter-widgets/base7": bundled + "base7",
      "@jupyter-widgets/controls7": bundled + "controls7",
      "@jupyter-widgets/html-manager": bundled + "index",
      "@jupyter-widgets/html-manager/dist/libembed-amd": bundled + "libembed-amd",
    },
  });
})();
