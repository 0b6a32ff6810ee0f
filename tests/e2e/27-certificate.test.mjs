// Certificates of erasure: made after the renewal, one for each cause and by whom; verified with nothing but the file and a public key; altered by
// a byte: refused. A kill between renewal and certificate leaves nothing without one, and nothing with two.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, person, sleep, until } from './lib.mjs';

let sejf, tenant, other, owner, door, stranger, event, dir, serial = 0;
const V1 = '/v1/events', list = (token = owner, whose = tenant, query = '') => sejf.call('GET', `/v1/tenants/${whose}/certificates${query}`, { token });

async function guest(i) {
  const r = await sejf.call('POST', `${V1}/registration`, { token: owner, body: { fields: { event, ...person(i) } } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
}
async function erase(id, token = owner) {
  const r = await sejf.call('DELETE', `${V1}/registration/${id}`, { token });
  assert.equal(r.status, 200, r.text);
  return r.json;
}
function renew() {
  const r = sejf.run(['renew', '--json']);
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stdout);
}
const file = (name, bytes) => { const p = path.join(dir, name); fs.writeFileSync(p, bytes); return p; };
// Without data directory, charter or keys: the program and the file.
const verify = (...args) => sejf.run(['certificate', 'verify', ...args], { env: { SEJF_DATA: path.join(dir, 'nothing') } });

before(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-certificate-'));
  sejf = await new Instance({ charters: ['events'] }).start();
  tenant = sejf.tenant('events', 'Seaside');
  other = sejf.tenant('events', 'Mountains');
  owner = sejf.token('events', tenant, 'organiser');
  door = sejf.token('events', tenant, 'door');
  stranger = sejf.token('events', other, 'organiser');
  const made = await sejf.call('POST', `${V1}/event`, { token: owner, body: { fields: { title: 'Ball', starts: '2030-05-01T18:00:00Z', ends: '2030-05-01T22:00:00Z' } } });
  assert.equal(made.status, 201, made.text);
  event = made.json.id;
}, { timeout: 120000 });
after(async () => { if (sejf) await sejf.remove(); fs.rmSync(dir, { recursive: true, force: true }); });

test('an erasure says where its certificate comes, and the renewal makes it', { timeout: 60000 }, async () => {
  const said = await erase(await guest(serial++));
  assert.match(said.certificate, /renewal of the coming night/);
  assert.equal(said.certificates, `/v1/tenants/${tenant}/certificates`);
  await erase(await guest(serial++));
  assert.deepEqual((await list()).json, { items: [], next: null }, 'not before it is final');
  assert.equal(renew().certificates, 1);
  const r = await list();
  assert.equal(r.json.items.length, 1);
  const [one] = r.json.items;
  assert.equal(one.number, 1);
  assert.equal(one.cause, 'owner');
  assert.equal(one.counts.registration, 2);
  assert.ok(one.keys >= 2);
  assert.match(one.by, /^token \d+$/);
  renew();
  assert.equal((await list()).json.items.length, 1, 'a renewal without erasures makes none');
});

test('it holds nothing personal, and nobody else sees it', { timeout: 60000 }, async () => {
  const one = await sejf.call('GET', `/v1/tenants/${tenant}/certificates/1`, { token: owner });
  assert.equal(one.status, 200);
  assert.ok(!/Zawilska|people\.example|Seaside/.test(one.text));
  assert.equal(one.json.body.tenant, tenant);
  assert.equal(one.json.body.service, 'events');
  assert.equal(one.json.body.renewal.epoch, one.json.body.renewal.epoch_before + 1);
  assert.equal((await list(door)).status, 403);
  assert.equal((await list(stranger)).status, 404);
  assert.equal((await list(null)).status, 401);
  assert.deepEqual((await list(stranger, other)).json.items, []);
  assert.equal((await sejf.call('GET', `/v1/tenants/${other}/certificates/1`, { token: stranger })).status, 404);
  for (const bad of ['0', 'x', '99']) assert.equal((await sejf.call('GET', `/v1/tenants/${tenant}/certificates/${bad}`, { token: owner })).status, 404);
  assert.equal((await list(owner, tenant, '?cursor=x')).status, 400);
});

test('it is verified anywhere, and a byte that was altered is named', { timeout: 60000 }, async () => {
  const { raw, json } = await sejf.call('GET', `/v1/tenants/${tenant}/certificates/1`, { token: owner });
  const shown = sejf.run(['certificate', 'show', '1', '--tenant', String(tenant)]);
  assert.equal(shown.stdout, raw.toString(), 'the command line has the same bytes');
  assert.match(sejf.run(['certificate', 'list', '--tenant', String(tenant)]).stdout, /owner .*2 registration/);
  const whole = file('whole.json', raw);
  const plain = verify(whole);
  assert.equal(plain.status, 0, plain.stderr);
  assert.match(plain.stdout, /Proved:[^]*Not a byte[^]*destroyed, and final[^]*Not proved here:[^]*Whose key[^]*--ledger/);
  const exported = sejf.run(['ledger', 'export', '--chain', String(tenant)]);
  assert.equal(exported.status, 0, exported.stderr);
  const ledger = file('ledger.ndjson', exported.stdout);
  const all = verify(whole, '--public', json.public, '--ledger', ledger);
  assert.equal(all.status, 0, all.stderr);
  assert.match(all.stdout, /key is the one that you gave[^]*tells of it/);
  assert.deepEqual(JSON.parse(verify(whole, '--json').stdout), { ok: true, keys: json.body.keys.count, public: false, ledger: false });
  const text = raw.toString();
  const altered = { counts: [text.replace('"registration":2', '"registration":9'), /its hash is not that of its text/],
    signature: [text.replace(/"signature":"./, (m) => m.slice(0, -1) + (m.at(-1) === '0' ? '1' : '0')), /its signature is not of this text and these keys/],
    spaces: [text.replace('{"body"', '{ "body"'), /bytes are not in the order and spacing/], cut: [text.slice(0, 200), /not one JSON object/] };
  for (const [name, [bytes, says]] of Object.entries(altered)) {
    const r = verify(file(`${name}.json`, bytes));
    assert.equal(r.status, 35, `${name}: ${r.stdout}`);
    assert.match(r.stderr, says);
  }
  const foreign = verify(whole, '--public', json.public.replace(/^./, (c) => (c === '0' ? '1' : '0')));
  assert.equal(foreign.status, 35);
  assert.match(foreign.stderr, /another key/);
  const older = verify(whole, '--ledger', file('other.ndjson', sejf.run(['ledger', 'export', '--chain', '0']).stdout));
  assert.equal(older.status, 35);
  assert.equal(verify(whole, '--public', 'abc').status, 2);
});

test('people get a page of it in their language, which says that it is not what was signed', { timeout: 60000 }, async () => {
  const said = { en: [/Certificate of erasure/, /2\s+Registration/, /What it does not prove/], pl: [/Zaświadczenie o usunięciu danych/, /2\s+Zgłoszenie/, /Czego nie dowodzi/], hu: [/Törlési igazolás/, /2\s+Jelentkezés/, /Mit nem bizonyít/] };
  const { json } = await sejf.call('GET', `/v1/tenants/${tenant}/certificates/1`, { token: owner });
  for (const [lang, words] of Object.entries(said)) {
    const r = await sejf.call('GET', `/v1/tenants/${tenant}/certificates/1/page.pdf?lang=${lang}`, { token: owner });
    assert.equal(r.status, 200, r.text);
    assert.equal(r.headers['content-type'], 'application/pdf');
    const out = path.join(dir, `${lang}.pdf`), written = sejf.run(['certificate', 'page', '1', '--tenant', String(tenant), '--lang', lang, '--out', out]);
    assert.equal(written.status, 0, written.stderr);
    for (const pdf of [file(`${lang}-api.pdf`, r.raw), out]) {
      const read = spawnSync('pdftotext', ['-layout', pdf, '-'], { encoding: 'utf8' });
      assert.equal(read.status, 0, read.stderr);
      for (const w of words) assert.match(read.stdout, w);
      assert.ok(read.stdout.replace(/\s/g, '').includes(json.hash) && read.stdout.includes(json.public));
      assert.doesNotMatch(read.stdout, /Zawilska|\d{4}-\d\d-\d\dT/);
    }
  }
  assert.equal((await sejf.call('GET', `/v1/tenants/${tenant}/certificates/1/page.pdf`, { token: door })).status, 403);
  assert.equal((await sejf.call('GET', `/v1/tenants/${tenant}/certificates/99/page.pdf`, { token: owner })).status, 404);
  const out = path.join(dir, 'none.pdf'), none = sejf.run(['certificate', 'page', '99', '--tenant', String(tenant), '--out', out]);
  assert.notEqual(none.status, 0);
  assert.ok(!fs.existsSync(out), 'no empty file is left');
  assert.equal(sejf.run(['certificate', 'page', '1', '--tenant', String(tenant)]).status, 2);
  assert.notEqual(sejf.run(['certificate', 'page', '1', '--tenant', String(tenant), '--lang', 'xx', '--out', out]).status, 0);
});

test('a kill between renewal and certificate leaves none out and makes none twice', { timeout: 240000 }, async () => {
  const before = (await list()).json.items.reduce((n, c) => n + c.counts.registration, 0);
  let erased = 0;
  for (const wait of [0, 3, 8, 15, 30]) {
    for (let i = 0; i < 3; i++) { await erase(await guest(serial++)); erased++; }
    const asked = sejf.runAsync(['renew']);
    await sleep(wait);
    await sejf.stop('SIGKILL');
    await asked;
    await sejf.start();
  }
  renew();
  await until('every erasure to have its certificate', async () => (await list()).json.items.reduce((n, c) => n + c.counts.registration, 0) === before + erased, 60000, 300);
  const { items } = (await list()).json;
  assert.deepEqual(items.map((c) => c.number), items.map((_, i) => items.length - i), 'numbers without gaps');
  for (const c of items) {
    const { raw } = await sejf.call('GET', `/v1/tenants/${tenant}/certificates/${c.number}`, { token: owner });
    assert.equal(verify(file(`n${c.number}.json`, raw)).status, 0);
  }
  const chain = sejf.run(['ledger', 'show', '--chain', String(tenant)]).stdout;
  assert.equal(chain.split('"certificate_made"').length - 1, items.length);
  assert.equal(sejf.run(['ledger', 'verify']).status, 0);
});
