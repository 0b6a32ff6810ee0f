// A person in a real browser, without JavaScript: reads the notice, fills the form, gets the last seat, then a place on
// the waiting list; sees what is held by the private link. Each page is checked by axe-core, on desktop and phone, in
// three languages; pictures go to SEJF_PICTURES when that is set.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { Instance, services } from './lib.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const sejf = new Instance();
let browser, token, event, form;

before(async () => {
  await sejf.start();
  token = sejf.token('events', sejf.tenant('events', 'Gdynia Talks'), 'organiser');
  const r = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Morze i dane', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z', seats: 2 } } });
  assert.equal(r.status, 201, r.text);
  event = r.json.id;
  form = `${sejf.url}/f/events/register/${event}`;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
});
after(async () => { await browser?.close(); await sejf.remove(); });

const open = (options = {}) => browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false, locale: 'en-GB', ...options });
async function picture(page, name) {
  if (process.env.SEJF_PICTURES) await page.screenshot({ path: path.join(process.env.SEJF_PICTURES, `${name}.png`), fullPage: true });
}
async function fill(page, who) {
  await page.goto(form);
  await page.fill('[name=name]', who.name);
  await page.fill('[name=email]', who.email);
  await page.click('button[type=submit]');
  // Faster than a person fills in a form: it is shown again, with everything that was typed, and taken at the next press.
  if (await page.locator('[role=alert]').count() > 0) await page.click('button[type=submit]');
}

test('the form says who asks, why, how long, and that it needs no JavaScript', async () => {
  const context = await open();
  const page = await context.newPage();
  const answer = await page.goto(form);
  assert.equal(answer.status(), 200);
  const text = await page.innerText('body');
  assert.match(text, /28 August 2027/);                  // 180 days after the event ends, in words
  assert.match(text, /privacy@seats\.example/);
  assert.match(text, /UODO/);
  assert.equal(await page.locator('script').count(), 0);
  for (const name of ['name', 'email']) assert.ok(await page.getAttribute(`[name=${name}]`, 'autocomplete'), name);
  await context.close();
});

test('mistakes are shown all at once, at their fields, with what was typed kept', async () => {
  const context = await open();
  const page = await context.newPage();
  await page.goto(form);
  await page.evaluate(() => 0).catch(() => {});
  await page.fill('[name=name]', 'Jadwiga Sowa');
  await page.locator('form').first().evaluate((f) => { f.noValidate = true; }).catch(() => {});
  await page.fill('[name=email]', 'not@an');
  await page.click('button[type=submit]');
  assert.equal(await page.inputValue('[name=name]'), 'Jadwiga Sowa');
  assert.ok(await page.locator('[role=alert]').count() > 0);
  assert.ok(!page.url().includes('Jadwiga'));
  await context.close();
});

test('two seats are taken, the third person waits, and the private link shows what is held', async () => {
  const said = [];
  let link;
  for (let i = 0; i < 3; i++) {
    const context = await open();
    const page = await context.newPage();
    await fill(page, { name: `Ewa Form ${i}`, email: `ewa.form.${i}@people.example` });
    said.push(await page.innerText('main'));
    link = await page.locator('a[href*="/p/events/"]').first().getAttribute('href');
    await picture(page, `form-done-${i}`);
    await context.close();
  }
  assert.match(said[0], /000001/);
  assert.match(said[2], /waiting/i);
  assert.doesNotMatch(said[0], /waiting list/i);
  const context = await open();
  const page = await context.newPage();
  const answer = await page.goto(new URL(link, sejf.url).href);
  assert.equal(answer.status(), 200);
  assert.match(answer.headers()['cache-control'], /no-store/);
  assert.match(await page.innerText('main'), /ewa\.form\.2@people\.example/);
  assert.match(await page.innerText('main'), /28 August 2027/);
  await picture(page, 'private-link');
  await context.close();
  assert.equal((await sejf.call('GET', new URL(link, sejf.url).pathname.slice(0, -4) + 'AAAA')).status, 404);
});

test('the public page shows the lines of one state, without JavaScript', async () => {
  const context = await open({ locale: 'pl-PL' });
  const page = await context.newPage();
  await page.goto(`${sejf.url}/s/events`);
  const tile = page.locator('.tally .is-later a');
  const wanted = Number(await tile.locator('b').innerText());
  assert.ok(wanted > 0);
  await tile.click();
  assert.match(page.url(), /\?lang=pl&show=later$/);
  assert.equal(await page.locator('.promise').count(), wanted);
  assert.equal(await page.locator('.promise.is-later').count(), wanted);
  assert.equal(await page.locator('.tally [aria-current=true]').count(), 1);
  await page.click('.languages a[lang=hu]');
  assert.match(page.url(), /\?lang=hu&show=later$/);
  assert.equal(await page.locator('.promise').count(), wanted);
  await page.click('.shown a');
  assert.ok(await page.locator('.promise').count() > wanted);
  await context.close();
});

test('a form that was not served here is refused', async () => {
  const r = await sejf.call('POST', new URL(form).pathname, { type: 'application/x-www-form-urlencoded', body: 'name=X&email=x%40people.example' });
  assert.equal(r.status, 403, r.text);
});

for (const locale of ['en-GB', 'pl-PL', 'hu-HU'])
  test(`every page passes axe and speaks ${locale}`, async () => {
    for (const [size, viewport] of [['desktop', { width: 1280, height: 900 }], ['phone', { width: 390, height: 844 }]]) {
      const context = await open({ locale, viewport, javaScriptEnabled: true, bypassCSP: true });
      const page = await context.newPage();
      for (const [name, url] of [['index', `${sejf.url}/`], ['form', form], ...services.map((s) => [`page-${s}`, `${sejf.url}/s/${s}`])]) {
        const answer = await page.goto(url);
        assert.equal(answer.status(), 200, url);
        assert.equal(await page.getAttribute('html', 'lang'), locale.slice(0, 2));
        await page.evaluate(axe);
        const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 120)}`), [], `${name} ${size}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), `${name} is wider than a ${size}`);
        await picture(page, `${name}-${size}-${locale.slice(0, 2)}`);
      }
      await context.close();
    }
  });
