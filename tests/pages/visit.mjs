// Drives the pages of a running `ledger serve` in Chromium, as a person would: the code, every page, keys, filters, the past, live updates.
// visit.mjs URL LOG SHOTS RUN: LOG has what the server printed, SHOTS is a directory for screenshots, RUN the id of a run. It prints one
// JSON object a line for each thing that was seen; a scenario judges them. The command to record an event is in $RECORD.
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import puppeteer from 'puppeteer-core';

const [url, log, shots, run] = process.argv.slice(2);
const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
const say = (what) => console.log(JSON.stringify(what));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = await browser.newPage();
const outside = [], complaints = [];
page.on('request', (r) => { if (!r.url().startsWith(url) && !r.url().startsWith('data:')) outside.push(r.url()); });
page.on('console', (m) => { if (m.type() === 'error') complaints.push(m.text()); });
page.on('pageerror', (e) => complaints.push(String(e)));

// The code is in what the server printed; it is typed, and works once.
await page.goto(url + '/');
say({what: 'login', at: new URL(page.url()).pathname});
const code = () => [...readFileSync(log, 'utf8').matchAll(/login is ([a-z0-9-]+)/g)].at(-1)[1];
for (let i = 0; i < 50 && !/login is/.test(readFileSync(log, 'utf8')); i++) await new Promise((r) => setTimeout(r, 100));
await page.type('input[name=code]', code());
await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
say({what: 'entered', at: new URL(page.url()).pathname, title: await page.title()});

const paths = ['/', '/runs', `/runs/${run}`, '/events/1', '/packs', '/models', '/permissions', '/evaluations', '/promotions', '/log',
  '/evidence', '/evidence/verify', `/why/run/${run}`, '/log?kind=run.*'];
const sizes = [[1280, 900], [800, 900], [390, 844]];
for (const path of paths) {
  for (const scheme of ['light', 'dark']) {
    await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: scheme}]);
    for (const [width, height] of sizes) {
      await page.setViewport({width, height});
      const answer = await page.goto(url + path, {waitUntil: 'load'});
      const name = path.replace(/[^a-z0-9]+/gi, '_').replace(/^_|_$/g, '') || 'now';
      await page.screenshot({path: `${shots}/${name}-${scheme}-${width}.png`, fullPage: false});
      if (width !== 1280 && scheme === 'dark') continue;
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1);
      say({what: 'page', path, scheme, width, status: answer.status(), bytes: (await answer.buffer()).length,
        h1: await page.$$eval('h1', (all) => all.length), failed: await page.$$eval('.failed', (all) => all.map((e) => e.textContent)), wide});
    }
    await page.setViewport({width: 1280, height: 900});
    // Through the protocol of the debugger: the page's policy lets no other script run.
    await page.evaluate(axe);
    const found = await page.evaluate(async () => (await axe.run(document, {resultTypes: ['violations']})).violations
      .map((v) => ({id: v.id, at: v.nodes.map((n) => n.html.slice(0, 120)).slice(0, 3)})));
    say({what: 'axe', path, scheme, found});
  }
}

// By keys alone: the skip link, the first row, Enter, and back.
await page.goto(url + '/log');
await page.keyboard.press('Tab');
say({what: 'skip', text: await page.evaluate(() => document.activeElement.textContent)});
await page.keyboard.press('j');
const first = await page.evaluate(() => document.activeElement.getAttribute('href'));
await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
say({what: 'keys', first, at: new URL(page.url()).pathname});

// A filter is in the address; so is the past, which the page says.
await page.goto(url + '/log');
await page.type('input[name=kind]', 'run.*');
await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
say({what: 'filter', query: new URL(page.url()).search,
  kinds: await page.$$eval('table tbody td:nth-child(3)', (all) => [...new Set(all.map((e) => e.textContent.split('.')[0]))])});
await page.goto(url + '/runs');
await page.type('input[name=at]', '1');
await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
say({what: 'past', query: new URL(page.url()).search, says: await page.$eval('p.past', (e) => e.textContent),
  links: await page.$$eval('nav a', (all) => all.every((a) => a.href.includes('at=1'))), rows: await page.$$eval('main tbody tr', (all) => all.length)});

// A new event shows by itself; without script the page is complete.
await page.goto(url + '/log');
const before = await page.$eval('header', (e) => e.textContent);
await new Promise((r) => setTimeout(r, 500));
execFileSync('bash', ['-c', process.env.RECORD], {stdio: 'ignore'});
let live = false;
for (let i = 0; i < 60 && !live; i++) {
  await new Promise((r) => setTimeout(r, 100));
  live = await page.evaluate(() => document.querySelector('main').textContent.includes('x.seen.live'));
}
say({what: 'live', live, before});
await page.setJavaScriptEnabled(false);
await page.goto(url + '/runs');
say({what: 'noscript', rows: await page.$$eval('main tbody tr', (all) => all.length)});
say({what: 'all', outside, complaints});
await browser.close();
