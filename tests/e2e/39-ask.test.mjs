// Code of the operator's own is asked before records are made or moved, at a socket and at an address: its yes lets them, its no is told to whoever wanted
// it, and where it does not answer in time nothing happens.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { freePort, Instance, person, root, sleep } from './lib.mjs';

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-ask-'));
let sejf, organiser, token, event, socket, rules, port, asked = [], answer = () => ({ allow: true });

const make = (kind, fields, more = {}) => sejf.call('POST', `/v1/events/${kind}`, { token, body: { fields }, ...more });
const register = (i, more) => make('registration', { event, ...person(i) }, more);
const last = () => asked[asked.length - 1];

before(async () => {
  const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', path.join(work, 'key.pem'), '-out', path.join(work, 'ca.pem')]);
  assert.equal(r.status, 0, String(r.stderr));
  socket = net.createServer((s) => {
    let text = '';
    s.on('data', (d) => {
      text += d;
      if (!text.includes('\n')) return;
      asked.push(JSON.parse(text));
      const a = answer(last());
      if (a) s.end(`${typeof a === 'string' ? a : JSON.stringify(a)}\n`);
    });
    s.on('error', () => {});
  });
  fs.chmodSync(work, 0o755);                                         // whoever the server runs as may connect
  await new Promise((done) => socket.listen({ path: path.join(work, 'ask.sock'), readableAll: true, writableAll: true }, done));
  port = await freePort();
  rules = https.createServer({ key: fs.readFileSync(path.join(work, 'key.pem')), cert: fs.readFileSync(path.join(work, 'ca.pem')) }, (req, res) => {
    const parts = [];
    req.on('data', (d) => parts.push(d));
    req.on('end', () => {
      asked.push(JSON.parse(Buffer.concat(parts).toString('utf8')));
      const a = answer(last());
      if (a) res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(a));
    });
  });
  await new Promise((done) => rules.listen(port, '127.0.0.1', done));
  const charter = path.join(work, 'events.yaml');
  fs.writeFileSync(charter, fs.readFileSync(path.join(root, 'charters', 'events.yaml'), 'utf8')
    .replace('\n    form: register, asks name, email, phone, diet\n', '\n    form: register, asks name, email, phone, diet\n    ask: stock before create and move, seeing name, status, within 5000 ms\n')
    .replace('\n  event:\n    belongs_to: organiser\n', '\n  event:\n    belongs_to: organiser\n    ask: rules before create, seeing title, seats, within 5000 ms\n')
    .replace('\nprocessors:\n', '\nprocessors:\n  - name: Rules Ltd\n    for: rules of the house\n    sees: titles\n    fields: title of event\n    hosts: [127.0.0.1]\n    in: PL\n    agreement: 2026-01-01 to 2027-12-31\n'));
  sejf = await new Instance({ charters: [charter] }).init();
  const without = sejf.run(['check', path.join(sejf.data, 'sejf.yaml')]);
  const started = sejf.run(['serve', '--data', sejf.data], { timeout: 30000 });
  assert.notEqual(started.status, 0);                       // a charter that asks somebody whom sejf.yaml does not declare
  assert.match(`${without.stdout}${without.stderr}${started.stdout}${started.stderr}`, /declares no such asker/);
  fs.copyFileSync(path.join(work, 'ca.pem'), path.join(sejf.data, 'rules.pem'));
  fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), `askers:\n  stock: {socket: ${path.join(work, 'ask.sock')}, user: ${os.userInfo().username}}\n  rules: {url: "https://127.0.0.1:${port}/ask", private: yes, ca: rules.pem}\n`);
  await sejf.start();
  organiser = sejf.tenant('events', 'Seaside');
  token = sejf.token('events', organiser, 'organiser');
  const e = await make('event', { title: 'Regatta', starts: '2027-06-01T10:00:00Z', ends: '2027-06-01T18:00:00Z', seats: 50 });
  assert.equal(e.status, 201, e.text);
  event = e.json.id;
}, { timeout: 120000 });
after(async () => {
  if (sejf) await sejf.remove();
  if (socket) await new Promise((done) => socket.close(done));
  if (rules) { rules.closeAllConnections(); await new Promise((done) => rules.close(done)); }
  fs.rmSync(work, { recursive: true, force: true });
});

test('what is asked: at an address what the processor may have, at a socket what the line names', { timeout: 60000 }, async () => {
  assert.deepEqual(asked[0].fields, { title: 'Regatta' });           // seats are no field of that processor
  assert.deepEqual([asked[0].kind, asked[0].what], ['event', 'create']);
  const r = await register(1);
  assert.equal(r.status, 201, r.text);
  assert.deepEqual([last().kind, last().what, last().id, last().parent], ['registration', 'create', r.json.id, event]);
  assert.equal(last().fields.name, person(1).name);
  assert.equal(last().fields.email, undefined);
  const moved = await sejf.call('PATCH', `/v1/events/registration/${r.json.id}`, { token, body: { fields: { status: 'cancelled' } } });
  assert.equal(moved.status, 200, moved.text);
  assert.deepEqual([last().what, last().field, last().from, last().to], ['move', 'status', 'accepted', 'cancelled']);
  const before = asked.length;
  assert.equal((await sejf.call('PATCH', `/v1/events/registration/${r.json.id}`, { token, body: { fields: { phone: '+48600300400' } } })).status, 200);
  assert.equal(asked.length, before);                                // no move, no question
});

test('a no is told with its reason, to the API, in an import and on the form in the language of its reader', { timeout: 60000 }, async () => {
  answer = (q) => (q.fields.name.endsWith(' 3') ? { allow: false, why: 'no place\r\nleft' } : { allow: true });
  const r = await register(3);
  assert.equal(r.status, 422, r.text);
  assert.match(r.text, /refused by the rules of this service: no place {2}left/);
  const lines = [2, 3, 4].map((i) => JSON.stringify({ event, ...person(10 * i + i), name: person(i).name })).join('\n');
  const done = await sejf.call('POST', '/v1/events/registration/import', { token, body: lines, type: 'application/x-ndjson' });
  assert.match(done.text, /"made":2,"refused":1/);
  assert.match(done.text, /"line":2/);
  const form = await sejf.call('GET', `/f/events/register/${event}`, { headers: { 'accept-language': 'pl' } });
  const fields = new URLSearchParams({ name: person(3).name, email: 'trzy@people.example' });
  for (const [, name, value] of form.text.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)) fields.set(name, value);
  await sleep(3500);                                                 // a form is not sent faster than people write
  const sent = await sejf.call('POST', `/f/events/register/${event}`, { body: fields.toString(), type: 'application/x-www-form-urlencoded',
    headers: { 'accept-language': 'pl', origin: sejf.url, cookie: (form.headers['set-cookie'] || []).map((c) => c.split(';')[0]).join('; ') } });
  assert.equal(sent.status, 422, sent.text.slice(0, 400));
  assert.match(sent.text, /ostało odrzucone przez reguły tej usługi: no place/);
  answer = () => ({ allow: true });
});

test('without an answer nothing is made: silence, nonsense, nobody there; others are not held up', { timeout: 120000 }, async () => {
  answer = () => 'perhaps';
  const nonsense = await register(20);
  assert.equal(nonsense.status, 503, nonsense.text);
  assert.match(nonsense.text, /stock.*askers in sejf.yaml/);
  answer = () => null;
  const began = Date.now(), many = Array.from({ length: 24 }, (_, i) => register(100 + i));
  const meanwhile = await sejf.call('GET', `/v1/events/event/${event}`, { token });
  assert.equal(meanwhile.status, 200);
  assert.ok((await Promise.all(many)).every((r) => r.status === 503));
  assert.ok(Date.now() - began < 60000);
  answer = () => ({ allow: true });
  const key = { headers: { 'idempotency-key': 'ask-once-1' } };
  const one = await register(200, key), count = asked.length, two = await register(200, key);
  assert.deepEqual([one.status, two.status, two.json.id], [201, 201, one.json.id]);
  assert.equal(asked.length, count);                                 // the answer of before: nobody is asked again
  await new Promise((done) => socket.close(done));
  socket = null;
  assert.equal((await register(201)).status, 503);
  for (const rule of ['asked_first', 'leaves_declared']) {
    const r = sejf.run(['prove', 'events', '--json', '--rule', rule]);
    const proof = JSON.parse(r.stdout).rules.find((x) => x.rule === rule);
    assert.ok(proof.kept, proof.detail);
  }
});
