// Requests of people under their rights: by the public form, by letter on paper that somebody enters, refused with a letter, erased in part; who asks is
// known before anything is shown, and the form says the same whether the address is known or not.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { spawnSync } from 'node:child_process';
import { Instance, binary, root } from './lib.mjs';

let sejf, tenant, owner, door, event;
const requests = (p, body, token = owner) => sejf.call(body === undefined ? 'GET' : 'POST', `/v1/tenants/${tenant}/requests${p}`, { token, body });
const form = () => `/r/events/${tenant}`;
const page = (target, more = {}) => sejf.call(more.body === undefined ? 'GET' : 'POST', target, more);
const NAME = 'Anna Nowak';

before(async () => {
  sejf = await new Instance({ charters: ['events'] }).start();
  tenant = sejf.tenant('events', 'Gdynia Talks');
  owner = sejf.token('events', tenant, 'organiser');
  door = sejf.token('events', tenant, 'door');
  const made = await sejf.call('POST', '/v1/events/event', { token: owner, body: { fields: { title: 'Morze', starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T20:00:00Z' } } });
  assert.equal(made.status, 201, made.text);
  event = made.json.id;
}, { timeout: 180000 });
after(() => sejf && sejf.remove());

const registered = async (email) => {
  const r = await sejf.call('POST', '/v1/events/registration', { token: owner, body: { fields: { event, name: 'Ewa Lis', email } } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
};

// A form as a browser sends it: its token, its cookie, a second later.
async function send(fields, path = form()) {
  const shown = await page(path);
  const cookie = shown.headers['set-cookie'][0].split(';')[0];
  const token = /name="\.token" value="([^"]+)"/.exec(shown.text)[1];
  await new Promise((r) => setTimeout(r, 1200));
  return page(path, { headers: { cookie, 'sec-fetch-site': 'same-origin' }, type: 'application/x-www-form-urlencoded', body: new URLSearchParams({ '.token': token, ...fields }).toString() });
}

test('the form says where the request goes, and answers the same for an address that nobody knows', async () => {
  await registered('ewa@people.example');
  const shown = await page(form());
  assert.equal(shown.status, 200, shown.text);
  assert.match(shown.text, /Gdynia Talks/);
  assert.match(shown.text, /Prezes Urzędu Ochrony Danych Osobowych/);
  for (const lang of ['pl', 'hu', 'en']) assert.match((await page(`${form()}?lang=${lang}`)).text, new RegExp(`<html lang="${lang}"`));
  assert.equal((await page('/r/events/999999')).status, 404);
  const known = await send({ '.type': 'access', '.email': 'ewa@people.example', '.name': 'Ewa Lis', '.words': 'Everything, please.' });
  const unknown = await send({ '.type': 'access', '.email': 'nobody@people.example', '.name': 'Ewa Lis', '.words': 'Everything, please.' });
  assert.equal(known.status, 200, known.text);
  assert.equal(unknown.status, 200);
  assert.equal(known.text, unknown.text);
  for (const fields of [{ '.email': 'ewa@people.example' }, { '.type': 'access', '.email': 'ewa' }]) {
    const r = await send(fields);
    assert.equal(r.status, 422, r.text);
    assert.match(r.text, /role="alert"/);
  }
  const bare = await page(form(), { type: 'application/x-www-form-urlencoded', body: '.type=access&.email=ewa%40people.example' });
  assert.equal(bare.status, 403, 'without the token of the page');
  const list = await requests('?open=true');
  assert.equal(list.json.items.length, 2);
  assert.ok(list.json.items.every((r) => r.state === 'identity' && r.way === 'form' && r.days >= 27 && r.days <= 31), JSON.stringify(list.json));
  assert.equal((await page(`${form()}/${'A'.repeat(43)}`)).status, 404, 'a guessed link');
});

test('what a letter on paper asks for is erased but for what stays, and answered with a letter', async () => {
  const mine = await registered('ola@people.example'), others = await registered('jan@people.example');
  const bill = async (registration) => {
    const r = await sejf.call('POST', '/v1/events/invoice', { token: owner, body: { fields: { event, registration, issued: '2026-11-02', buyer: 'Ola Test', total: { amount: '12.00', currency: 'PLN' } } } });
    assert.equal(r.status, 201, r.text);
    return r.json.id;
  };
  const invoice = await bill(mine);
  await bill(others);
  const made = await requests('', { type: 'erasure', way: 'paper', name: 'Ola Test', email: 'ola@people.example', address: 'ul. Długa 7\n80-827 Gdańsk', text: 'Proszę usunąć.', language: 'pl', received: '2026-01-31' });
  assert.equal(made.status, 201, made.text);
  const n = made.json.number;
  assert.match(made.json.law, /^2026-02-28T23:00:00Z$/, 'a month after 31 January, in Warsaw');
  assert.equal((await requests(`/${n}/decide`, {})).status, 409);
  assert.equal((await requests(`/${n}/identity`, { by: 'person', how: 'Showed an identity card.' })).status, 422, 'whoever vouches has a name');
  const known = await requests(`/${n}/identity`, { by: 'person', how: 'Showed an identity card.', name: NAME });
  assert.equal(known.status, 200, known.text);
  assert.equal(known.json.state, 'collected');
  assert.deepEqual(known.json.found.counts, { registration: 1, invoice: 1 });
  const decided = await requests(`/${n}/decide`, { note: 'Done.' });
  assert.equal(decided.status, 200, decided.text);
  assert.deepEqual(decided.json.decision.done.erased, { registration: 1 });
  assert.equal(decided.json.decision.granted, 'in part');
  assert.deepEqual(decided.json.decision.done.stayed.map((s) => [s.record, s.ground]), [[`invoice/${invoice}`, 'law Ustawa o rachunkowości art. 74']]);
  assert.deepEqual(decided.json.decision.done.kept, [{ kind: 'invoice', ground: 'law Ustawa o rachunkowości art. 74', count: 1, due: '2031-12-31T23:00:00Z' }]);
  assert.equal((await sejf.call('GET', `/v1/events/invoice/${invoice}`, { token: owner })).status, 200);
  assert.equal((await sejf.call('GET', `/v1/events/registration/${mine}`, { token: owner })).status, 410);
  assert.equal((await sejf.call('GET', `/v1/events/registration/${others}`, { token: owner })).status, 200);
  const answered = await requests(`/${n}/answer`, { text: 'Wszystko usunięto.', name: NAME });
  assert.equal(answered.json.state, 'answered', answered.text);
  const letter = await sejf.call('GET', `/v1/tenants/${tenant}/requests/${n}/letter.pdf`, { token: owner });
  assert.equal(letter.status, 200);
  assert.match(letter.text.slice(0, 8), /^%PDF-/);
});

test('a refusal without ground, reason and name is refused', async () => {
  const made = await requests('', { type: 'objection', name: 'Ola Test', purpose: 'anything' });
  const n = made.json.number;
  for (const body of [{}, { reason: 'No.', name: NAME }, { ground: 'legal_duty', name: NAME }, { ground: 'legal_duty', reason: 'No.' }, { ground: 'accurate', reason: 'No.', name: NAME }])
    assert.equal((await requests(`/${n}/refuse`, body)).status, 422, JSON.stringify(body));
  assert.equal((await requests(`/${n}`)).json.state, 'received');
  const grounds = await requests('/grounds');
  assert.ok(grounds.json.items.some((g) => g.name === 'overriding' && g.types.includes('objection')));
  const r = await requests(`/${n}/refuse`, { ground: 'overriding', reason: 'The event needs it.', name: NAME });
  assert.equal(r.json.state, 'refused', r.text);
  assert.equal(r.json.refusal.article, '21(1)');
  assert.equal((await requests(`/${n}/refuse`, { ground: 'overriding', reason: 'Again.', name: NAME })).status, 409);
});

test('more time is taken once, with reasons; another tenant and another role see nothing', async () => {
  const n = (await requests('', { type: 'access', name: 'Ola Test' })).json.number;
  assert.equal((await requests(`/${n}/extend`, {})).status, 422);
  assert.equal((await requests(`/${n}/extend`, { reasons: 'Many records.', name: NAME })).status, 200);
  assert.equal((await requests(`/${n}/extend`, { reasons: 'More.', name: NAME })).status, 409);
  assert.equal((await requests('', undefined, door)).status, 403);
  const two = sejf.tenant('events', 'Another'), other = sejf.token('events', two, 'organiser');
  assert.equal((await requests(`/${n}`, undefined, other)).status, 404);
});

test('the archive of an access comes with its request, once it is known who asks', async () => {
  await registered('eli@people.example');
  const n = (await requests('', { type: 'access', name: 'Eli Test', email: 'eli@people.example' })).json.number;
  const zip = () => sejf.call('GET', `/v1/tenants/${tenant}/requests/${n}/pack.zip`, { token: owner });
  assert.equal((await zip()).status, 409);
  assert.equal((await requests(`/${n}/send`, {})).status, 409, 'nothing is answered yet');
  assert.equal((await requests(`/${n}/identity`, { by: 'person', how: 'A call back.', name: NAME })).status, 200);
  const pack = await zip();
  assert.equal(pack.status, 200, pack.text.slice(0, 300));
  assert.equal(pack.raw.subarray(0, 2).toString(), 'PK');
  assert.equal((await requests(`/${n}/decide`, {})).status, 200);
  assert.equal((await requests(`/${n}/answer`, { name: NAME })).status, 200);
  assert.equal((await requests(`/${n}/send`, {})).status, 200);
});

test('whoever has the private link asks there, and reads how it stands', async () => {
  const done = await send({ name: 'Iga Test', email: 'iga@people.example' }, `/f/events/register/${event}`);
  assert.equal(done.status, 200, done.text);
  const link = /\/p\/events\/[\w-]+/.exec(done.text)[0];
  const none = await send({ '.do': 'request', '.words': 'Which one?' }, `${link}?lang=en`);
  assert.equal(none.status, 422, none.text);
  const sent = await send({ '.do': 'request', '.type': 'portability', '.words': 'Everything of mine.' }, `${link}?lang=en`);
  assert.equal(sent.status, 303, sent.text);
  assert.match((await page(`${link}?lang=en`)).text, /Your requests[\s\S]*data to take away[\s\S]*answered by/);
  const one = (await requests('')).json.items[0];
  assert.equal(one.way, 'link');
  const told = (await requests(`/${one.number}`)).json;
  assert.equal(told.state, 'collected');
  assert.deepEqual(told.found.counts, { registration: 1 });
});

test('the examples of docs/rights.md run as they stand', async () => {
  const blocks = [...fs.readFileSync(path.join(root, 'docs/rights.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((m) => m[1]);
  assert.equal(blocks.length, 2);
  const env = { ...process.env, URL: sejf.url, TENANT: String(tenant), TOKEN: owner, CURL_CA_BUNDLE: sejf.ca, SEJF_DATA: sejf.data, NO_PROXY: '*' };
  const sh = (code) => new Promise((done) => {
    const r = spawnSync('bash', ['-eu', '-o', 'pipefail', '-c', `sejf() { ${binary} "$@"; }\n${code}`], { env, encoding: 'utf8', timeout: 60000 });
    done(r);
  });
  const made = await sh(blocks[0]);
  assert.equal(made.status, 0, made.stderr);
  const number = JSON.parse(made.stdout).number;
  assert.ok(number > 0, made.stdout);
  const refused = await sh(blocks[1].replace(' 7 ', ` ${number} `).replace('--tenant 1 ', `--tenant ${tenant} `));
  assert.equal(refused.status, 0, refused.stderr);
  assert.equal(JSON.parse(refused.stdout).state, 'refused');
});

test('no ledger entry, log or file of the data directory holds what somebody wrote', async () => {
  for (const word of ['Everything, please.', 'A call back.', 'Showed an identity card.', 'ola@people.example', 'The event needs it.']) {
    const files = fs.readdirSync(sejf.data, { recursive: true }).map((f) => path.join(sejf.data, f)).filter((f) => fs.statSync(f).isFile());
    for (const f of files) assert.ok(!fs.readFileSync(f).includes(word), `${word} in ${f}`);
  }
});
