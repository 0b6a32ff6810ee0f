// An installation in hard hands: wrong keys and cut files, a newer and an older data directory, a restart between a request and its
// repetition, another mailer's export, a clock that moves on. Each refusal says why and how to mend it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, root, until } from './lib.mjs';

const sejf = new Instance({ charters: ['events', 'mail'] });
const other = new Instance({ charters: ['events'] });
const keep = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-keep-'));
let token, event;
const at = (...p) => path.join(sejf.data, ...p);

before(async () => {
  await sejf.start();
  token = sejf.token('events', sejf.tenant('events'), 'organiser');
  const r = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Hard hands', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z' } } });
  assert.equal(r.status, 201, r.text);
  event = r.json.id;
  await other.init();
});
after(async () => { await sejf.remove(); await other.remove(); fs.rmSync(keep, { recursive: true, force: true }); });

const copy = (from, to) => assert.equal(spawnSync('cp', ['-a', from, to]).status, 0);

// Breaks something while it is stopped, sees it refuse with words, puts it back, sees it start with its record.
async function refuses(words, files, breakIt) {
  await sejf.stop();
  for (const f of files) copy(at(f), path.join(keep, path.basename(f)));
  breakIt();
  sejf.output = '';
  await assert.rejects(sejf.start(), (e) => { assert.match(e.message, words); return true; });
  await sejf.stop();
  for (const f of files) { fs.rmSync(at(f), { force: true }); copy(path.join(keep, path.basename(f)), at(f)); }
  await sejf.start();
  assert.equal((await sejf.call('GET', `/v1/events/event/${event}`, { token })).status, 200);
}
// Writes in place, so that owner and mode stay.
const overwrite = (file, bytes, where = 0) => { const fd = fs.openSync(file, 'r+'); fs.writeSync(fd, bytes, 0, bytes.length, where); fs.closeSync(fd); };

test('a root key that others may read is refused', () => refuses(/others|chmod/, ['keeper/root.key'], () => fs.chmodSync(at('keeper/root.key'), 0o644)));
test('a wrong root key is refused', () => refuses(/root key/, ['keeper/root.key'], () => overwrite(at('keeper/root.key'), Buffer.from('5a'.repeat(32)))));
test('a keyring of another data directory is refused', () => refuses(/another data directory|not of the same|root key|epoch/, ['keeper/keyring.db', 'keeper/epoch', 'keeper/root.key'], () => {
  for (const f of ['keyring.db', 'epoch', 'root.key']) overwrite(at('keeper', f), fs.readFileSync(path.join(other.data, 'keeper', f)));
}));
test('records of another data directory are refused', async () => {
  await other.start();
  await other.stop();
  await refuses(/records.db belongs to another data directory.*put back/, ['store/records.db'], () => {
    overwrite(at('store/records.db'), fs.readFileSync(path.join(other.data, 'store/records.db')));
  });
});
test('a data directory without its id is refused', () => refuses(/id is missing.*put it back/, ['id'], () => fs.rmSync(at('id'))));
test('a truncated keyring is refused', () => refuses(/keyring/, ['keeper/keyring.db'], () => fs.truncateSync(at('keeper/keyring.db'), 8192)));
test('an altered keyring is refused', () => refuses(/keyring|altered|damaged/, ['keeper/keyring.db'], () => {
  const bytes = fs.readFileSync(at('keeper/keyring.db'));
  for (let i = 4096; i < bytes.length; i += 512) bytes[i + 300] ^= 1;
  overwrite(at('keeper/keyring.db'), bytes);
}));
test('a truncated epoch file is refused', () => refuses(/epoch/, ['keeper/epoch'], () => fs.truncateSync(at('keeper/epoch'), 4096)));
test('an altered epoch file is refused', () => refuses(/epoch/, ['keeper/epoch'], () => overwrite(at('keeper/epoch'), Buffer.alloc(8192, 7))));

test('an older program refuses a newer data directory, and touches nothing', async () => {
  await sejf.stop();
  const version = fs.readFileSync(at('version'), 'utf8');
  fs.writeFileSync(at('version'), '99\n');
  const before = fs.statSync(at('keeper/keyring.db')).mtimeMs;
  for (const args of [['serve', '--data', sejf.data], ['tenant', 'list'], ['prove', 'events']]) {
    const r = await sejf.runAsync(args);
    assert.notEqual(r.status, 0, args.join(' '));
    assert.match(r.stderr, /newer/);
  }
  assert.equal(fs.statSync(at('keeper/keyring.db')).mtimeMs, before);
  fs.writeFileSync(at('version'), version);
  await sejf.start();
  assert.equal((await sejf.call('GET', `/v1/events/event/${event}`, { token })).status, 200);
});

test('a repeated request with its Idempotency-Key is answered the same after a restart', async () => {
  const send = () => sejf.call('POST', '/v1/events/registration', { token, headers: { 'idempotency-key': 'across-0001' }, body: { fields: { event, name: 'Iwona Lato', email: 'iwona@people.example' } } });
  const first = await send();
  assert.equal(first.status, 201, first.text);
  await sejf.stop('SIGKILL');
  await until('ports to be free again', async () => { try { await sejf.start(); return true; } catch (e) { await sejf.stop(); throw e; } }, 20000);
  const again = await send();
  assert.equal(again.status, 201, again.text);
  assert.equal(again.json.id, first.json.id);
  const found = await sejf.call('POST', '/v1/events/registration/search', { token, body: { where: { email: 'iwona@people.example' } } });
  assert.equal(found.json.items.length, 1);
});

test('doctor finds nothing wrong, then a loose key with its mend', async () => {
  const good = await sejf.runAsync(['doctor', '--json']);
  assert.equal(good.status, 0, good.stdout + good.stderr);
  fs.chmodSync(at('keeper/root.key'), 0o644);
  const bad = await sejf.runAsync(['doctor']);
  fs.chmodSync(at('keeper/root.key'), 0o600);
  assert.notEqual(bad.status, 0, bad.stdout);
  assert.match(bad.stdout, /BAD[\s\S]*chmod/);
});

test('another mailer’s subscribers come in by a mapping, over HTTPS, with their states and times', async () => {
  const dir = path.join(root, 'demo/mail');
  const tenant = sejf.tenant('mail', 'Mailing');
  const bearer = sejf.token('mail', tenant, 'customer');
  const charter = fs.readFileSync(path.join(root, 'charters/mail.yaml'), 'utf8');
  assert.match(charter, /subscription:/);
  const wanted = JSON.parse(fs.readFileSync(path.join(dir, 'listmonk-mapping.json'), 'utf8'));
  const list = fs.readFileSync(path.join(dir, '030-list.ndjson'), 'utf8').trim().split('\n').map((l) => JSON.parse(l)).find((l) => l.id === wanted['*'].list);
  assert.ok(list, 'the list of the mapping stands among the demo lists');
  const { sending_account: account, ...fields } = list.fields;
  if (account) {
    const a = fs.readFileSync(path.join(dir, '010-sending_account.ndjson'), 'utf8').trim().split('\n').map((l) => JSON.parse(l)).find((l) => l.id === account);
    const r = await sejf.call('POST', '/v1/mail/sending_account', { token: bearer, body: { fields: a.fields } });
    assert.equal(r.status, 201, r.text);
    fields.sending_account = r.json.id;
  }
  const made = await sejf.call('POST', '/v1/mail/list', { token: bearer, body: { fields } });
  assert.equal(made.status, 201, made.text);
  const csv = fs.readFileSync(path.join(dir, 'listmonk-subscribers.csv'));
  const rows = csv.toString().trim().split('\n').length - 1;
  const mapping = { ...wanted, '*': { ...wanted['*'], list: made.json.id } };
  const r = await sejf.call('POST', '/v1/mail/subscription/import', { token: bearer, body: csv, type: 'text/csv', headers: { 'sejf-mapping': JSON.stringify(mapping) } });
  assert.equal(r.status, 200, r.text);
  const end = JSON.parse(r.text.trim().split('\n').at(-1));
  assert.equal(end.made + end.refused, rows, r.text.slice(-500));
  assert.ok(end.made > rows * 0.9, r.text.slice(0, 1000));
  const found = await sejf.call('POST', '/v1/mail/subscription/search', { token: bearer, body: { where: { email: 'gyozo.arvai@posta.example' } } });
  assert.equal(found.json.items.length, 1, found.text);
  assert.equal(found.json.items[0].fields.state, 'subscribed');
  assert.match(found.json.items[0].fields.subscribed, /^2024-11-17T10:29:00/);
  const blocked = csv.toString().split('\n').find((l) => l.includes(',blocklisted,'));
  if (blocked) {
    const b = await sejf.call('POST', '/v1/mail/subscription/search', { token: bearer, body: { where: { email: blocked.split(',')[1] } } });
    assert.equal(b.json.items[0].fields.state, 'blocked');
  }
});

// Time is moved from outside, with all processes under one user; a restart at each step. Monotonic clocks stay true.
test('a token ends at its date, and due dates stand in calendar terms, when the clock moves on', { timeout: 120000 }, async () => {
  const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
  assert.ok(library, 'libfaketime is installed');
  const env = { LD_PRELOAD: library, FAKETIME: '+0d', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' };
  const moved = new Instance({ charters: ['events'], env });
  try {
    await moved.init();
    await moved.start();
    const tenant = moved.tenant('events');
    const end = new Date(Date.now() + 3 * 86400e3).toISOString();
    const long = moved.token('events', tenant, 'organiser');
    const short = moved.token('events', tenant, 'organiser', '--expires', end);
    const made = await moved.call('POST', '/v1/events/event', { token: short, body: { fields: { title: 'Clock', starts: '2026-12-01T17:00:00Z', ends: '2026-12-01T20:00:00Z' } } });
    assert.equal(made.status, 201, made.text);
    const r = await moved.call('POST', '/v1/events/registration', { token: short, body: { fields: { event: made.json.id, name: 'Bogna Zegar', email: 'bogna@people.example' } } });
    assert.match(r.json.due, /^2027-05-30T/);
    await moved.stop();
    moved.env.FAKETIME = '+4d';
    await moved.start();
    assert.equal((await moved.call('GET', `/v1/events/event/${made.json.id}`, { token: short })).status, 401);
    const late = await moved.call('GET', `/v1/events/registration/${r.json.id}`, { token: long });
    assert.equal(late.status, 200, late.text);
    assert.equal(late.json.due, r.json.due);
    const now = await moved.call('PATCH', `/v1/events/registration/${r.json.id}`, { token: long, headers: { 'if-match': late.headers.etag }, body: { fields: { phone: '+48699000777' } } });
    assert.ok(Date.parse(now.json.updated) > Date.now() + 3.9 * 86400e3, now.text);
  } finally {
    await moved.remove();
  }
});
