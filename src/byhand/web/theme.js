// Runs before the first paint, so that a theme that was chosen does not flash the other one.
(() => {
  const chosen = localStorage.getItem("byhand-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
})();
