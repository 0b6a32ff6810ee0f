// A charter that changes while records are stored: a field added, one moved to a part with another rule, a new index, a new limit, a shorter
// keep; narrowing refused with the reason and the number of records concerned; a start that is killed in the middle goes on with it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, person, root, sleep } from './lib.mjs';

const PEOPLE = 300;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-change-'));
fs.chmodSync(dir, 0o755);
const instance = new Instance({ charters: ['events'], relay: true });
const original = fs.readFileSync(path.join(root, 'charters/events.yaml'), 'utf8');
const place = () => path.join(instance.data, 'charters', 'events.yaml');
const phone = (i) => `+4822${String(1000000 + i)}`;
let token, event, ids;

const search = async (where) => (await instance.call('POST', '/v1/events/registration/search', { token, body: { where, limit: 1000 } })).json.items;
const read = async (id) => (await instance.call('GET', `/v1/events/registration/${id}`, { token })).json;

function replace(text, pairs) {
  for (const [from, to] of pairs) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, to);
  }
  return text;
}
// Without the label of an option that goes.
const unlabelled = (text, option) => text.replace(new RegExp(`^      ${option}: \\{.*\\}\n`, 'm'), '');
function candidate(name, text) {
  const file = path.join(dir, `${name}.yaml`);
  fs.writeFileSync(file, text);
  return file;
}

const changed = replace(original, [
  ['updated: 2026-11-22', 'updated: 2026-11-23'],
  ['      place: text, optional\n', '      place: text, optional\n      hall: text, optional, found by word\n'],
  ['      phone: personal phone, optional\n', '      phone: personal phone, optional, found exactly\n'],
  ['      - one for each event and email, cancelled not counted\n', '      - one for each event and email, cancelled not counted\n      - one for each event and phone\n'],
  ['    keep: 180 days after event.ends, then erase, count by status stays  # K-07, K-08\n',
    '    keep:\n      - fields: number, name, email, status\n        for: 90 days after event.ends, then erase\n      - fields: phone, diet\n        for: 60 days after created, then erase\n'],
]);

before(async () => {
  await instance.start();
  token = instance.token('events', instance.tenant('events'), 'organiser');
  event = (await instance.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Bieg', starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T20:00:00Z' } } })).json.id;
  const rows = [];
  for (let i = 0; i < PEOPLE; i++) rows.push(JSON.stringify({ event, ...person(i), phone: phone(i === 7 ? 6 : i), ...(i % 10 === 0 ? { diet: 'bez mleka', consents: { diet: true } } : {}) }));
  const r = await instance.call('POST', '/v1/events/registration/import', { token, type: 'application/x-ndjson', body: rows.join('\n') });
  assert.equal(r.status, 200, r.text);
  assert.match(r.text, new RegExp(`"made":\\s*${PEOPLE}\\b`), r.text.slice(-500));
  ids = [];
  for (const i of [0, 6, 7, PEOPLE - 1]) ids[i] = (await search({ email: person(i).email }))[0].id;
  assert.equal((await read(ids[0])).due, '2030-08-28T19:00:00Z');
});
after(async () => { await instance.remove(); fs.rmSync(dir, { recursive: true }); });

test('check --against says what will be done with stored records', async () => {
  const r = await instance.runAsync(['check', candidate('changed', changed), '--against', instance.data]);
  assert.equal(r.status, 0, r.stdout + r.stderr);
  for (const line of [
    /^adds +records\.event\.holds\.hall: The field is new$/m,
    /^index +records\.registration\.holds\.phone: It becomes findable/m,
    /^index +records\.registration\.holds\.phone: It moves from the part `main` to the part `keep2`/m,
    /^index +records\.registration\.limits: The limit `one for each event and phone` is new/m,
    /^dates +records\.registration\.keep: The part `main` is kept `90 days/m,
    /^dates +records\.registration\.keep: The part `keep2` is kept `60 days/m,
  ]) assert.match(r.stdout, line);
  assert.doesNotMatch(r.stdout, /^refused/m);
});

test('a start that is killed in the middle goes on with it, and everything is in line then', async () => {
  await instance.stop();
  fs.writeFileSync(place(), changed);
  for (const ms of [150, 400, 700]) {                     // wherever that is: nothing below depends on it
    const child = spawn(instance.binary, ['serve', '--data', instance.data], { env: instance.env, stdio: 'ignore' });
    const gone = new Promise((done) => child.once('close', done));
    await sleep(ms);
    child.kill('SIGKILL');
    await gone;
  }
  await instance.start();
  const made = (await read(ids[0])).created;
  const one = await read(ids[0]);
  assert.equal(one.due, new Date(Date.parse(made) + 60 * 86400e3).toISOString().slice(0, 10) + one.due.slice(10), 'the part with phone and diet goes first');
  assert.equal(one.fields.phone, phone(0));
  assert.equal(one.fields.diet, 'bez mleka');
  assert.deepEqual(one.consents, { diet: true });
  assert.equal(one.version, 1, 'people see no change of their record');
  const list = await instance.call('GET', '/v1/events/registration?limit=1000', { token });
  assert.equal(list.json.items.length, PEOPLE);
  for (let i = 0; i < PEOPLE; i++) {
    const r = list.json.items.find((x) => x.fields.email === person(i).email);
    assert.equal(r.fields.name, person(i).name);
    assert.equal(r.fields.phone, phone(i === 7 ? 6 : i));
  }
  const proved = await instance.runAsync(['prove', 'events', '--json']);
  assert.equal(proved.status, 0, proved.stdout.slice(0, 4000) + proved.stderr);
});

test('the new index finds stored records, the old one still does', async () => {
  assert.deepEqual((await search({ phone: phone(PEOPLE - 1) })).map((r) => r.id), [ids[PEOPLE - 1]]);
  assert.deepEqual((await search({ phone: phone(6) })).map((r) => r.id).sort(), [ids[6], ids[7]].sort());
  assert.deepEqual((await search({ email: person(6).email })).map((r) => r.id), [ids[6]]);
});

test('a new limit counts what is stored: who breaks it stays, the next one is refused', async () => {
  const r = await instance.call('POST', '/v1/events/registration', { token, body: { fields: { event, name: 'Olga Bury', email: 'olga@people.example', phone: phone(100) } } });
  assert.equal(r.status, 409, r.text);
  assert.match(r.text, /phone/);
  assert.doesNotMatch(r.text, /\+48/);
});

test('narrowing is refused with the reason and the number of records, running or not', async () => {
  assert.equal((await instance.call('PATCH', `/v1/events/registration/${ids[6]}`, { token, headers: { 'if-match': '*' }, body: { fields: { status: 'cancelled' } } })).status, 200);
  const next = (pairs) => replace(changed, [['updated: 2026-11-23', 'updated: 2026-11-24'], ...pairs]);
  const rows = [
    ['field', next([['      phone: personal phone, optional, found exactly\n', ''], ['      - one for each event and phone\n', ''], ['fields: phone, diet', 'fields: diet'],
      ['asks name, email, phone, diet', 'asks name, email, diet'], ['participant: phone, diet of', 'participant: diet of']]),
      new RegExp(`^refused +records\\.registration\\.holds\\.phone: The field is gone.*\\(${PEOPLE} records\\)$`, 'm')],
    ['option', unlabelled(next([['waiting | accepted | cancelled | attended', 'waiting | accepted | attended'], [', cancelled not counted', ''],
      ['      waiting to cancelled: participant or organiser\n      accepted to cancelled: participant or organiser\n', '']]), 'cancelled'),
      /^refused +records\.registration\.holds\.status: The option `cancelled` is gone, but stored records have it: keep the option \(1 record\)$/m],
    ['needed', next([['      phone: personal phone, optional, found exactly\n', '      phone: personal phone, found exactly\n']]),
      new RegExp(`^refused +records\\.registration\\.holds\\.phone: It was optional.*\\(${PEOPLE} records\\)$`, 'm')],
    ['longer', next([['        for: 60 days after created, then erase\n', '        for: 1 year after created, then erase\n']]),
      new RegExp(`^refused +records\\.registration\\.keep: The part \`keep2\` would be kept.*longer.*\\(${PEOPLE} records\\)$`, 'm')],
    ['consent', next([['      diet: sensitive text, optional, only with consent diet\n', '      diet: sensitive text, optional\n']]),
      new RegExp(`^refused +records\\.registration\\.holds\\.diet: Its people gave it with the consent.*\\(${PEOPLE} records\\)$`, 'm')],
  ];
  for (const running of [true, false]) {
    if (!running) await instance.stop();
    for (const [name, text, want] of rows) {
      const r = await instance.runAsync(['check', candidate(name, text), '--against', instance.data]);
      assert.equal(r.status, 40, `${name}: ${r.stdout}${r.stderr}`);
      assert.match(r.stdout, want, name);
    }
  }
  fs.writeFileSync(place(), rows[0][1]);
  await assert.rejects(instance.start(), new RegExp(`phone: The field is gone[^\\n]*\\(${PEOPLE} records\\)`));
  await instance.stop();
});

test('what no stored record has may go', async () => {
  const text = unlabelled(replace(changed, [['updated: 2026-11-23', 'updated: 2026-11-24'], ['cancelled | attended', 'cancelled'], ['      accepted to attended: door\n', '']]), 'attended');
  const r = await instance.runAsync(['check', candidate('fewer', text), '--against', instance.data]);
  assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.match(r.stdout, /^says +records\.registration\.holds\.status: The option `attended` is gone; no stored record has it$/m);
  fs.writeFileSync(place(), text);
  await instance.start();
  assert.equal((await read(ids[6])).fields.status, 'cancelled');
  assert.equal((await search({ phone: phone(6) })).length, 2);
});
