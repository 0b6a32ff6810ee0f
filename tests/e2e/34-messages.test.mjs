// K-05, K-11, E-13: messages to the people of records. Whoever sends names a record and never an address; each gate refuses when the message is queued, and,
// where something changed meanwhile, when it goes; nothing personal stands in logs, the ledger or errors.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { grep, Instance, root, until } from './lib.mjs';
import { Sink } from './sink.mjs';

const texts = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-charter-'));
const file = path.join(texts, 'events.yaml');
const yaml = fs.readFileSync(path.join(root, 'charters/events.yaml'), 'utf8');
const changed = yaml.replace('a rendezvény lebonyolítása}', 'a rendezvény lebonyolítása}\n      - {en: sending offers, pl: wysyłanie ofert, hu: ajánlatok küldése}\n    consents:\n      offers: for sending offers')
  .replace('at most 3 a day for each person  #', 'at most 3 a day for each person, never to imported ones  #').replace('\n  sms: never\n', '\n  sms: never\n  sent_by: organiser, door\n');
assert.match(changed, /consents:\n {6}offers/);
assert.match(changed, /never to imported ones/);
assert.match(changed, /sent_by: organiser, door/);
fs.writeFileSync(file, changed);

const sejf = new Instance({ charters: [file] });
let sink, tenant, organiser, reader, door, run, other, serial = 0;

const call = (method, target, body, more = {}) => sejf.call(method, `/v1/events${target}`, { token: organiser, body, ...more });
const ok = (r, status = 200) => { assert.equal(r.status, status, r.text); return r.json; };
const event = async (title) => ok(await call('POST', '/event', { fields: { title, starts: '2027-03-01T18:00:00Z', ends: '2027-03-01T21:00:00Z' } }), 201).id;
const address = () => `anna.zawilska.${++serial}@people.example`;
const person = async (where, email, consents) => ok(await call('POST', '/registration', { fields: { event: where, name: 'Anna Zawilska', email }, ...(consents ? { consents } : {}) }), 201).id;
const letter = { subject: 'The race is near', text: 'Come at nine.' };
const send = (id, more = {}, options = {}) => call('POST', '/messages', { kind: 'registration', id, ...letter, ...more }, options);
// What counts for a day is tried on one that is far enough from this midnight.
const noon = () => `${new Date(Date.now() + 3 * 86400e3).toISOString().slice(0, 10)}T11:00:00Z`;
const refused = async () => {
  const sums = {};
  for (const day of ok(await call('GET', '/gates?days=2')).items) for (const [gate, n] of Object.entries(day.refused)) sums[gate] = (sums[gate] || 0) + n;
  return sums;
};
const state = async (id) => ok(await sejf.call('GET', `/v1/tenants/${tenant}/letters?limit=1000`, { token: organiser })).items.find((l) => l.id === id);

before(async () => {
  sink = await Sink.start();
  await sejf.init();
  sink.install(sejf);
  await sejf.start();
  tenant = sejf.tenant('events');
  organiser = sejf.token('events', tenant, 'organiser');
  reader = sejf.token('events', tenant, 'organiser', '--scope', JSON.stringify({ verbs: ['read'] }));
  door = sejf.token('events', tenant, 'door');
  run = await event('Bieg');
  other = await event('Zawody');
});
after(async () => { await sejf.remove(); await sink.stop(); fs.rmSync(texts, { recursive: true, force: true }); });

test('nobody names an address, and nobody is written to whom the charter leaves out', async () => {
  const email = address(), id = await person(run, email), before_ = await refused();
  for (const member of ['to', 'cc', 'bcc', 'recipient', 'email', 'phone', 'from', 'headers', 'whoever']) {
    const r = await send(id, { [member]: 'jan.kowalski@people.example' });
    assert.equal(r.status, 422, r.text);
    assert.match(r.json.detail, /names no address/);
    assert.doesNotMatch(r.text, /kowalski/);
  }
  for (const body of [{ id: email }, { id: 'x' }, { kind: 'nothing' }, { kind: email }, { purpose: email }, { scope: email }, { channel: 'fax' }, { at: 'soon' }, { text: 7 }, { subject: 'a\r\nBcc: jan@people.example' },
    { until: '2020-01-01T00:00:00Z' }, { values: { name: 7 } }, { text: undefined }]) {
    const r = await send(id, body);
    assert.equal(r.status, 422, JSON.stringify(body) + r.text);
    assert.doesNotMatch(r.text, /anna\.zawilska|jan@/);
  }
  for (const [more, why] of [[{ scope: other }, /people of the same `event`/], [{ channel: 'sms', subject: undefined }, /messages\.sms does not stand there, or says never|lets no text messages/]]) {
    const r = await send(id, more);
    assert.equal(r.status, 403, r.text);
    assert.equal(r.json.gate, 'charter');
    assert.match(r.json.why, why);
  }
  const invoice = ok(await call('POST', '/invoice', { fields: { event: run, issued: '2026-11-20', buyer: 'Anna Zawilska', total: { amount: '10.00', currency: 'PLN' } } }), 201).id;
  assert.equal((await call('POST', '/messages', { kind: 'invoice', id: invoice, ...letter })).json.gate, 'charter');
  const counted = await refused();
  assert.equal(counted.charter - (before_.charter || 0), 3);
});

test('who sends says the charter, and a token that reads sends nothing', async () => {
  const id = await person(run, address());
  assert.equal((await send(id, {}, { token: reader })).status, 403);
  assert.equal((await send(id, {}, { token: door })).status, 404);               // it sends, but sees people on the day of the event alone
  assert.equal((await sejf.call('POST', '/v1/events/messages', { body: { kind: 'registration', id, ...letter } })).status, 401);
  const made = ok(await send(id, { at: noon() }), 202).id, look = (target, token) => sejf.call('GET', `/v1/events/${target}`, { token });
  for (const target of [`messages/${made}`, `messages?record=registration/${id}`]) {      // what was written to somebody is told to who knows of that record
    assert.equal((await look(target, door)).status, 404, target);
    assert.equal((await look(target, reader)).status, 200, target);
  }
  assert.deepEqual((await look('messages', door)).json.items, []);
  assert.ok((await look('messages', reader)).json.items.some((o) => o.id === made));
  const second = sejf.tenant('events', 'Second'), theirs = sejf.token('events', second, 'organiser');
  assert.equal((await send(id, {}, { token: theirs })).status, 404);
  assert.equal((await sejf.call('GET', '/v1/events/gates', { token: theirs })).json.items.length, 0);
  assert.equal((await send('0192a000-0000-7000-8000-000000000000')).status, 404);
});

test('why a gate stops a message is told to who sees the address, and a purpose holds a token', async () => {
  const there = await until('an event of today', async () => {       // a midnight may stand between the making and the call
    const now = new Date(), today = ok(await call('POST', '/event', { fields: { title: 'Dzisiaj', starts: now.toISOString(), ends: new Date(now.getTime() + 7200e3).toISOString() } }), 201).id;
    const id = await person(today, address()), one = { kind: 'registration', id, scope: other, ...letter };
    const r = await sejf.call('POST', '/v1/events/messages', { token: door, body: one });
    const many = ok(await sejf.call('POST', '/v1/events/messages/batch', { token: door, body: { messages: [one] } }));
    return r.status === 404 || many.items[0].status === 404 ? false : { id, r, many };
  });
  for (const told of [there.r.json, there.many.items[0]]) {
    assert.equal(told.status, 403);
    assert.equal(told.gate, 'charter');
    assert.equal(told.why, 'who sees the address of the record is told why');
  }
  assert.doesNotMatch(there.r.text, /another/);
  assert.match((await send(there.id, { scope: other })).json.why, /this record belongs to another/);
  assert.equal((await send(there.id, { at: noon() }, { token: door })).status, 202);
  assert.equal((await sejf.call('PUT', '/v1/events/templates/door', { token: door, body: { kind: 'registration', en: { subject: 'Hi', text: 'At {{event.title}}' } } })).status, 422);      // it sees no event
  const offers = sejf.token('events', tenant, 'organiser', '--scope', JSON.stringify({ purposes: ['sending offers'] })), id = await person(run, address());
  const bound = await send(id, { purpose: 'running the event' }, { token: offers });
  assert.equal(bound.status, 403, bound.text);
  assert.match(bound.json.detail, /leaves out the purpose/);
  assert.equal((await send(id, {}, { token: offers })).json.gate, 'consent');         // it is for offers then, which the person did not consent to
});

test('so many a day for each person, whoever asks at once, and the next day again', async () => {
  const email = address(), id = await person(run, email), twin = await person(other, email.toUpperCase()), at = noon();
  const batch = ok(await call('POST', '/messages/batch', { messages: [...Array(3)].flatMap(() => [{ kind: 'registration', id, at, ...letter }, { kind: 'registration', id: twin, at, ...letter }]) }));
  assert.deepEqual(batch.items.map((i) => i.status), [202, 202, 202, 429, 429, 429]);
  assert.deepEqual(batch.items.map((i) => i.gate), [undefined, undefined, undefined, 'rate', 'rate', 'rate']);
  const r = await send(id, { at });
  assert.equal(r.status, 429, r.text);
  assert.equal(r.json.gate, 'rate');
  assert.ok(new Date(r.json.again) > new Date(at) && Number(r.headers['retry-after']) > 0, r.text);
  assert.equal((await send(id, { at: new Date(new Date(r.json.again).getTime() + 3600e3).toISOString() })).status, 202);
  const crowd = await person(run, address());
  const together = await Promise.all([...Array(12)].map(() => send(crowd, { at })));
  assert.equal(together.filter((x) => x.status === 202).length, 3);
  assert.equal(together.filter((x) => x.status === 429).length, 9);
});

test('a request that comes again sends nothing twice', async () => {
  const id = await person(run, address()), at = noon(), headers = { 'idempotency-key': 'message-1' };
  const first = ok(await send(id, { at }, { headers }), 202);
  assert.deepEqual(ok(await send(id, { at }, { headers }), 202), first);
  assert.equal((await send(id, { at, text: 'Come at ten.' }, { headers })).status, 409);
  const all = await Promise.all([...Array(6)].map(() => send(id, { at }, { headers: { 'idempotency-key': 'message-2' } })));
  assert.equal(new Set(all.map((r) => ok(r, 202).id)).size, 1);
  const body = { messages: [{ kind: 'registration', id, at, ...letter }, { kind: 'registration', id, at, ...letter }, { to: 'jan@people.example' }] };
  const one = ok(await call('POST', '/messages/batch', body, { headers: { 'idempotency-key': 'batch-1' } }));
  assert.deepEqual(one.items.map((i) => i.status), [202, 429, 422]);
  assert.deepEqual(ok(await call('POST', '/messages/batch', body, { headers: { 'idempotency-key': 'batch-1' } })), one);
});

test('imported people are not written to where the charter says so', async () => {
  const email = address();
  ok(await call('POST', '/registration/import', `event,name,email\n${run},Anna Zawilska,${email}\n`, { type: 'text/csv' }));
  const id = ok(await call('POST', '/registration/search', { where: { email } })).items[0].id;
  for (let i = 0; i < 2; i++) {
    const r = await send(id);
    assert.equal(r.json.gate, 'charter', r.text);
    assert.match(r.json.why, /import/);
    ok(await call('PATCH', `/registration/${id}`, { fields: { name: 'Anna Zawilska-Nowak' } }, { type: 'application/merge-patch+json' }));
  }
});

test('each gate is asked again when a message goes', async () => {
  const people = {};
  for (const name of ['stays', 'restricted', 'erased', 'withdrawn']) people[name] = { email: address() };
  for (const [name, p] of Object.entries(people)) p.id = await person(run, p.email, name === 'withdrawn' ? { offers: true } : undefined);
  const needs = await person(run, address());
  assert.equal((await send(needs, { purpose: 'sending offers' })).json.gate, 'consent');
  await sink.close();                                        // so that nothing goes before all has changed
  for (const [name, p] of Object.entries(people)) p.letter = ok(await send(p.id, name === 'withdrawn' ? { purpose: 'wysyłanie ofert' } : {}), 202).id;
  const before_ = await refused();
  ok(await sejf.call('POST', `/v1/tenants/${tenant}/restrictions`, { token: organiser, body: { record: `registration/${people.restricted.id}` } }), 204);
  ok(await call('DELETE', `/registration/${people.erased.id}`));
  ok(await call('PATCH', `/registration/${people.withdrawn.id}`, { consents: { offers: false } }, { type: 'application/merge-patch+json' }));
  assert.equal((await send(people.restricted.id)).json.gate, 'restricted');
  people.stays.email = address();                            // the address that stands there when it goes
  ok(await call('PATCH', `/registration/${people.stays.id}`, { fields: { email: people.stays.email } }, { type: 'application/merge-patch+json' }));
  await sink.listen();
  await until('the letter to whom nothing changed', () => sink.letters.some((l) => l.to[0] === people.stays.email), 90000, 200);
  for (const name of ['restricted', 'erased', 'withdrawn']) await until(`the letter of ${name} to end`, async () => (await state(people[name].letter))?.state === 'over', 90000, 200);
  assert.deepEqual(sink.letters.map((l) => l.to[0]), [people.stays.email]);
  assert.equal(sink.letters[0].secure, true);
  assert.equal(sink.letters[0].read().subject, letter.subject);
  assert.match(sink.letters[0].read().text, /Come at nine\./);
  const counted = await refused();
  assert.equal(counted.restricted - (before_.restricted || 0), 2);                // once when it was queued, once when it was to go
  assert.equal(counted.consent - (before_.consent || 0), 1);
});

test('the examples of the gates in docs/messages.md run', async () => {
  const blocks = (text, lang) => [...text.matchAll(new RegExp(`^\`\`\`${lang}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((m) => m[1]);
  const whole = fs.readFileSync(path.join(root, 'docs/messages.md'), 'utf8'), page = whole.slice(whole.indexOf('## The gates'), whole.indexOf('## What is kept of a message'));
  const api = blocks(fs.readFileSync(path.join(root, 'docs/api.md'), 'utf8'), 'sh')[0], scripts = blocks(page, 'sh');
  assert.equal(scripts.length, 2);
  const id = await person(run, address());
  fs.symlinkSync(sejf.binary, path.join(texts, 'sejf'));
  const env = { PATH: `${texts}:${process.env.PATH}`, HOME: process.env.HOME, NO_PROXY: '*', SEJF_DATA: sejf.data, SEJF_URL: sejf.url, SEJF_CA: sejf.ca, SEJF_TENANT: String(tenant), SEJF_TOKEN: organiser, SEJF_REGISTRATION: id };
  const out = await new Promise((done) => {
    const child = spawn('bash', ['-eu', '-o', 'pipefail', '-s'], { cwd: texts, env });
    let text = '';
    child.stdout.on('data', (d) => { text += d; });
    child.stderr.on('data', (d) => { text += d; });
    child.on('close', (status) => done({ status, text }));
    child.stdin.end(`${api}\n${scripts.join('\n')}`);
  });
  assert.equal(out.status, 0, out.text);
  assert.match(out.text, /"state":"waiting"/);
  for (const json of blocks(page, 'json')) JSON.parse(json);
  const [section] = blocks(page, 'yaml'), newer = path.join(texts, 'newer.yaml');
  fs.writeFileSync(newer, yaml.replace(/^messages:\n(?:  .*\n)+/m, section));
  const checked = sejf.run(['check', newer]);
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
});

test('refusals are told on the command line, and nothing personal stands anywhere', async () => {
  const r = await sejf.runAsync(['send', 'gates', '--tenant', String(tenant), '--json']);
  assert.equal(r.status, 0, r.stderr);
  assert.match(r.stdout, /"refused":\{[^}]*"charter":/);
  const plain = await sejf.runAsync(['send', 'gates', '--tenant', String(tenant)]);
  assert.match(plain.stdout, /email .*charter \d+/);
  const ledger = await sejf.runAsync(['ledger', 'export']);
  assert.equal(ledger.status, 0, ledger.stderr);
  const entries = ledger.stdout;
  assert.match(entries, /"messages_asked"/);
  for (const text of [entries, sejf.output]) for (const word of ['people.example', 'Zawilska', 'race is near', 'at nine']) assert.ok(!text.includes(word), word);
  for (const word of ['anna.zawilska', 'race is near', 'Come at nine']) assert.deepEqual(grep(sejf.data, word), [], word);
});
