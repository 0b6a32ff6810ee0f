// newsletter and contact are purposes of their own; a consent is as easily withdrawn as given and takes what
// rests on it; an objection ends its purpose at once and is inherited; what is restricted is stored and not used until the person was told.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, root, until } from './lib.mjs';
import { Sink } from './sink.mjs';

// A subscription that its address need not confirm: the letter has a test of its own below.
const texts = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-charter-'));
const file = path.join(texts, 'bookings.yaml');
fs.writeFileSync(file, fs.readFileSync(path.join(root, 'charters/bookings.yaml'), 'utf8').replace(', confirmed by email', '').replace(/\ncopies: .*/, '')
  .replace(/(\n      - \{en: answering the question.*\})/, '$1\n      - {en: sending offers, pl: wysyłanie ofert, hu: ajánlatok küldése}\n    consents:\n      marketing: ends after 24 months, for sending offers'));
const sejf = new Instance({ charters: [file] });
let tenant, business, staff, cookie, base;

const call = (method, target, body, more = {}) => sejf.call(method, target, { token: business, body, ...more });
const api = (what) => `/v1/tenants/${tenant}/${what}`;
const ok = (r, status = 200) => { assert.equal(r.status, status, r.text); return r.json; };
const input = (html, name) => new RegExp(`name="${name.replace(/\./g, '\\.')}" value="([^"]*)"`).exec(html)?.[1];
const cookies = (r) => (r.headers['set-cookie'] || []).map((c) => c.split(';')[0]).join('; ');

// What a browser does: opens the page, fills in the form, and sends it as a person would, not faster.
async function sendForm(target, fields) {
  const page = await sejf.call('GET', `${target}?lang=en`);
  assert.equal(page.status, 200, page.text);
  cookie = cookies(page) || cookie;
  const body = (token) => new URLSearchParams({ ...fields, '.token': token }).toString();
  const send = (html) => sejf.call('POST', `${target}?lang=en`, { body: body(input(html, '.token')), type: 'application/x-www-form-urlencoded', headers: { cookie } });
  let sent = await send(page.text);
  if (/faster than a person/.test(sent.text)) sent = await send(sent.text);
  return sent;
}
const linkOf = (r) => /href="(\/p\/bookings\/[^"?]+)/.exec(r.text)?.[1];
async function press(link, what, to) {
  const page = await sejf.call('GET', `${link}?lang=en`);
  assert.equal(page.status, 200, page.text);
  cookie = cookies(page) || cookie;
  const fields = { '.do': what, '.token': input(page.text, '.token'), '.version': input(page.text, '.version') ?? '', ...(to ? { '.to': to } : {}) };
  return sejf.call('POST', `${link}?lang=en`, { body: new URLSearchParams(fields).toString(), type: 'application/x-www-form-urlencoded', headers: { cookie } });
}
const ask = async (email) => ok(await call('POST', '/v1/bookings/question', { fields: { email, text: 'Czy w sobotę?' } }), 201);
const found = async (token, email, headers) => (await sejf.call('POST', '/v1/bookings/question/search', { token, body: { where: { email } }, headers })).json.items.length;

before(async () => {
  await sejf.start();
  tenant = sejf.tenant('bookings', 'Gabinet Mięta');
  business = sejf.token('bookings', tenant, 'business');
  staff = sejf.token('bookings', tenant, 'staff');
  base = `/f/bookings/subscribe/gabinet-mieta`;
  const r = await sejf.call('GET', base);
  assert.equal(r.status, 200, r.text);
});
after(async () => { await sejf.remove(); fs.rmSync(texts, { recursive: true, force: true }); });

const form = (email, more) => sendForm(base, { email, ...more });

test('a consent is on record with what was read, and its withdrawal takes the record with it', async () => {
  assert.equal((await form('a@people.example', {})).status, 422);                 // without the tick nothing comes in
  const sent = await form('a@people.example', { '.consent.newsletter': 'yes' });
  assert.equal(sent.status, 200, sent.text);
  const link = linkOf(sent);
  const record = ok(await call('GET', '/v1/bookings/subscription')).items[0];
  assert.deepEqual(record.consents, { newsletter: true });
  const said = ok(await call('GET', api(`consents?record=subscription/${record.id}`)));
  assert.deepEqual(said.consents, { newsletter: true });
  assert.equal(said.items.length, 1);
  const { consent, state, way, by, text } = said.items[0];
  assert.deepEqual({ consent, state, way, by }, { consent: 'newsletter', state: 'given', way: 'form', by: 'form' });
  assert.equal(text.language, 'en');
  assert.match(text.version, /^2026-\d\d-\d\d [0-9a-f]{8}$/);
  const read = ok(await call('GET', api(`consents/texts/${text.hash}`)));
  assert.match(read.text, /newsletter/);
  assert.equal(read.hash, text.hash);
  assert.equal((await call('GET', api(`consents/texts/${'0'.repeat(64)}`))).status, 404);

  const receipt = ok(await call('GET', api(`consents/receipt?record=subscription/${record.id}`)));
  assert.equal(receipt['@type'], 'dpv:ConsentReceipt');
  const own = ok(await sejf.call('GET', `${link}/receipt.json`));                  // the person gets the same
  delete own['dct:created']; delete receipt['dct:created'];
  assert.deepEqual(own, receipt);
  const process = receipt['dpv:hasRecordOfActivity']['dpv:hasProcess'][0];
  assert.equal(process['dpv:hasConsentStatus'][0]['dpv:hasConsentStatus'], 'dpv:ConsentGiven');
  assert.equal(process['dpv:hasConsentStatus'][0]['dpv:hasNotice']['dct:identifier'], text.hash);
  assert.equal(receipt['dpv:hasRecordOfActivity']['dpv:hasDataController']['schema:name'], 'Gabinet Mięta');
  assert.ok(!JSON.stringify(receipt).includes('a@people.example'));

  const gone = await press(link, 'withdraw', 'newsletter');
  assert.equal(gone.status, 200, gone.text);
  assert.match(gone.text, /erased/);
  assert.equal((await sejf.call('GET', link)).status, 404);
  assert.deepEqual(ok(await call('GET', '/v1/bookings/subscription')).items, []);
  assert.equal((await call('GET', `/v1/bookings/subscription/${record.id}`)).status, 410);
});

test('the same by API: what rests on a consent goes with it, a field alone goes alone', async () => {
  const made = ok(await call('POST', '/v1/bookings/subscription', { fields: { email: 'b@people.example' }, consents: { newsletter: true } }), 201);
  const answer = ok(await call('PATCH', `/v1/bookings/subscription/${made.id}`, { consents: { newsletter: false } }));
  assert.deepEqual(answer.consents, { newsletter: false });
  assert.equal(answer.fields.email, undefined);
  assert.equal((await call('GET', `/v1/bookings/subscription/${made.id}`)).status, 410);
  const service = ok(await call('POST', '/v1/bookings/service', { fields: { title: 'Masaż', minutes: 60 } }), 201);
  const who = ok(await call('POST', '/v1/bookings/staff', { fields: { name: 'Jan Wolny', email: 'jan@staff.example' } }), 201);
  const times = { starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T18:00:00Z' };
  const visit = ok(await call('POST', '/v1/bookings/visit', { fields: { service: service.id, staff: who.id, ...times, name: 'Ewa Nowak', phone: '+48600100200', note: 'alergia' }, consents: { health: true } }), 201);
  ok(await call('PATCH', `/v1/bookings/visit/${visit.id}`, { consents: { health: false } }));
  assert.equal(ok(await call('GET', `/v1/bookings/visit/${visit.id}`)).fields.note, undefined);
  const said = ok(await call('GET', api(`consents?record=visit/${visit.id}`))).items;
  assert.deepEqual(said.map((s) => [s.consent, s.state, s.way]), [['health', 'given', 'api'], ['health', 'withdrawn', 'api']]);
});

test('an objection ends its purpose at once, in every way to the record, and the next record of the address inherits it', async () => {
  const purpose = 'answering the question';
  const question = await ask('objects@people.example');
  const other = await ask('other@people.example');
  assert.equal(await found(staff, 'objects@people.example'), 1);
  assert.equal((await call('POST', api('objections'), { record: `question/${question.id}`, purpose: 'selling' })).status, 422);
  assert.equal((await sejf.call('POST', api('objections'), { token: staff, body: { record: `question/${question.id}`, purpose } })).status, 403);
  assert.deepEqual(ok(await call('POST', api('objections'), { record: `question/${question.id}`, purpose })), { records: 1 });
  for (const token of [business, staff]) {
    const one = await sejf.call('GET', `/v1/bookings/question/${question.id}`, { token });
    assert.equal(one.status, 403, one.text);
    assert.match(one.json.detail, /objected/);
    assert.equal(await found(token, 'objects@people.example'), 0);
    assert.deepEqual((await sejf.call('GET', '/v1/bookings/question', { token })).json.items.map((q) => q.id), [other.id]);
  }
  const inherited = await ask('Objects@PEOPLE.example');
  assert.equal((await call('GET', `/v1/bookings/question/${inherited.id}`)).status, 403);
  const list = ok(await call('GET', api('objections'))).items;
  assert.deepEqual(list.map((o) => o.id).sort(), [question.id, inherited.id].sort());
  assert.deepEqual(ok(await call('POST', api('objections'), { email: 'other@people.example', purpose: 'udzielenie odpowiedzi' })), { records: 1 });
  assert.equal((await call('GET', `/v1/bookings/question/${other.id}`)).status, 403);
  ok(await call('POST', api('objections/end'), { record: `question/${question.id}`, purpose }), 204);
  ok(await call('GET', `/v1/bookings/question/${inherited.id}`));                  // the person took it back for all of them
});

test('what is restricted is stored and not used, but by its person and with a ground', async () => {
  const question = await ask('restricts@people.example');
  const record = `question/${question.id}`;
  ok(await call('POST', api('restrictions'), { record, request: 3 }), 204);
  ok(await call('POST', api('restrictions'), { record }), 204);                     // restricted is restricted
  for (const token of [business, staff]) {
    const one = await sejf.call('GET', `/v1/bookings/${record}`, { token });
    assert.equal(one.status, 403);
    assert.match(one.json.detail, /article 18/);
    assert.equal(await found(token, 'restricts@people.example'), 0);
  }
  assert.equal((await sejf.call('PATCH', `/v1/bookings/${record}`, { token: staff, body: { fields: { state: 'answered' } } })).status, 403);
  const headers = { 'sejf-ground': 'claims' };
  const seen = ok(await call('GET', `/v1/bookings/${record}`, undefined, { headers }));
  assert.equal(seen.restricted, true);
  assert.equal(await found(business, 'restricts@people.example', headers), 1);
  assert.equal(await found(staff, 'restricts@people.example', headers), 0);         // no ground opens it to another role
  assert.equal((await call('GET', `/v1/bookings/${record}`, undefined, { headers: { 'sejf-ground': 'because' } })).status, 400);
  await until('the ground in the list of reads', async () => (await call('GET', api(`reads?record=${record}`))).json.items.some((r) => r.ground === 'claims'), 30000);
  const exported = await call('POST', '/v1/bookings/question/export', {});
  assert.equal(exported.status, 200, exported.text);
  assert.ok(!exported.text.includes(question.id));

  assert.deepEqual(ok(await call('GET', api('restrictions'))).items.map((r) => [r.id, r.request, r.told]), [[question.id, 3, null]]);
  const early = await call('POST', api('restrictions/lift'), { record });
  assert.equal(early.status, 409);
  assert.match(early.json.detail, /18\(3\)/);
  assert.equal((await call('POST', api('restrictions/lift'), { record, told: '2031-01-01T00:00:00Z' })).status, 422);
  ok(await call('POST', api('restrictions/told'), { record }), 204);                // writes; nobody delivers it here
  const unsent = await call('POST', api('restrictions/lift'), { record });
  assert.equal(unsent.status, 409);
  assert.match(unsent.json.detail, /no mail server has answered about it/);
  ok(await call('POST', api('restrictions/told'), { record, told: new Date().toISOString() }), 204);
  ok(await call('POST', api('restrictions/lift'), { record }), 204);
  assert.equal((await call('POST', api('restrictions/lift'), { record })).status, 404);
  assert.equal(await found(staff, 'restricts@people.example'), 1);
});

test('the person objects, allows again and stops all uses by the private link', async () => {
  const sent = await sendForm('/f/bookings/ask/gabinet-mieta', { email: 'link@people.example', text: 'Kiedy?' });
  assert.equal(sent.status, 200, sent.text);
  const link = linkOf(sent);
  assert.equal(await found(business, 'link@people.example'), 1);
  assert.equal((await press(link, 'object', 'answering the question')).status, 303);
  assert.equal(await found(business, 'link@people.example'), 0);
  assert.match((await sejf.call('GET', `${link}?lang=en`)).text, /You objected to this use/);
  assert.equal((await press(link, 'object', 'something else')).status, 422);
  assert.equal((await press(link, 'object_end', 'answering the question')).status, 303);
  assert.equal(await found(business, 'link@people.example'), 1);
  assert.equal((await press(link, 'restrict')).status, 303);
  assert.equal(await found(staff, 'link@people.example'), 0);
  assert.match((await sejf.call('GET', `${link}?lang=pl`)).text, /Używanie Twoich danych jest wstrzymane/);
});

test('a purpose with a consent of its own is served only with it, by form, link and API', async () => {
  const headers = { 'sejf-purpose': 'sending offers' }, target = '/f/bookings/ask/gabinet-mieta';
  const page = await sejf.call('GET', `${target}?lang=pl`);
  assert.match(page.text, /także w tym celu: wysyłanie ofert/);
  const without = await sendForm(target, { email: 'plain@people.example', text: 'Kiedy?' }), withIt = await sendForm(target, { email: 'offers@people.example', text: 'Kiedy?', '.consent.marketing': 'yes' });
  assert.equal(without.status, 200, without.text);
  assert.equal(withIt.status, 200, withIt.text);
  assert.deepEqual([await found(business, 'plain@people.example', headers), await found(business, 'offers@people.example', headers)], [0, 1]);
  assert.deepEqual([await found(staff, 'plain@people.example', headers), await found(staff, 'offers@people.example', headers)], [0, 1]);
  assert.equal(await found(business, 'plain@people.example'), 1);                    // its first purpose needs none
  const [record] = ok(await call('POST', '/v1/bookings/question/search', { where: { email: 'plain@people.example' } })).items;
  assert.deepEqual(record.consents, { marketing: false });
  const one = await call('GET', `/v1/bookings/question/${record.id}`, undefined, { headers });
  assert.equal(one.status, 403);
  assert.match(one.json.detail, /needs a consent of the person/);
  assert.ok(!(await call('GET', '/v1/bookings/question', undefined, { headers })).json.items.some((r) => r.id === record.id));
  const exported = await call('POST', '/v1/bookings/question/export', {}, { headers });
  assert.ok(!exported.text.includes('plain@people.example') && exported.text.includes('offers@people.example'), exported.text.slice(0, 500));
  assert.equal((await press(linkOf(without), 'agree', 'purpose sending offers')).status, 303);
  assert.equal(await found(staff, 'plain@people.example', headers), 1);
  assert.equal((await press(linkOf(without), 'disagree', 'purpose sending offers')).status, 303);
  assert.equal(await found(staff, 'plain@people.example', headers), 0);
  assert.deepEqual(ok(await call('GET', api(`consents?record=question/${record.id}`))).items.map((c) => [c.consent, c.state, c.way]),
    [['marketing', 'given', 'link'], ['marketing', 'withdrawn', 'link']]);
  ok(await call('PATCH', `/v1/bookings/question/${record.id}`, { consents: { marketing: true } }));
  assert.equal(await found(business, 'plain@people.example', headers), 1);
  const receipt = ok(await call('GET', api(`consents/receipt?record=question/${record.id}`)));
  assert.match(JSON.stringify(receipt), /wysyłanie ofert/);
  assert.ok(!JSON.stringify(receipt).includes('plain@people'));
});

test('what a form made counts only after the link of its letter was pressed, once', { timeout: 180000 }, async () => {
  const sink = await Sink.start(), posted = new Instance({ charters: ['bookings'] });
  try {
    await posted.init();
    sink.install(posted);
    await posted.start();
    const shop = posted.tenant('bookings', 'Salon Wrzos'), owner = posted.token('bookings', shop, 'business');
    const list = async () => (await posted.call('GET', '/v1/bookings/subscription', { token: owner })).json.items;
    const search = async () => (await posted.call('POST', '/v1/bookings/subscription/search', { token: owner, body: { where: { email: 'ola@people.example' } } })).json.items;
    let jar = '';
    const post = async (target, html, fields) => {
      const body = new URLSearchParams({ ...fields, '.token': input(html, '.token') }).toString();
      return posted.call('POST', `${target}?lang=pl`, { body, type: 'application/x-www-form-urlencoded', headers: { cookie: jar } });
    };
    const open = async (target) => { const page = await posted.call('GET', `${target}?lang=pl`, { headers: { cookie: jar } }); jar = cookies(page) || jar; return page; };
    const target = '/f/bookings/subscribe/salon-wrzos', fields = { email: 'ola@people.example', '.consent.newsletter': 'yes' };
    let sent = await post(target, (await open(target)).text, fields);
    if (sent.status === 422) sent = await post(target, sent.text, fields);
    assert.equal(sent.status, 200, sent.text);
    assert.match(sent.text, /zajrzyj do poczty/);
    assert.ok(!sent.text.includes('/p/bookings/'));                                // the private link goes by letter alone
    assert.deepEqual([await list(), await search()], [[], []]);
    await until('the letter', () => sink.letters.length === 1, 60000);
    // The same address again: the same answer, and three letters at most, whoever asks; nothing tells who is known here.
    const subscribe = async () => { let r = await post(target, (await open(target)).text, fields); if (r.status === 422) r = await post(target, r.text, fields); return r; };
    for (let n = 0; n < 4; n++) {
      const more = await subscribe();
      assert.equal(more.status, 200, more.text);
      assert.match(more.text, /zajrzyj do poczty/);
    }
    await until('the letters', () => sink.letters.length === 3, 60000);
    const letter = sink.letters[2].read();
    assert.deepEqual(sink.letters[0].to, ['ola@people.example']);
    const link = /https:\/\/[^/]+(\/p\/bookings\/[^?\s]+)/.exec(letter.text)[1];
    const page = await open(link);
    assert.equal(page.status, 200);
    assert.match(page.text, /Tak, potwierdzam/);
    assert.ok(!page.text.includes('ola@people.example'));
    assert.deepEqual(await list(), []);                                            // looking is not confirming
    assert.notEqual((await posted.call('GET', `${link}/data.json`)).status, 200);
    assert.equal((await post(link, page.text, { '.do': 'erase' })).status, 422);   // nothing but confirming
    assert.equal((await post(link, (await open(link)).text, { '.do': 'confirm' })).status, 303);
    const [record] = await list();
    assert.equal(record.fields.state, 'subscribed');
    assert.deepEqual((await search()).map((r) => r.id), [record.id]);
    const shown = await open(link);
    assert.match(shown.text, /ola@people\.example/);
    assert.equal((await post(link, shown.text, { '.do': 'confirm' })).status, 303);  // once more does nothing
    assert.equal((await list())[0].version, record.version);

    assert.match((await subscribe()).text, /zajrzyj do poczty/);                    // one that is confirmed: the same, and no letter
    assert.equal((await list()).length, 1);

    // Before a restriction is lifted its person gets a letter, one; lifting waits until a mail server has answered about it.
    const made = await posted.call('POST', '/v1/bookings/question', { token: owner, body: { fields: { email: 'ida@people.example', text: 'Kiedy?' } } });
    assert.equal(made.status, 201, made.text);
    const held = { record: `question/${made.json.id}` }, where = `/v1/tenants/${shop}/restrictions`;
    const step = async (what) => (await posted.call('POST', `${where}${what}`, { token: owner, body: held })).status;
    assert.equal(await step(''), 204);
    assert.equal(await step('/lift'), 409);
    assert.equal(await step('/told'), 204);
    assert.equal(await step('/told'), 204);                                        // a second letter is not sent
    await until('the letter before lifting', () => sink.letters.some((l) => l.to.includes('ida@people.example')), 60000);
    assert.match(sink.letters.find((l) => l.to.includes('ida@people.example')).read().text, /complain to the supervisory authority: \S+|do organu nadzorczego: \S+|felügyeleti hatóságnál: \S+/);
    await until('the lifting', async () => (await step('/lift')) === 204, 60000);
    assert.equal(sink.letters.filter((l) => l.to.includes('ola@people.example')).length, 3);
    const told = sink.letters.filter((l) => l.to.includes('ida@people.example'));
    assert.equal(told.length, 1);
    assert.match(told[0].read().text, /art\. 18[\s\S]*Salon Wrzos/);
    assert.equal((await posted.call('GET', `/v1/bookings/question/${made.json.id}`, { token: owner })).status, 200);
  } finally {
    await posted.remove();
    await sink.stop();
  }
});
