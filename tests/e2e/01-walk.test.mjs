// The whole way once: a registration is made, sealed, found, changed, exported, erased, and proved.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, grep } from './lib.mjs';

const sejf = new Instance({ charters: ['events'] });
let token, other, event, registration;
const email = 'zofia.wilk.walk@people.example';

before(async () => {
  await sejf.start();
  const tenant = sejf.tenant('events', 'Gdynia Talks');
  token = sejf.token('events', tenant, 'organiser');
  other = sejf.token('events', sejf.tenant('events', 'Another'), 'organiser');
});
after(() => sejf.remove());

test('an event is made and shows its fields', async () => {
  const r = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Morze i dane', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z', seats: 3 } } });
  assert.equal(r.status, 201, r.text);
  assert.match(r.json.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  assert.equal(r.headers.location, `/v1/events/event/${r.json.id}`);
  assert.equal(r.json.fields.title, 'Morze i dane');
  event = r.json.id;
});

test('a registration is made, numbered, accepted and dated', async () => {
  const r = await sejf.call('POST', '/v1/events/registration', { token, body: { fields: { event, name: 'Zofia Wilk', email, phone: '+48 699 000 111', diet: 'bez orzechów' }, consents: { diet: true } } });
  assert.equal(r.status, 201, r.text);
  assert.equal(r.json.number, '000001');
  assert.equal(r.json.fields.status, 'accepted');
  assert.equal(r.json.fields.phone, '+48699000111');
  assert.match(r.json.due, /^2027-08-28T/);           // 180 days after 2027-03-01, across the change to summer time
  registration = r.json;
});

test('its e-mail is readable in no file of the data directory', () => {
  assert.deepEqual(grep(sejf.data, email), []);
  assert.deepEqual(grep(sejf.data, 'Zofia'), []);
  assert.ok(grep(sejf.data, 'events').length > 0, 'the search itself works');
});

test('it is found by e-mail in any case, by a word of its name, and by nobody else', async () => {
  for (const where of [{ email }, { email: email.toUpperCase() }, { name: 'wilk' }, { name: 'ZOFIA' }]) {
    const r = await sejf.call('POST', '/v1/events/registration/search', { token, body: { where } });
    assert.equal(r.status, 200, r.text);
    assert.deepEqual(r.json.items.map((i) => i.id), [registration.id], JSON.stringify(where));
  }
  const r = await sejf.call('POST', '/v1/events/registration/search', { token: other, body: { where: { email } } });
  assert.deepEqual(r.json.items, []);
  assert.equal((await sejf.call('GET', `/v1/events/registration/${registration.id}`, { token: other })).status, 404);
});

test('it is changed under its version, and a stale change is refused', async () => {
  const target = `/v1/events/registration/${registration.id}`;
  const r = await sejf.call('PATCH', target, { token, headers: { 'if-match': `"${registration.version}"` }, body: { fields: { phone: '+48699000222' } } });
  assert.equal(r.status, 200, r.text);
  assert.equal(r.json.fields.phone, '+48699000222');
  assert.equal(r.json.version, registration.version + 1);
  assert.equal(r.headers.etag, `"${r.json.version}"`);
  const stale = await sejf.call('PATCH', target, { token, headers: { 'if-match': `"${registration.version}"` }, body: { fields: { phone: '+48699000333' } } });
  assert.equal(stale.status, 412, stale.text);
});

test('it is exported as NDJSON and CSV', async () => {
  const json = await sejf.call('POST', '/v1/events/registration/export', { token, body: { format: 'ndjson' } });
  assert.equal(json.status, 200, json.text);
  assert.equal(JSON.parse(json.text.trim().split('\n')[0]).fields.email, email);
  const csv = await sejf.call('POST', '/v1/events/registration/export', { token, body: { format: 'csv' } });
  assert.match(csv.text, new RegExp(email.replaceAll('.', '\\.')));
});

test('it is erased, and a copy of all files from before stays unreadable', async () => {
  const copy = fs.mkdtempSync(path.join(path.dirname(sejf.data), 'sejf-copy-'));
  fs.cpSync(sejf.data, copy, { recursive: true, filter: (f) => !fs.lstatSync(f).isSocket() });
  const r = await sejf.call('DELETE', `/v1/events/registration/${registration.id}`, { token });
  assert.ok(r.status === 200 || r.status === 204, r.text);
  assert.ok([404, 410].includes((await sejf.call('GET', `/v1/events/registration/${registration.id}`, { token })).status));
  assert.equal((await sejf.runAsync(['renew'])).status, 0);
  await sejf.stop();
  // Yesterday's data and keyring under today's root and epoch keys: the keyring is not that of the epoch any more.
  const now = path.join(sejf.data, 'keeper');
  for (const f of fs.readdirSync(now).filter((n) => n.startsWith('epoch') || n.startsWith('root'))) fs.copyFileSync(path.join(now, f), path.join(copy, 'keeper', f));
  const thief = new Instance({ charters: ['events'], data: copy });
  thief.port = sejf.port;
  await assert.rejects(async () => {
    await thief.start();
    const got = await thief.call('GET', `/v1/events/registration/${registration.id}`, { token });
    assert.notEqual(got.status, 200, 'the erased record was read from the copy');
    throw new Error('started, but the record cannot be opened');
  });
  await thief.stop();
  fs.rmSync(copy, { recursive: true });
  await sejf.start();
});

test('prove finds every obeyed rule kept, and the page shows it', async () => {
  const r = await sejf.runAsync(['prove', 'events', '--json']);
  const out = JSON.parse(r.stdout);
  assert.deepEqual(out.promises.filter((p) => p.state === 'broken').map((p) => [p.path, p.detail]), []);
  assert.equal(r.status, 0, r.stderr);
  assert.ok(out.promises.some((p) => p.state === 'kept' && p.proved));
  const page = await sejf.call('GET', '/s/events.json');
  assert.equal(page.status, 200);
  assert.ok(page.json.promises.some((p) => p.state === 'kept'));
  assert.equal((await sejf.call('GET', '/s/events', { headers: { 'accept-language': 'pl' } })).status, 200);
});
