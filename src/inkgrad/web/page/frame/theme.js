/** Sets light or dark before the page is first drawn; a plain script, so that it runs before the styles are used. */
(() => {
  const wish = window.matchMedia("(prefers-color-scheme: dark)");
  const set = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("inkgrad-theme");
    } catch {
      // storage is switched off: the system's wish it is
    }
    document.documentElement.dataset.theme = chosen ?? (wish.matches ? "dark" : "light");
    document.dispatchEvent(new Event("themechange")); // charts draw themselves again
  };
  wish.addEventListener("change", set);
  set();
})();
