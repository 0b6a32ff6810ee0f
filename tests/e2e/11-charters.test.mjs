// Charters by the command line: the traps of the transcribed pages, each at its line and nothing else; machine formats; what a changed
// charter would do to stored records, and that serve does or refuses it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, binary, root, services } from './lib.mjs';

const traps = path.join(root, 'tests/charters/traps');
const pages = fs.readdirSync(traps).filter((f) => f.endsWith('.yaml'));
const sejf = (...args) => spawnSync(binary, args, { encoding: 'utf8', cwd: traps });
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-charters-'));
fs.chmodSync(dir, 0o755);
const instance = new Instance({ charters: ['events'] });
const original = fs.readFileSync(path.join(root, 'charters/events.yaml'), 'utf8');
let token, event;

before(async () => {
  await instance.start();
  token = instance.token('events', instance.tenant('events'), 'organiser');
  event = (await instance.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Before', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z' } } })).json.id;
  const r = await instance.call('POST', '/v1/events/registration', { token, body: { fields: { event, name: 'Halina Bury', email: 'halina@people.example' } } });
  assert.equal(r.status, 201, r.text);
});
after(async () => { await instance.remove(); fs.rmSync(dir, { recursive: true }); });

// A copy of the events charter with one change, which must be one.
function changed(name, from, to) {
  const dated = original.replace('updated: 2026-11-22', 'updated: 2026-11-23');
  const text = dated.replace(from, to);
  assert.notEqual(text, dated, name);
  const file = path.join(dir, `${name}.yaml`);
  fs.writeFileSync(file, text);
  return file;
}

test('every trap of the pages as published is found at its line, and nothing else', () => {
  const wanted = fs.readFileSync(path.join(traps, 'expected.txt'), 'utf8').split('\n').filter((l) => /^\w+\.yaml:\d+:T\d+$/.test(l)).sort();
  const r = sejf('check', '--format', 'json', ...pages);
  assert.equal(r.status, 0, `traps are no mistakes: ${r.stderr}`);
  const found = JSON.parse(r.stdout).findings;
  assert.deepEqual(found.filter((f) => f.level === 'error'), []);
  assert.deepEqual(found.filter((f) => f.level === 'trap').map((f) => `${f.file}:${f.line}:${f.id}`).sort(), wanted);
  assert.deepEqual([...new Set(wanted.map((l) => l.split(':')[2]))].map((t) => Number(t.slice(1))).sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19]);
});

test('our own five charters show one trap: the obsolete rule that bookings obeys', () => {
  const r = sejf('check', '--format', 'json', ...services.map((s) => path.join(root, 'charters', `${s}.yaml`)));
  assert.equal(r.status, 0, r.stderr);
  assert.deepEqual(JSON.parse(r.stdout).findings.filter((f) => f.level !== 'note').map((f) => `${path.basename(f.file)} ${f.level} ${f.id}`), ['bookings.yaml trap T17']);
});

test('all mistakes of a file come in one run, with place, line, marker and suggestion', () => {
  const file = changed('mistakes', /^people:/m, 'peeple:\n  x: y\npeople:');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('personal email, found exactly', 'personal emial, found exactly').replace('seats: number, optional', 'seats: number, optionel'));
  const r = sejf('check', file);
  assert.equal(r.status, 40);
  const lines = (r.stdout + r.stderr).split('\n').filter((l) => l.includes(': error: '));
  assert.ok(lines.length >= 3, r.stdout);
  for (const l of lines) assert.match(l, /mistakes\.yaml:\d+:\d+: error: /);
  assert.match(r.stdout, /\^~*/);
  assert.match(r.stdout, /email/);
});

test('SARIF and JSON Schema are what they say', () => {
  const sarif = JSON.parse(sejf('check', '--format', 'sarif', ...pages).stdout);
  assert.equal(sarif.version, '2.1.0');
  assert.ok(sarif.runs[0].results.length > 15);
  for (const r of sarif.runs[0].results) assert.ok(r.locations[0].physicalLocation.region.startLine > 0);
});

test('1,000 kinds are checked, and how long that takes', () => {
  let text = original.slice(0, original.indexOf('labels:'));
  text += 'records:\n';
  for (let i = 0; i < 1000; i++) text += `  kind_${i}:\n    belongs_to: organiser\n    holds:\n      title: text, found by word\n      at: time, sorted\n    keep: until the organiser deletes it\n`;
  text += 'who_sees:\n  organiser: everything of own kind_0\n';
  const file = path.join(dir, 'thousand.yaml');
  fs.writeFileSync(file, text);
  const took = [];
  for (let i = 0; i < 5; i++) {
    const began = process.hrtime.bigint();
    const r = sejf('check', file);
    took.push(Number(process.hrtime.bigint() - began) / 1e6);
    assert.equal(r.status, 0, r.stdout.slice(0, 500) + r.stderr);
  }
  console.log(`# 1,000 kinds: ${Math.min(...took).toFixed(1)} ms`);
});

test('check --against says what a change does, running or not, and refuses to narrow', async () => {
  const wider = changed('wider', '      place: text, optional\n', '      place: text, optional, found by word\n      hall: text, optional\n');
  const narrower = changed('narrower', '      phone: personal phone, optional\n', '');
  for (const running of [true, false]) {
    if (!running) await instance.stop();
    const good = await instance.runAsync(['check', wider, '--against', instance.data]);
    assert.equal(good.status, 0, good.stdout + good.stderr);
    assert.match(good.stdout, /hall/);
    assert.match(good.stdout, /index/i);
    const bad = await instance.runAsync(['check', narrower, '--against', instance.data]);
    assert.notEqual(bad.status, 0, bad.stdout);
    assert.match(bad.stdout + bad.stderr, /phone/);
  }
  await instance.start();
  const undated = path.join(dir, 'undated.yaml');
  fs.writeFileSync(undated, fs.readFileSync(wider, 'utf8').replace('updated: 2026-11-23', 'updated: 2026-11-22'));
  const r = await instance.runAsync(['check', undated, '--against', instance.data]);
  assert.notEqual(r.status, 0);
  assert.match(r.stdout, /refused\s+updated/);
});

test('serve refuses a charter that stored records do not fit, and applies one that they fit', async () => {
  const place = path.join(instance.data, 'charters', 'events.yaml');
  await instance.stop();
  fs.writeFileSync(place, original.replace('updated: 2026-11-22', 'updated: 2026-11-23').replace('      phone: personal phone, optional\n', '').replace('asks name, email, phone, diet', 'asks name, email, diet').replace('participant: phone, diet of', 'participant: diet of'));
  await assert.rejects(instance.start(), /phone/);
  await instance.stop();
  fs.writeFileSync(place, original.replace('updated: 2026-11-22', 'updated: 2026-11-23').replace('      place: text, optional\n', '      place: text, optional\n      hall: text, optional, found by word\n'));
  await instance.start();
  const r = await instance.call('PATCH', `/v1/events/event/${event}`, { token, headers: { 'if-match': '*' }, body: { fields: { hall: 'Sala Bałtycka' } } });
  assert.equal(r.status, 200, r.text);
  const found = await instance.call('POST', '/v1/events/event/search', { token, body: { where: { hall: { word: 'baltycka' } } } });
  assert.deepEqual(found.json.items.map((i) => i.id), [event], found.text);
  const old = await instance.call('POST', '/v1/events/registration/search', { token, body: { where: { email: 'halina@people.example' } } });
  assert.equal(old.json.items.length, 1);
});
