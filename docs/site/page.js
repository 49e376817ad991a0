// The theme before the first paint, as the console keeps it; then buttons that copy, and the search.
'use strict';
const root = document.documentElement;
const themes = ['system', 'light', 'dark'];
const stored = (() => {
  try {
    return localStorage.getItem('iozen-theme');
  } catch {
    return null;
  }
})();
if (stored === 'light' || stored === 'dark') root.dataset.theme = stored;

document.addEventListener('DOMContentLoaded', () => {
  offerThemes(document.getElementById('theme'));
  for (const figure of document.querySelectorAll('figure.code')) offerCopy(figure);
  offerSearch(document.getElementById('search'));
  document.querySelector('#menu [aria-current]')?.scrollIntoView({ block: 'center' });
  const menu = document.getElementById('menu');
  // A link to another place on the same page loads none.
  menu.addEventListener('click', ({ target }) => {
    if (target.closest('a') && menu.matches(':popover-open')) menu.hidePopover();
  });
});

function offerThemes(button) {
  const show = () => (button.textContent = `Theme: ${root.dataset.theme ?? 'system'}`);
  button.addEventListener('click', () => {
    const next = themes[(themes.indexOf(root.dataset.theme ?? 'system') + 1) % themes.length];
    if (next === 'system') delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem('iozen-theme', next);
    } catch {
      // The choice is forgotten with the tab.
    }
    show();
  });
  show();
  button.hidden = false;
}

function offerCopy(figure) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  const tell = (outcome) => {
    button.textContent = outcome;
    setTimeout(() => (button.textContent = 'Copy'), 2000);
  };
  button.addEventListener('click', () => {
    const text = figure.querySelector('code').textContent;
    navigator.clipboard.writeText(`${text}\n`).then(
      () => tell('Copied'),
      () => tell('Select and copy'),
    );
  });
  figure.append(button);
}

function offerSearch(place) {
  const input = place.querySelector('input');
  const list = place.querySelector('[role=listbox]');
  let index = null;
  let chosen = -1;
  const load = () => (index ??= import('/docs/search.js').then(({ open }) => open()));
  const options = () => [...list.querySelectorAll('[role=option]')];
  const close = () => {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const choose = (at) => {
    const all = options();
    if (all.length === 0) return;
    chosen = (at + all.length) % all.length;
    for (const [n, option] of all.entries()) option.setAttribute('aria-selected', String(n === chosen));
    input.setAttribute('aria-activedescendant', all[chosen].id);
    all[chosen].scrollIntoView({ block: 'nearest' });
  };
  const look = async () => {
    const words = input.value.trim();
    if (words === '') return close();
    const search = await load();
    // What was typed meanwhile is looked for by its own event.
    if (words !== input.value.trim()) return;
    list.replaceChildren(...search(words).map(optionOf));
    if (list.childElementCount === 0) {
      const nothing = document.createElement('p');
      nothing.textContent = 'Nothing found.';
      list.append(nothing);
    }
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    choose(0);
  };
  input.addEventListener('focus', load, { once: true });
  input.addEventListener('input', look);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return close();
    if (list.hidden) return;
    if (event.key === 'ArrowDown') choose(chosen + 1);
    else if (event.key === 'ArrowUp') choose(chosen - 1);
    else if (event.key === 'Enter') options()[chosen]?.click();
    else return;
    event.preventDefault();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || /^(input|textarea|select)$/i.test(document.activeElement?.tagName ?? '')) return;
    event.preventDefault();
    input.focus();
  });
  document.addEventListener('click', ({ target }) => {
    if (!place.contains(target)) close();
  });
  list.addEventListener('click', ({ target }) => {
    if (target.closest('a')) close();
  });
  place.hidden = false;
}

function optionOf({ href, title, kind }, at) {
  const option = document.createElement('a');
  option.href = href;
  option.id = `found-${at}`;
  option.role = 'option';
  option.tabIndex = -1;
  option.append(title);
  const where = document.createElement('small');
  where.textContent = kind;
  option.append(where);
  return option;
}
