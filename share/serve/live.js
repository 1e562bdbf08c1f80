// What pages do beyond reading: they follow the log, they can be walked by keys, and ids are copied whole. Without it they are complete.
'use strict';

const main = () => document.getElementById('main');
const isStill = () => document.body.classList.contains('past') || document.body.classList.contains('still');

// The page is fetched again when there are new events, unless it stands still (it shows the past, or costs too much) or somebody is typing or selecting in it.
let size = null, waits = false;

async function refresh() {
  waits = false;
  const busy = document.activeElement && document.activeElement.matches('input') || !document.getSelection().isCollapsed;
  if (busy) { waits = true; return; }
  const answer = await fetch(location.href, {credentials: 'same-origin'});
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const open = [...main().querySelectorAll('details')].map((d) => d.open);
  const here = document.activeElement && document.activeElement.getAttribute('href');
  for (const part of ['header', 'main']) {
    const from = page.querySelector(part), to = document.querySelector(part);
    if (from && to) to.replaceWith(document.adoptNode(from));
  }
  [...main().querySelectorAll('details')].forEach((d, i) => { d.open = !!open[i]; });
  if (here) { const same = [...document.querySelectorAll('a')].find((a) => a.getAttribute('href') === here); if (same) same.focus(); }
}

function follow() {
  const stream = new EventSource('/v1/stream');
  stream.addEventListener('head', (event) => {
    const now = JSON.parse(event.data).size;
    if (size !== null && now !== size) refresh();
    size = now;
  });
}

// j and k walk the links of tables and lists, Enter opens as ever, Escape goes back to the page's beginning.
function walk(step) {
  const links = [...main().querySelectorAll('td:first-child a, li a, td a')].filter((a, i, all) => all.indexOf(a) === i);
  const rows = [...new Set(links.map((a) => a.closest('tr, li')))];
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
  rows.forEach((row) => row.classList.remove('here'));
  rows[next].classList.add('here');
  rows[next].querySelector('a').focus();
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input')) return;
  if (event.key === 'j') walk(1);
  else if (event.key === 'k') walk(-1);
  else if (event.key === 'Escape') main().focus();
  else return;
  event.preventDefault();
});

// An id that is shown with its middle left out is copied whole.
document.addEventListener('copy', (event) => {
  const at = document.getSelection().anchorNode;
  const id = at && (at.nodeType === 1 ? at : at.parentElement).closest('.id');
  if (!id || !id.textContent.includes('\u2026')) return;
  event.clipboardData.setData('text/plain', id.title);
  event.preventDefault();
});

document.addEventListener('focusout', () => { if (waits) setTimeout(refresh, 500); });
if (!isStill() && document.querySelector('nav')) follow();
