// The pages that people reach by acting: mistakes, thanks, the private link and what it offers, each held to axe-core on a
// phone; and a form inside another site's page, for a declared origin and for one that is not.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { freePort, Instance, root } from './lib.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// A subscription that its address need not confirm: that it must where the charter says so is tried in 31-consents.
const texts = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-charter-'));
fs.writeFileSync(path.join(texts, 'bookings.yaml'), fs.readFileSync(path.join(root, 'charters/bookings.yaml'), 'utf8').replace(', confirmed by email', ''));
const sejf = new Instance({ charters: ['events', path.join(texts, 'bookings.yaml')] });
let browser, form, subscribe, site, sitePort, business;

before(async () => {
  sitePort = await freePort();
  await sejf.init();
  const settings = path.join(sejf.data, 'sejf.yaml');
  fs.appendFileSync(settings, `\nframes: [http://127.0.0.1:${sitePort}]\nbrand_name: Morze\nbrand_logo: logo.svg\nbrand_colour: "#ffd500"\nbrand_text: "#ffffff"\n`);
  fs.writeFileSync(path.join(sejf.data, 'logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><path d="M0 15q10-15 20 0t20 0" fill="none" stroke="#06c" stroke-width="3"/></svg>', { mode: 0o644 });
  await sejf.start();
  const token = sejf.token('events', sejf.tenant('events', 'Gdynia Talks'), 'organiser');
  const event = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Morze i dane', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z', seats: 20 } } });
  assert.equal(event.status, 201, event.text);
  form = `${sejf.url}/f/events/register/${event.json.id}`;
  const tenant = sejf.tenant('bookings', 'Gabinet Mięta');
  business = sejf.token('bookings', tenant, 'business');
  subscribe = `${sejf.url}/f/bookings/subscribe/gabinet-mieta`;
  site = http.createServer((req, res) => {
    res.setHeader('content-type', 'text/html');
    res.end(`<!doctype html><title>a site</title><iframe id="f" width="380" height="900" src="${form}?lang=en"></iframe>`);
  });
  await new Promise((done) => site.listen(sitePort, '127.0.0.1', done));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
});
after(async () => { await browser?.close(); site?.close(); await sejf.remove(); fs.rmSync(texts, { recursive: true, force: true }); });

const open = (options = {}) => browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', bypassCSP: true, viewport: { width: 390, height: 844 }, ...options });
async function sound(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 120)}`), [], name);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), `${name} is wider than a phone`);
  if (process.env.SEJF_PICTURES) await page.screenshot({ path: path.join(process.env.SEJF_PICTURES, `${name}.png`), fullPage: true });
}
async function send(page, { careless = false } = {}) {
  const press = async () => {
    if (careless) await page.evaluate(() => { document.querySelector('form').noValidate = true; });      // as an old browser would
    await page.click('main button[type=submit]');
  };
  await press();
  if (await page.getByText('faster than a person').count() > 0) await press();
}
async function register(page, who) {
  await page.goto(form);
  await page.fill('[name=name]', who.name);
  await page.fill('[name=email]', who.email);
  await page.fill('[name=diet]', who.diet);
  await page.check('[name=".consent.diet"]');
  await send(page);
  return page.locator('a[href*="/p/events/"]').first().getAttribute('href');
}

for (const scheme of ['light', 'dark'])
  test(`mistakes, thanks and the private link pass axe in ${scheme} colours`, async () => {
    const context = await open({ colorScheme: scheme });
    const page = await context.newPage();
    await page.goto(form);
    await page.fill('[name=diet]', 'no nuts');
    await send(page, { careless: true });
    assert.equal(await page.locator('.mistake').count(), 3);          // name, e-mail, and the consent beside the diet
    assert.equal(await page.inputValue('[name=diet]'), 'no nuts');
    await sound(page, `mistakes-${scheme}`);
    const link = await register(page, { name: 'Ewa Sowa', email: `ewa.${scheme}@people.example`, diet: 'no nuts' });
    await sound(page, `thanks-${scheme}`);
    await page.goto(new URL(link, sejf.url).href);
    await sound(page, `link-${scheme}`);
    await context.close();
  });

test('the person corrects, withdraws, takes along and cancels by the private link', async () => {
  const context = await open({ javaScriptEnabled: false });
  const page = await context.newPage();
  const link = new URL(await register(page, { name: 'Jan Lis', email: 'jan@people.example', diet: 'vegan' }), sejf.url).href;
  await page.goto(link);
  await page.fill('[name=phone]', 'nobody');
  await page.locator('form:has([name=phone]) button').click();
  assert.match(await page.innerText('[role=alert]'), /telephone number/);
  await page.fill('[name=phone]', '600 100 200');
  await page.locator('form:has([name=phone]) button').click();
  assert.match(await page.innerText('main'), /saved[^]*\+48600100200/);
  await page.getByText('Withdraw this consent').first().click();
  await page.locator('form:has(input[value=withdraw]) button').click();
  assert.doesNotMatch(await page.innerText('main'), /vegan/);
  const data = await context.request.get(`${link.split('?')[0]}/data.json`);
  assert.match(data.headers()['content-disposition'], /attachment/);
  assert.equal((await data.json()).records.registration[0].fields.phone, '+48600100200');
  await page.locator('details:has(input[value=move]) summary').click();
  await page.locator('form:has(input[value=move]) button').click();
  assert.match(await page.innerText('main'), /cancelled/);
  assert.equal(await page.locator('form:has(input[value=move])').count(), 0);
  await context.close();
});

test('a consent that the whole record rests on is needed, and takes the record with it', async () => {
  const context = await open({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(subscribe);
  assert.equal(await page.isChecked('[name=".consent.newsletter"]'), false);
  const without = await context.request.post(subscribe, { form: { email: 'a@people.example', '.token': await page.inputValue('[name=".token"]') }, headers: { cookie: (await context.cookies()).map((c) => `${c.name}=${c.value}`).join('; ') } });
  assert.equal(without.status(), 422);
  await page.fill('[name=email]', 'a@people.example');
  await page.check('[name=".consent.newsletter"]');
  await send(page);
  const link = new URL(await page.locator('a[href*="/p/bookings/"]').first().getAttribute('href'), sejf.url).href;
  await page.goto(link);
  await page.getByText('Withdraw this consent').first().click();
  await page.locator('form:has(input[value=withdraw]) button').click();
  assert.match(await page.innerText('main'), /erased/);
  assert.equal((await page.goto(link)).status(), 404);
  const left = await sejf.call('GET', '/v1/bookings/subscription', { token: business });
  assert.equal(left.json.items.length, 0);
  await context.close();
});

test('a form stands in the frame of a declared origin and can be sent there', async () => {
  const context = await open({ javaScriptEnabled: true, bypassCSP: false });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${sitePort}/`);
  const frame = page.frameLocator('#f');
  await frame.locator('[name=name]').fill('Ola Kot');
  await frame.locator('[name=email]').fill('ola@people.example');
  assert.equal(await frame.locator('.operator').count(), 0);          // the site around it has a head of its own
  await frame.locator('button[type=submit]').click();
  await frame.locator('[role=alert], [role=status]').first().waitFor();
  if (await frame.locator('[role=alert]').count() > 0) await frame.locator('button[type=submit]').click();
  await frame.locator('[role=status]').waitFor();
  assert.match(await frame.locator('main').innerText(), /private link/);
  const cookie = (await context.cookies(sejf.url)).find((c) => c.name === '__Host-sejf-frame');
  assert.ok(cookie && cookie.secure && cookie.httpOnly && cookie.sameSite === 'None');
  await context.close();
});

test('no other page and no other origin may frame it', async () => {
  const policy = async (target) => (await sejf.call('GET', target)).headers['content-security-policy'];
  assert.match(await policy(new URL(form).pathname), new RegExp(`frame-ancestors http://127\\.0\\.0\\.1:${sitePort}$`));
  for (const target of ['/', '/s/events', '/p/events/none'])
    assert.match(await policy(target), /frame-ancestors 'none'/, target);
});

test('name, logo and colours of the operator show, and are made readable', async () => {
  const logo = await sejf.call('GET', '/static/logo');
  assert.equal(logo.headers['content-type'], 'image/svg+xml');
  assert.match(logo.headers['content-security-policy'], /sandbox/);
  assert.match((await sejf.call('GET', '/')).text, /<img src="\/static\/logo" alt="">/);
  const css = (await sejf.call('GET', '/static/theme.css')).text;
  assert.match(css, /--brand:#ffd500/);
  assert.match(css, /--on-brand:#000000/);                             // white on yellow cannot be read
  assert.match((await sejf.call('GET', '/s/events')).text, /<span>Morze<\/span>/);
});
