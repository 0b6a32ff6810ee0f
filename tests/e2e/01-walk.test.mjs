// The whole way once: a registration is made, sealed, found, changed, exported, erased, and proved.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, grep } from './lib.mjs';

const sejf = new Instance({ charters: ['events'], relay: true });
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
  for (const where of [{ email }, { email: email.toUpperCase() }, { name: { word: 'wilk' } }, { name: { word: 'ZOFIA' } }, { name: 'zofia WILK' }]) {
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
  const target = `/v1/events/registration/${registration.id}`;
  const copy = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-copy-')), 'data');
  fs.chmodSync(path.dirname(copy), 0o755);
  // All files at one moment, with their owners; SQLite reads such a copy as after a power cut.
  assert.equal(spawnSync('cp', ['-a', sejf.data, copy]).status, 0);
  const r = await sejf.call('DELETE', target, { token });
  assert.ok(r.status === 200 || r.status === 204, r.text);
  assert.equal((await sejf.call('GET', target, { token })).status, 410);
  const renewed = await sejf.runAsync(['renew']);
  assert.equal(renewed.status, 0, renewed.stderr);
  await sejf.stop();
  // That a copy can be opened at all is what makes the second half worth something: with its own epoch key it can.
  const thief = new Instance({ charters: ['events'], data: copy, port: sejf.port });
  thief.port = sejf.port;
  await thief.start();
  const open = await thief.call('GET', target, { token });
  assert.equal(open.json.fields?.email, email, open.text);
  await thief.stop();
  // Yesterday's data and keyring under today's root and epoch keys: refused at the door, or the record does not open.
  for (const f of ['epoch', 'root.key']) assert.equal(spawnSync('cp', ['-a', path.join(sejf.data, 'keeper', f), path.join(copy, 'keeper', f)]).status, 0);
  const second = new Instance({ charters: ['events'], data: copy, port: sejf.port });
  second.port = sejf.port;
  let started = true;
  await second.start().catch((e) => { started = false; assert.match(e.message, /keyring|epoch/); });
  if (started) {
    const got = await second.call('GET', target, { token });
    assert.notEqual(got.status, 200, got.text);
    assert.doesNotMatch(got.text, /zofia/i);
  }
  await second.stop();
  fs.rmSync(path.dirname(copy), { recursive: true });
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
