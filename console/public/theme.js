// Runs before the first paint, so that whoever chose a theme is not shown the other one first.
(() => {
  try {
    const theme = localStorage.getItem('iozen-theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // A browser that keeps nothing for us follows the system.
  }
})();
