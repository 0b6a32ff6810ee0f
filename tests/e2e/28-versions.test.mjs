// A charter that changes: versions with their difference in three languages, tenants who are told before, and data already held that stays
// locked for a new use until its person consents.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, grep, root } from './lib.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-versions-'));
const file = path.join(folder, 'machines.yaml'), original = fs.readFileSync(path.join(root, 'charters/machines.yaml'), 'utf8');
const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
fs.writeFileSync(file, original);
const env = { LD_PRELOAD: library, FAKETIME: '+0d', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' };
const sejf = new Instance({ charters: [file], env });
const next = path.join(folder, 'next.yaml');
let tenant, owner, old;

// One purpose more for the technicians' data, and another date.
function changed() {
  const text = original.replace(/updated: \d{4}-\d\d-\d\d/, 'updated: 2099-01-02')
    .replace(/(  technician:\n(?:    .*\n)*?    used_for:.*\n      - .*\n)/, '$1      - {en: training offers, pl: oferty szkoleń, hu: képzési ajánlatok}\n');
  assert.notEqual(text, original);
  assert.match(text, /training offers/);
  return text;
}

before(async () => {
  assert.ok(library, 'libfaketime is installed');
  await sejf.init();
  await sejf.start();
  tenant = sejf.tenant('machines');
  owner = sejf.token('machines', tenant, 'customer', '--expires', 'never');
  const r = await sejf.call('POST', '/v1/machines/technician', { token: owner, body: { fields: { name: 'Ida Bruun', phone: '+4520123456' } } });
  assert.equal(r.status, 201, r.text);
  old = r.json.id;
});
after(async () => { await sejf.remove(); fs.rmSync(folder, { recursive: true }); });

const read = (id, purpose) => sejf.call('GET', `/v1/machines/technician/${id}`, { token: owner, headers: purpose ? { 'sejf-purpose': purpose } : {} });
const versions = async () => (await sejf.call('GET', '/s/machines/versions.json')).json.items;
async function serve(text, time) {
  await sejf.stop();
  fs.writeFileSync(path.join(sejf.data, 'charters', 'machines.yaml'), text);
  if (time) sejf.env.FAKETIME = time;
  await sejf.start();
}

test('the first version is kept, and its page says so in three languages', async () => {
  const list = await versions();
  assert.equal(list.length, 1);
  assert.equal(list[0].number, 1);
  assert.ok(list[0].since);
  for (const [lang, word] of [['en', 'The first version.'], ['pl', 'Pierwsza wersja.'], ['hu', 'Az első változat.']]) {
    const page = await sejf.call('GET', `/s/machines/versions?lang=${lang}`);
    assert.equal(page.status, 200);
    assert.ok(page.text.includes(word), page.text.slice(0, 2000));
  }
  assert.match((await sejf.call('GET', '/s/machines?lang=en')).text, /\/s\/machines\/versions/);
  assert.equal((await sejf.call('GET', '/s/nothing/versions.json')).status, 404);
});

test('a charter with a new use is refused until tenants were told for so long', { timeout: 240000 }, async () => {
  fs.writeFileSync(next, changed());
  const against = sejf.run(['check', next, '--against', sejf.data]);
  assert.match(against.stdout + against.stderr, /announce/);
  const early = sejf.run(['charter', 'announce', next, '--from', new Date(Date.now() + 5 * 86400e3).toISOString().slice(0, 10)]);
  assert.notEqual(early.status, 0);
  assert.match(early.stderr, /at the earliest/);
  const invited = sejf.run(['user', 'invite', 'machines', '--tenant', String(tenant), '--role', 'customer', '--email', 'kira@kunde.example', '--name', 'Kira Kunde', '--lang', 'hu', '--json']);
  assert.equal(invited.status, 0, invited.stderr);
  const told = sejf.run(['charter', 'announce', next, '--json']);
  assert.equal(told.status, 0, told.stderr);
  const said = JSON.parse(told.stdout);
  assert.equal(said.version, 2);
  assert.equal(said.tenants, 1);
  const again = JSON.parse(sejf.run(['charter', 'announce', next, '--json']).stdout);      // a second time tells nobody twice
  assert.equal(again.version, 2);
  const list = await versions();
  assert.equal(list[0].since, null);
  assert.ok(Date.parse(list[0].begins) - Date.now() > 29 * 86400e3);
  assert.deepEqual(list[0].uses, [{ type: 'purpose', kind: 'technician', name: 'training offers', field: null }]);
  const item = list[0].changes.find((c) => c.uses);
  assert.match(item.now.en, /training offers/);
  assert.match(item.now.pl, /oferty szkoleń/);
  assert.match(item.now.hu, /képzési ajánlatok/);
  await sejf.stop();
  fs.writeFileSync(path.join(sejf.data, 'charters', 'machines.yaml'), changed());
  await assert.rejects(sejf.start(), /it was announced for/);
  await serve(original);
});

// In two steps nobody would be told of anything: first a charter that promises nothing of changes, then one with a new use.
test('the promise about changes is not left out in silence', { timeout: 240000 }, async () => {
  const without = original.replace(/updated: \d{4}-\d\d-\d\d/, 'updated: 2099-01-01').replace(/\nchanges: consent again.*/, '');
  assert.ok(!/\nchanges: /.test(without));
  await sejf.stop();
  fs.writeFileSync(path.join(sejf.data, 'charters', 'machines.yaml'), without);
  await assert.rejects(sejf.start(), /what `changes` promises is weakened/);
  await serve(original);
});

test('after that it is served, and what was given before stays locked for the new use', { timeout: 240000 }, async () => {
  await serve(changed(), '+31d');
  const list = await versions();
  assert.ok(list[0].since && list[0].announced, JSON.stringify(list[0]));
  const first = await read(old);
  assert.equal(first.status, 200, first.text);
  const barred = await read(old, 'training offers');
  assert.equal(barred.status, 403, barred.text);
  assert.match(barred.text, /before the charter knew this purpose/);
  const fresh = await sejf.call('POST', '/v1/machines/technician', { token: owner, body: { fields: { name: 'Bo Lund', phone: '+4520123457' } } });
  const now = await read(fresh.json.id, 'training offers');
  assert.equal(now.status, 200, now.text);
  const page = await sejf.call('GET', '/v1/machines/technician', { token: owner, headers: { 'sejf-purpose': 'training offers' } });
  assert.deepEqual(page.json.items.map((r) => r.id), [fresh.json.id]);
  const found = await sejf.call('POST', '/v1/machines/technician/search', { token: owner, headers: { 'sejf-purpose': 'training offers' }, body: { where: { phone: '+4520123456' } } });
  assert.equal(found.json.items.length, 0, found.text);
  const locks = sejf.run(['charter', 'locks', 'machines', '--tenant', String(tenant)]);
  assert.match(locks.stdout, /purpose training offers/);
  assert.match(sejf.run(['charter', 'versions', 'machines']).stdout, /a new use of data already held/);
});

test('a consent that is recorded opens it, one that is taken back closes it', async () => {
  const uses = await sejf.call('GET', `/v1/tenants/${tenant}/uses?record=technician/${old}`, { token: owner });
  assert.equal(uses.status, 200, uses.text);
  assert.equal(uses.json.items.length, 1);
  const use = uses.json.items[0].what;
  const put = (given) => sejf.call('PUT', `/v1/tenants/${tenant}/uses`, { token: owner, body: { record: `technician/${old}`, use, given } });
  assert.equal((await put(true)).status, 200);
  assert.equal((await read(old, 'training offers')).status, 200);
  assert.equal((await put(false)).status, 200);
  assert.equal((await read(old, 'training offers')).status, 403);
  const ledger = sejf.run(['ledger', 'show', '--chain', String(tenant)]).stdout;
  assert.equal(ledger.split('\n').filter((l) => l.includes('use_consented')).length, 2);
  assert.ok(!ledger.includes('Ida') && !ledger.includes('20123456'));
  assert.equal(grep(path.join(sejf.data, 'store'), 'Ida Bruun').length, 0);
  for (const body of [{}, { record: 'technician/x', use, given: true }, { record: `technician/${old}`, use: 'purpose none', given: true }, { record: `technician/${old}`, use, given: 'yes' }])
    assert.ok([400, 404, 422].includes((await sejf.call('PUT', `/v1/tenants/${tenant}/uses`, { token: owner, body })).status), JSON.stringify(body));
  const other = sejf.token('machines', sejf.tenant('machines', 'Another'), 'customer');
  assert.equal((await sejf.call('GET', `/v1/tenants/${tenant}/uses?record=technician/${old}`, { token: other })).status, 404);
});

test('the promises of it are proved', async () => {
  const r = sejf.run(['prove', 'machines', '--json', '--rule', 'policy_versions', '--rule', 'consent_again']);
  assert.equal(r.status, 0, r.stdout + r.stderr);
  for (const rule of ['policy_versions', 'consent_again']) assert.match(r.stdout, new RegExp(rule));
});

// A label that changes in Polish alone: the Polish page says it in its own words, the others say which language it is, and none says a sentence twice.
test('what one language alone says otherwise is told of as such', { timeout: 120000 }, async () => {
  const worded = changed().replace('updated: 2099-01-02', 'updated: 2099-01-03').replace('{en: site, pl: lokalizacja,', '{en: site, pl: placówka,');
  assert.match(worded, /2099-01-03[^]*placówka/);
  await serve(worded);
  const list = await versions();
  const items = list[0].changes.filter((c) => c.now?.en === c.before?.en);
  assert.ok(items.length > 0 && items.every((c) => c.now.pl !== c.before.pl && c.now.hu === c.before.hu), JSON.stringify(list[0]));
  const page = Object.fromEntries(await Promise.all(['en', 'pl', 'hu'].map(async (lang) => [lang, (await sejf.call('GET', `/s/machines/versions?lang=${lang}`)).text])));
  assert.ok(page.en.includes('<b>Now (pl)</b> <span lang="pl">') && page.hu.includes('<b>Most (pl)</b> <span lang="pl">'), page.en);
  assert.ok(page.pl.includes('<b>Teraz</b> ') && !page.pl.includes('(pl)'), page.pl);
  const shown = sejf.run(['charter', 'versions', 'machines']);
  assert.match(shown.stdout, /\n {8}- \[pl\] .*\n {8}\+ \[pl\] /, shown.stdout + shown.stderr);
});
