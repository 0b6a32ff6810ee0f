// What the API says of bad input, of versions, keys and pages: status, problem document, and the words of the problem.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Instance, until, today } from './lib.mjs';

const sejf = new Instance({ charters: ['events', 'bookings'] });
let token, door, event;
const make = (fields, more = {}) => sejf.call('POST', '/v1/events/registration', { token, body: { fields: { event, ...fields } }, ...more });

before(async () => {
  await sejf.start();
  const tenant = sejf.tenant('events');
  token = sejf.token('events', tenant, 'organiser');
  door = sejf.token('events', tenant, 'door');
  const r = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'API', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z' } } });
  event = r.json.id;
});
after(() => sejf.remove());

test('a problem document names every wrong field, and no value', async () => {
  const r = await make({ name: 'X', email: 'secret-but-wrong', phone: '12', colour: 'red' });
  assert.equal(r.status, 422, r.text);
  assert.match(r.headers['content-type'], /^application\/problem\+json/);
  for (const key of ['type', 'title', 'status', 'detail', 'request']) assert.ok(r.json[key], key);
  assert.deepEqual(r.json.errors.map((e) => e.pointer).sort(), ['/fields/colour', '/fields/email', '/fields/phone']);
  assert.ok(!r.text.includes('secret-but-wrong'));
});

test('a missing field, a wrong reference and a foreign reference', async () => {
  assert.equal((await make({ name: 'X' })).status, 422);
  assert.equal((await sejf.call('POST', '/v1/events/registration', { token, body: { fields: { event: '0192f0c4-0000-7000-8000-000000000000', name: 'X', email: 'x@people.example' } } })).status, 422);
  const foreign = sejf.token('events', sejf.tenant('events', 'Foreign'), 'organiser');
  const r = await sejf.call('POST', '/v1/events/registration', { token: foreign, body: { fields: { event, name: 'X', email: 'x@people.example' } } });
  assert.equal(r.status, 422, r.text);
});

test('malformed JSON, duplicate keys, wrong type, wrong method, unknown things', async () => {
  const post = (body, type) => sejf.call('POST', '/v1/events/registration', { token, body, type });
  assert.equal((await post('{"fields":')).status, 400);
  assert.equal((await post('{"fields":{},"fields":{}}')).status, 400);
  assert.equal((await post('[]')).status, 400);
  assert.equal((await post(`${'['.repeat(5000)}${']'.repeat(5000)}`)).status, 400);
  assert.equal((await post(`[${'0,'.repeat(60000)}0]`)).status, 400);
  const many = await post(JSON.stringify({ fields: {}, ...Object.fromEntries(Array.from({ length: 30000 }, (_, i) => [`k${i}`, 0])) }));
  assert.equal(many.status, 422);
  assert.ok(many.raw.length < 2000, 'what is not read is told once');
  assert.equal((await post('fields=1', 'application/x-www-form-urlencoded')).status, 415);
  assert.equal((await post(Buffer.from('{"fields":{"name":"\xff"}}', 'latin1'))).status, 400);
  const put = await sejf.call('PUT', '/v1/events/registration', { token, body: {} });
  assert.equal(put.status, 405);
  assert.match(put.headers.allow, /GET/);
  for (const p of ['/v1/nothing/registration', '/v1/events/nothing', '/v1/events/registration/not-an-id', '/nothing']) assert.equal((await sejf.call('GET', p, { token })).status, 404, p);
  assert.equal((await post(`{"fields":{"name":"${'x'.repeat(3 << 20)}"}}`)).status, 413);
});

test('an Idempotency-Key gives the same answer once, and refuses another request', async () => {
  const headers = { 'idempotency-key': 'order-0001' };
  const a = await make({ name: 'Once', email: 'once@people.example' }, { headers });
  const b = await make({ name: 'Once', email: 'once@people.example' }, { headers });
  assert.equal(a.status, 201, a.text);
  assert.equal(b.status, 201, b.text);
  assert.equal(a.json.id, b.json.id);
  const c = await make({ name: 'Other', email: 'other@people.example' }, { headers });
  assert.equal(c.status, 409, c.text);
});

test('lists go on by cursor, each record once, and filter by sorted fields', async () => {
  for (let i = 0; i < 7; i++) await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: `List ${i}`, starts: `2028-01-0${i + 1}T10:00:00Z`, ends: `2028-01-0${i + 1}T11:00:00Z` } } });
  const seen = [];
  let target = '/v1/events/event?limit=3&starts.gte=2028-01-01T00:00:00Z&sort=starts';
  for (let pages = 0; target && pages < 10; pages++) {
    const r = await sejf.call('GET', target, { token });
    assert.equal(r.status, 200, r.text);
    seen.push(...r.json.items.map((i) => i.fields.title));
    target = r.json.next && `/v1/events/event?limit=3&starts.gte=2028-01-01T00:00:00Z&sort=starts&cursor=${encodeURIComponent(r.json.next)}`;
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6].map((i) => `List ${i}`));
  assert.equal((await sejf.call('GET', '/v1/events/event?limit=0', { token })).status, 400);
  assert.equal((await sejf.call('GET', '/v1/events/event?cursor=rubbish', { token })).status, 400);
});

test('a personal value in a query string is refused with a hint', async () => {
  const r = await sejf.call('GET', '/v1/events/registration?email=x%40people.example', { token });
  assert.equal(r.status, 400);
  assert.match(r.json.detail, /search/);
  assert.ok(!r.text.includes('people.example'));
});

test('search by substring and pattern', async () => {
  const r = await make({ name: 'Kazimierz Brzoza', email: 'brzoza@people.example' });
  const find = async (where) => (await sejf.call('POST', '/v1/events/registration/search', { token, body: { where } }));
  assert.deepEqual((await find({ name: { contains: 'zimierz brz' } })).json.items.map((i) => i.id), [r.json.id]);
  assert.deepEqual((await find({ email: { matches: '^brzo.a@' } })).json.items.map((i) => i.id), [r.json.id]);
  const bad = await find({ email: { matches: '(' } });
  assert.equal(bad.status, 400, bad.text);
  assert.equal((await find({ nothing: 'x' })).status, 400);
});

test('the door sees name and status on the day of the event only', async () => {
  const day = today();
  const now = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Today', starts: `${day}T12:00:00Z`, ends: `${day}T22:00:00Z` } } });
  const a = await sejf.call('POST', '/v1/events/registration', { token, body: { fields: { event: now.json.id, name: 'Today', email: 'today@people.example' } } });
  const b = await make({ name: 'Later', email: 'later@people.example' });
  const seen = await sejf.call('GET', `/v1/events/registration/${a.json.id}`, { token: door });
  assert.equal(seen.status, 200, seen.text);
  assert.deepEqual(Object.keys(seen.json.fields).sort(), ['event', 'name', 'status']);
  assert.equal((await sejf.call('GET', `/v1/events/registration/${b.json.id}`, { token: door })).status, 404);
});

test('changes come as events and resume after the last id', { timeout: 20000 }, async () => {
  const https = await import('node:https');
  const read = (last) => new Promise((done, fail) => {
    const req = https.request({ host: 'localhost', port: sejf.port, path: '/v1/events/changes', agent: sejf.agent, headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...(last ? { 'last-event-id': last } : {}) } }, (res) => {
      let text = '';
      assert.equal(res.statusCode, 200);
      assert.match(res.headers['content-type'], /^text\/event-stream/);
      res.on('data', (d) => { text += d; const ids = [...text.matchAll(/^id: ?(\d+)$/gm)].map((m) => m[1]); if (ids.length > 0 && text.includes('data:')) { req.destroy(); done(ids); } });
      res.on('error', () => {});
    });
    req.on('error', (e) => { if (e.code !== 'ECONNRESET') fail(e); });
    req.end();
  });
  const first = await read();
  const waiting = read(first.at(-1));
  await make({ name: 'Event', email: 'event.stream@people.example' });
  const next = await waiting;
  assert.ok(BigInt(next[0]) > BigInt(first.at(-1)));
});

test('OpenAPI 3.1 names every kind and its fields', async () => {
  const r = await sejf.call('GET', '/v1/events/openapi.json', { token });
  assert.equal(r.status, 200, r.text);
  assert.match(r.json.openapi, /^3\.1\./);
  assert.ok(r.json.paths['/v1/events/registration'] && r.json.paths['/v1/events/registration/{id}'] && r.json.paths['/v1/events/registration/search']);
  assert.ok(JSON.stringify(r.json.components.schemas).includes('"email"'));
});

test('health and readiness are public, metrics are not', async () => {
  assert.equal((await sejf.call('GET', '/healthz')).status, 200);
  await until('ready', async () => (await sejf.call('GET', '/readyz')).status === 200);
  assert.ok([401, 403, 404].includes((await sejf.call('GET', '/metrics')).status));
});
