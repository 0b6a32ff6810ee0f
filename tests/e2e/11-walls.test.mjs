// Ways around the walls: tokens of this machine through another proxy, scopes, guesses at hidden fields, private links as tokens.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { freePort, Instance, person, sleep, until } from './lib.mjs';

const sejf = new Instance({ charters: ['events'] });
const secret = '0123456789abcdef0123456789abcdef';
let tenant, boss, event, registration;

// The server must be able to read the file of the token, whichever user it runs as.
function metricsToken() {
  const file = path.join(sejf.data, 'metrics.token'), store = fs.statSync(path.join(sejf.data, 'store'));
  fs.writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  if (process.getuid() === 0) fs.chownSync(file, store.uid, store.gid);
  fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), 'metrics_token: metrics.token\n');
}

before(async () => {
  await sejf.init();
  await sejf.start();                          // the first start gives the directories to their users
  await sejf.stop();
  metricsToken();
  await sejf.start();
  tenant = sejf.tenant('events');
  boss = sejf.token('events', tenant, 'organiser');
  const now = Date.now(), at = (ms) => new Date(now + ms).toISOString();
  event = (await sejf.call('POST', '/v1/events/event', { token: boss, body: { fields: { title: 'Bieg', starts: at(0), ends: at(864e5) } } })).json;
  registration = (await sejf.call('POST', '/v1/events/registration', { token: boss, body: { fields: { event: event.id, ...person(1), diet: 'bez orzechów' }, consents: { diet: true } } })).json;
});
after(() => sejf.remove());

test('metrics answer their token and nobody else', async () => {
  assert.equal((await sejf.call('GET', '/metrics')).status, 404);
  assert.equal((await sejf.call('GET', '/metrics', { token: boss })).status, 404);
  const { text } = await sejf.call('GET', '/metrics', { token: secret });
  assert.match(text, /# EOF\n$/);
  for (const name of ['messages_ended', 'messages_bounced', 'messages_complained'])
    for (const channel of ['email', 'sms']) assert.match(text, new RegExp(`^sejf_${name}_total\\{channel="${channel}"\\} 0$`, 'm'));
});

test('a token of this machine stays shut to what another proxy hands on', async () => {
  const local = sejf.token('events', tenant, 'organiser', '--loopback');
  assert.equal((await sejf.call('GET', '/v1/events/event', { token: local })).status, 200);
  for (const headers of [{ 'x-forwarded-for': '192.0.2.7' }, { forwarded: 'for=192.0.2.7' }, { via: '1.1 front.example' }])
    assert.equal((await sejf.call('GET', '/v1/events/event', { token: local, headers })).status, 401);
  for (const headers of [{ 'x-real-ip': '127.0.0.1', 'x-forwarded-for': '127.0.0.1' }])
    assert.equal((await sejf.call('GET', '/v1/events/event', { token: local, headers })).status, 401);
});

test('a token that may read does not erase', async () => {
  const reader = sejf.token('events', tenant, 'organiser', '--scope', '{"verbs":["read"]}');
  assert.equal((await sejf.call('DELETE', `/v1/events/registration/${registration.id}`, { token: reader })).status, 403);
  assert.equal((await sejf.call('GET', `/v1/events/registration/${registration.id}`, { token: reader })).status, 200);
});

test('an erasure asks for the version that it names', async () => {
  const r = await sejf.call('DELETE', `/v1/events/registration/${registration.id}`, { token: boss, headers: { 'if-match': '"99"' } });
  assert.equal(r.status, 412);
});

test('a guess at a hidden field meets the same answer, right or wrong, and consents are hidden with their fields', async () => {
  const door = sejf.token('events', tenant, 'door');
  const seen = (await sejf.call('GET', `/v1/events/registration/${registration.id}`, { token: door })).json;
  assert.deepEqual(seen.consents, {});
  assert.deepEqual(Object.keys(seen.fields).sort(), ['event', 'name', 'status']);
  const guess = async (email) => {
    const r = await sejf.call('PATCH', `/v1/events/registration/${registration.id}`, { token: door, body: { fields: { email } } });
    return [r.status, JSON.stringify(r.json.errors)];
  };
  assert.deepEqual(await guess(person(1).email), await guess(person(2).email));
});

test('a private link is no token for what is not its own', async () => {
  const shown = await sejf.call('GET', `/f/events/register/${event.id}`);
  const cookie = shown.headers['set-cookie'][0].split(';')[0], token = /name="\.token" value="([^"]+)"/.exec(shown.text)[1];
  const other = person(2);
  await sleep(3000);                           // a form that is sent at once was not typed by a person
  const sent = await sejf.call('POST', `/f/events/register/${event.id}`, { type: 'application/x-www-form-urlencoded', headers: { cookie },
    body: new URLSearchParams({ '.token': token, name: other.name, email: other.email }).toString() });
  const link = /\/p\/events\/(sejf_[A-Za-z0-9_-]+)/.exec(sent.text)[1];
  const mine = (await sejf.call('GET', '/v1/events/registration', { token: link })).json.items;
  assert.deepEqual(mine.map((r) => r.fields.email), [other.email]);
  assert.equal((await sejf.call('GET', `/v1/events/registration/${registration.id}`, { token: link })).status, 404);
  assert.equal((await sejf.call('GET', '/v1/events/event', { token: link })).status, 404);
  assert.equal((await sejf.call('GET', '/v1/events/changes', { token: link })).status, 404);
  const patch = (fields) => sejf.call('PATCH', `/v1/events/registration/${mine[0].id}`, { token: link, body: { fields } });
  assert.equal((await patch({ email: 'x@people.example' })).status, 422);
  assert.equal((await patch({ status: 'attended' })).status, 422);
});

test('another tenant gets nothing by any way, and takes nothing', async () => {
  const other = sejf.token('events', sejf.tenant('events', 'Other'), 'organiser');
  const api = (method, target, options = {}) => sejf.call(method, `/v1/events/${target}`, { token: other, ...options });
  const one = `registration/${registration.id}`, { email } = person(1);
  for (const [method, body] of [['GET'], ['PATCH', { fields: {} }], ['DELETE']]) assert.equal((await api(method, one, { body })).status, 404, method);
  assert.equal((await api('GET', one, { headers: { 'sejf-tenant': String(tenant) } })).status, 400);
  assert.deepEqual((await api('GET', `registration?event=${event.id}`)).json.items, []);
  for (const where of [{ event: event.id }, { email }]) assert.deepEqual((await api('POST', 'registration/search', { body: { where } })).json.items, []);
  assert.equal((await api('POST', 'registration/export', { body: {} })).text, '');
  assert.equal((await api('POST', 'registration', { body: { fields: { event: event.id, ...person(2) } } })).status, 422);
  const own = (await api('POST', 'event', { body: { fields: { title: 'Inny', starts: '2027-05-01T10:00:00Z', ends: '2027-05-01T12:00:00Z' } } })).json.id;
  const same = await api('POST', 'registration', { body: { fields: { event: own, ...person(1) } } });
  assert.equal(same.status, 201, 'one for each address of one tenant');
  assert.equal(same.json.number, '000001', 'counted for itself');
  const taken = await api('POST', 'registration/import', { type: 'application/x-ndjson', body: `${JSON.stringify({ id: registration.id, event: own, name: 'Inna Osoba', email: 'inna@people.example' })}\n` });
  assert.equal(taken.status, 200, taken.text);
  const mine = await sejf.call('GET', `/v1/events/${one}`, { token: boss });
  assert.equal(mine.json.fields.email, email, 'an id of one tenant is not that of another');
});

// The map of the written configuration, asked with addresses that this machine does not have.
test('limits count a /64 of IPv6 as one', { timeout: 60000 }, async () => {
  const conf = fs.readFileSync(path.join(sejf.data, 'nginx', 'nginx.conf'), 'utf8');
  const map = /map \$remote_addr \$sejf_neighbour \{[^]*?\n {4}\}\n/.exec(conf)[0].replaceAll('$remote_addr', '$http_x_address');
  const zones = [...conf.matchAll(/limit_(conn|req)_zone (\S+)/g)].map((m) => m[2]);
  assert.deepEqual(zones, Array(3).fill('$sejf_neighbour'));       // connections, forms, sign-in
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-map-')), port = await freePort();
  fs.writeFileSync(path.join(dir, 'nginx.conf'), `daemon off;\npid ${dir}/pid;\nerror_log stderr emerg;\nevents {}\nhttp {\n access_log off;\n`
    + ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((n) => ` ${n}_temp_path ${dir}/${n};\n`).join('')
    + `${map}\n server { listen 127.0.0.1:${port}; return 200 $sejf_neighbour; }\n}\n`);
  const child = spawn('nginx', ['-p', dir, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'ignore' });
  try {
    const ask = (address) => fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-address': address } }).then((r) => r.text());
    await until('nginx to answer', () => ask('192.0.2.1'));
    const same = [['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9'], ['2001:db8::1', '2001:db8::5:0:0:9'], ['2001:db8:1::1', '2001:db8:1::2'], ['192.0.2.7', '::ffff:192.0.2.7'],
      ['2001:db8:0:7::1', '2001:db8:0:7:8:9:a:b'], ['::1', '::2']];
    for (const [a, b] of same) assert.equal(await ask(a), await ask(b), `${a} ${b}`);
    const seen = await Promise.all([...same.map(([a]) => a), '192.0.2.8', '2001:db8:1:3::1', '2001:db8:2::1'].map(ask));
    assert.equal(new Set(seen).size, seen.length, seen.join(' '));
  } finally {
    const gone = new Promise((done) => child.once('close', done));
    child.kill();
    await gone;
    fs.rmSync(dir, { recursive: true, force: true });
  }
});
