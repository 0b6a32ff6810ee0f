// Input that nobody should send: malformed HTTP at the front door and at the server's own socket, JSON, forms, files, imports, mappings,
// cursors, conditions and queries. Every answer is a 4xx with its reason (a problem document with the path, where the server speaks), memory
// stays bounded, the processes are the same afterwards, and what was sent stands in no answer and no log.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import test, { after, before } from 'node:test';
import { Instance, grep, sleep } from './lib.mjs';

const sejf = new Instance({ charters: ['events', 'mail', 'courier'] });
const secret = { name: 'Zdzisława Qwertyńska', email: 'zdzislawa.qwertynska@people.example', phone: '+48 699 123 321' };
const needles = ['Qwerty', 'qwertynska', '699 123 321', '699123321'];
let token, event, mail, list, courier, parcel, pids;

before(async () => {
  await sejf.start();
  const made = async (service, kind, bearer, fields) => {
    const r = await sejf.call('POST', `/v1/${service}/${kind}`, { token: bearer, body: { fields } });
    assert.equal(r.status, 201, r.text);
    return r.json.id;
  };
  token = sejf.token('events', sejf.tenant('events'), 'organiser');
  mail = sejf.token('mail', sejf.tenant('mail'), 'customer');
  courier = sejf.token('courier', sejf.tenant('courier'), 'company');
  event = await made('events', 'event', token, { title: 'Bieg', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z' });
  list = await made('mail', 'list', mail, { title: 'News', purpose: 'news' });
  parcel = await made('courier', 'parcel', courier, { name: 'Jan Test', phone: '+36201234567', address: 'Fő utca 1', price: { amount: '10.00', currency: 'EUR' } });
  pids = sejf.children();
  assert.ok(pids.server && pids.keeper, JSON.stringify(pids));
});
after(() => sejf.remove());

// What was sent must not come back in an error.
function impersonal(text, what) {
  for (const needle of needles) assert.ok(!text.includes(needle), `${what}: the answer repeats what was sent: ${text.slice(0, 300)}`);
}
// A problem document of that status; path: of one of its mistakes.
function problem(r, status, at, what) {
  const said = `${what}: ${r.status} ${r.text.slice(0, 400)}`;
  assert.equal(r.status, status, said);
  assert.match(r.headers['content-type'], /^application\/problem\+json/, said);
  assert.equal(r.json.status, status, said);
  assert.ok(r.json.title && r.json.code, said);
  if (at !== undefined) assert.ok((r.json.errors || []).some((e) => e.pointer === at && e.detail), `${said}: no mistake at ${at}`);
  assert.ok((r.json.errors || []).length <= 1000, said);
  impersonal(r.text, what);
}
const post = (target, body, more = {}) => sejf.call('POST', target, { token, body, ...more });
const register = (fields) => post('/v1/events/registration', { fields: { event, ...secret, ...fields } });

// ---- HTTP

// Says bytes on a socket and takes all that comes until the other side ends, or nothing comes for a while.
function say(door, bytes, { half = false, quiet = 3000 } = {}) {
  return new Promise((done) => {
    let got = '', timer;
    const s = door === 'front' ? tls.connect({ host: 'localhost', port: sejf.port, servername: 'localhost', ca: fs.readFileSync(sejf.ca), allowHalfOpen: true })
      : net.connect({ path: path.join(sejf.data, 'run/http.sock'), allowHalfOpen: true });
    const end = () => { clearTimeout(timer); s.destroy(); done(got); };
    const wait = () => { clearTimeout(timer); timer = setTimeout(end, quiet); };
    wait();
    s.on(door === 'front' ? 'secureConnect' : 'connect', () => { s.write(bytes); if (half) s.end(); });
    s.on('data', (d) => { got += d.toString('latin1'); wait(); });
    s.on('end', end);
    s.on('error', () => {});
    s.on('close', end);
  });
}
const statuses = (text) => [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((m) => Number(m[1]));
const post_with = (headers, body) => `POST /v1/events/event HTTP/1.1\r\nHost: localhost\r\nX-Real-IP: 127.0.0.1\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
const get_with = (headers, target = '/healthz', version = 'HTTP/1.1') => `GET ${target} ${version}\r\nHost: localhost\r\nX-Real-IP: 127.0.0.1\r\n${headers}\r\n`;
const smuggled = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Real-IP: 127.0.0.1\r\n\r\n';
const chunked = (chunks) => post_with('Transfer-Encoding: chunked\r\n', chunks);
const many = (n) => Array.from({ length: n }, (_, i) => `X-Flood-${i}: ${secret.email}\r\n`).join('');

// name, bytes: refused with 4xx (or 501, 505), or the connection ends; never run, never twice.
const refusedAnywhere = [
  ['no request line', '\x00\x01\x02\xff\xfe\r\n\r\n'], ['a word', 'GARBAGE\r\n\r\n'], ['a method alone', 'GET\r\n\r\n'], ['no target', 'GET  HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a target without slash', get_with('', 'healthz')], ['a space in the target', get_with('', '/health z')], ['version 9', get_with('', '/healthz', 'HTTP/9.9')],
  ['version with tail', get_with('', '/healthz', 'HTTP/1.1x')], ['no version number', get_with('', '/healthz', 'HTTP/')], ['another protocol', get_with('', '/healthz', 'SMTP/1.1')],
  ['a method of odd characters', get_with('').replace('GET', 'G\x01T')], ['a method that nobody has', get_with('').replace('GET', 'FROBNICATE')],
  ['TRACE', get_with('').replace('GET', 'TRACE')], ['CONNECT', 'CONNECT people.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['NUL in the target', get_with('', '/health\x00z')], ['NUL by escape', get_with('', '/v1/events%00/event')], ['a bad escape', get_with('', '/v1/%zz/event')],
  ['half an escape', get_with('', '/v1/events/event%')], ['dots by escape', get_with('', '/f/%2e%2e/%2e%2e/etc')], ['a slash by escape', get_with('', '/v1/events%2fevent')],
  ['bytes that are no UTF-8', get_with('', '/v1/%c0%af/event')], ['a header without colon', get_with('no colon here\r\n')],
  ['a header without name', get_with(': value\r\n')], ['two hosts', get_with('Host: people.example\r\n')],
  ['a long target', get_with('', `/v1/events/event?a=${'x'.repeat(70000)}`)], ['a long header', get_with(`X-Long: ${'y'.repeat(70000)}\r\n`)], ['a flood of headers', get_with(many(2000))],
  ['a query of many parts', get_with('', `/v1/events/event?${'a=1&'.repeat(300)}`)], ['a query of bad escapes', get_with('', '/v1/events/event?a=%zz')],
  ['length and chunks', post_with('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`)],
  ['chunks and length', post_with('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${smuggled}`)],
  ['two lengths', post_with('Content-Length: 0\r\nContent-Length: 44\r\n', smuggled)], ['the same length twice', post_with('Content-Length: 2\r\nContent-Length: 2\r\n', '{}')],
  ['a list of lengths', post_with('Content-Length: 2, 2\r\n', '{}')], ['a negative length', post_with('Content-Length: -1\r\n', '{}')], ['a signed length', post_with('Content-Length: +2\r\n', '{}')],
  ['a length of hexadecimal digits', post_with('Content-Length: 0x2\r\n', '{}')], ['no length', post_with('Content-Length:\r\n', '{}')], ['a length with a space', post_with('Content-Length: 2 2\r\n', '{}')],
  ['a huge length', post_with('Content-Length: 99999999999999999999999999\r\n', '{}')], ['the largest length', post_with('Content-Length: 18446744073709551616\r\n', '{}')],
  ['another coding', post_with('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${smuggled}`)], ['two codings', post_with('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  ['chunked twice', post_with('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')], ['chunked and identity', post_with('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', `0\r\n\r\n${smuggled}`)],
  ['a coding behind a tab', post_with('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')], ['a chunk of no number', chunked(`G\r\n{}\r\n0\r\n\r\n`)], ['a negative chunk', chunked('-2\r\n{}\r\n0\r\n\r\n')],
  ['a huge chunk', chunked('FFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n')], ['a chunk longer than it says', chunked('2\r\n{}{}{}\r\n0\r\n\r\n')], ['a chunk with NUL', chunked('2\x00\r\n{}\r\n0\r\n\r\n')],
];
// The same, read leniently by one of the two: answered once, with anything below 500.
const answeredOnce = [
  ['NUL in a header', get_with('X-A: a\x00b\r\n')],  // nginx refuses it; for the server the value ends there
  ['version 0.9', 'GET /healthz\r\n'], ['lines that end with a line feed', get_with('').replaceAll('\r\n', '\n')], ['a folded header', get_with('X-A: b\r\n c: d\r\n')],
  ['a space before the colon', get_with('X-A : b\r\n')], ['an absolute target', get_with('', 'http://people.example/healthz')], ['a target of another scheme', get_with('', 'ftp://localhost/healthz')],
  ['no host', 'GET /healthz HTTP/1.1\r\n\r\n'], ['a host of odd characters', 'GET /healthz HTTP/1.1\r\nHost: local"host\r\n\r\n'], ['a foreign host', 'GET /healthz HTTP/1.1\r\nHost: people.example\r\n\r\n'],
  ['version 1.0', get_with('', '/healthz', 'HTTP/1.0')], ['small letters', get_with('').replace('GET', 'get')], ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a bare carriage return', get_with('X-A: a\rX-B: b\r\n')], ['long chunk extensions', chunked(`2;${'x=y;'.repeat(5000)}\r\n{}\r\n0\r\n\r\n`)], ['a trailer that is a length', chunked('2\r\n{}\r\n0\r\nContent-Length: 99\r\n\r\n')],
  ['chunk lines that end with a line feed', chunked('2\n{}\n0\n\n')], ['two tokens', get_with(`Authorization: Bearer a\r\nAuthorization: Bearer b\r\n`, '/v1/events/event')],
  ['a body that a GET has', get_with('Content-Length: 2\r\n') + '{}'],
];

// The library behind nginx passes over it; nginx does not.
const takenInside = ['a header without name'];

for (const door of ['front', 'own']) {
  test(`malformed HTTP at ${door === 'front' ? 'the front door' : "the server's own socket"}`, { timeout: 300000 }, async () => {
    let answered = 0;
    const taken = [];
    const results = await pool([...refusedAnywhere, ...answeredOnce], 8, async ([name, bytes]) => [name, await say(door, Buffer.from(bytes, 'latin1'))]);
    for (const [name, got] of results) {
      const codes = statuses(got), strict = refusedAnywhere.some(([n]) => n === name), said = `${name}: ${JSON.stringify(got.slice(0, 300))}`;
      // The library behind nginx writes the head of some refusals twice, and closes.
      assert.ok(codes.length <= 1 || (door === 'own' && codes.every((c) => c >= 400)), `answered more than once: ${said}`);
      assert.ok(codes.every((c) => c < 500 || c === 501 || c === 505), said);
      if (strict && !(codes.every((c) => c >= 400) && !got.includes('"status":"ok"'))) taken.push(name);
      impersonal(got, name);
      answered += codes.length;
    }
    assert.deepEqual(taken, door === 'front' ? [] : takenInside);
    assert.ok(answered >= results.length / 2, `only ${answered} of ${results.length} were answered`);
    assert.deepEqual(sejf.children(), pids);
    console.log(`# ${door}: ${results.length} of ${results.length} shapes refused or answered once`);
  });

  test(`a body that stops half-way leaves nothing behind, at ${door}`, { timeout: 120000 }, async () => {
    for (const bytes of [post_with(`Authorization: Bearer ${token}\r\nContent-Length: 90\r\n`, '{"fields":{"title":"Half"'), chunked('19\r\n{"fields":{"title":"Half"'), 'GET /healthz HTT', post_with('Content-Length: 5\r\n', '')]) {
      const codes = statuses(await say(door, bytes, { half: true }));
      assert.ok(codes.length <= 1 && codes.every((c) => c >= 400 && c < 500), `${codes}`);
    }
    const r = await sejf.call('GET', '/v1/events/event', { token });
    assert.ok(!r.text.includes('Half'));
  });
}

// fn over all, at most n at a time, in the order of the list.
async function pool(all, n, fn) {
  const out = [];
  let next = 0;
  await Promise.all(Array.from({ length: n }, async () => { for (let i = next++; i < all.length; i = next++) out[i] = await fn(all[i]); }));
  return out;
}

// ---- JSON

test('JSON that is none, or too deep, or has two meanings', async () => {
  const body = (text) => post('/v1/events/registration', text);
  const rows = [
    ['nothing', '', /empty/], ['half', `{"fields":{"name":"${secret.name}"`, /too early|byte/], ['a tail', '{} {}', /follows/], ['a comment', '{/* x */}', /byte/], ['single quotes', `{'fields':{}}`, /byte/],
    ['a comma too many', '{"fields":{},}', /byte/], ['NaN', '{"fields":{"seats":NaN}}', /byte/], ['a key twice', `{"fields":{"name":"${secret.name}","name":"x"}}`, /twice/],
    ['100,000 lists', `{"fields":{"name":${'['.repeat(100000)}${']'.repeat(100000)}}}`, /deep/], ['100,000 objects', `${'{"a":'.repeat(100000)}1${'}'.repeat(100000)}`, /deep/], ['100,000 lists without end', '['.repeat(100000), /deep/],
    ['a lone surrogate', '{"fields":{"name":"\\ud800"}}', /byte/], ['surrogates the wrong way round', '{"fields":{"name":"\\udc00\\ud800"}}', /byte/], ['a zero character', `{"fields":{"name":"${secret.name}\\u0000"}}`, /zero/],
    ['a huge number', `{"fields":{"seats":${'9'.repeat(400)}}}`, /range/], ['a huge exponent', '{"fields":{"seats":1e999999999}}', /range/], ['a list', '[]', /object/], ['a text', '"x"', /object/], ['null', 'null', /object/],
    ['a byte order mark', '\ufeff{}', /byte/], ['UTF-16', Buffer.from('{"fields":{}}', 'utf16le'), /zero byte|byte/], ['a zero byte', Buffer.from('{"fields":{}}\0'), /zero byte|byte/],
  ];
  for (const [name, text, why] of rows) {
    const r = await body(text);
    problem(r, 400, undefined, name);
    assert.match(r.json.detail, why, name);
  }
  for (const hex of ['ff', 'c0af', 'eda080', 'f4908080', 'c3']) {
    const r = await body(Buffer.concat([Buffer.from('{"fields":{"name":"'), Buffer.from(hex, 'hex'), Buffer.from('"}}')]));
    problem(r, 400, undefined, hex);
    assert.match(r.json.detail, /UTF-8/);
  }
  for (const type of ['text/plain', 'application/xml', 'application/json; charset=iso-8859-2', 'application/jsonx', '']) problem(await post('/v1/events/registration', '{}', { type: type || 'x' }), 415, undefined, `type ${type}`);
});

test('large bodies: 10 MB fields, a million keys, long names', { timeout: 120000 }, async () => {
  const ten = 'x'.repeat(10 << 20), keys = (n) => `{${Array.from({ length: n }, (_, i) => `"k${i}":${i}`).join()}}`;
  problem(await register({ name: ten }), 413, undefined, 'a field of 10 MB');
  problem(await post('/v1/events/registration', `{"fields":${keys(1000000)}}`), 413, undefined, 'a million keys');
  problem(await register({ name: 'x'.repeat(900000) }), 422, '/fields/name', 'a field of 900 kB');
  problem(await post('/v1/events/registration', `{"fields":${keys(40000)}}`), 422, undefined, '40,000 fields');
  problem(await post('/v1/events/registration', keys(40000)), 422, undefined, '40,000 members');
  problem(await post('/v1/events/registration', keys(70000)), 400, undefined, '70,000 members');
  problem(await post('/v1/events/registration', { fields: { event, ...secret, ['n'.repeat(900000)]: 1 } }), 422, undefined, 'a name of 900 kB');
  problem(await post('/v1/events/registration', { fields: {}, consents: Object.fromEntries(Array.from({ length: 30000 }, (_, i) => [`c${i}`, true])) }), 422, undefined, '30,000 consents');
  problem(await post('/v1/events/registration/search', { where: { name: 'x'.repeat(900000) } }), 400, undefined, 'a search for 900 kB');
  problem(await post('/v1/events/registration/search', { where: Object.fromEntries(Array.from({ length: 30000 }, (_, i) => [`c${i}`, true])) }), 400, undefined, '30,000 conditions');
  problem(await sejf.call('POST', '/v1/mail/subscription', { token: mail, body: { fields: { list, email: secret.email, attributes: { a: 'y'.repeat(20000) } }, consents: { newsletter: true } } }), 422, '/fields/attributes', 'a json field of 20 kB');
  const deep = (n) => `{"list":"${list}","email":"deep.${n}@people.example","consents":"newsletter","attributes":{"a":${'['.repeat(n - 1)}${']'.repeat(n - 1)}}}`;
  const imported = await sejf.call('POST', '/v1/mail/subscription/import', { token: mail, type: 'application/x-ndjson', body: `${deep(30)}\n${deep(31)}\n${deep(2000)}\n` });
  assert.deepEqual(imported.text.trim().split('\n').map((l) => JSON.parse(l)).map((l) => [l.line, l.path, l.made, l.refused]), [[2, '/attributes', undefined, undefined], [3, '/attributes', undefined, undefined], [undefined, undefined, 1, 2]]);
  for (const door of ['own', 'front']) {          // the same without a length
    const piece = 'x'.repeat(65536), part = `10000\r\n${piece}\r\n`;
    const got = await say(door, chunked(`${part.repeat(160)}0\r\n\r\n`), { quiet: 10000 });
    assert.ok(statuses(got).every((c) => c === 413 || c === 401), `${door}: ${got.slice(0, 200)}`);
  }
});

test('fields of a wrong kind are named by their path', async () => {
  const rows = [
    [{ name: 7 }, '/fields/name'], [{ name: ['x'] }, '/fields/name'], [{ name: { a: 1 } }, '/fields/name'], [{ name: '' }, '/fields/name'], [{ name: null }, '/fields/name'], [{ email: 'not@an' }, '/fields/email'],
    [{ email: `${secret.email}\r\nBcc: x@people.example` }, '/fields/email'], [{ email: `${'a'.repeat(65)}@people.example` }, '/fields/email'], [{ phone: '123' }, '/fields/phone'], [{ phone: true }, '/fields/phone'],
    [{ status: 'gone' }, '/fields/status'], [{ event: 'none' }, '/fields/event'], [{ event: 7 }, '/fields/event'], [{ diet: 'x' }, '/fields/diet'], [{ shoe: secret.email }, '/fields/shoe'], [{ [secret.email]: 1 }, '/fields'],
  ];
  for (const [fields, at] of rows) problem(await register(fields), 422, at, JSON.stringify(fields).slice(0, 60));
  const times = ['2027-02-30T00:00:00Z', '2027-01-01', '2027-01-01T25:00:00Z', '2027-01-01T00:00:00', '10000-01-01T00:00:00Z', '2027-01-01T00:00:00+25:00', 0, '', {}];
  for (const starts of times) problem(await post('/v1/events/event', { fields: { title: 'x', starts, ends: '2027-03-01T20:00:00Z' } }), 422, '/fields/starts', `a time ${starts}`);
  for (const seats of ['x', 1e13, true, [], 1.23456789]) problem(await post('/v1/events/event', { fields: { title: 'x', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z', seats } }), 422, '/fields/seats', `a number ${seats}`);
  const money = [{ amount: 12.5, currency: 'EUR' }, { amount: '12.505', currency: 'EUR' }, { amount: '1', currency: 'euro' }, { amount: '1' }, '12 euro', { amount: '9'.repeat(40), currency: 'EUR' }, { amount: '1', currency: 'EUR', more: 1 }];
  for (const total of money) problem(await post('/v1/events/invoice', { fields: { event, issued: '2026-11-22', buyer: secret.name, total } }), 422, '/fields/total', JSON.stringify(total));
  for (const fields of [[], 'x', null, 7]) problem(await post('/v1/events/event', { fields }), 422, '/fields', `fields ${JSON.stringify(fields)}`);
  problem(await post('/v1/events/registration', { fields: { event, ...secret }, consents: { diet: 'yes' } }), 422, '/consents', 'a consent that is no yes');
  problem(await post('/v1/events/registration', { fields: { event, ...secret }, consents: { shoe: true } }), 422, '/consents', 'an unknown consent');
});

// ---- headers and queries

test('conditions, keys and cursors that are none', async () => {
  const made = await register({});
  assert.equal(made.status, 201, made.text);
  const target = `/v1/events/registration/${made.json.id}`;
  for (const etag of ['1', 'x', '"x"', 'W/"1"', '"1', '""', '"-1"', '"99999999999999999999999"', '"1", "2"', '*, "1"'])
    for (const method of ['PATCH', 'DELETE']) problem(await sejf.call(method, target, { token, headers: { 'if-match': etag }, body: method === 'PATCH' ? { fields: { phone: null } } : undefined }), 412, undefined, `If-Match ${etag}`);
  for (const key of ['x'.repeat(256), 'ż'.normalize('NFC'), 'a\tb', '']) {
    const r = await post('/v1/events/event', { fields: { title: 'x', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z' } }, { headers: { 'idempotency-key': Buffer.from(key).toString('latin1') } });
    problem(r, 400, undefined, `Idempotency-Key ${key.slice(0, 9)}`);
  }
  for (const cursor of ['x', 'AQAAAAAA', '%00', 'A'.repeat(2000), '..%2f..', '%F0%9F%98%80']) problem(await sejf.call('GET', `/v1/events/event?cursor=${cursor}`, { token }), 400, undefined, `cursor ${cursor.slice(0, 20)}`);
  for (const cursor of ['x', 7, [], {}, true, 'A'.repeat(100000)]) problem(await post('/v1/events/registration/search', { where: {}, cursor }), 400, undefined, `cursor ${String(cursor).slice(0, 20)}`);
  const queries = ['limit=0', 'limit=1001', 'limit=-1', 'limit=x', 'limit=1e3', 'limit=99999999999999999999', 'sort=', 'sort=title', 'sort=--starts', 'starts.gte=x', 'starts.near=1', 'nothing=1', 'limit=1&limit=2', 'a=%ff', 'a=%',
    'email=x', `x=${encodeURIComponent(secret.email)}`, '%00=1', 'title.matches=x', '.=1', 'starts.=1', 'event=x'];
  for (const q of queries) problem(await sejf.call('GET', `/v1/events/registration?${q}`, { token }), 400, undefined, q);
  const searches = [{ where: [] }, { where: 'x' }, { where: { name: {} } }, { where: { name: { like: 'x' } } }, { where: { name: { prefix: 'x' } } }, { where: { name: { matches: '(' } } }, { where: { name: { matches: '(a{1000}){1000}' } } },
    { where: { name: { matches: 'x'.repeat(600) } } }, { where: { name: { matches: '\\1' } } }, { where: { name: { matches: '(?=x)' } } }, { where: { name: null } }, { where: { [secret.email]: 1 } }, { limit: 0 }, { limit: '5x' }, { sort: 7 }, { more: 1 },
    { where: { name: { contains: '' } } }, { where: { status: { gte: 'x' } } }];
  for (const s of searches) problem(await post('/v1/events/registration/search', s), 400, undefined, JSON.stringify(s).slice(0, 80));
  problem(await sejf.call('GET', '/v1/events/event', { token, headers: { 'sejf-tenant': 'x' } }), 400, undefined, 'a tenant that is no number');
  for (const id of ['x', '..', '%2e%2e', '0', 'ffffffff-ffff-ffff-ffff-ffffffffffff', `${made.json.id}x`, secret.email]) {
    const r = await sejf.call('GET', `/v1/events/registration/${id}`, { token });
    assert.ok([400, 404, 405].includes(r.status), `${id}: ${r.status}`);
    impersonal(r.text, id);
  }
  for (const after of ['x', '-1', '99999999999999999999']) {
    const r = await sejf.call('GET', `/v1/events/changes?after=${after}`, { token });
    assert.ok(r.status >= 400 && r.status < 500, `changes after ${after}: ${r.status}`);
  }
  for (const bearer of ['', 'x', 'sejf_', `sejf_${'A'.repeat(5000)}`, 'sejf_%00', secret.email]) problem(await sejf.call('GET', '/v1/events/event', { token: bearer }), 401, undefined, 'a token');
});

// ---- forms, files, imports

test('forms of the public', { timeout: 120000 }, async () => {
  const form = `/f/events/register/${event}`, shown = await sejf.call('GET', form);
  const cookie = shown.headers['set-cookie'][0].split(';')[0], guard = /name="\.token" value="([^"]+)"/.exec(shown.text)[1];
  await sleep(3000);                           // what comes at once was not typed by a person
  const send = (body, type = 'application/x-www-form-urlencoded', headers = { cookie }) => sejf.call('POST', form, { type, headers, body });
  const start = `.token=${guard}&name=${encodeURIComponent(secret.name)}`;
  const rows = [
    ['a bad escape', `${start}&email=%zz`], ['half an escape', `${start}&email=%`], ['no UTF-8', `${start}&email=%ff%fe`], ['an overlong slash', `${start}&email=%c0%af`], ['NUL', `${start}&email=%00`], ['raw bytes', Buffer.concat([Buffer.from(`${start}&email=`), Buffer.from('ff00fe', 'hex')])],
    ['300 parts', `${start}&${'a=1&'.repeat(300)}`], ['nothing', ''], ['no token', `email=${encodeURIComponent(secret.email)}`], ['another token', `.token=x&email=${encodeURIComponent(secret.email)}`], ['2 MB', `${start}&email=${'x'.repeat(2 << 20)}`],
  ];
  for (const [name, body] of rows) {
    const r = await send(body);
    assert.ok(r.status >= 400 && r.status < 500, `${name}: ${r.status}`);
    assert.ok(!r.text.includes(secret.email), name);
  }
  for (const type of ['text/plain', 'application/json', 'multipart/form-data', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded; charset=utf-16']) {
    const r = await send(`${start}&email=x`, type);
    assert.ok(r.status >= 400 && r.status < 500, `${type}: ${r.status}`);
  }
  for (const odd of ['__Host-sejf-form=', '__Host-sejf-form=%00', `__Host-sejf-form=${'x'.repeat(4000)}`, ';;;===;;', 'a'.repeat(6000)]) {
    const r = await send(`${start}&email=${encodeURIComponent(secret.email)}`, undefined, { cookie: odd });
    assert.ok(r.status >= 400 && r.status < 500, `cookie ${odd.slice(0, 30)}: ${r.status}`);
  }
  const wrong = await send(`${start}&email=not-an-address&phone=1`);
  assert.ok(wrong.status >= 400 && wrong.status < 500 && wrong.text.includes('role="alert"'), `${wrong.status}`);
  for (const at of ['/f/events/register/x', '/f/events/none/x', `/f/none/register/${event}`, '/f/events/register/%00', `/f/events/register/${event}/more`, '/p/events/x', '/p/events/%ff', `/p/events/sejf_${'A'.repeat(3000)}`]) {
    const r = await sejf.call('GET', at);
    assert.ok([400, 404, 414].includes(r.status), `${at}: ${r.status}`);
  }
});

const part = (head, body) => `--b\r\n${head}\r\n\r\n${body}\r\n`;
const b = 'multipart/form-data; boundary=b';

test('files', { timeout: 120000 }, async () => {
  const send = (body, type = b, field = 'signature') => sejf.call('POST', `/v1/courier/parcel/${parcel}/${field}`, { token: courier, body, type });
  const file = part('Content-Disposition: form-data; name="f"; filename="a.txt"', secret.name);
  const rows = [
    ['no part', '--b--\r\n', 400], ['no boundary in it', secret.email, 400], ['cut off', file.slice(0, -4), 400], ['no end', file, [201, 400]], ['no name of a file', `${part('Content-Disposition: form-data; name="f"', secret.name)}--b--`, 400], ['no disposition', `${part('X: y', 'z')}--b--`, 400],
    ['another disposition', `${part('Content-Disposition: attachment; filename="x"', 'z')}--b--`, 400], ['a quote that never ends', `${part('Content-Disposition: form-data; name="f', 'z')}--b--`, 400], ['NUL in a header', `${part('Content-Disposition: form-data; name="f\0"; filename="x"', 'z')}--b--`, 400],
    ['no UTF-8 in a header', Buffer.concat([Buffer.from('--b\r\nContent-Disposition: form-data; name="f"; filename="'), Buffer.from('fffe', 'hex'), Buffer.from('"\r\n\r\nz\r\n--b--')]), 400],
    ['a header of 100 kB', `${part(`Content-Disposition: form-data; name="f"; filename="${'x'.repeat(100000)}"`, 'z')}--b--`, 400], ['headers without end', `--b\r\n${'X: y\r\n'.repeat(20000)}`, 400], ['a preamble of 300 kB', `${'p'.repeat(300000)}`, 400],
  ];
  for (const [name, body, status] of rows) {
    const r = await send(body);
    assert.ok([status].flat().includes(r.status), `${name}: ${r.status} ${r.text}`);
    if (r.status >= 400) problem(r, r.status, undefined, name);
  }
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=', `multipart/form-data; boundary=${'x'.repeat(71)}`, 'multipart/mixed; boundary=b', 'text/plain', 'multipart/form-data; boundary="b']) problem(await send(file, type), 415, undefined, type);
  problem(await send(file, b, 'name'), 404, undefined, 'a field that holds no file');
  problem(await send(file, b, 'none'), 404, undefined, 'no such field');
});

test('imports and mappings', { timeout: 180000 }, async () => {
  const send = (body, type = 'text/csv', headers = {}) => post('/v1/events/registration/import', body, { type, headers });
  const lines = (r) => r.text.trim().split('\n').map((l) => JSON.parse(l));
  const whole = [
    ['nothing', '', 400], ['a foreign column', 'name,shoe\nx,1\n', 400], ['an address as a column', `name,${secret.email}\nx,1\n`, 400], ['no UTF-8 in the first line', Buffer.from('name,\xff\nx,1\n', 'latin1'), 400], ['NUL', 'na\0me\n', 400],
    ['a quote that never ends', '"name', 400], ['600 columns', `${'a,'.repeat(600)}\n`, [400, 413]], ['a first line of 2 MB', `${'x'.repeat(2 << 20)}\n`, [400, 413]],
  ];
  for (const [name, body, status] of whole) {
    const r = await send(body);
    assert.ok([status].flat().includes(r.status), `${name}: ${r.status} ${r.text.slice(0, 200)}`);
    problem(r, r.status, undefined, name);
  }
  const mappings = ['x', '[]', '7', 'null', '{"a":7}', '{"a":{"field":7}}', '{"a":{"field":"name","values":[]}}', '{"*":[]}', '{"*":{"name":7}}', '{"=name":null}', '{"a":"nothing"}', `{"a":"${secret.email}"}`, '{"a":"name","a":"email"}', `{"a":${'['.repeat(5000)}`];
  for (const mapping of mappings) problem(await send('a,b\nx,y\n', 'text/csv', { 'sejf-mapping': mapping }), mapping.length > 4000 ? 400 : 400, undefined, `mapping ${mapping.slice(0, 40)}`);
  const rows = [
    'name,email', `${secret.name},nothing`, 'too,many,cells', `"two\nlines",${secret.email}x y`, `${'z'.repeat((1 << 20) + 10)},x`, `\xc5\xbc,${secret.email}`,
  ].join('\n');
  const bad = await send(rows, 'text/csv', { 'sejf-mapping': JSON.stringify({ '*': { event } }) });
  assert.equal(bad.status, 200, bad.text);
  impersonal(bad.text, 'refused rows');
  assert.ok(lines(bad).filter((l) => l.line).every((l) => typeof l.path === 'string' && l.text), bad.text);
  assert.deepEqual([...new Set(lines(bad).filter((l) => l.line).map((l) => l.line))].slice(0, 4), [2, 3, 4, 6]);
  const json = ['{"name":', '[]', 'null', '7', `{"name":"${secret.name}","name":"x"}`, `${'['.repeat(100000)}`, `{"name":${'['.repeat(3000)}${']'.repeat(3000)}}`, '{"name":"\\u0000"}', '{"name":"\\ud800"}', `{"shoe":"${secret.email}"}`, `{"${secret.email}":1}`, 'x'.repeat((1 << 20) + 10)].join('\n');
  const refused = await send(json, 'application/x-ndjson');
  assert.equal(refused.status, 200, refused.text);
  impersonal(refused.text, 'refused lines');
  assert.deepEqual({ made: lines(refused).at(-1).made, refused: lines(refused).at(-1).refused }, { made: 0, refused: 12 });
  const parts = [
    ['no file', `${part('Content-Disposition: form-data; name="mapping"', '{}')}--b--`], ['a mapping that is none', `${part('Content-Disposition: form-data; name="mapping"', secret.email)}--b--`], ['a mapping of 100 kB', `${part('Content-Disposition: form-data; name="mapping"', `{"a":"${'x'.repeat(100000)}"}`)}--b--`],
    ['40 parts', `${part('Content-Disposition: form-data; name="mapping"', '{}').repeat(40)}--b--`], ['a file of another type', `${part('Content-Disposition: form-data; name="file"; filename="a.exe"', 'MZ')}--b--`], ['another part', `${part('Content-Disposition: form-data; name="more"', 'x')}--b--`], ['cut off', `${part('Content-Disposition: form-data; name="mapping"', '{}').slice(0, -9)}`],
  ];
  for (const [name, body] of parts) {
    const r = await send(body, b);
    assert.ok([400, 415].includes(r.status), `${name}: ${r.status}`);
    problem(r, r.status, undefined, name);
  }
  for (const type of ['application/json', 'text/html', 'application/octet-stream', 'text/csvx']) problem(await send('x', type), 415, undefined, type);
  for (const body of [{ format: 'xml' }, { format: 7 }, { where: 7 }, { where: { name: { matches: '(' } } }, { nothing: 1 }]) problem(await post('/v1/events/registration/export', body), 400, undefined, `export ${JSON.stringify(body)}`);
});

// ---- the sockets between our own processes

test('bytes that are no message end their own connection only, at the control socket and at the keeper', { timeout: 120000 }, async () => {
  const frame = (op, body = '') => { const b = Buffer.alloc(5 + body.length / 2); b.writeUInt32LE(1 + body.length / 2); b[4] = op; b.write(body, 5, 'hex'); return b; };
  const texts = [Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(70000, 0xff), Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.from('{"do":'), Buffer.from('{"do":"status"}'), Buffer.from('null\n'), Buffer.from('[[[[\n'), Buffer.from(`{"do":"${secret.email}"}\n`),
    Buffer.from(`{"do":"token_new","service":"events","tenant":"x","role":7}\n`), Buffer.alloc(2 << 20, 0x78), frame(0), frame(200), frame(1), frame(2, 'ff'.repeat(16)), frame(3, `${'00'.repeat(8)}ffffffff`), frame(4, `${'ff'.repeat(8)}01000000`),
    frame(11, 'ff'.repeat(52)), Buffer.from('ffffffff01', 'hex'), Buffer.from('00000000'.repeat(100), 'hex'), frame(16, '00'.repeat(12)), frame(1, '01000000').subarray(0, 7)];
  for (const name of ['server/control.sock', 'keeper.sock'])
    for (const bytes of texts) {
      const got = await new Promise((done) => {
        let all = Buffer.alloc(0), met = false;
        const s = net.connect({ path: path.join(sejf.data, 'run', name) }), timer = setTimeout(() => s.destroy(), 10000);
        s.on('connect', () => { met = true; s.end(bytes); });
        s.on('data', (d) => { all = Buffer.concat([all, d]); });
        s.on('error', () => {});
        s.on('close', () => { clearTimeout(timer); done(met && all.toString('latin1')); });
      });
      assert.notEqual(got, false, `nobody listens at ${name}`);
      impersonal(got, name);
    }
  assert.deepEqual(sejf.children(), pids);
  assert.equal(sejf.run(['key', 'status']).status, 0);
  assert.equal((await register({ email: 'after@people.example' })).status, 201);
});

// ---- afterwards

test('the processes are the same, their memory is bounded, and nothing that was sent stands in a log', async () => {
  assert.deepEqual(sejf.children(), pids);
  assert.equal((await sejf.call('GET', '/readyz')).status, 200);
  const most = Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pids.server}/status`, 'utf8'))[1]);
  console.log(`# the server's memory at its highest: ${Math.round(most / 1024)} MB`);
  // Sanitizers keep what was freed.
  assert.ok(most < (sejf.binary.includes('sanitize') ? 2000 : 200) * 1024, `${most} kB`);
  for (const needle of needles) {
    assert.deepEqual(grep(path.join(sejf.data, 'log'), needle), []);
    assert.ok(!sejf.output.includes(needle), needle);
    assert.doesNotMatch(sejf.output, /runtime error:|Sanitizer/);
  }
});
