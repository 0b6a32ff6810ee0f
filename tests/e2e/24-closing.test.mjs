// A tenant closes its account: everything readable comes along as one archive, until its day it can be taken back, then everything goes but what a law
// keeps, and a process that is killed on the way goes on where it was.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, person, until } from './lib.mjs';

let sejf, tenant, owner, door, event, other, neighbour;
const V1 = '/v1/events';
const closing = (method, body, token = owner, whose = tenant, more = '') => sejf.call(method, `/v1/tenants/${whose}/closing${more}`, { token, body });
const ledger = (whose) => sejf.run(['ledger', 'export', '--chain', String(whose)]).stdout;

async function fill(whose, token, count) {
  const made = await sejf.call('POST', `${V1}/event`, { token, body: { fields: { title: 'Ball', starts: '2030-05-01T18:00:00Z', ends: '2030-05-01T22:00:00Z' } } });
  assert.equal(made.status, 201, made.text);
  const rows = Array.from({ length: count }, (_, i) => JSON.stringify({ fields: { event: made.json.id, ...person(i) } })).join('\n');
  const r = await sejf.call('POST', `${V1}/registration/import`, { token, body: `${rows}\n`, type: 'application/x-ndjson' });
  assert.match(r.text, new RegExp(`"made":${count}`));
  const invoice = await sejf.call('POST', `${V1}/invoice`, { token, body: { fields: { event: made.json.id, issued: '2026-11-01', buyer: 'Anna Zawilska', total: { amount: '12.00', currency: 'PLN' } } } });
  assert.equal(invoice.status, 201, invoice.text);
  return made.json.id;
}

before(async () => {
  sejf = await new Instance({ charters: ['events'] }).start();
  tenant = sejf.tenant('events', 'Seaside');
  other = sejf.tenant('events', 'Mountains');
  owner = sejf.token('events', tenant, 'organiser');
  door = sejf.token('events', tenant, 'door');
  neighbour = sejf.token('events', other, 'organiser');
  event = await fill(tenant, owner, 20);
  const invited = sejf.run(['user', 'invite', 'events', '--tenant', String(tenant), '--role', 'organiser', '--email', '-', '--name', 'Olga Zawilska'], { input: 'olga@people.example\n' });
  assert.equal(invited.status, 0, invited.stderr);
  assert.equal(sejf.run(['user', 'show', '-'], { input: 'olga@people.example\n' }).status, 0);
  await fill(other, neighbour, 150);
}, { timeout: 180000 });
after(() => sejf && sejf.remove());

// The bytes as they come; sejf.call() reads text.
const fetchBytes = (target, token) => new Promise((done, fail) => {
  const req = https.request({ host: '127.0.0.1', port: sejf.port, path: target, method: 'POST', rejectUnauthorized: false, headers: { Authorization: `Bearer ${token}`, 'Content-Length': 0 } }, (res) => {
    const parts = [];
    res.on('data', (d) => parts.push(d));
    res.on('end', () => done({ status: res.statusCode, bytes: Buffer.concat(parts) }));
    res.on('error', fail);
  });
  req.on('error', fail);
  req.end();
});

test('it is asked for by the owner, for a day, and taken back', { timeout: 60000 }, async () => {
  assert.equal((await closing('GET')).json.state, 'open');
  assert.equal((await closing('POST', {}, door)).status, 403);
  assert.equal((await closing('GET', undefined, neighbour)).status, 404);
  assert.equal((await closing('POST', { on: '2020-01-01' })).status, 422);
  assert.equal((await closing('POST', { on: '2099-01-01' })).status, 422);
  assert.equal((await closing('POST', { when: 'now' })).status, 400);
  assert.equal((await closing('DELETE')).status, 409, 'nobody has asked');
  assert.equal((await fetchBytes(`/v1/tenants/${tenant}/closing/archive`, owner)).status, 409, 'the archive is for an account that closes');
  const asked = await closing('POST', {});
  assert.equal(asked.status, 201, asked.text);
  assert.equal(asked.json.state, 'asked');
  const days = (new Date(asked.json.goes) - new Date(asked.json.asked)) / 86400e3;
  assert.ok(days > 29.9 && days < 30.1, `${days} days`);
  assert.equal((await closing('POST', {})).status, 409);
  assert.equal((await sejf.call('GET', `${V1}/event/${event}`, { token: owner })).status, 200, 'until then everything is there');
  assert.equal((await closing('DELETE')).json.state, 'open');
});

test('everything comes along as one archive', { timeout: 60000 }, async () => {
  assert.equal((await closing('POST', {})).status, 201);
  const got = await fetchBytes(`/v1/tenants/${tenant}/closing/archive`, owner);
  assert.equal(got.status, 200, got.bytes.toString().slice(0, 300));
  assert.equal((await fetchBytes(`/v1/tenants/${tenant}/closing/archive`, door)).status, 403);
  const file = path.join(sejf.data, 'everything.zip'), dir = path.join(sejf.data, 'everything');
  fs.writeFileSync(file, got.bytes);
  const r = spawnSync('python3', ['-c', 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])', file, dir], { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  const read = (name) => fs.readFileSync(path.join(dir, name), 'utf8');
  for (const name of ['README.txt', 'CZYTAJ.txt', 'OLVASS.txt', 'staff.json', 'ledger.ndjson', 'files.ndjson', 'records/event.csv', 'signature.json', 'cover-pl.pdf'])
    assert.ok(fs.existsSync(path.join(dir, name)), name);
  assert.equal(read('records/registration.ndjson').trim().split('\n').length, 20);
  assert.ok(read('records/registration.csv').includes(person(7).email));
  assert.match(read('records/invoice.ndjson'), /Anna Zawilska/);
  assert.match(read('ledger.ndjson'), /closing_asked/);
  assert.deepEqual(JSON.parse(read('staff.json')).map((p) => p.email), ['olga@people.example']);
  const sums = spawnSync('sha256sum', ['-c', 'manifest.txt'], { cwd: dir, encoding: 'utf8' });
  assert.equal(sums.status, 0, sums.stdout + sums.stderr);
  const key = JSON.parse(read('signature.json')).public_key, verified = sejf.run(['pack', 'verify', file, '--public', key], { env: { SEJF_DATA: path.join(dir, 'nothing') } });
  assert.equal(verified.status, 0, verified.stderr);
  fs.writeFileSync(`${file}.cut`, Buffer.concat([got.bytes.subarray(0, 2000), got.bytes.subarray(2010)]));
  assert.notEqual(sejf.run(['pack', 'verify', `${file}.cut`]).status, 0);
  for (const [lang, words] of Object.entries({ en: [/Everything that is held for you/, /20\s+Registration/], pl: [/Wszystko, co dla Państwa przechowujemy/, /20\s+Zgłoszenie/], hu: [/Minden, amit Önöknek tárolunk/, /20\s+Jelentkezés/] })) {
    const cover = spawnSync('pdftotext', ['-layout', path.join(dir, `cover-${lang}.pdf`), '-'], { encoding: 'utf8' });
    assert.equal(cover.status, 0, cover.stderr);
    for (const w of [...words, /Seaside/, new RegExp(key)]) assert.match(cover.stdout, w);
  }
  assert.equal((await closing('DELETE')).status, 200);
});

test('what a named person holds is lifted first', { timeout: 60000 }, async () => {
  const held = await sejf.call('POST', `/v1/tenants/${tenant}/holds`, { token: owner, body: { record: `event/${event}`, why: 'Spór' } });
  assert.equal(held.status, 201, held.text);
  assert.equal((await closing('POST', { now: true })).json.holds, 1);
  assert.equal((await closing('DELETE')).status, 200);
  assert.equal((await sejf.call('POST', `/v1/tenants/${tenant}/holds/${held.json.number}/lift`, { token: owner, body: {} })).status, 200);
});

test('at once, and what a law keeps stays', { timeout: 180000 }, async () => {
  assert.equal((await closing('POST', { now: true })).status, 201);
  const text = await until('the tenant to be gone', () => { const t = ledger(tenant); return t.includes('tenant_closed') && t; }, 150000, 1000);
  const end = text.split('\n').find((l) => l.includes('"tenant_closed"'));
  assert.match(end, /"invoice":1/);
  assert.ok(!end.includes('registration') && !end.includes('"event"'));
  const stays = sejf.run(['due', 'events', '--tenant', String(tenant), '--records', '--until', '2060-01-01']);
  assert.equal(stays.status, 0, stays.stderr);
  assert.match(stays.stdout, /invoice\//, 'the operator sees what a law keeps, and until when');
  assert.equal((await sejf.call('GET', `${V1}/event`, { token: owner })).status, 401);
  assert.equal((await closing('GET')).status, 404);
  assert.ok([404, 410].includes((await sejf.call('GET', `/f/events/register/${event}`)).status));
  const nobody = sejf.run(['user', 'show', '-'], { input: 'olga@people.example\n' });
  assert.notEqual(nobody.status, 0, `who belongs nowhere else is gone: ${nobody.stdout}`);
  assert.equal((await sejf.call('GET', `${V1}/registration?limit=1`, { token: neighbour })).json.items.length, 1, 'the neighbour is there');
});

test('a process that is killed on the way goes on', { timeout: 240000 }, async () => {
  const r = sejf.run(['tenant', 'close', 'events', String(other), '--now']);
  assert.equal(r.status, 0, r.stderr);
  await until('it to begin', () => ledger(other).includes('closing_began'), 150000, 100);
  await sejf.stop('SIGKILL');
  await sejf.start();
  const text = await until('the tenant to be gone', () => { const t = ledger(other); return t.includes('tenant_closed') && t; }, 150000, 1000);
  assert.match(text.split('\n').find((l) => l.includes('"tenant_closed"')), /\{"invoice":1\}/);
  assert.equal(sejf.run(['ledger', 'verify']).status, 0);
});
