// What is due goes by itself, part by part, as time goes on (libfaketime, a restart at each step): the fields, what finds them, and the file of
// a part; the rest of the record stays. What a law demands stays although its owner, or what it belongs to, goes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import test, { after, before } from 'node:test';
import { Instance, person, until } from './lib.mjs';

const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
const DAY = 86400e3, WAIT = 60000;
let sejf, company, organiser, boss, host, parcel, old, photo;
const at = (id) => sejf.call('GET', `/v1/courier/parcel/${id}`, { token: boss });
const found = async (where) => (await sejf.call('POST', '/v1/courier/parcel/search', { token: boss, body: { where } })).json.items.map((r) => r.id);
const tokens = () => {                       // they last a year
  boss = sejf.token('courier', company, 'company');
  host = sejf.token('events', organiser, 'organiser');
};
const moved = async (time) => {
  await sejf.stop();
  sejf.env.FAKETIME = time;
  sejf.agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });      // its certificate is renewed under the moved clock, which is not ours
  await sejf.start();
  tokens();
};
const make = async (kind, fields, token = boss, service = 'courier') => {
  const r = await sejf.call('POST', `/v1/${service}/${kind}`, { token, body: { fields } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
};

before(async () => {
  assert.ok(library, 'libfaketime is installed');
  sejf = await new Instance({ charters: ['courier', 'events'], env: { LD_PRELOAD: library, FAKETIME: '+0d', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' } }).start();
  company = sejf.tenant('courier', 'Gyors');
  organiser = sejf.tenant('events', 'Seaside');
  tokens();
  const fields = { name: 'Zoltán Bodza', phone: '+36301110001', address: 'Fő utca 2, 6720 Szeged', price: { amount: '1290', currency: 'HUF' } };
  parcel = await make('parcel', { ...fields, delivered: new Date(Date.now() - 3600e3).toISOString() });
  old = await make('parcel', { ...fields, phone: '+36301110002', delivered: new Date(Date.now() - 3 * 366 * DAY).toISOString() });
  const mark = 'x7x7x7', body = `--${mark}\r\nContent-Disposition: form-data; name="file"; filename="door.png"\r\nContent-Type: image/png\r\n\r\npixels\r\n--${mark}--\r\n`;
  const up = await sejf.call('POST', `/v1/courier/parcel/${parcel}/photo`, { token: boss, body, type: `multipart/form-data; boundary=${mark}` });
  assert.equal(up.status, 201, up.text);
  photo = up.json.id;
}, { timeout: 180000 });
after(() => sejf && sejf.remove());

test('what was over when it came goes at once, and is not taken again', { timeout: 180000 }, async () => {
  const r = await until('the old name to go', async () => { const a = await at(old); return a.json.erased && a; }, WAIT);
  assert.deepEqual(r.json.erased.sort(), ['address', 'door_code', 'name', 'phone']);
  assert.equal(r.json.fields.name, null);
  assert.equal(r.json.fields.price.amount, '1290.00');
  assert.deepEqual(await found({ phone: '+36301110002' }), []);
  assert.deepEqual(await found({ name: { word: 'bodza' } }), [parcel]);
  const again = await sejf.call('PATCH', `/v1/courier/parcel/${old}`, { token: boss, headers: { 'if-match': r.headers.etag }, body: { fields: { name: 'Zoltán Bodza' } } });
  assert.equal(again.status, 422, again.text);
  assert.match(again.text, /its time is over/);
  assert.ok((await at(parcel)).json.fields.name);
});

test('a clock that jumps erases nothing until somebody confirms it; then parts go at their dates', { timeout: 240000 }, async () => {
  await moved('+91d');
  assert.equal((await at(parcel)).json.fields.name, 'Zoltán Bodza');
  const waits = await sejf.runAsync(['prove', 'courier', '--rule', 'retention_due']);
  assert.match(waits.stdout + waits.stderr, /the clock is in doubt/);
  const said = sejf.run(['clock', 'confirm']);
  assert.equal(said.status, 0, said.stderr);
  const r = await until('the contact part to go', async () => { const a = await at(parcel); return a.json.erased && a; }, WAIT);
  assert.deepEqual(r.json.erased.sort(), ['address', 'door_code', 'name', 'phone']);
  assert.deepEqual(await found({ name: { word: 'bodza' } }), []);
  assert.ok(r.json.fields.photo.id === photo && r.json.fields.delivered);
  assert.equal((await sejf.call('GET', `/v1/courier/files/${photo}`, { token: boss })).status, 200);

  await moved('+367d');
  assert.equal(sejf.run(['clock', 'confirm']).status, 0);
  const later = await until('the photo to go', async () => { const a = await at(parcel); return a.json.erased.includes('photo') && a; }, WAIT);
  assert.equal((await sejf.call('GET', `/v1/courier/files/${photo}`, { token: boss })).status, 404);
  assert.equal(later.json.fields.price.amount, '1290.00');
  assert.match(later.json.due, /^\d{4}-12-31T23:00:00Z$/, 'the accounting part stays for its years');
});

test('the numbers that stay are the tenant\'s own to read', { timeout: 120000 }, async () => {
  const event = await make('event', { title: 'Old ball', starts: '2030-05-01T18:00:00Z', ends: '2030-05-01T22:00:00Z' }, host, 'events');
  const read = () => sejf.call('GET', `/v1/tenants/${organiser}/remainders?kind=registration&parent=${event}`, { token: host });
  assert.deepEqual((await read()).json, { items: [], next: null });
  assert.equal((await sejf.call('GET', `/v1/tenants/${organiser}/remainders`, { token: host })).status, 400);
  const other = await sejf.call('GET', `/v1/tenants/${organiser}/remainders?kind=registration`, { token: boss });
  assert.ok([401, 403, 404].includes(other.status), 'nobody else reads them');
});

test('an invoice outlives its owner\'s word and its event', { timeout: 120000 }, async () => {
  const event = await make('event', { title: 'Ball', starts: '2030-05-01T18:00:00Z', ends: '2030-05-01T22:00:00Z' }, host, 'events');
  const guest = await make('registration', { event, ...person(1) }, host, 'events');
  const invoice = await make('invoice', { event, issued: '2030-05-02', buyer: 'Anna Zawilska', total: { amount: '120.00', currency: 'PLN' } }, host, 'events');
  const no = await sejf.call('DELETE', `/v1/events/invoice/${invoice}`, { token: host, headers: { 'if-match': '*' } });
  assert.equal(no.status, 200, no.text);
  assert.deepEqual(no.json.erased, {});
  assert.equal(no.json.kept[0].due, '2035-12-31T23:00:00Z');
  assert.match(no.json.kept[0].because, /rachunkowości/);
  const gone = await sejf.call('DELETE', `/v1/events/event/${event}`, { token: host, headers: { 'if-match': '*' } });
  assert.deepEqual(gone.json.erased, { event: 1, registration: 1 });
  assert.equal((await sejf.call('GET', `/v1/events/registration/${guest}`, { token: host })).status, 410);
  const kept = await sejf.call('GET', `/v1/events/invoice/${invoice}`, { token: host });
  assert.equal(kept.json.fields.buyer, 'Anna Zawilska');
  assert.equal(kept.json.due, '2035-12-31T23:00:00Z');
  assert.equal((await sejf.call('GET', '/v1/events/invoice', { token: host })).json.items.length, 1);
});
