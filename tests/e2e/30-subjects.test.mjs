// A person across kinds: found by address and number, given everything as one signed archive that other programs open, and nothing of
// anybody else's; the command line, the API and the private link; what the ledger tells of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, root, until } from './lib.mjs';

const sejf = new Instance({ charters: ['events', 'bookings'] });
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-subjects-'));
const EWA = 'ewa.lis@people.example', OLA = 'ola.sowa@people.example';
let tenant, token, other, clinic, boss, event;

const make = async (service, kind, fields, as, extra = {}) => {
  const r = await sejf.call('POST', `/v1/${service}/${kind}`, { token: as, body: { fields, ...extra } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
};
// What python's own reader finds in an archive: {name: text}, PDFs left out.
function unpacked(bytes, name) {
  const file = path.join(dir, name);
  fs.writeFileSync(file, bytes);
  const r = spawnSync('python3', ['-c', 'import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n'
    + 'print(json.dumps({n: z.read(n).decode("utf-8-sig") if not n.endswith(".pdf") and not n.startswith("files/") else "" for n in z.namelist()}))', file], { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(r.status, 0, r.stderr);
  return { file, files: JSON.parse(r.stdout) };
}
const verify = (file, ...more) => sejf.run(['pack', 'verify', file, '--json', ...more]);
const entries = (verb) => sejf.run(['ledger', 'export']).stdout.split('\n').filter((l) => l.includes(`"do":"${verb}"`));
// A form as a browser sends it; one that comes faster than a person types is shown again, so it is sent again.
async function sent(at, values) {
  let page = await sejf.call('GET', `/f/events/register/${at}?lang=en`);
  const cookie = (page.headers['set-cookie'] || []).map((c) => c.split(';')[0]).join('; ');
  const link = await until('the form to be taken', async () => {
    const hidden = Object.fromEntries([...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    page = await sejf.call('POST', `/f/events/register/${at}?lang=en`, { body: new URLSearchParams({ ...hidden, ...values }).toString(), type: 'application/x-www-form-urlencoded', headers: { cookie } });
    return page.text.match(/\/p\/events\/[A-Za-z0-9_-]+/);
  }, 60000, 4000);
  return link[0];
}

before(async () => {
  await sejf.start();
  tenant = sejf.tenant('events');
  token = sejf.token('events', tenant, 'organiser');
  other = sejf.tenant('events', 'Other');
  clinic = sejf.tenant('bookings');
  boss = sejf.token('bookings', clinic, 'business');
  event = await make('events', 'event', { title: 'Bal', starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T20:00:00Z' }, token);
  await make('events', 'registration', { event, name: 'Ewa Lis', email: EWA, phone: '+48600300400', diet: 'bez mleka' }, token, { consents: { diet: true } });
  await make('events', 'registration', { event, name: 'Ola Sowa', email: OLA, phone: '+48600300400' }, token);
  const theirs = sejf.token('events', other, 'organiser');
  const place = await make('events', 'event', { title: 'Obcy', starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T20:00:00Z' }, theirs);
  await make('events', 'registration', { event: place, name: 'Ewa Obca', email: EWA }, theirs);
  const staff = await make('bookings', 'staff', { title: 'Gabinet 1', name: 'Jan Kos', email: 'jan.kos@people.example' }, boss);
  const service = await make('bookings', 'service', { title: 'Masaż', minutes: 30 }, boss);
  await make('bookings', 'visit', { service, staff, starts: '2030-03-01T10:00:00Z', ends: '2030-03-01T10:30:00Z', name: 'Ewa Lis', email: EWA, phone: '+48600300400', note: 'ból pleców' }, boss, { consents: { health: true } });
  await make('bookings', 'question', { email: EWA, text: 'Czy można płacić kartą?' }, boss);
  await make('bookings', 'question', { email: OLA, text: 'Pytanie Oli' }, boss);
  await make('bookings', 'subscription', { email: EWA }, boss, { consents: { newsletter: true } });
});
after(async () => { await sejf.remove(); if (process.env.SEJF_KEEP_PACKS) fs.cpSync(dir, process.env.SEJF_KEEP_PACKS, { recursive: true }); fs.rmSync(dir, { recursive: true }); });

test('a person is found in every kind of one tenant, by body and never by an address of the web', async () => {
  const r = await sejf.call('POST', `/v1/tenants/${clinic}/subjects`, { token: boss, body: { email: EWA.toUpperCase() } });
  assert.equal(r.status, 200, r.text);
  assert.deepEqual(r.json.items.map((i) => [i.kind, i.count]), [['visit', 1], ['question', 1], ['subscription', 1]]);
  assert.ok(r.json.items[0].records[0].due.startsWith('2031-03-01'), r.text);
  assert.equal(r.json.count, 3);
  const staff = await sejf.call('POST', `/v1/tenants/${clinic}/subjects`, { token: boss, body: { email: 'jan.kos@people.example' } });
  assert.deepEqual([staff.json.count, staff.json.others.map((o) => [o.kind, o.count])], [1, [['visit', 1]]], staff.text);      // the visit is its client's
  const both = await sejf.call('POST', `/v1/tenants/${tenant}/subjects`, { token, body: { email: EWA, phone: '600 300 400' } });
  assert.deepEqual([both.json.count, both.json.doubtful], [1, 1], both.text);        // a telephone that two share
  for (const body of [{}, { email: 'Ewa Lis' }, { name: 'Ewa Lis' }, { email: 7 }]) {
    const bad = await sejf.call('POST', `/v1/tenants/${tenant}/subjects`, { token, body });
    assert.ok(bad.status === 400 || bad.status === 422, `${JSON.stringify(body)} → ${bad.status}`);
    assert.doesNotMatch(bad.text, /Ewa Lis/);
  }
});

test('only the tenant itself asks for it', async () => {
  const door = sejf.token('events', tenant, 'door'), theirs = sejf.token('events', other, 'organiser');
  for (const call of ['subjects', 'subjects/pack']) {
    assert.equal((await sejf.call('POST', `/v1/tenants/${tenant}/${call}`, { token: door, body: { email: EWA } })).status, 403);
    assert.equal((await sejf.call('POST', `/v1/tenants/${tenant}/${call}`, { token: theirs, body: { email: EWA } })).status, 404);
    assert.equal((await sejf.call('POST', `/v1/tenants/${tenant}/${call}`, { body: { email: EWA } })).status, 401);
  }
});

test('the access pack is whole, signed, in the person\'s language, and holds nothing of anybody else\'s', async () => {
  const r = await sejf.call('POST', `/v1/tenants/${clinic}/subjects/pack`, { token: boss, body: { email: EWA, language: 'pl' } });
  assert.equal(r.status, 200);
  assert.equal(r.headers['content-type'], 'application/zip');
  const { file, files } = unpacked(r.raw, 'access.zip');
  for (const kind of ['visit', 'question', 'subscription'])
    for (const name of [`records/${kind}.json`, `records/${kind}.csv`, `schema/${kind}.json`]) assert.ok(name in files, name);
  const all = Object.values(files).join('\n');
  for (const theirs of [OLA, 'Pytanie Oli', 'Jan Kos', 'jan.kos']) assert.ok(!all.includes(theirs), theirs);
  const visit = JSON.parse(files['records/visit.json']);
  assert.equal(visit.records[0].fields.note, 'ból pleców');
  assert.ok(visit.records[0].kept.every((k) => k.until.startsWith('2031-03-01')), files['records/visit.json']);
  assert.match(files['records/visit.csv'], /Numer telefonu|Telefon/);
  // Article 15(1)(a)-(h) and (2): purposes, kinds of data, recipients, time, rights, authority, source, decisions; transfers.
  for (const said of ['przeprowadzenie wizyty', 'Serwery Bałtyckie', 'Bramka SMS', '1 rok', 'RODO', 'UODO']) assert.ok(files['about.html'].includes(said), `${said} is not in about.html`);
  assert.ok(JSON.parse(files['choices.json']).choices.some((c) => c.consent === 'newsletter' && c.state === 'given'), files['choices.json']);
  assert.equal(verify(file).status, 0);
  const key = JSON.parse(verify(file).stdout).public_key;
  assert.equal(verify(file, '--public', key).status, 0);
  const wrong = verify(file, '--public', `${key.slice(0, 63)}${key.endsWith('0') ? '1' : '0'}`);
  assert.notEqual(wrong.status, 0);
  assert.match(wrong.stderr, /another key/);
  const pdf = spawnSync('sh', ['-c', 'python3 -c "import sys,zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(\'cover.pdf\'))" "$0" > "$1" && pdftotext -layout "$1" - && pdfinfo "$1"', file, path.join(dir, 'cover.pdf')], { encoding: 'utf8' });
  assert.equal(pdf.status, 0, pdf.stderr);
  assert.match(pdf.stdout, /Kopia Twoich danych osobowych/);
  assert.match(pdf.stdout, /Pages:\s+1\b/);
});

test('an account with the tenant is told of, and so is what waits in the outbox', async () => {
  assert.equal(sejf.run(['user', 'invite', 'bookings', '--tenant', String(clinic), '--role', 'staff', '--email', 'jan.kos@people.example', '--name', 'Jan Kos']).status, 0);
  const r = await sejf.call('POST', `/v1/tenants/${clinic}/subjects/pack`, { token: boss, body: { email: 'jan.kos@people.example' } });
  const { files } = unpacked(r.raw, 'staff.zip');
  assert.equal(JSON.parse(files['account.json']).role, 'staff', files['account.json']);
  assert.deepEqual(JSON.parse(files['messages.json']).waiting, []);
  const visit = JSON.parse(files['others/visit.json']).records[0].fields;
  assert.ok(visit.staff && !('name' in visit) && !('note' in visit), JSON.stringify(visit));                       // who came is not the staff member's
});

test('portability: what the person gave on a contract or a consent, in plain names', async () => {
  const r = await sejf.call('POST', `/v1/tenants/${clinic}/subjects/pack`, { token: boss, body: { email: EWA, purpose: 'portability', language: 'hu' } });
  const { file, files } = unpacked(r.raw, 'portability.zip');
  assert.ok(!Object.keys(files).some((n) => n.includes('question') || n === 'about.html'), Object.keys(files).join());       // a question rests on an interest
  assert.match(files['records/visit.csv'], /^id,created,due,service,staff,starts,ends,name,phone,email,note\r\n/);
  assert.equal(JSON.parse(files['schema/visit.json']).$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(verify(file).status, 0);
});

test('the command line: the address comes from standard input', async () => {
  const found = sejf.run(['subject', 'find', 'events', String(tenant), '--json'], { input: `${EWA}\n` });
  assert.equal(found.status, 0, found.stderr);
  assert.equal(JSON.parse(found.stdout.trim().split('\n').pop()).count, 1);
  const out = path.join(dir, 'cli.zip');
  const made = sejf.run(['subject', 'pack', 'events', String(tenant), '--out', out, '--lang', 'en'], { input: `${EWA}\n` });
  assert.equal(made.status, 0, made.stderr);
  const whole = sejf.run(['pack', 'verify', out]);
  assert.equal(whole.status, 0, whole.stderr);
  assert.match(whole.stdout, /The archive is whole: \d+ files, of the service events, for access/);
  assert.notEqual(sejf.run(['subject', 'pack', 'events', String(tenant), '--out', out], { input: `${EWA}\n` }).status, 0);      // one that is there stays
  fs.writeFileSync(out, fs.readFileSync(out).subarray(0, 5000));
  assert.notEqual(sejf.run(['pack', 'verify', out]).status, 0);
});

test('a private link gives what it shows; a guessed one gives nothing', async () => {
  const link = await sent(event, { name: 'Iga Wilk', email: EWA.replace('ewa', 'iga') });
  const pack = await sejf.call('GET', `${link}/access.zip?lang=pl`);
  assert.equal(pack.status, 200);
  const { file, files } = unpacked(pack.raw, 'link.zip');
  assert.equal(JSON.parse(files['records/registration.json']).records[0].fields.name, 'Iga Wilk');
  assert.ok(!Object.values(files).join('\n').includes(EWA));
  assert.equal(verify(file).status, 0);
  assert.equal((await sejf.call('GET', `${link}/portability.zip`)).status, 200);
  assert.equal((await sejf.call('GET', `${link.slice(0, -4)}AAAA/access.zip`)).status, 404);
  const page = await sejf.call('GET', `${link}?lang=pl`);
  assert.match(page.text, /access\.zip\?lang=pl/);
});

test('somebody who types another\'s address into a form gets nothing of that person', async () => {
  const later = await make('events', 'event', { title: 'Drugi', starts: '2030-04-01T17:00:00Z', ends: '2030-04-01T20:00:00Z' }, token);
  const guess = await sent(later, { name: 'Nie Ewa', email: EWA });
  const { files } = unpacked((await sejf.call('GET', `${guess}/access.zip`)).raw, 'guess.zip');
  assert.ok(!Object.values(files).join('\n').includes('bez mleka'));
  assert.equal(JSON.parse(files['records/registration.json']).records.length, 1);
});

test('the tenant\'s ledger tells of searches and packs, and no value; who looked is told', async () => {
  const found = entries('subject_searched'), made = entries('subject_packed');
  assert.ok(found.length >= 4 && made.length >= 4, `${found.length} and ${made.length}`);
  for (const line of [...found, ...made]) assert.ok(!line.includes('people.example') && !line.includes('+48'), line);
  await until('the trace of the reading', async () => (await sejf.call('GET', `/v1/tenants/${clinic}/reads`, { token: boss })).json.items.some((i) => i.how === 'export' && i.kind === 'visit'));
});

test('an archive on the server: seven days, once by its link, and no longer than what it holds', async () => {
  const made = await sejf.call('POST', `/v1/tenants/${clinic}/packs`, { token: boss, body: { email: EWA, purpose: 'portability' } });
  assert.equal(made.status, 201, made.text);
  const days = (Date.parse(made.json.until) - Date.parse(made.json.made)) / 86400000;
  assert.ok(days > 6.99 && days < 7.01 && made.json.state === 'ready', made.text);
  const at = new URL(made.json.link).pathname, base = `/v1/tenants/${clinic}/packs/${made.json.number}`;
  for (let i = 0; i < 2; i++) {
    const mine = await sejf.call('GET', `${base}/file`, { token: boss });
    assert.equal(mine.status, 200);
    assert.equal(mine.raw.length, made.json.size);
    assert.equal(verify(unpacked(mine.raw, `kept-${i}.zip`).file).status, 0);
  }
  assert.equal((await sejf.call('GET', `${base}/file`, { token })).status, 401);           // of another service
  assert.equal((await sejf.call('GET', `${at.slice(0, -2)}__`)).status, 404);
  const taken = await sejf.call('GET', at);
  assert.equal(taken.status, 200);
  assert.equal(taken.headers['referrer-policy'], 'no-referrer');
  assert.ok('records/visit.csv' in unpacked(taken.raw, 'taken.zip').files);
  assert.equal((await sejf.call('GET', at)).status, 404);
  assert.equal((await sejf.call('GET', base, { token: boss })).json.state, 'taken');
  const question = (await sejf.call('POST', `/v1/tenants/${clinic}/subjects`, { token: boss, body: { email: EWA } })).json.items.find((i) => i.kind === 'visit').records[0].id;
  assert.equal((await sejf.call('DELETE', `/v1/bookings/visit/${question}`, { token: boss })).status, 200);
  assert.equal((await sejf.call('GET', `${base}/file`, { token: boss })).status, 410);
  assert.equal((await sejf.call('DELETE', base, { token: boss })).status, 204);
  assert.equal((await sejf.call('GET', base, { token: boss })).status, 404);
});

test('the examples of docs/subjects.md run as they stand', async () => {
  const blocks = [...fs.readFileSync(path.join(root, 'docs/subjects.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((m) => m[1]);
  assert.ok(blocks.length >= 3);
  const cwd = path.join(dir, 'docs');
  fs.mkdirSync(cwd);
  fs.symlinkSync(sejf.binary, path.join(cwd, 'sejf'));
  for (const block of blocks) {
    const r = spawnSync('bash', ['-eu', '-o', 'pipefail', '-c', block], { cwd, encoding: 'utf8', timeout: 120000,
      env: { ...process.env, PATH: `${cwd}:${process.env.PATH}`, NO_PROXY: '*', SEJF_DATA: sejf.data, SEJF_URL: sejf.url, SEJF_CA: sejf.ca, SEJF_TENANT: String(clinic), SEJF_TOKEN: boss } });
    assert.equal(r.status, 0, `${block}\n${r.stdout}${r.stderr}`);
  }
});

test('a server that is killed while it makes an archive leaves none, and the next one is whole', { timeout: 180000 }, async () => {
  const many = 'wiele.pytan@people.example', packs = `/v1/tenants/${clinic}/packs`;
  const rows = Array.from({ length: 20000 }, (_, i) => JSON.stringify({ email: many, text: `Pytanie ${i}` })).join('\n');
  const imported = await sejf.call('POST', '/v1/bookings/question/import', { token: boss, type: 'application/x-ndjson', body: rows, timeout: 120000 });
  assert.match(imported.text, /"made":\s*20000/);
  const before = (await sejf.call('GET', packs, { token: boss })).json.items.map((p) => p.number);
  const cut = sejf.call('POST', packs, { token: boss, body: { email: many }, timeout: 120000 }).catch(() => null);
  await until('the archive to be begun', async () => (await sejf.call('GET', packs, { token: boss })).json.items.length > before.length, 60000, 20);
  process.kill(sejf.children().server, 'SIGKILL');
  await cut;
  await until('the server to be back', async () => (await sejf.call('GET', packs, { token: boss })).status === 200, 60000);
  for (const p of (await sejf.call('GET', packs, { token: boss })).json.items.filter((i) => !before.includes(i.number))) {
    const r = await sejf.call('GET', `${packs}/${p.number}/file`, { token: boss, timeout: 120000 });
    if (p.state === 'making') assert.equal(r.status, 409, r.text);                    // whoever was faster
    else { assert.equal(r.status, 200); assert.equal(verify(unpacked(r.raw, 'cut.zip').file).status, 0); }
  }
  const made = await sejf.call('POST', packs, { token: boss, body: { email: many }, timeout: 120000 });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.json.records, 20000);
  const whole = await sejf.call('GET', `${packs}/${made.json.number}/file`, { token: boss, timeout: 120000 });
  assert.equal(verify(unpacked(whole.raw, 'whole.zip').file).status, 0);
});
