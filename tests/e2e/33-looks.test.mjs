// What people see of forgetting and of their rights: each page in each language, on a desktop and on a phone, held to axe-core, to the width of the
// screen and to words: no identifier and no machine's time stands where a person reads. Pictures go to SEJF_PICTURES when that is set.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { Instance, until } from './lib.mjs';
import { Visitor, invited } from './people.mjs';
import { Sink } from './sink.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT = 120000, DAY = 86400e3, form = 'application/x-www-form-urlencoded';
let sejf, sink, browser, tenant, owner, salon, business, ewa, event;
const ago = (days) => new Date(Date.now() - days * DAY).toISOString();
const letters = () => sink.letters.map((l) => l.read());

const make = async (service, kind, token, fields, more = {}) => {
  const r = await sejf.call('POST', `/v1/${service}/${kind}`, { token, body: { fields, ...more } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
};

before(async () => {
  sink = await Sink.start();
  sejf = await new Instance({ charters: ['events', 'bookings'] }).init();
  sink.install(sejf);
  await sejf.start();
  tenant = sejf.tenant('events', 'Gdynia Talks');
  owner = sejf.token('events', tenant, 'organiser');
  salon = sejf.tenant('bookings', 'Gabinet Mięta');
  business = sejf.token('bookings', salon, 'business');
  ewa = new Visitor(sejf);
  await ewa.accept(invited(sejf, ['user', 'invite', 'events', '--tenant', String(tenant), '--role', 'organiser', '--name', 'Ewa Nowak', '--lang', 'pl', '--email', '-'], 'ewa@organiser.example').link);
  event = await make('events', 'event', owner, { title: 'Morze i dane', place: 'Gdynia', starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T20:00:00Z' });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
}, { timeout: 240000 });
after(async () => { await browser?.close(); if (sejf) await sejf.remove(); if (sink) await sink.stop(); });

// What a person would stumble over: an identifier, a time for machines, a name of a program's.
const RAW = [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-/, /\d{4}-\d\d-\d\dT\d\d:/, /\b[a-z]+_[a-z_]+\b/, /undefined|\(null\)|\{\d\}/, /\d\.\./];
async function looks(page, name, lang, { quotes = false, mail = false } = {}) {
  const what = `${name} in ${lang}`, text = await page.innerText('body');
  assert.equal(await page.getAttribute('html', 'lang'), lang, what);
  assert.ok(!(await page.content()).includes('(null)'), what);
  for (const raw of quotes ? RAW.slice(0, 2) : RAW) assert.doesNotMatch(text, raw, what);      // quotes: the charter, by the names of its lines
  for (const [size, viewport] of [['desktop', { width: 1280, height: 900 }], ['phone', { width: 390, height: 844 }]]) {
    await page.setViewportSize(viewport);
    if (process.env.SEJF_PICTURES) await page.screenshot({ path: path.join(process.env.SEJF_PICTURES, `${name}-${lang}-${size}.png`), fullPage: true });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), `${what} is wider than a ${size}`);
  }
  if (lang !== 'pl') return;                                  // what axe looks at is the same in each language
  await page.evaluate(axe);
  const rules = mail ? { region: { enabled: false }, 'landmark-one-main': { enabled: false } } : {};      // a mail is shown within somebody else's page
  const found = await page.evaluate((r) => window.axe.run(document, { resultTypes: ['violations'], rules: r }), rules);
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 120)}`), [], what);
}
// press: a button of the page, which leads to the one that is meant.
async function sees(name, target, { as, status = 200, first = () => {}, press, languages = 3, quotes } = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, bypassCSP: true, locale: 'en-GB' });
  try {
    if (as) await context.addCookies([{ name: '__Host-sejf', value: as.cookie, url: sejf.url, secure: true, httpOnly: true, sameSite: 'Strict' }]);
    const page = await context.newPage();
    for (const lang of ['en', 'pl', 'hu']) {
      const what = `${name} in ${lang}`;
      await first();
      let answer = await page.goto(`${sejf.url}${target}${target.includes('?') ? '&' : '?'}lang=${lang}`);
      if (press) [answer] = await Promise.all([page.waitForNavigation(), page.click(press)]);
      assert.equal(answer.status(), status, what);
      assert.equal(await page.locator('.languages a').count(), languages, `${what}: a choice of languages`);
      await page.evaluate(() => { for (const d of document.querySelectorAll('details')) d.open = true; });
      await looks(page, name, lang, { quotes });
    }
  } finally {
    await context.close();
  }
}

// A form as a browser sends it: the page's token and cookie; a second time where the first was faster than a person.
async function send(target, fields) {
  const shown = await sejf.call('GET', target);
  assert.equal(shown.status, 200, shown.text);
  const cookie = (shown.headers['set-cookie'] || []).map((c) => c.split(';')[0]).join('; ');
  const input = (html, name) => new RegExp(`name="\\${name}" value="([^"]*)"`).exec(html)?.[1];
  const post = (html) => sejf.call('POST', target, { type: form, headers: { cookie, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ '.token': input(html, '.token'), ...(input(html, '.version') ? { '.version': input(html, '.version') } : {}), ...fields }).toString() });
  const r = await post(shown.text);
  return r.status === 422 && input(r.text, '.token') ? post(r.text) : r;
}
// The path of the newest link of a letter to somebody.
const linked = async (to, pattern) => until(`a letter to ${to}`, () => {
  const l = sink.letters.filter((i) => i.to.includes(to)).map((i) => i.read().text).reverse().find((t) => pattern.test(t));
  return l && pattern.exec(l)[1];
}, WAIT, 300);
// The newest letter to somebody says whom to ask, and who takes complaints.
const asks = (to, says) => assert.match(sink.letters.filter((i) => i.to.includes(to)).at(-1).read().text, says);
const ONCE = /https:\/\/[^/]+(\/r\/\w+\/\d+\/[\w-]{43})/, PRIVATE = /https:\/\/[^/]+(\/p\/\w+\/[\w-]+)/;

test('what will be erased: nothing, what is told of, what came back, what is held', { timeout: 300000 }, async () => {
  await sees('due-none', `/account/due/${tenant}`, { as: ewa });
  const soon = await make('events', 'event', owner, { title: 'Warsztaty z kaligrafii dla początkujących i zaawansowanych', starts: ago(172), ends: ago(171) });
  for (let i = 0; i < 3; i++) await make('events', 'registration', owner, { event: soon, name: `Gość ${i}`, email: `gosc${i}@people.example` });
  sejf.run(['notice', 'run', '--tenant', String(tenant)]);
  await until('the letter', () => letters().length > 0, WAIT);
  await until('the result', async () => (await sejf.call('GET', `/v1/tenants/${tenant}/notices`, { token: owner })).json.items.some((n) => n.state === 'delivered'), WAIT);
  sink.on.rcpt = (l) => (l.to === 'ewa@organiser.example' ? { code: 550, text: '5.1.1 nobody of that name' } : null);
  const later = await make('events', 'event', owner, { title: 'Bal', starts: ago(170), ends: ago(169) });
  await make('events', 'registration', owner, { event: later, name: 'Gość', email: 'gosc@people.example' });
  sejf.run(['notice', 'run', '--tenant', String(tenant)]);
  await until('the bounce', async () => (await sejf.call('GET', `/v1/tenants/${tenant}/notices`, { token: owner })).json.items.some((n) => n.state === 'bounced'), WAIT);
  sink.on.rcpt = undefined;
  // Held by the form, with a reason; shown, and lifted.
  const due = `/account/due/${tenant}`, page = async () => (await ewa.call('GET', `${due}?lang=en`)).text;
  const press = async (what, fields) => sejf.call('POST', `${due}/${what}?lang=en`, { type: form, headers: { cookie: `__Host-sejf=${ewa.cookie}`, origin: sejf.url },
    body: new URLSearchParams({ '.token': /name="\.token" value="([^"]+)"/.exec(await page())[1], ...fields }).toString() });
  for (const [fields, says] of [[{ why: '' }, /Give a reason/], [{ why: 'Lawsuit', until: '2020-01-01' }, /The day lies ahead/]]) {
    const r = await press('hold', { notice: '1', ...fields });
    assert.equal(r.status, 422, r.text);
    assert.match(r.text, says);
  }
  const held = await press('hold', { notice: '1', why: 'Lawsuit I C 12/27', until: '2039-12-31' });
  assert.equal(held.status, 200, held.text);
  assert.match(held.text, /Held: 3 records\./);
  assert.match(held.text, /Registration, until 31 December 2039: Lawsuit I C 12\/27/);
  const holds = (await sejf.call('GET', `/v1/tenants/${tenant}/holds`, { token: owner })).json.items;
  assert.equal(holds.filter((h) => h.state === 'holds' && /^account /.test(h.by)).length, 3);
  assert.match((await press('lift', { hold: String(holds[0].number) })).text, /The hold is lifted/);
  assert.equal((await press('lift', { hold: '99' })).status, 404);
  const gone = await make('events', 'registration', owner, { event, name: 'Gość', email: 'kto@people.example' });
  assert.equal((await sejf.call('DELETE', `/v1/events/registration/${gone}`, { token: owner })).status, 200);
  assert.equal(sejf.run(['renew']).status, 0);
  const [, pdf] = /href="([^"]*page\.pdf[^"]*)"/.exec(await page());
  const certificate = await ewa.call('GET', pdf);
  assert.equal(certificate.status, 200);
  assert.match(certificate.text.slice(0, 5), /%PDF-/);
  await sees('due', due, { as: ewa });
  const boss = new Visitor(sejf), ida = invited(sejf, ['user', 'invite', 'bookings', '--tenant', String(salon), '--role', 'business', '--name', 'Ida Mięta', '--lang', 'pl', '--email', '-'], 'ida@business.example');
  const listed = sejf.run(['authorise', 'new', ida.account, '--tenant', String(salon), '--post', 'owner', '--scope', 'visits', '--purpose', 'keeping the appointment', '--until', new Date(Date.now() + 90 * DAY).toISOString().slice(0, 10)]);
  assert.equal(listed.status, 0, listed.stderr);
  await boss.accept(ida.link);
  await sees('due-limited', `/account/due/${salon}`, { as: boss });                // where copies are asked for with a reason
});

test('a request: the form, the link that proves who asks, the letter, a link that was used', { timeout: 300000 }, async () => {
  await sees('request-form', `/r/events/${tenant}`);
  await sees('request-operator', '/r/events');
  await make('events', 'registration', owner, { event, name: 'Ewa Lis', email: 'ewa@people.example' });
  const sent = await send(`/r/events/${tenant}?lang=pl`, { '.type': 'erasure', '.email': 'ewa@people.example', '.name': 'Ewa Lis', '.words': 'Proszę usunąć.' });
  assert.equal(sent.status, 200, sent.text);
  const proof = await linked('ewa@people.example', ONCE);
  asks('ewa@people.example', /Pytania albo nowy link: \S+@\S+\nSkargę możesz wnieść do organu nadzorczego: Prezes Urzędu Ochrony Danych Osobowych, /);
  await sees('request-identity', proof);
  const known = await send(proof, {});
  assert.equal(known.status, 200);
  assert.match(known.text, /Dziękujemy/);
  await sees('request-used', proof, { status: 404 });
  const over = (await sejf.call('GET', `${proof}?lang=en`)).text;
  assert.match(over, /works? once, for 7 days/);
  assert.match(over, new RegExp(`href="/r/events/${tenant}\\?lang=en"`));
  const requests = (p, body) => sejf.call('POST', `/v1/tenants/${tenant}/requests${p}`, { token: owner, body });
  const r = await requests('/1/refuse', { ground: 'legal_duty', reason: 'Faktury są przechowywane pięć lat.', name: 'Anna Nowak' });
  assert.equal(r.status, 200, r.text);
  const answer = await until('the answer', async () => { const p = await linked('ewa@people.example', ONCE); return p !== proof && p; }, WAIT);
  await sees('request-answer', answer);
});

test('the private link: what is held, until when, consents, requests', { timeout: 300000 }, async () => {
  const done = await send(`/f/events/register/${event}?lang=pl`, { name: 'Iga Wilk', email: 'iga@people.example', diet: 'bez orzechów', '.consent.diet': 'yes' });
  assert.equal(done.status, 200, done.text);
  const link = /\/p\/events\/[\w-]+/.exec(done.text)[0];
  await sees('link', link);
  assert.equal((await send(`${link}?lang=pl`, { '.do': 'request', '.type': 'portability', '.words': 'Wszystko moje.' })).status, 303);
  await sees('link-request', link);
});

test('a subscription: its form, the letter, the page that confirms, its private link', { timeout: 300000 }, async () => {
  await sees('subscribe', '/f/bookings/subscribe/gabinet-mieta');
  const sent = await send('/f/bookings/subscribe/gabinet-mieta?lang=hu', { email: 'ola@people.example', '.consent.newsletter': 'yes' });
  assert.equal(sent.status, 200, sent.text);
  const link = await linked('ola@people.example', PRIVATE);
  asks('ola@people.example', /Kérdések: \S+@\S+\n\n\S/);
  await sees('confirm', link);
  assert.equal((await send(`${link}?lang=hu`, { '.do': 'confirm' })).status, 303);
  await sees('subscription', link);
  const asked = await send('/f/bookings/ask/gabinet-mieta?lang=en', { email: 'jan@people.example', text: 'Kiedy?' });
  const question = /\/p\/bookings\/[\w-]+/.exec(asked.text)[0];
  await sees('question', question);
  assert.equal((await send(`${question}?lang=en`, { '.do': 'object', '.to': 'answering the question' })).status, 303);
  assert.equal((await send(`${question}?lang=en`, { '.do': 'restrict' })).status, 303);
  await sees('question-restricted', question);
});

// What leaves a list stands in a header of the letter; who follows it has no account.
test('leaving a list: the question, what was done, back again, an address that is none', { timeout: 300000 }, async () => {
  const person = await make('events', 'registration', owner, { event, name: 'Ola Lis', email: 'ola.lis@people.example' });
  const asked = await sejf.call('POST', '/v1/events/messages', { token: owner, body: { kind: 'registration', id: person, subject: 'Program', text: 'Zaczynamy o dziewiątej.' } });
  assert.equal(asked.status, 202, asked.text);
  const letter = await until('the letter', () => sink.letters.find((l) => l.to.includes('ola.lis@people.example')), WAIT, 200);
  const [, link] = /https:\/\/[^/]+(\/u\/[^>]+)/.exec(letter.read().headers['list-unsubscribe']);
  const leave = async (what) => {
    const r = await sejf.call('POST', `${link}?lang=en`, { type: form, body: `do=${what}` });
    assert.equal(r.status, 200);
    assert.doesNotMatch(r.text, /consent/);                   // none is needed for this purpose, so none was withdrawn
  };
  await sees('leave-ask', link);
  await sees('leave-pressed', link, { first: () => leave('back'), press: 'button[type=submit]' });
  await sees('leave-done', link);
  await sees('leave-back', link, { first: () => leave('leave'), press: 'button[type=submit]' });
  for (const wrong of [link.slice(0, -1), `${link.slice(0, -8)}AAAAAAAA`, '/u/events/x']) assert.equal((await sejf.call('GET', wrong)).status, 404, wrong);
  await sees('leave-wrong', `${link.slice(0, -8)}AAAAAAAA`, { status: 404, languages: 0 });      // a dead link is not repeated in a page
});

test('a mail of a template: light and dark', { timeout: 300000 }, async () => {
  const text = (hello, starts, list, button, leave) => `# ${hello} {{name}}\n${starts} **{{event.starts}}**: {{event.title}}.\n\n- ${list}\n- {{event.place}}\n\n[${button}]({{link}})\n\n[${leave}]({{unsubscribe}})`;
  const put = await sejf.call('PUT', '/v1/events/templates/looks', { token: owner, body: { kind: 'registration',
    pl: { subject: 'Do zobaczenia: {{event.title}}', text: text('Dzień dobry', 'Zaczynamy', 'prosimy o zabranie dokumentu', 'Twoje zgłoszenie', 'Nie chcę takich listów') },
    en: { subject: 'See you: {{event.title}}', text: text('Hello', 'We begin', 'please bring an identity card', 'Your registration', 'No more such mail') },
    hu: { subject: 'Viszlát: {{event.title}}', text: text('Kedves', 'Kezdés:', 'kérjük, hozzon igazolványt', 'Az Ön jelentkezése', 'Nem kérek több ilyen levelet') } } });
  assert.equal(put.status, 200, put.text);
  const person = await make('events', 'registration', owner, { event, name: 'Wilhelmina Wolańska-Brzęczyszczykiewicz', email: 'wilhelmina@people.example' });
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ colorScheme, offline: true });
    try {
      const page = await context.newPage();
      for (const lang of ['en', 'pl', 'hu']) {
        const r = await sejf.call('POST', '/v1/events/templates/looks/preview', { token: owner, body: { id: person, lang } });
        assert.equal(r.status, 200, r.text);
        await page.setContent(r.json.html);
        await looks(page, `mail-${colorScheme}`, lang, { mail: true });
      }
    } finally {
      await context.close();
    }
  }
});

test('each heading of the promises is in the language of its page', { timeout: 60000 }, async () => {
  for (const service of ['events', 'bookings']) {
    const headings = async (lang) => [...(await sejf.call('GET', `/s/${service}?lang=${lang}`)).text.matchAll(/<h2[^>]*>([^<]+)</g)].map((m) => m[1]);
    const en = await headings('en');
    assert.ok(en.length > 15, en.join());
    for (const lang of ['pl', 'hu']) assert.deepEqual((await headings(lang)).filter((h) => en.includes(h)), [], `${service} in ${lang}`);
  }
});

test('the versions of a charter', { timeout: 300000 }, async () => {
  await sees('versions', '/s/events/versions');
  const file = path.join(sejf.data, 'charters', 'events.yaml');
  await sejf.stop();
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/updated: \d{4}-\d\d-\d\d/, 'updated: 2099-01-02').replace('keep: 180 days after event.ends', 'keep: 90 days after event.ends')
    .replace('hu: a rendezvény lebonyolítása}', 'hu: a rendezvény lebonyolítása}\n      - {en: inviting to the next event, pl: zaproszenie na następne wydarzenie, hu: meghívás a következő rendezvényre}')
    .replace('logs: kept 30 days', 'logs: kept 14 days')
    .replace(/^claims:/m, `promised_for:
  - what: {en: "a choice of languages in letters", pl: "wybór języka w listach", hu: "nyelvválasztás a levelekben"}
    by: 2026-10-01
  - what: {en: "a page that shows a year of availability", pl: "strona, która pokazuje rok dostępności", hu: "egy évnyi rendelkezésre állást mutató oldal"}
    by: 2099-10-01
claims:`));
  await sejf.start();
  await sees('promises-overdue', '/s/events?show=overdue', { quotes: true });
  await sees('promises-later', '/s/events?show=later', { quotes: true });
  await sees('versions-changed', '/s/events/versions');
});
